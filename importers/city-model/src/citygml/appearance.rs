//! Appearances: which polygons have which colours and images (CityGML 2.0, OGC 12-019, clause 9).

use onemap_bounded::{Error, Result, XmlEvent};
use onemap_model::{Material, Texture, Wrap};
use rustc_hash::FxHashMap;

use super::Xml;
use super::shape::Id;
use crate::limits;

/// Which theme is used, of those that a file has.
#[derive(Debug, Clone, Default)]
pub(super) struct Themes {
    /// The one that the user wants.
    pub(super) wanted: Option<String>,
    /// The first with images.
    pub(super) textures: Option<String>,
    /// The first with colours.
    pub(super) materials: Option<String>,
    /// What can not be shown, in how many pieces: images laid over the earth, and images projected by a matrix.
    pub(super) georeferenced: usize,
    pub(super) generated: usize,
}

impl Themes {
    fn takes(&mut self, theme: &str, is_texture: bool) -> bool {
        if let Some(wanted) = &self.wanted {
            return wanted == theme;
        }
        let first = if is_texture { &mut self.textures } else { &mut self.materials };
        first.get_or_insert_with(|| theme.to_owned()) == theme
    }
}

/// What surfaces look like, by their ids.
#[derive(Debug, Default)]
pub(super) struct Appearances {
    images: Vec<Image>,
    /// Ring: its image, and where its places begin and how many they are.
    rings: FxHashMap<Id, (u32, u32, u32)>,
    /// Places in images, v down.
    places: Vec<[f32; 2]>,
    /// Colours of polygons, or of geometries with many.
    colors: FxHashMap<Id, [u8; 4]>,
}

/// An image as the file refers to it.
#[derive(Debug, Clone, Default)]
pub(super) struct Image {
    pub(super) path: String,
    pub(super) wrap: Wrap,
}

impl Appearances {
    /// Tells whether anything has a look.
    pub(super) fn is_empty(&self) -> bool {
        self.rings.is_empty() && self.colors.is_empty()
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.images.clear();
        self.rings.clear();
        self.places.clear();
        self.colors.clear();
    }

    /// Returns the image of a ring and the places of its corners in it.
    pub(super) fn ring(&self, id: Id) -> Option<(u32, &[[f32; 2]])> {
        let &(image, start, count) = self.rings.get(&id)?;
        let start = start as usize;
        Some((image, self.places.get(start..start.checked_add(count as usize)?)?))
    }

    /// Returns an image by its number.
    pub(super) fn image(&self, number: u32) -> Option<&Image> {
        self.images.get(number as usize).filter(|image| !image.path.is_empty())
    }

    /// Returns the colour of a polygon or a geometry.
    pub(super) fn color(&self, id: Id) -> Option<[u8; 4]> {
        self.colors.get(&id).copied()
    }

