//! Lengths on the ground between places in degrees.

/// Returns the metres of one degree of longitude and of latitude at a latitude in degrees, on the WGS 84 ellipsoid.
///
/// Plain lengths from them are right to 1e-5 within some kilometres, which is where pipes end.
pub(crate) fn metres_per_degree(lat: f64) -> [f64; 2] {
    const A: f64 = 6_378_137.0;
    const E2: f64 = 0.006_694_379_990_141_32;
    let (sin, cos) = lat.to_radians().sin_cos();
    let w2 = 1.0 - E2 * sin * sin;
    let w = w2.sqrt();
    [(A * cos / w).to_radians(), (A * (1.0 - E2) / (w2 * w)).to_radians()]
}

/// Returns the length of a line with heights, metres; a piece without heights counts as level.
pub(crate) fn length(xy: &[[f64; 2]], z: &[f32]) -> f64 {
    let Some(first) = xy.first() else { return 0.0 };
    let [mx, my] = metres_per_degree(first[1]);
    let pieces = xy.windows(2).enumerate().map(|(at, piece)| {
        let rise = match (z.get(at), z.get(at + 1)) {
            (Some(a), Some(b)) if a.is_finite() && b.is_finite() => f64::from(b - a),
            _ => 0.0,
        };
        let (dx, dy) = ((piece[1][0] - piece[0][0]) * mx, (piece[1][1] - piece[0][1]) * my);
        (dx * dx + dy * dy + rise * rise).sqrt()
    });
    pieces.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degree_has_the_length_that_tables_give() {
        // NGA's table for 45 degrees: 78,846.8 m and 111,131.7 m.
        let [x, y] = metres_per_degree(45.0);
        assert!((x - 78_846.8).abs() < 0.1 && (y - 111_131.7).abs() < 0.3, "{x} {y}");
        let line = [[118.0, 45.0], [118.0, 45.0 + 3.0 / y]];
        assert!((length(&line, &[1.0, 5.0]) - 5.0).abs() < 1e-3);
        assert!((length(&line, &[1.0, f32::NAN]) - 3.0).abs() < 1e-3);
    }
}
