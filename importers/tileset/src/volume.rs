//! What bounding volumes cover on the ground.

use onemap_crs::from_geocentric;
use onemap_model::Bounds;
use serde_json::Value;

/// Box on the ground, degrees, and heights, metres.
pub(crate) type Extent = (Bounds, [f64; 2]);

/// A 4 × 4 matrix, column by column.
pub(crate) type Matrix = [f64; 16];

/// The matrix that changes nothing.
pub(crate) const IDENTITY: Matrix =
    [1., 0., 0., 0., 0., 1., 0., 0., 0., 0., 1., 0., 0., 0., 0., 1.];

/// Reads so many finite numbers.
pub(crate) fn numbers<const N: usize>(value: &Value) -> Option<[f64; N]> {
    let list = value.as_array().filter(|list| list.len() == N)?;
    let mut out = [0.0; N];
    for (out, value) in out.iter_mut().zip(list) {
        *out = value.as_f64().filter(|x| x.is_finite())?;
    }
    Some(out)
}

/// Multiplies matrices: what `b` does, then what `a` does.
pub(crate) fn product(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| {
        let (column, row) = (i / 4, i % 4);
        (0..4).map(|k| a[4 * k + row] * b[4 * column + k]).sum()
    })
}

/// Returns what a bounding volume (3D Tiles 1.1, clause 7.3) covers; `None` for kinds that do not tell.
pub(crate) fn extent(volume: &Value, transform: &Matrix) -> Option<Extent> {
    if let Some([west, south, east, north, low, high]) = numbers::<6>(&volume["region"]) {
        let [west, south, east, north] = [west, south, east, north].map(f64::to_degrees);
        let bounds = Bounds::new(west, south, east, north)?;
        return Bounds::WORLD.contains(&bounds).then_some((bounds, [low, high]));
    }
    let mut corners = Vec::with_capacity(8);
    if let Some(b) = numbers::<12>(&volume["box"]) {
        for corner in 0..8 {
            let sign = |axis: usize| if corner >> axis & 1 == 0 { -1.0 } else { 1.0 };
            corners.push(std::array::from_fn(|i| {
                b[i] + sign(0) * b[3 + i] + sign(1) * b[6 + i] + sign(2) * b[9 + i]
            }));
        }
    } else if let Some([x, y, z, r]) = numbers::<4>(&volume["sphere"]) {
        for corner in 0..8 {
            let sign = |axis: usize| if corner >> axis & 1 == 0 { -r } else { r };
            corners.push([x + sign(0), y + sign(1), z + sign(2)]);
        }
    }
    let mut found: Option<Extent> = None;
    for [x, y, z] in corners {
        let m = transform;
        let at = std::array::from_fn(|i| m[i] * x + m[4 + i] * y + m[8 + i] * z + m[12 + i]);
        let [lon, lat, height] = from_geocentric(at);
        let point = Bounds::of_point([lon, lat])?;
        found = Some(found.map_or((point, [height; 2]), |(bounds, [low, high])| {
            (bounds.union(point), [low.min(height), high.max(height)])
        }));
    }
    // Around the pole or the earth's middle a box of corners tells nothing.
    found.filter(|(bounds, [low, high])| {
        bounds.east - bounds.west < 180.0 && *low > -1e6 && *high < 1e7
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_crs::LocalFrame;
    use serde_json::json;

    #[test]
    fn a_box_in_a_local_frame_is_found_on_the_ground() {
        let frame = LocalFrame::at([118.3, 33.96, 20.0]);
        let volume = json!({ "box": [0, 0, 10, 100, 0, 0, 0, 50, 0, 0, 0, 10] });
        let (bounds, heights) = extent(&volume, &frame.matrix()).unwrap();
        let [lon, lat] = bounds.center();
        assert!((lon - 118.3).abs() < 1e-6 && (lat - 33.96).abs() < 1e-6);
        assert!((heights[0] - 20.0).abs() < 0.01 && (heights[1] - 40.0).abs() < 0.01);
        assert!(extent(&json!({ "sphere": [0, 0, 0, 1] }), &IDENTITY).is_none());
    }
}
