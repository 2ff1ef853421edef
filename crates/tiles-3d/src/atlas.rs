//! Several pictures on one sheet: fewer materials, so fewer draw calls.
//!
//! Pictures come one after another and are laid in rows, highest first, on sheets whose sides are powers of two. At
//! most a sheet of them is in memory. Each has a border of its own outermost pixels, so that filtering takes nothing from
//! its neighbours down to the third mipmap.

use image::{DynamicImage, GenericImageView as _, Rgba, RgbaImage};

use crate::gltf::Image;
use crate::images::webp;

/// Widest and highest that a sheet is, pixels: what every client can show.
const MOST_PIXELS: u32 = 2048;
/// Border around a picture, pixels.
const BORDER: u32 = 4;
/// Part of a sheet that pictures fill at most, before another is begun.
const FULL: f64 = 0.8;

/// Where a picture is: the number of its sheet, and how its texture coordinates get there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Slot {
    pub(crate) sheet: usize,
    pub(crate) scale: [f32; 2],
    pub(crate) offset: [f32; 2],
    /// Whether it has the sheet for itself.
    pub(crate) is_alone: bool,
}

/// Sheets while they are filled.
#[derive(Debug, Default)]
pub(crate) struct Atlas {
    pending: Vec<DynamicImage>,
    pixels: f64,
    slots: Vec<Slot>,
    sheets: Vec<Image>,
}

impl Atlas {
    /// Adds a picture, at most half as wide and high as a sheet; returns its number.
    pub(crate) fn add(&mut self, picture: DynamicImage) -> usize {
        let pixels =
            f64::from(picture.width() + 2 * BORDER) * f64::from(picture.height() + 2 * BORDER);
        if self.pixels + pixels > FULL * f64::from(MOST_PIXELS).powi(2) {
            self.flush();
        }
        self.pixels += pixels;
        self.pending.push(picture);
        self.slots.len() + self.pending.len() - 1
    }

    /// Returns where the pictures are, by their numbers, and the sheets.
    pub(crate) fn finish(mut self) -> (Vec<Slot>, Vec<Image>) {
        self.flush();
        (self.slots, self.sheets)
    }

    fn flush(&mut self) {
        let mut pictures = std::mem::take(&mut self.pending);
        self.pixels = 0.0;
        while !pictures.is_empty() {
            let sizes: Vec<[u32; 2]> = pictures.iter().map(|p| [p.width(), p.height()]).collect();
            let (places, size) = lay(&sizes);
            // What the rows have no place for goes to the next sheet.
            let rest = pictures.split_off(places.len());
            self.draw(&pictures, &places, size);
            pictures = rest;
        }
    }

    fn draw(&mut self, pictures: &[DynamicImage], places: &[[u32; 2]], size: [u32; 2]) {
        let sheet = self.sheets.len();
        let media_type = "image/webp";
        if let [picture] = pictures {
            let slot = Slot { sheet, scale: [1.0; 2], offset: [0.0; 2], is_alone: true };
            self.slots.push(slot);
            self.sheets.push(Image { media_type, bytes: webp(picture) });
            return;
        }
        let mut drawn = RgbaImage::from_pixel(size[0], size[1], Rgba([128, 128, 128, 255]));
        for (picture, &[x, y]) in pictures.iter().zip(places) {
            let (w, h) = picture.dimensions();
            let pixels = picture.to_rgba8();
            for v in 0..h + 2 * BORDER {
                for u in 0..w + 2 * BORDER {
                    let from = |t: u32, most: u32| t.saturating_sub(BORDER).min(most - 1);
                    let pixel = *pixels.get_pixel(from(u, w), from(v, h));
                    drawn.put_pixel(x + u, y + v, pixel);
                }
            }
            let [width, height] = size.map(|s| s as f32);
            self.slots.push(Slot {
                sheet,
                scale: [w as f32 / width, h as f32 / height],
                offset: [(x + BORDER) as f32 / width, (y + BORDER) as f32 / height],
                is_alone: false,
            });
        }
        let opaque = !pictures.iter().any(|picture| picture.color().has_alpha());
        let drawn = DynamicImage::ImageRgba8(drawn);
        let drawn = if opaque { DynamicImage::ImageRgb8(drawn.to_rgb8()) } else { drawn };
        self.sheets.push(Image { media_type, bytes: webp(&drawn) });
    }
}

