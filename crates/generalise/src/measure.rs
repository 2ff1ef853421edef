//! Sizes on the ground and in the tile.

use onemap_model::{Geometry, GeometryClass, GeometryKind, ValueRef};

/// Mean radius of the earth (IUGG), metres.
pub const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// Bytes a vertex takes in a tile: two varints, of one byte each for steps of up to 63 units.
pub const BYTES_PER_VERTEX: u32 = 2;

/// Returns the signed area inside a closed ring of `[lon, lat]` degrees on the sphere, square metres,
/// positive when it runs counter-clockwise. Chamberlain and Duquette, "Some algorithms for
/// polygons on a sphere" (JPL 07-03, 2007), equation 4.
pub fn ring_area_m2(ring: &[[f64; 2]]) -> f64 {
    let Some(&[_, lat]) = ring.first() else {
        return 0.0;
    };
    // Sines are taken relative to the first one: a small ring far from the equator keeps its digits.
    let base = libm::sin(lat.to_radians());
    let mut sum = 0.0;
    let mut before: Option<(f64, f64)> = None;
    for &[lon, lat] in ring {
        let here = (lon.to_radians(), libm::sin(lat.to_radians()) - base);
        if let Some(last) = before {
            sum -= (here.0 - last.0) * (here.1 + last.1);
        }
        before = Some(here);
    }
    sum * EARTH_RADIUS_M * EARTH_RADIUS_M / 2.0
}

/// Returns the length of a line of `[lon, lat]` degrees on the sphere, metres (haversine formula).
pub fn line_length_m(line: &[[f64; 2]]) -> f64 {
    let mut sum = 0.0;
    let mut before: Option<(f64, f64, f64)> = None;
    for &[lon, lat] in line {
        let (lon, lat) = (lon.to_radians(), lat.to_radians());
        let here = (lon, lat, libm::cos(lat));
        if let Some(last) = before {
            let dy = libm::sin((here.1 - last.1) / 2.0);
            let dx = libm::sin((here.0 - last.0) / 2.0);
            let h = dy * dy + last.2 * here.2 * dx * dx;
            sum += 2.0 * libm::asin(h.max(0.0).sqrt().min(1.0));
        }
        before = Some(here);
    }
    sum * EARTH_RADIUS_M
}

/// Returns the class of a shape and its size: square metres for polygons, metres for lines, 0 for
/// points. A collection counts as what its largest kind of member is, polygons before lines.
pub fn size(geometry: &Geometry) -> (GeometryClass, f64) {
    let (mut area, mut length, mut points) = (0.0_f64, 0.0_f64, false);
    geometry.for_each_simple(&mut |simple| match simple.kind {
        GeometryKind::Polygon | GeometryKind::MultiPolygon => {
            for rings in simple.polygon_ranges() {
                let mut rings = rings.map(|i| ring_area_m2(simple.line_at(i)).abs());
                let outer = rings.next().unwrap_or(0.0);
                area += (outer - rings.sum::<f64>()).max(0.0);
            }
        }
        GeometryKind::LineString | GeometryKind::MultiLineString => {
            length += simple.lines().map(line_length_m).sum::<f64>();
        }
        _ => points |= !simple.is_empty(),
    });
    if area > 0.0 {
        (GeometryClass::Polygon, area)
    } else if length > 0.0 {
        (GeometryClass::Line, length)
    } else if points {
        (GeometryClass::Point, 0.0)
    } else {
        (geometry.class(), 0.0)
    }
}

/// Estimates the bytes that a feature takes in a vector tile with all its vertices. Values that repeat
/// are stored once in a tile; short texts usually do, so only what exceeds eight bytes counts.
pub fn estimated_bytes<'a>(vertices: usize, values: impl IntoIterator<Item = ValueRef<'a>>) -> u32 {
    // Message heads, the id, the type, the commands, the first position.
    let mut bytes = 24_usize;
    for value in values {
        bytes = bytes.saturating_add(match value {
            ValueRef::Null | ValueRef::Bytes(_) => 0,
            ValueRef::Bool(_) => 2,
            ValueRef::Int(n) if (-4096..4096).contains(&n) => 3,
            ValueRef::Int(_) => 8,
            ValueRef::Float(_) => 13,
            ValueRef::Text(s) | ValueRef::Json(s) if s.len() <= 8 => 4,
            ValueRef::Text(s) | ValueRef::Json(s) => s.len() + 6,
            ValueRef::Date(_) | ValueRef::DateTime(_) => 16,
        });
    }
    let geometry = vertices.saturating_mul(BYTES_PER_VERTEX as usize);
    u32::try_from(bytes.saturating_add(geometry)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(lon: f64, lat: f64, side: f64) -> Vec<[f64; 2]> {
        let (e, n) = (lon + side, lat + side);
        vec![[lon, lat], [e, lat], [e, n], [lon, n], [lon, lat]]
    }

    #[test]
    fn a_degree_square_at_the_equator_has_its_known_area() {
        let area = ring_area_m2(&square(0.0, 0.0, 1.0));
        // R² · Δλ · (sin φ2 − sin φ1)
        let exact = EARTH_RADIUS_M * EARTH_RADIUS_M * 1f64.to_radians() * 1f64.to_radians().sin();
        assert!((area / exact - 1.0).abs() < 1e-12);
        let mut turned = square(0.0, 0.0, 1.0);
        turned.reverse();
        assert!(ring_area_m2(&turned) < 0.0);
    }

    #[test]
    fn a_small_house_keeps_its_area_to_a_thousandth() {
        let side = 1e-4;
        let area = ring_area_m2(&square(118.0, 34.0, side));
        let m = EARTH_RADIUS_M * side.to_radians();
        let flat = m * m * 34.00005f64.to_radians().cos();
        assert!((area / flat - 1.0).abs() < 1e-6, "{area} {flat}");
    }

    #[test]
    fn a_quarter_of_the_equator_has_its_known_length() {
        let length = line_length_m(&[[0.0, 0.0], [45.0, 0.0], [90.0, 0.0]]);
        assert!((length / (EARTH_RADIUS_M * std::f64::consts::FRAC_PI_2) - 1.0).abs() < 1e-12);
        assert_eq!(line_length_m(&[]), 0.0);
    }

    #[test]
    fn holes_count_against_the_area_and_collections_are_what_is_largest_in_them() {
        let mut g = Geometry::polygon(square(0.0, 0.0, 1.0));
        let whole = size(&g).1;
        g.xy.extend(square(0.25, 0.25, 0.5));
        g.end_line();
        g.parts[0] = 2;
        assert!((size(&g).1 / whole - 0.75).abs() < 1e-3);
        let all = Geometry::collection(vec![Geometry::point([0.0, 0.0]), g.clone()]);
        assert_eq!(size(&all), size(&g));
        assert_eq!(size(&Geometry::point([1.0, 1.0])), (GeometryClass::Point, 0.0));
    }
}
