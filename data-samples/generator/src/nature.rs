//! Water and green as themes of their own.

use crate::blocks::dissolve;
use crate::city::City;
use crate::geom::{Ring, area};
use crate::names::{CANAL, RIVER};
use crate::plan::Zone;
use crate::streets::Ground;
use crate::zoning::Kind;

/// A water or green area.
#[derive(Clone, Debug)]
pub struct Patch {
    /// Number in its register.
    pub id: String,
    /// Name, may be empty.
    pub name: String,
    /// English name, may be empty.
    pub name_en: String,
    /// Class, in Chinese.
    pub class: &'static str,
    /// Outlines with holes.
    pub parts: Vec<(Ring, Vec<Ring>)>,
    /// Area in square metres.
    pub area: f64,
    /// Height of the surface in metres; for water only.
    pub level: Option<f64>,
}

fn patch(
    list: &mut Vec<Patch>,
    letter: char,
    class: &'static str,
    name: (&str, &str),
    parts: Vec<(Ring, Vec<Ring>)>,
) {
    let size: f64 =
        parts.iter().map(|(o, h)| area(o) + h.iter().map(|r| area(r)).sum::<f64>()).sum();
    list.push(Patch {
        id: format!("{letter}{:04}", list.len() + 1),
        name: name.0.to_owned(),
        name_en: name.1.to_owned(),
        class,
        parts,
        area: (size * 10.0).round() / 10.0,
        level: None,
    });
}

/// Returns the water areas.
pub fn water(city: &City) -> Vec<Patch> {
    let mut out = Vec::new();
    let graph = &city.network.graph;
    let ground: Vec<Ground> = (0..graph.faces.len()).map(|f| city.network.ground(f)).collect();
    patch(&mut out, 'W', "河流", RIVER, dissolve(graph, &|f| ground[f] == Ground::River));
    patch(&mut out, 'W', "运河", CANAL, dissolve(graph, &|f| ground[f] == Ground::Canal));
    for p in &city.parcels {
        for pond in &p.ponds {
            let (class, name) = match (p.kind, p.zone) {
                (Kind::Park, Zone::LakePark) => ("湖泊", ("镜湖", "Mirror Lake")),
                (Kind::Park, Zone::Wetland) => ("湖泊", ("南湖", "South Lake")),
                (Kind::Campus, _) => ("湖泊", ("砚湖", "Yan Lake")),
                (Kind::Forest, _) => ("水库", ("望湖水库", "Wanghu Reservoir")),
                _ => ("坑塘", ("", "")),
            };
            patch(&mut out, 'W', class, name, vec![(pond.clone(), Vec::new())]);
        }
    }
    for w in &mut out {
        let p = w.parts[0].0[0];
        let level = if matches!(w.class, "河流" | "运河") {
            city.terrain.water_level(p)
        } else {
            city.terrain.z(p) - 0.8
        };
        w.level = Some((level * 100.0).round() / 100.0);
    }
    out
}

/// Returns the green areas.
pub fn green(city: &City) -> Vec<Patch> {
    let mut out = Vec::new();
    for p in &city.parcels {
        let class = match p.kind {
            Kind::Park => "公园绿地",
            Kind::Square => "广场",
            Kind::Forest => "林地",
            Kind::Orchard => "果园",
            _ => continue,
        };
        let holes = p.ponds.iter().map(|w| w.iter().rev().copied().collect()).collect();
        patch(&mut out, 'G', class, (&p.name, ""), vec![(p.ring.clone(), holes)]);
    }
    for s in &city.division.strips {
        let class = if s.waterside { "滨水绿地" } else { "防护绿地" };
        patch(&mut out, 'G', class, ("", ""), vec![(s.ring.clone(), Vec::new())]);
    }
    for (parcel, ring) in &city.grounds {
        let name = format!("{}运动场", city.parcels[*parcel].name);
        patch(&mut out, 'G', "运动场地", (&name, ""), vec![(ring.clone(), Vec::new())]);
    }
    out
}