    /// Reads an `Appearance` whose element has just begun, up to its end.
    pub(super) fn read(&mut self, xml: &mut Xml, themes: &mut Themes) -> Result<()> {
        let outside = xml.depth().saturating_sub(1);
        let mut theme = String::new();
        while xml.depth() > outside {
            let XmlEvent::Start(start) = xml.read()? else { continue };
            match start.local_name() {
                "theme" => xml.element_text()?.trim().clone_into(&mut theme),
                "ParameterizedTexture" if themes.takes(&theme, true) => {
                    self.texture(xml, themes)?;
                }
                "X3DMaterial" if themes.takes(&theme, false) => self.material(xml)?,
                "ParameterizedTexture" | "X3DMaterial" => xml.skip_element()?,
                "GeoreferencedTexture" => {
                    themes.georeferenced += 1;
                    xml.skip_element()?;
                }
                _ => {}
            }
            self.check()?;
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let targets = self.rings.len() + self.colors.len();
        let limit = limits::MAX_APPEARANCES;
        if targets > limit || self.places.len() > limit.saturating_mul(16) {
            let limit = limit as u64;
            return Err(Error::Limit { what: "appearances", limit, unit: "surfaces" });
        }
        Ok(())
    }

    fn texture(&mut self, xml: &mut Xml, themes: &mut Themes) -> Result<()> {
        let outside = xml.depth().saturating_sub(1);
        let number = self.images.len() as u32;
        let mut image = Image::default();
        let mut is_front = true;
        // CityGML 3.0 writes all coordinates of a list first, then all their rings.
        let mut waiting = std::collections::VecDeque::new();
        let known = self.rings.len();
        while xml.depth() > outside {
            let XmlEvent::Start(start) = xml.read()? else { continue };
            match start.local_name() {
                "imageURI" => xml.element_text()?.trim().clone_into(&mut image.path),
                "wrapMode" => {
                    image.wrap = match xml.element_text()?.trim() {
                        "mirror" => Wrap::Mirror,
                        "clamp" | "border" | "none" => Wrap::Clamp,
                        _ => Wrap::Repeat,
                    };
                }
                "isFront" => is_front = is_true(&xml.element_text()?),
                "TexCoordGen" => {
                    themes.generated += 1;
                    xml.skip_element()?;
                }
                "TexCoordList" => waiting.clear(),
                "textureCoordinates" => {
                    let ring = start.attribute("ring")?.and_then(|ring| Id::referred(&ring));
                    let text = xml.element_text()?;
                    let Some(places) = self.coordinates(&text) else { continue };
                    match ring {
                        Some(ring) if is_front => {
                            self.rings.insert(ring, (number, places.0, places.1));
                        }
                        _ => waiting.push_back(places),
                    }
                }
                "ring" => {
                    let ring = Id::referred(&xml.element_text()?);
                    if let (Some(ring), Some(places), true) = (ring, waiting.pop_front(), is_front)
                    {
                        self.rings.insert(ring, (number, places.0, places.1));
                    }
                }
                _ => {}
            }
            if self.rings.len() > known {
                self.check()?;
            }
        }
        self.images.push(image);
        Ok(())
    }

    /// Keeps texture coordinates; returns where they begin and how many they are. CityGML's v runs up.
    fn coordinates(&mut self, text: &str) -> Option<(u32, u32)> {
        let start = self.places.len();
        let mut numbers = text.split_ascii_whitespace().map(str::parse::<f64>);
        while let Some(u) = numbers.next() {
            match (u, numbers.next()) {
                (Ok(u), Some(Ok(v))) if u.is_finite() && v.is_finite() => {
                    self.places.push([u as f32, (1.0 - v) as f32]);
                }
                _ => {
                    self.places.truncate(start);
                    return None;
                }
            }
        }
        let count = self.places.len() - start;
        Some((u32::try_from(start).ok()?, u32::try_from(count).ok()?))
    }

    fn material(&mut self, xml: &mut Xml) -> Result<()> {
        let outside = xml.depth().saturating_sub(1);
        // X3D's own defaults.
        let (mut diffuse, mut transparency, mut is_front) = ([0.8; 3], 0.0, true);
        let mut targets = Vec::new();
        while xml.depth() > outside {
            let XmlEvent::Start(start) = xml.read()? else { continue };
            match start.local_name() {
                "diffuseColor" => {
                    let text = xml.element_text()?;
                    for (slot, word) in diffuse.iter_mut().zip(text.split_ascii_whitespace()) {
                        *slot = word.parse().unwrap_or(*slot);
                    }
                }
                "transparency" => {
                    transparency = xml.element_text()?.trim().parse().unwrap_or(0.0);
                }
                "isFront" => is_front = is_true(&xml.element_text()?),
                "target" => {
                    targets.extend(Id::referred(&xml.element_text()?));
                    if targets.len() > limits::MAX_APPEARANCES {
                        return self.check();
                    }
                }
                _ => {}
            }
        }
        let byte = |x: f64| (x.clamp(0.0, 1.0) * 255.0).round() as u8;
        let [red, green, blue] = diffuse.map(byte);
        let color = [red, green, blue, byte(1.0 - transparency)];
        if is_front {
            self.colors.extend(targets.into_iter().map(|target| (target, color)));
        }
        Ok(())
    }
}

fn is_true(text: &str) -> bool {
    !matches!(text.trim(), "false" | "0")
}

/// Makes a material; one with an image is white, so that the image shows as it is.
pub(super) fn material(
    color: Option<[u8; 4]>,
    texture: Option<Texture>,
    double_sided: bool,
) -> Option<Material> {
    let color = if texture.is_some() { [255; 4] } else { color? };
    Some(Material { color, texture, double_sided })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inside: &str, themes: &mut Themes) -> Appearances {
        let text = format!("<app:Appearance>{inside}</app:Appearance>");
        let mut xml = super::super::xml(std::io::Cursor::new(text)).unwrap();
        xml.read().unwrap();
        let mut found = Appearances::default();
        found.read(&mut xml, themes).unwrap();
        found
    }

