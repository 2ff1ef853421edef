//! Cutting a tile's triangles at the borders of a cell of longitude and latitude.

use onemap_crs::LocalFrame;
use onemap_model::Bounds;

use crate::batch::{Batch, Vertex};
use crate::gltf::Instances;
use crate::lines::Lines;

/// A corner with its longitude and latitude.
type Corner = (Vertex, [f64; 2]);

/// Removes what is outside the bounds (degrees). Along an edge, longitude and latitude are taken to change evenly: over
/// 100 m that is wrong by less than half a millimetre.
pub(crate) fn clip(batch: &mut Batch, frame: &LocalFrame, bounds: &Bounds) {
    let lonlat = |vertex: &Vertex| {
        let [lon, lat, _] = frame.to_lonlat(vertex.position);
        [lon, lat]
    };
    let places: Vec<[f64; 2]> = batch.vertices.iter().map(lonlat).collect();
    let is_in: Vec<bool> = places.iter().map(|&at| contains(bounds, at)).collect();
    if is_in.iter().all(|&is_in| is_in) {
        return;
    }
    let mut kept = Batch::default();
    let mut moved = vec![u32::MAX; batch.vertices.len()];
    for triangle in &batch.triangles {
        let corners = triangle.map(|i| i as usize);
        if corners.iter().all(|&i| is_in[i]) {
            kept.triangles.push(corners.map(|i| {
                if moved[i] == u32::MAX {
                    moved[i] = kept.vertices.len() as u32;
                    kept.vertices.push(batch.vertices[i]);
                }
                moved[i]
            }));
            continue;
        }
        let polygon = cut(corners.map(|i| (batch.vertices[i], places[i])).to_vec(), bounds);
        if polygon.len() > 2 {
            let fan = (2..polygon.len() as u32).map(|i| [0, i - 1, i]);
            kept.add(polygon.iter().map(|(vertex, _)| *vertex), fan);
        }
    }
    *batch = kept;
}

/// As [`clip`], for lines.
pub(crate) fn clip_lines(lines: &mut Lines, frame: &LocalFrame, bounds: &Bounds) {
    let mut kept = Lines::default();
    for segment in &lines.segments {
        let [a, b] = segment.map(|i| {
            let vertex = lines.vertices[i as usize];
            let [lon, lat, _] = frame.to_lonlat(vertex.position);
            (vertex, [lon, lat])
        });
        if let Some([a, b]) = cut_segment(a, b, bounds) {
            kept.push(a, b);
        }
    }
    *lines = kept;
}

/// Cuts a line at four lines; the same part of it from either side.
fn cut_segment(mut a: Corner, mut b: Corner, bounds: &Bounds) -> Option<[Vertex; 2]> {
    for (axis, border, sign) in borders(bounds) {
        let (p, q) = ((a.1[axis] - border) * sign, (b.1[axis] - border) * sign);
        match (p < 0.0, q < 0.0) {
            (true, true) => return None,
            (true, false) => a = between(&a, &b, p / (p - q)),
            (false, true) => b = between(&a, &b, p / (p - q)),
            (false, false) => {}
        }
    }
    Some([a.0, b.0])
}

/// Turns those of the things that reach over the bounds into triangles of their own, to be cut.
pub(crate) fn split(
    instances: &mut Instances,
    frame: &LocalFrame,
    bounds: &Bounds,
    batch: &mut Batch,
) {
    let corners = instances.prototype.vertices.iter();
    let reach = corners.map(|v| v.position[0].hypot(v.position[1])).fold(0.0, f64::max);
    let mut places = std::mem::take(&mut instances.places);
    places.retain(|place| {
        let r = reach * f64::from(place.scale[0].max(place.scale[1]));
        let [x, y, z] = place.at;
        let around = [[x - r, y - r, z], [x + r, y - r, z], [x - r, y + r, z], [x + r, y + r, z]];
        let is_whole = around.into_iter().all(|at| {
            let [lon, lat, _] = frame.to_lonlat(at);
            contains(bounds, [lon, lat])
        });
        if !is_whole {
            instances.draw(place, batch);
        }
        is_whole
    });
    instances.places = places;
}

fn contains(bounds: &Bounds, [lon, lat]: [f64; 2]) -> bool {
    (bounds.west..=bounds.east).contains(&lon) && (bounds.south..=bounds.north).contains(&lat)
}

