//! Positions on the Hilbert curve of a 2^16 by 2^16 grid.

use onemap_model::Bounds;

/// Returns the position of a cell on the Hilbert curve of order 16 (D. Hilbert, Math. Ann. 38, 1891;
/// the iteration over quadrants is the common one): neighbours on the curve are neighbours on the grid.
pub fn hilbert_index(x: u16, y: u16) -> u32 {
    let (mut x, mut y) = (u32::from(x), u32::from(y));
    let mut index = 0;
    let mut side = 1_u32 << 15;
    while side > 0 {
        let right = u32::from(x & side > 0);
        let upper = u32::from(y & side > 0);
        index += side * side * ((3 * right) ^ upper);
        x &= side - 1;
        y &= side - 1;
        if upper == 0 {
            if right == 1 {
                x = side - 1 - x;
                y = side - 1 - y;
            }
            std::mem::swap(&mut x, &mut y);
        }
        side >>= 1;
    }
    index
}

/// Returns the Hilbert position of a point on the grid laid over `bounds`; points outside count as on
/// its edge. Lay it over the layer, not the world: the low bits must tell neighbours apart.
pub fn hilbert_of([lon, lat]: [f64; 2], bounds: &Bounds) -> u32 {
    let cell = |at: f64, from: f64, to: f64| {
        let width = to - from;
        if width > 0.0 { ((at - from) / width * 65_535.0) as u16 } else { 0 }
    };
    hilbert_index(cell(lon, bounds.west, bounds.east), cell(lat, bounds.south, bounds.north))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_on_the_curve_are_neighbours_on_the_grid() {
        let mut cells = vec![None; 256 * 256];
        for x in 0..256_u16 {
            for y in 0..256_u16 {
                // The first 65536 positions fill the first 256 by 256 cells.
                let index = hilbert_index(x, y) as usize;
                assert!(cells[index].replace((x, y)).is_none());
            }
        }
        for pair in cells.windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0].unwrap(), pair[1].unwrap());
            assert_eq!(x0.abs_diff(x1) + y0.abs_diff(y1), 1);
        }
    }

    #[test]
    fn points_outside_the_box_count_as_on_its_edge() {
        let b = Bounds::new(0.0, 0.0, 1.0, 1.0).unwrap();
        assert_eq!(hilbert_of([9.0, 9.0], &b), hilbert_of([1.0, 1.0], &b));
        assert_eq!(hilbert_of([f64::NAN, -9.0], &b), hilbert_of([0.0, 0.0], &b));
        let dot = Bounds::of_point([1.0, 1.0]).unwrap();
        assert_eq!(hilbert_of([1.0, 1.0], &dot), 0);
    }
}
