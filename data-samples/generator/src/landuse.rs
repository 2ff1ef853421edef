//! Land use, today's and the plan's: every square metre of the district in one record each.

use std::collections::BTreeMap;

use crate::city::City;
use crate::geom::{Pt, Ring, area, bounds, nearest_on};
use crate::graph::Class;
use crate::plan::Zone;
use crate::zoning::{Kind, Parcel};

/// A land-use parcel.
#[derive(Clone, Debug)]
pub struct Land {
    /// Outline, counter-clockwise.
    pub ring: Ring,
    /// Holes, clockwise.
    pub holes: Vec<Ring>,
    /// Code of the land-use classification.
    pub code: &'static str,
    /// Area in square metres.
    pub area: f64,
    /// Who holds it.
    pub owner: String,
    /// Whether the village collective owns it (集体), not the state (国有).
    pub collective: bool,
    /// Plot ratio; zero where nothing is to be built.
    pub ratio: f64,
}

/// The name of a land-use code.
pub fn title(code: &str) -> &'static str {
    match code {
        "0101" => "水田",
        "0102" => "水浇地",
        "0103" => "旱地",
        "0201" => "果园",
        "0301" => "乔木林地",
        "0601" => "农村道路",
        "0701" => "城镇住宅用地",
        "0703" => "农村宅基地",
        "0801" => "机关团体用地",
        "0802" => "科研用地",
        "0803" => "文化用地",
        "0804" => "教育用地",
        "0805" => "体育用地",
        "0806" => "医疗卫生用地",
        "0901" => "商业用地",
        "0902" => "商务金融用地",
        "1001" => "工业用地",
        "1101" => "物流仓储用地",
        "1202" => "公路用地",
        "1207" => "城镇村道路用地",
        "1208" => "交通场站用地",
        "1303" => "供电用地",
        "1401" => "公园绿地",
        "1402" => "防护绿地",
        "1403" => "广场用地",
        "1701" => "河流水面",
        "1702" => "湖泊水面",
        "1704" => "坑塘水面",
        "1705" => "沟渠",
        _ => "其他",
    }
}

/// Returns the records of today (`plan` false) or of the plan.
pub fn records(city: &City, plan: bool) -> Vec<Land> {
    let mut out = Vec::new();
    for p in &city.parcels {
        let code = if plan { p.plan } else { p.now };
        let collective = matches!(code, "0101" | "0102" | "0103" | "0201" | "0703");
        let holes: Vec<Ring> = p.ponds.iter().map(|w| w.iter().rev().copied().collect()).collect();
        let ratio = if plan { p.ratio } else { 0.0 };
        out.push(land(p.ring.clone(), holes, code, owner(city, p, code), collective, ratio));
        for pond in &p.ponds {
            let code = if area(pond) > 2.0e4 { "1702" } else { "1704" };
            out.push(land(pond.clone(), Vec::new(), code, owner(city, p, code), collective, 0.0));
        }
    }
    for s in &city.division.strips {
        let (code, owner) = if s.waterside {
            ("1401", "园林绿化管理处")
        } else {
            ("1402", "园林绿化管理处")
        };
        out.push(land(s.ring.clone(), Vec::new(), code, owner.to_owned(), false, 0.0));
    }
    for s in &city.division.street_land {
        let rural = Zone::at(s.middle).rural();
        let (code, owner) = match s.class {
            Class::Country | Class::Track => ("0601", "村民委员会"),
            Class::Primary | Class::Secondary if rural => ("1202", "公路事业发展中心"),
            _ => ("1207", "市政设施管理处"),
        };
        out.push(land(s.ring.clone(), Vec::new(), code, owner.to_owned(), code == "0601", 0.0));
    }
    for (ring, river) in &city.division.water {
        let (code, owner) =
            if *river { ("1701", "河道管理所") } else { ("1705", "运河管理所") };
        out.push(land(ring.clone(), Vec::new(), code, owner.to_owned(), false, 0.0));
    }
    share_vertices(&mut out);
    out
}

fn land(
    ring: Ring,
    holes: Vec<Ring>,
    code: &'static str,
    owner: String,
    collective: bool,
    ratio: f64,
) -> Land {
    let size = area(&ring) + holes.iter().map(|h| area(h)).sum::<f64>();
    Land { ring, holes, code, area: (size * 100.0).round() / 100.0, owner, collective, ratio }
}

fn owner(city: &City, p: &Parcel, code: &str) -> String {
    if matches!(code, "0101" | "0102" | "0103" | "0201" | "0703" | "1704") && p.zone.rural()
        || code == "0101"
    {
        let home = city.community_at(crate::blocks::middle(&p.ring));
        return home.map_or_else(
            || "村民委员会".to_owned(),
            |c| format!("{}村民委员会", c.name.zh.trim_end_matches('村').trim_end_matches("社区")),
        );
    }
    match p.kind {
        Kind::Compound(_) | Kind::Lanes | Kind::Perimeter => "国有土地使用权人".to_owned(),
        Kind::Park | Kind::Square => "园林绿化管理处".to_owned(),
        Kind::Forest => "国有林场".to_owned(),
        Kind::Government => "机关事务管理局".to_owned(),
        _ if p.name.is_empty() => "国有土地使用权人".to_owned(),
        _ => p.name.clone(),
    }
}

/// Adds to every border the corners of its neighbours that lie on it, so that neighbours share
/// every vertex of their common border.
fn share_vertices(records: &mut [Land]) {
    const CELL: f64 = 40.0;
    /// A corner this near to a border lies on it, in metres.
    const ON: f64 = 0.012;
    let key = |p: Pt| ((p.x / CELL).floor() as i64, (p.y / CELL).floor() as i64);
    let mut grid: BTreeMap<(i64, i64), Vec<Pt>> = BTreeMap::new();
    for r in records.iter() {
        for p in r.ring.iter().chain(r.holes.iter().flatten()) {
            let list = grid.entry(key(*p)).or_default();
            if !list.contains(p) {
                list.push(*p);
            }
        }
    }
    let refine = |ring: &Ring| -> Ring {
        let mut out = Vec::with_capacity(ring.len());
        for (a, b) in crate::geom::edges(ring) {
            out.push(a);
            let (lo, hi) = bounds(&[a, b]);
            let (from, to) =
                (key(Pt { x: lo.x - ON, y: lo.y - ON }), key(Pt { x: hi.x + ON, y: hi.y + ON }));
            let mut found: Vec<(f64, Pt)> = Vec::new();
            for i in from.0..=to.0 {
                for j in from.1..=to.1 {
                    for p in grid.get(&(i, j)).into_iter().flatten() {
                        let (q, t) = nearest_on(*p, a, b);
                        let inner = (*p - a).len() > 0.03 && (*p - b).len() > 0.03;
                        if inner && (q - *p).len() < ON && t > 0.0 && t < 1.0 {
                            found.push((t, *p));
                        }
                    }
                }
            }
            found.sort_by(|x, y| x.0.total_cmp(&y.0));
            out.extend(found.into_iter().map(|f| f.1));
        }
        crate::shape::dedupe(&out)
    };
    let refined: Vec<(Ring, Vec<Ring>)> =
        records.iter().map(|r| (refine(&r.ring), r.holes.iter().map(&refine).collect())).collect();
    for (r, (ring, holes)) in records.iter_mut().zip(refined) {
        (r.ring, r.holes) = (ring, holes);
    }
}