/// Returns the lines around bounds: which coordinate, its value, and the sign of what is inside.
fn borders(bounds: &Bounds) -> [(usize, f64, f64); 4] {
    [(0, bounds.west, 1.0), (0, bounds.east, -1.0), (1, bounds.south, 1.0), (1, bounds.north, -1.0)]
}

/// Cuts a polygon at four lines (Sutherland and Hodgman).
fn cut(mut polygon: Vec<Corner>, bounds: &Bounds) -> Vec<Corner> {
    for (axis, border, sign) in borders(bounds) {
        let inside = |corner: &Corner| (corner.1[axis] - border) * sign;
        let mut rest = Vec::with_capacity(polygon.len() + 2);
        for (i, here) in polygon.iter().enumerate() {
            let next = &polygon[(i + 1) % polygon.len()];
            let (a, b) = (inside(here), inside(next));
            if a >= 0.0 {
                rest.push(*here);
            }
            if (a < 0.0) != (b < 0.0) {
                // From the lower corner to the higher, so that neighbours cut a common edge alike.
                let (from, to, t) =
                    if a < b { (here, next, a / (a - b)) } else { (next, here, b / (b - a)) };
                let mut crossing = between(from, to, t);
                crossing.1[axis] = border;
                rest.push(crossing);
            }
        }
        polygon = rest;
    }
    polygon
}

fn between((a, p): &Corner, (b, q): &Corner, t: f64) -> Corner {
    let mix = |a: f64, b: f64| a + (b - a) * t;
    let mix32 = |a: f32, b: f32| mix(f64::from(a), f64::from(b)) as f32;
    let n: [f32; 3] = std::array::from_fn(|i| mix32(a.normal[i], b.normal[i]));
    let length = n.iter().map(|x| x * x).sum::<f32>().sqrt();
    let vertex = Vertex {
        position: std::array::from_fn(|i| mix(a.position[i], b.position[i])),
        normal: if length > 1e-6 { n.map(|x| x / length) } else { a.normal },
        color: std::array::from_fn(|i| mix(a.color[i].into(), b.color[i].into()).round() as u8),
        uv: std::array::from_fn(|i| mix32(a.uv[i], b.uv[i])),
        feature: a.feature,
    };
    (vertex, std::array::from_fn(|i| mix(p[i], q[i])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vertex(position: [f64; 3]) -> Vertex {
        Vertex { position, normal: [0.0, 0.0, 1.0], color: [255; 4], uv: [0.0; 2], feature: 3 }
    }

    fn area(batch: &Batch) -> f64 {
        let corner = |i: u32| batch.vertices[i as usize].position;
        let triangles = batch.triangles.iter().map(|t| t.map(corner));
        triangles
            .map(|[a, b, c]| (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
            .sum::<f64>()
            / 2.0
    }

    #[test]
    fn the_four_quarters_of_a_square_are_the_square_and_lie_in_their_cells() {
        let frame = LocalFrame::at([118.25, 33.9, 0.0]);
        let corners =
            [[-50.0, -50.0, 5.0], [50.0, -50.0, 5.0], [50.0, 50.0, 5.0], [-50.0, 50.0, 5.0]];
        let mut whole = Batch::default();
        whole.add(corners.map(vertex), [[0, 1, 2], [0, 2, 3]]);
        let mut sum = 0.0;
        for (west, east) in [(118.0, 118.25), (118.25, 118.5)] {
            for (south, north) in [(33.0, 33.9), (33.9, 34.0)] {
                let bounds = Bounds { west, south, east, north };
                let mut part = whole.clone();
                clip(&mut part, &frame, &bounds);
                for vertex in &part.vertices {
                    let [lon, lat, _] = frame.to_lonlat(vertex.position);
                    assert!(contains(&bounds.grown(5e-9), [lon, lat]), "{lon} {lat}");
                    assert_eq!(vertex.feature, 3);
                }
                assert!((area(&part) - 2500.0).abs() < 0.1, "{}", area(&part));
                sum += area(&part);
            }
        }
        assert!((sum - 10_000.0).abs() < 1e-6, "{sum}");
        let elsewhere = Bounds { west: 0.0, south: 0.0, east: 1.0, north: 1.0 };
        clip(&mut whole, &frame, &elsewhere);
        assert!(whole.triangles.is_empty() && whole.vertices.is_empty());
    }
}
