//! Water and green as GeoJSON (RFC 7946), trees as GeoJSON text sequence, one feature to a line.

use std::fmt::Write;

use super::degrees;
use crate::city::City;
use crate::geom::{Pt, Ring};
use crate::nature::{self, Patch};

/// The water areas.
pub(super) fn water(city: &City) -> Vec<u8> {
    collection(city, "water", &nature::water(city))
}

/// The green areas.
pub(super) fn green(city: &City) -> Vec<u8> {
    collection(city, "green", &nature::green(city))
}

/// The trees, one GeoJSON feature to a line.
pub(super) fn trees(city: &City) -> Vec<u8> {
    let mut out = String::new();
    for tree in &city.trees {
        let q = degrees(city, tree.at);
        let _ = writeln!(
            out,
            "{{\"type\":\"Feature\",\"properties\":{{\"id\":\"{}\",\"species\":\"{}\",\"height\":{:.1},\"crown\":{:.1},\"planted\":{}}},\"geometry\":{{\"type\":\"Point\",\"coordinates\":[{:.7},{:.7}]}}}}",
            tree.id, tree.species, tree.height, tree.crown, tree.planted, q.x, q.y
        );
    }
    out.into_bytes()
}

fn collection(city: &City, name: &str, patches: &[Patch]) -> Vec<u8> {
    let mut out = format!("{{\"type\":\"FeatureCollection\",\"name\":\"{name}\",\"features\":[\n");
    for (k, patch) in patches.iter().enumerate() {
        if k > 0 {
            out.push_str(",\n");
        }
        let mut properties = format!("\"id\":\"{}\"", patch.id);
        for (key, value) in
            [("name", patch.name.as_str()), ("name_en", &patch.name_en), ("class", patch.class)]
        {
            if !value.is_empty() {
                let _ = write!(properties, ",\"{key}\":\"{value}\"");
            }
        }
        let _ = write!(properties, ",\"area\":{:.1}", patch.area);
        if let Some(level) = patch.level {
            let _ = write!(properties, ",\"level\":{level:.2}");
        }
        let polygons: Vec<String> =
            patch.parts.iter().map(|(outer, holes)| polygon(city, outer, holes)).collect();
        let geometry = if polygons.len() == 1 {
            format!("{{\"type\":\"Polygon\",\"coordinates\":{}}}", polygons[0])
        } else {
            format!("{{\"type\":\"MultiPolygon\",\"coordinates\":[{}]}}", polygons.join(","))
        };
        let _ = write!(
            out,
            "{{\"type\":\"Feature\",\"properties\":{{{properties}}},\"geometry\":{geometry}}}"
        );
    }
    out.push_str("\n]}\n");
    out.into_bytes()
}

fn polygon(city: &City, outer: &[Pt], holes: &[Ring]) -> String {
    let rings: Vec<String> = std::iter::once(outer)
        .chain(holes.iter().map(Vec::as_slice))
        .map(|ring| {
            let points: Vec<String> = ring
                .iter()
                .chain(ring.first())
                .map(|p| {
                    let q = degrees(city, *p);
                    format!("[{:.8},{:.8}]", q.x, q.y)
                })
                .collect();
            format!("[{}]", points.join(","))
        })
        .collect();
    format!("[{}]", rings.join(","))
}
