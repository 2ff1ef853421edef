//! Roofs: their shape by use and outline, their height, and what marks the skyline.

use super::site::Draft;
use crate::geom::{bounds, edges, pt};
use crate::rng::Rng;

/// Towers of at least this height in metres are landmarks.
const LANDMARK: f64 = 175.0;

/// Returns length and width of an outline, along its longest edge.
fn extent(d: &Draft) -> (f64, f64) {
    let longest = edges(&d.ring).map(|(a, b)| b - a).max_by(|a, b| a.len().total_cmp(&b.len()));
    let along = longest.unwrap_or_default().unit();
    let turned: Vec<_> = d.ring.iter().map(|p| pt(p.dot(along), p.dot(along.left()))).collect();
    let (low, high) = bounds(&turned);
    let (a, b) = (high.x - low.x, high.y - low.y);
    (a.max(b), a.min(b))
}

/// Finishes a design: gives it the roof that such a building has.
pub(super) fn finish(d: &mut Draft, rng: &mut Rng) {
    let (block, court) = (d.ring.len() == 4 && d.holes.is_empty(), !d.holes.is_empty());
    let oval = d.ring.len() >= 16 && matches!(d.usage, "文化" | "体育" | "公用设施");
    let named = |name: &str| d.name.ends_with(name);
    d.roof = match d.usage {
        "住宅" if court => "hipped",
        "住宅" if d.roof == "hipped" && block && rng.chance(0.35) => "gabled",
        "农村住宅" if d.floors == 3 && block && rng.chance(0.4) => "hipped",
        "配套" if named("车棚") => "skillion",
        "配套" if named("门卫") && rng.chance(0.6) => "hipped",
        "配套" if named("物业用房") && rng.chance(0.4) => "gabled",
        "学校" if named("体育馆") => "round",
        "学校" | "宿舍" if block && d.floors <= 6 && rng.chance(0.55) => "gabled",
        "行政办公" if block && d.floors <= 6 && rng.chance(0.4) => "hipped",
        "文化" | "公用设施" if oval && rng.chance(0.6) => "dome",
        "文化" if !court && d.ring.len() == 8 => "pyramidal",
        "体育" if oval => "dome",
        "公园设施" if named("亭") => "pyramidal",
        "公园设施" if named("公共厕所") => "gabled",
        "交通" if named("客运大厅") => "round",
        "商业" if block && d.floors <= 3 && d.year < 1998 && rng.chance(0.3) => "gabled",
        "工业" if d.roof == "gabled" && block && rng.chance(0.1) => "skillion",
        "农业设施" if d.roof == "gabled" && rng.chance(0.3) => "skillion",
        "办公" | "酒店" if d.floors > 30 && d.ring.len() <= 8 && rng.chance(0.22) => {
            "pyramidal"
        }
        _ => d.roof,
    };
    let (_, wide) = extent(d);
    let half = wide / 2.0;
    let floors = f64::from(d.floors);
    // What is left above rooms of 2.7 m, or halls of their own height.
    let attic = (d.height - floors * 2.7).max(0.8);
    let industrial = matches!(d.usage, "工业" | "仓储");
    let rise = match (d.roof, d.usage) {
        ("flat", _) => 0.0,
        ("gabled" | "hipped", _) if industrial => (half * 0.12).min(3.0),
        ("gabled" | "hipped", _) if court => (half * 0.2).min(attic),
        ("gabled" | "hipped", _) => (half * 0.55).min(attic).min(3.5),
        ("skillion", _) => (wide * 0.12).clamp(0.4, 1.4),
        ("pyramidal", "公园设施") => 2.2,
        ("pyramidal", "文化") => 5.0,
        ("pyramidal", _) => (half * 0.6).min(11.0),
        ("dome", "体育") if court => 14.0,
        ("dome", "公用设施") => 1.8,
        ("dome", _) => 7.0,
        ("round", "农业设施") => 1.9,
        ("round", "学校" | "交通") => 3.5,
        _ => 6.0,
    };
    d.roof_height = (rise * 10.0).round() / 10.0;
    if d.usage == "交通" && named("站台") {
        // A canopy over the platform.
        d.min_height = ((d.height - 0.6) * 10.0).round() / 10.0;
    }
    d.landmark = d.height >= LANDMARK
        || d.usage == "体育" && court
        || d.usage == "学校" && court && d.floors >= 8;
}
