//! Colours: AutoCAD's index, and true colours.

/// Returns a colour of the AutoCAD colour index as red, green and blue; 7, black or white, is black here.
pub(super) fn indexed(index: u8) -> [u8; 3] {
    match index {
        0 | 7 => [0, 0, 0],
        1 => [255, 0, 0],
        2 => [255, 255, 0],
        3 => [0, 255, 0],
        4 => [0, 255, 255],
        5 => [0, 0, 255],
        6 => [255, 0, 255],
        8 => [128, 128, 128],
        9 => [192, 192, 192],
        10..=249 => {
            // Tens: hue in steps of 15 degrees. Ones: brightness, and half saturation for odd ones.
            let (hue, shade) = (u32::from(index / 10 - 1) * 15, index % 10);
            let value = match shade / 2 {
                0 => 255,
                1 => 165,
                2 => 127,
                3 => 76,
                _ => 38,
            };
            let floor = if shade % 2 == 1 { value / 2 } else { 0 };
            // Part of a sextant of the colour circle: how far the middle channel is from the floor.
            let part = hue % 60;
            let rising = floor + (value - floor) * part / 60;
            let falling = floor + (value - floor) * (60 - part) / 60;
            let [r, g, b] = match hue / 60 {
                0 => [value, rising, floor],
                1 => [falling, value, floor],
                2 => [floor, value, rising],
                3 => [floor, falling, value],
                4 => [rising, floor, value],
                _ => [value, floor, falling],
            };
            [r as u8, g as u8, b as u8]
        }
        250 => [51; 3],
        251 => [80; 3],
        252 => [105; 3],
        253 => [130; 3],
        254 => [190; 3],
        255 => [255; 3],
    }
}

/// Returns red, green and blue of a true colour (group 420).
pub(super) fn rgb(value: i64) -> [u8; 3] {
    let [_, r, g, b] = (value as u32).to_be_bytes();
    [r, g, b]
}

/// Writes a colour as `#rrggbb`.
pub(super) fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexed_colours_are_autocads() {
        assert_eq!(indexed(10), [255, 0, 0]);
        assert_eq!(indexed(11), [255, 127, 127]);
        assert_eq!(indexed(20), [255, 63, 0]);
        assert_eq!(indexed(94), [0, 127, 0]);
        assert_eq!(indexed(170), [0, 0, 255]);
        assert_eq!(hex(rgb(0x00_12_34_ab)), "#1234ab");
    }
}