/// Lays pictures in rows; returns the corners of as many of the first ones as have a place, at least one, and the sheet's size.
fn lay(sizes: &[[u32; 2]]) -> (Vec<[u32; 2]>, [u32; 2]) {
    let mut count = sizes.len();
    loop {
        let sizes = &sizes[..count];
        let fitting =
            [256, 512, 1024, MOST_PIXELS].into_iter().filter_map(|width| rows(sizes, width));
        // The smallest sheet, and of equal ones the narrowest.
        if let Some(best) = fitting.min_by_key(|(_, [w, h])| u64::from(*w) * u64::from(*h)) {
            return best;
        }
        if count <= 1 {
            return (vec![[0, 0]; count], [MOST_PIXELS; 2]);
        }
        count -= count.div_ceil(8);
    }
}

fn rows(sizes: &[[u32; 2]], width: u32) -> Option<(Vec<[u32; 2]>, [u32; 2])> {
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(sizes[i][1]), i));
    let mut places = vec![[0; 2]; sizes.len()];
    let (mut x, mut y, mut row) = (0, 0, 0);
    for i in order {
        let [w, h] = sizes[i].map(|s| s + 2 * BORDER);
        if w > width {
            return None;
        }
        if x + w > width {
            (x, y, row) = (0, y + row, 0);
        }
        places[i] = [x, y];
        (x, row) = (x + w, row.max(h));
    }
    let height = (y + row).next_power_of_two();
    (height <= MOST_PIXELS).then_some((places, [width, height]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_lie_apart_on_sheets_that_are_powers_of_two() {
        let sizes: Vec<[u32; 2]> = (0..40).map(|i| [20 + i * 7 % 90, 30 + i * 13 % 70]).collect();
        let (places, [width, height]) = lay(&sizes);
        assert_eq!(places.len(), sizes.len());
        assert!(width.is_power_of_two() && height.is_power_of_two());
        for (i, (a, s)) in places.iter().zip(&sizes).enumerate() {
            assert!(a[0] + s[0] + 2 * BORDER <= width && a[1] + s[1] + 2 * BORDER <= height);
            for (b, t) in places.iter().zip(&sizes).skip(i + 1) {
                let apart =
                    |k: usize| a[k] + s[k] + 2 * BORDER <= b[k] || b[k] + t[k] + 2 * BORDER <= a[k];
                assert!(apart(0) || apart(1));
            }
        }
    }

    #[test]
    fn more_pictures_than_a_sheet_holds_get_more_sheets_and_each_its_slot() {
        let mut atlas = Atlas::default();
        for i in 0..9_u8 {
            let pixel = Rgba([i * 20, 0, 0, 255]);
            let picture = RgbaImage::from_pixel(1024, 700 + u32::from(i), pixel);
            assert_eq!(atlas.add(DynamicImage::ImageRgba8(picture)), usize::from(i));
        }
        let (slots, sheets) = atlas.finish();
        assert_eq!(slots.len(), 9);
        assert!(sheets.len() > 1 && slots.iter().all(|slot| slot.sheet < sheets.len()));
        for (i, slot) in slots.iter().enumerate() {
            let sheet = image::load_from_memory(&sheets[slot.sheet].bytes).unwrap().to_rgba8();
            let at = [0, 1].map(|k| slot.offset[k] + slot.scale[k] / 2.0);
            let (x, y) = (at[0] * sheet.width() as f32, at[1] * sheet.height() as f32);
            let red = sheet.get_pixel(x as u32, y as u32)[0];
            assert!((i32::from(red) - i as i32 * 20).abs() < 6, "{i}: {red}");
        }
    }
}