    #[test]
    fn rings_of_version_2_and_3_find_their_image_with_v_turned_down() {
        let two = "<app:theme>a</app:theme><app:surfaceDataMember><app:ParameterizedTexture><app:imageURI> x.jpg </app:imageURI><app:wrapMode>clamp</app:wrapMode><app:target uri='#p'><app:TexCoordList><app:textureCoordinates ring='#r'>0 0 0.5 0.25 1 1</app:textureCoordinates></app:TexCoordList></app:target></app:ParameterizedTexture></app:surfaceDataMember>";
        let three = "<app:surfaceData><app:ParameterizedTexture><app:imageURI>x.jpg</app:imageURI><app:wrapMode>clamp</app:wrapMode><app:textureParameterization><app:TextureAssociation><app:target>#p</app:target><app:textureParameterization><app:TexCoordList><app:textureCoordinates>9 9</app:textureCoordinates><app:textureCoordinates>0 0 0.5 0.25 1 1</app:textureCoordinates><app:ring>#other</app:ring><app:ring>#r</app:ring></app:TexCoordList></app:textureParameterization></app:TextureAssociation></app:textureParameterization></app:ParameterizedTexture></app:surfaceData>";
        for text in [two, three] {
            let found = read(text, &mut Themes::default());
            let (image, places) = found.ring(Id::of("r")).unwrap();
            assert_eq!(places, [[0.0, 1.0], [0.5, 0.75], [1.0, 0.0]]);
            let image = found.image(image).unwrap();
            assert_eq!((image.path.as_str(), image.wrap), ("x.jpg", Wrap::Clamp));
        }
    }

    #[test]
    fn one_theme_is_taken_and_the_user_may_say_which() {
        let themed = |theme: &str, red: &str| {
            format!(
                "<theme>{theme}</theme><surfaceDataMember><X3DMaterial><diffuseColor>{red} 0 0</diffuseColor><transparency>0.5</transparency><target>#p</target></X3DMaterial></surfaceDataMember>"
            )
        };
        let mut themes = Themes::default();
        assert_eq!(read(&themed("a", "1"), &mut themes).color(Id::of("p")), Some([255, 0, 0, 128]));
        assert!(read(&themed("b", "0"), &mut themes).is_empty());
        let mut themes = Themes { wanted: Some("b".to_owned()), ..Themes::default() };
        assert!(read(&themed("a", "1"), &mut themes).is_empty());
        assert_eq!(read(&themed("b", "0"), &mut themes).color(Id::of("p")), Some([0, 0, 0, 128]));
    }

    #[test]
    fn broken_coordinates_are_left_out() {
        let text = "<ParameterizedTexture><imageURI>x.jpg</imageURI><target uri='#p'><TexCoordList><textureCoordinates ring='#r'>0 0 1</textureCoordinates><textureCoordinates ring='#s'>0 NaN</textureCoordinates></TexCoordList></target></ParameterizedTexture><GeoreferencedTexture/>";
        let mut themes = Themes::default();
        let found = read(text, &mut themes);
        assert!(found.is_empty() && themes.georeferenced == 1);
    }
}
