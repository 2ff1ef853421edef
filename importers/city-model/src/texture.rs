//! Images on surfaces: found beside the source, checked, and handed to the store.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Component, Path, PathBuf};

use image::{ImageFormat, ImageReader, Limits};
use onemap_model::{BlobRef, Note, Sink, Stopped};
use rustc_hash::FxHashMap;

use crate::{Source, limits};

/// The images of one source, each looked at once.
pub(crate) struct Textures {
    /// Folder of the source's file, which paths are relative to.
    base: PathBuf,
    /// Nothing outside this folder is read; `None` where it can not be told.
    root: Option<PathBuf>,
    known: FxHashMap<String, Option<BlobRef>>,
    failures: usize,
}

impl Textures {
    /// Begins with the images of a source.
    pub(crate) fn new(source: &Source) -> Self {
        let base = source.path.parent().map(Path::to_owned).unwrap_or_default();
        let base = if base.as_os_str().is_empty() { PathBuf::from(".") } else { base };
        Self {
            base,
            root: source.root.canonicalize().ok(),
            known: FxHashMap::default(),
            failures: 0,
        }
    }

    /// Returns the image of a path as the source writes it. `None`, with a note, where it is missing or broken: the
    /// surface then keeps its colour.
    pub(crate) fn image(
        &mut self,
        path: &str,
        sink: &mut dyn Sink,
    ) -> Result<Option<BlobRef>, Stopped> {
        if let Some(known) = self.known.get(path) {
            return Ok(known.clone());
        }
        let found = match self.read(path) {
            Ok(bytes) => usable(bytes, &extension(path)),
            Err(reason) => Err(reason),
        };
        let image = self.keep(found, path, sink)?;
        self.known.insert(path.to_owned(), image.clone());
        Ok(image)
    }

    /// Keeps an image that stands in the source itself, under a name for notes.
    pub(crate) fn embedded(
        &mut self,
        bytes: &[u8],
        name: &str,
        sink: &mut dyn Sink,
    ) -> Result<Option<BlobRef>, Stopped> {
        let found = if bytes.len() as u64 > limits::MAX_IMAGE_BYTES {
            Err(too_large())
        } else {
            usable(bytes.to_vec(), "")
        };
        self.keep(found, name, sink)
    }

    /// Notes how many images could not be used, if more than were named.
    pub(crate) fn finish(&self, sink: &mut dyn Sink) {
        let more = self.failures.saturating_sub(limits::MAX_TEXTURE_NOTES);
        if more > 0 {
            sink.note(None, Note::warning(format!("{more} more images can not be used")));
        }
    }

    fn keep(
        &mut self,
        found: Result<Vec<u8>, String>,
        name: &str,
        sink: &mut dyn Sink,
    ) -> Result<Option<BlobRef>, Stopped> {
        match found {
            Ok(bytes) => sink.blob(&bytes).map(Some),
            Err(reason) => {
                self.failures += 1;
                if self.failures <= limits::MAX_TEXTURE_NOTES {
                    let name: String = name.chars().take(200).collect();
                    let text = format!(
                        "the image '{name}' {reason}; surfaces with it are shown in their colour"
                    );
                    sink.note(None, Note::warning(text));
                }
                Ok(None)
            }
        }
    }

    /// Reads the bytes of an image file.
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let file = self.find(path)?;
        read_file(&file, limits::MAX_IMAGE_BYTES)
    }

    /// Finds a file that the source refers to, below the root only.
    pub(crate) fn find(&self, path: &str) -> Result<PathBuf, String> {
        if path.contains("://") || path.starts_with("data:") {
            return Err("is an address; files are only read beside the source".to_owned());
        }
        let root = self.root.as_ref().ok_or("is missing")?;
        let written = path.trim().replace('\\', "/");
        let mut tries = vec![written.clone()];
        tries.extend(percent_decoded(&written));
        for path in tries {
            let Some(found) = walk(&self.base, Path::new(&path)) else { continue };
            return match found.canonicalize() {
                Ok(real) if real.starts_with(root) && real.is_file() => Ok(real),
                Ok(_) => Err("is outside the source's folder and not read".to_owned()),
                Err(error) => Err(format!("can not be read: {error}")),
            };
        }
        Err("is missing".to_owned())
    }
}

/// Reads a file of at most `limit` bytes.
pub(crate) fn read_file(file: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("can not be read: {error}"))?;
    if bytes.len() as u64 > limit {
        return Err(format!("is larger than {} MiB", limit >> 20));
    }
    Ok(bytes)
}

