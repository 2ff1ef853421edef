//! Makes models of the geometries of city objects.

use onemap_model::{Geometry, GeometryKind, Sink, Surface, Texture};
use rustc_hash::{FxHashMap, FxHashSet};

use super::appearance::{Appearances, material};
use super::crs::Frame;
use super::objects::{Draft, Piece};
use super::scene::{Boundary, Facet, Found, Scene, Trail};
use super::shape::Implicit;
use crate::build::ModelBuilder;
use crate::fault::Fault;
use crate::texture::Textures;

/// Puts the geometries of one object together.
pub(super) struct Shaper<'a> {
    pub(super) build: &'a mut ModelBuilder,
    pub(super) images: &'a mut Textures,
    pub(super) sink: &'a mut dyn Sink,
    pub(super) frame: &'a Frame,
    pub(super) trail: &'a mut Trail,
    /// Which levels the user wants.
    pub(super) wants: &'a dyn Fn(&str) -> bool,
    /// Points and lines, which are no model.
    pub(super) flat: Option<Geometry>,
    /// Levels met.
    pub(super) levels: Vec<String>,
}

impl Shaper<'_> {
    /// Adds all geometries of an object.
    ///
    /// A solid is usually made of references to the polygons of the boundary surfaces, which say what they are: each
    /// polygon is added once in a level, in the order of the solid, as the kind that its boundary surface tells. Where a
    /// solid repeats the corners of the surfaces instead, those of the surfaces are taken.
    pub(super) fn add<'s>(&mut self, draft: &Draft<'s>, scene: &Scene<'s>) -> Result<(), Fault> {
        self.trail.restart();
        let mut boundaries: Vec<Boundary<'s>> = Vec::new();
        for piece in &draft.surfaces {
            let Some(level) = self.level(&piece.level) else { continue };
            let surface = piece.surface;
            scene.walk(piece.shape, self.trail, &mut |found| {
                if let Found::Polygon(facet) = found {
                    boundaries.push(Boundary { level, surface, facet });
                }
                Ok::<_, Fault>(())
            })?;
        }
        let mut kinds = FxHashMap::default();
        let mut corners = FxHashSet::default();
        for boundary in boundaries.iter().filter(|boundary| boundary.facet.instance.is_none()) {
            kinds.entry(boundary.facet.key).or_insert(boundary.surface);
            corners.insert((boundary.level, fingerprint(&boundary.facet)));
        }
        let mut added = FxHashSet::default();
        for piece in &draft.own {
            let Some(level) = self.level(&piece.level) else { continue };
            let mut facets = Vec::new();
            let flat = self.walk_own(piece, scene, &mut facets)?;
            // Of several levels the last written, usually the finest.
            self.flat = flat.or(self.flat.take());
            for facet in facets {
                let known = kinds.get(&facet.key).copied();
                let is_repeated = known.is_none()
                    && facet.instance.is_none()
                    && !corners.is_empty()
                    && corners.contains(&(level, fingerprint(&facet)));
                let is_new = facet.instance.is_some() || added.insert((level, facet.key));
                if is_new && !is_repeated {
                    self.facet(&facet, level, known.unwrap_or(piece.surface), scene)?;
                }
            }
        }
        for Boundary { level, surface, facet } in boundaries {
            if facet.instance.is_some() || added.insert((level, facet.key)) {
                self.facet(&facet, level, surface, scene)?;
            }
        }
        Ok(())
    }

    /// Collects the polygons of a geometry; returns its points and lines.
    fn walk_own<'s>(
        &mut self,
        piece: &Piece<'s>,
        scene: &Scene<'s>,
        facets: &mut Vec<Facet<'s>>,
    ) -> Result<Option<Geometry>, Fault> {
        let mut points = Geometry::empty(GeometryKind::MultiPoint);
        let mut lines = Geometry::empty(GeometryKind::MultiLineString);
        scene.walk(piece.shape, self.trail, &mut |found| {
            match found {
                Found::Polygon(facet) => facets.push(facet),
                Found::Points(places) => places.iter().for_each(|&at| points.push_z(at)),
                Found::Line(places) if places.len() > 1 => {
                    for &at in places {
                        lines.push_z(at);
                    }
                    lines.end_line();
                }
                Found::Line(_) => {
                    return Err(Fault::Reason("a line has less than two places".to_owned()));
                }
            }
            Ok(())
        })?;
        Ok([lines, points].into_iter().find(|flat| !flat.is_empty()))
    }

    /// Returns the number of a level; `None` where the user does not want it.
    fn level(&mut self, name: &str) -> Option<usize> {
        if !name.is_empty() && !(self.wants)(name) {
            return None;
        }
        let known = self.levels.iter().position(|level| level == name);
        Some(known.unwrap_or_else(|| {
            self.levels.push(name.to_owned());
            self.levels.len() - 1
        }))
    }

    fn facet(
        &mut self,
        facet: &Facet<'_>,
        level: usize,
        surface: Surface,
        scene: &Scene<'_>,
    ) -> Result<(), Fault> {
        let mut rings: Vec<Vec<[f64; 3]>> = Vec::new();
        let mut uvs: Option<Vec<Vec<[f32; 2]>>> = Some(Vec::new());
        let mut image = None;
        for (id, places) in facet.arena.rings(facet.number) {
            rings.push(match facet.instance {
                Some(instance) => places.iter().map(|&at| self.placed(instance, at)).collect(),
                None => places.to_vec(),
            });
            let look = id.and_then(|id| {
                let found = |looks: &&Appearances| looks.ring(id).is_some();
                let looks: &Appearances = scene.looks.iter().copied().find(found)?;
                Some((looks, looks.ring(id)?))
            });
            match (look, &mut uvs) {
                (Some((looks, (number, places_in_image))), Some(uvs))
                    if places_in_image.len() == places.len() =>
                {
                    image = image.or_else(|| looks.image(number));
                    uvs.push(places_in_image.to_vec());
                }
                _ => uvs = None,
            }
        }
        let image = image.filter(|_| uvs.is_some());
        let texture = match image {
            Some(image) => {
                let found = self.images.image(&image.path, self.sink)?;
                found.map(|found| Texture { image: found, wrap: image.wrap })
            }
            None => None,
        };
        let mut uvs = uvs.filter(|_| texture.is_some());
        if facet.is_reversed != facet.instance.is_some_and(mirrors) {
            for ring in &mut rings {
                ring.reverse();
            }
            for ring in uvs.iter_mut().flatten() {
                ring.reverse();
            }
        }
        let material = material(facet.color, texture, !facet.is_solid)
            .map(|material| self.build.material(material));
        let first = rings.first().and_then(|ring| ring.first()).copied().unwrap_or_default();
        self.build.measure_by(self.frame.metres_per_unit(first));
        let level = self.levels.get(level).map_or("", String::as_str);
        let added = self.build.polygon(level, surface, material, &rings, uvs.as_deref());
        added.map_err(Fault::from)
    }

    fn placed(&self, instance: &Implicit, [x, y, z]: [f64; 3]) -> [f64; 3] {
        let at = instance.at.unwrap_or_default();
        let Some(m) = instance.matrix else { return self.frame.moved(at, [x, y, z]) };
        let row = |i: usize| {
            let [a, b, c, d] = [m[i], m[i + 1], m[i + 2], m[i + 3]];
            a * x + b * y + c * z + d
        };
        self.frame.moved(at, [row(0), row(4), row(8)])
    }
}

/// Tells whether a template is turned inside out.
fn mirrors(instance: &Implicit) -> bool {
    instance.matrix.is_some_and(|m| {
        let determinant = m[0] * (m[5] * m[10] - m[6] * m[9]) - m[1] * (m[4] * m[10] - m[6] * m[8])
            + m[2] * (m[4] * m[9] - m[5] * m[8]);
        determinant < 0.0
    })
}

fn fingerprint(facet: &Facet<'_>) -> u64 {
    facet.arena.fingerprint(facet.number)
}
