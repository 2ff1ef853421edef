//! Pictures on surfaces, as they go into a tile.

use image::{DynamicImage, ImageFormat, ImageReader, Limits};

use crate::content::Encoding;
use crate::gltf::Image;

/// Widest and highest that a picture is in a tile, pixels.
const MOST_PIXELS: u32 = 1024;
/// Widest and highest that a picture may be in its file.
const MOST_SOURCE_PIXELS: u32 = 16_384;
/// Memory that decoding one may take.
const MOST_MEMORY: u64 = 1 << 28;
/// Quality of WebP: it is not told from the original on a facade.
const QUALITY: f32 = 80.0;

/// Reads a picture, no larger than a tile has them; `None` for what is none or too large to be read.
pub(crate) fn decode(file: &[u8]) -> Option<DynamicImage> {
    let (picture, _) = read(file)?;
    let fits = picture.width() <= MOST_PIXELS && picture.height() <= MOST_PIXELS;
    Some(if fits { picture } else { picture.thumbnail(MOST_PIXELS, MOST_PIXELS) })
}

fn read(file: &[u8]) -> Option<(DynamicImage, Option<ImageFormat>)> {
    let mut reader = ImageReader::new(std::io::Cursor::new(file)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SOURCE_PIXELS);
    limits.max_image_height = Some(MOST_SOURCE_PIXELS);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let format = reader.format();
    let picture = reader.decode().ok()?;
    (picture.width() > 0 && picture.height() > 0).then_some((picture, format))
}

/// Prepares a picture; `None` for what is none.
pub(crate) fn prepare(file: &[u8], encoding: Encoding) -> Option<Image> {
    let plain = encoding == Encoding::Plain;
    let (picture, format) = read(file)?;
    let fits = picture.width() <= MOST_PIXELS && picture.height() <= MOST_PIXELS;
    let known = match format {
        Some(ImageFormat::Png) => Some("image/png"),
        Some(ImageFormat::Jpeg) => Some("image/jpeg"),
        _ => None,
    };
    if let Some(media_type) = known.filter(|_| plain && fits) {
        return Some(Image { media_type, bytes: file.to_vec() });
    }
    let picture = if fits { picture } else { picture.thumbnail(MOST_PIXELS, MOST_PIXELS) };
    if plain {
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).ok()?;
        return Some(Image { media_type: "image/png", bytes: bytes.into_inner() });
    }
    Some(Image { media_type: "image/webp", bytes: webp(&picture) })
}

pub(crate) fn webp(picture: &DynamicImage) -> Vec<u8> {
    if picture.color().has_alpha() {
        let pixels = picture.to_rgba8();
        return webp::Encoder::from_rgba(&pixels, pixels.width(), pixels.height())
            .encode(QUALITY)
            .to_vec();
    }
    let pixels = picture.to_rgb8();
    webp::Encoder::from_rgb(&pixels, pixels.width(), pixels.height()).encode(QUALITY).to_vec()
}