/// Follows a path from a folder; where there is no such name, one that differs in case only: many models were made on
/// systems that do not tell them apart.
fn walk(base: &Path, path: &Path) -> Option<PathBuf> {
    let mut at = base.to_owned();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => at.push(".."),
            Component::Normal(name) => {
                let exact = at.join(name);
                at = if exact.exists() {
                    exact
                } else {
                    let wanted = name.to_str()?.to_lowercase();
                    let same = |entry: &std::fs::DirEntry| {
                        entry.file_name().to_str().is_some_and(|n| n.to_lowercase() == wanted)
                    };
                    let mut entries = std::fs::read_dir(&at).ok()?.filter_map(Result::ok);
                    entries.find(same)?.path()
                };
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(at)
}

/// Returns the text with `%20` and the like replaced; `None` where nothing is.
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex =
            after.get(..2).filter(|hex| byte == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
        let decoded = hex
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(decoded.unwrap_or(byte));
        rest = if decoded.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8(out).ok()
}

fn extension(path: &str) -> String {
    path.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default()
}

fn too_large() -> String {
    format!("is larger than {} MiB", limits::MAX_IMAGE_BYTES >> 20)
}

/// Checks an image, and makes a PNG of what browsers do not show.
fn usable(bytes: Vec<u8>, extension: &str) -> Result<Vec<u8>, String> {
    if bytes.is_empty() {
        return Err("is empty".to_owned());
    }
    // TGA has no signature.
    let format = image::guess_format(&bytes)
        .ok()
        .or_else(|| (extension == "tga").then_some(ImageFormat::Tga))
        .ok_or("is of no known format")?;
    let broken = |error: image::ImageError| format!("is broken: {error}");
    let (width, height) =
        ImageReader::with_format(Cursor::new(&bytes), format).into_dimensions().map_err(broken)?;
    if width == 0 || height == 0 {
        return Err("has no pixels".to_owned());
    }
    let most = limits::MAX_IMAGE_PIXELS;
    if width > most || height > most {
        return Err(format!("has {width} by {height} pixels, more than {most} on a side"));
    }
    if matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP) {
        return Ok(bytes);
    }
    let mut reader = ImageReader::with_format(Cursor::new(&bytes), format);
    let mut room = Limits::default();
    room.max_alloc = Some(limits::MAX_IMAGE_MEMORY);
    reader.limits(room);
    let decoded = reader.decode().map_err(broken)?;
    let decoded = if decoded.color().has_alpha() {
        image::DynamicImage::ImageRgba8(decoded.into_rgba8())
    } else {
        image::DynamicImage::ImageRgb8(decoded.into_rgb8())
    };
    let mut png = Vec::new();
    decoded.write_to(&mut Cursor::new(&mut png), ImageFormat::Png).map_err(broken)?;
    Ok(png)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CollectSink, source};
    use image::RgbImage;

    fn picture(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        let image = RgbImage::from_fn(3, 2, |x, y| image::Rgb([x as u8 * 80, y as u8 * 90, 7]));
        image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    #[test]
    fn images_are_found_beside_the_source_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("city");
        std::fs::create_dir_all(inside.join("Pictures")).unwrap();
        std::fs::write(inside.join("Pictures/a b.PNG"), picture(ImageFormat::Png)).unwrap();
        std::fs::write(folder.path().join("secret.png"), picture(ImageFormat::Png)).unwrap();
        let mut textures = Textures::new(&source(&inside.join("a.json"), crate::Format::CityJson));
        let mut sink = CollectSink::default();
        for path in ["Pictures/a b.PNG", "pictures\\a b.png", "./Pictures/a%20b.png"] {
            assert!(textures.image(path, &mut sink).unwrap().is_some(), "{path}");
        }
        assert_eq!(sink.blobs.len(), 1);
        for path in ["../secret.png", "/etc/passwd", "http://example.org/a.png", "no.png"] {
            assert!(textures.image(path, &mut sink).unwrap().is_none(), "{path}");
        }
        assert!(sink.noted("outside the source's folder") && sink.noted("is an address"));
    }

    #[test]
    fn tiff_bmp_gif_and_tga_become_png() {
        for (format, extension) in [
            (ImageFormat::Tiff, ""),
            (ImageFormat::Bmp, ""),
            (ImageFormat::Gif, ""),
            (ImageFormat::Tga, "tga"),
        ] {
            let png = usable(picture(format), extension).unwrap();
            let image = image::load_from_memory_with_format(&png, ImageFormat::Png).unwrap();
            assert_eq!((image.width(), image.height()), (3, 2), "{format:?}");
        }
        let jpeg = picture(ImageFormat::Jpeg);
        assert_eq!(usable(jpeg.clone(), "png").unwrap(), jpeg);
    }

    #[test]
    fn broken_and_huge_images_are_refused_by_their_header() {
        assert!(
            usable(b"no image at all".to_vec(), "jpg").unwrap_err().contains("no known format")
        );
        let mut huge = picture(ImageFormat::Bmp);
        huge[18..22].copy_from_slice(&30_000_u32.to_le_bytes());
        assert!(usable(huge, "").unwrap_err().contains("30000"));
        assert!(
            usable(picture(ImageFormat::Png)[..20].to_vec(), "").unwrap_err().contains("broken")
        );
    }
}
