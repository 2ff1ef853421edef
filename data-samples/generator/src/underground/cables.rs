//! Power ducts, cables of street lights, telecom ducts.

use super::lay::{Layer, Manner, Placed, Spot};
use super::mains::{self, Plan, across, evenly, works};
use super::streets::{Piece, Streets, edge, offset};
use super::{Net, Section, System};
use crate::city::City;
use crate::geom::pt;
use crate::graph::Class;
use crate::rng::Rng;

fn carried(streets: &Streets, system: System) -> Vec<bool> {
    let chosen: Vec<bool> =
        streets.pieces.iter().map(|p| offset(system, p.class).is_some()).collect();
    streets.largest(&chosen)
}

fn ducts(columns: u16, rows: u16, material: &'static str, cover: f64, year: u16) -> Manner {
    let holes = columns * rows;
    let used = holes - holes / 3;
    Manner {
        section: Section::Ducts(columns, rows),
        material,
        laying: "GK",
        cover,
        least: 0.5,
        year,
        cables: (used, used + holes / 4),
        part: 0,
    }
}

fn power_main(piece: &Piece) -> Manner {
    let (columns, rows) = match piece.class {
        Class::Primary => (4, 3),
        Class::Secondary => (4, 2),
        Class::Tertiary => (3, 2),
        _ => (2, 2),
    };
    let mut m = ducts(columns, rows, "铜", 0.75, piece.year.max(1996));
    if piece.bridge {
        (m.laying, m.least) = ("GG", 0.3);
    }
    m
}

/// Chambers along a line, and places where something branches off.
fn chambers(
    total: f64,
    step: f64,
    thing: &'static str,
    every: usize,
    box_: &'static str,
) -> Vec<Spot> {
    let mut out: Vec<Spot> =
        evenly(total, 18.0, step).into_iter().map(|at| Spot { at, thing, chamber: true }).collect();
    for (k, spot) in out.clone().iter().enumerate() {
        if k % every == 1 && spot.at + 4.0 < total - 4.0 {
            out[k].thing = box_;
        }
    }
    out
}

/// The 10 kV ducts: chambers, ring main units and transformers of the customers.
pub(super) fn power(city: &City, streets: &Streets, placed: &mut Placed) -> Net {
    let mut layer = Layer { city, placed, net: Net::new(System::Power) };
    let chosen = carried(streets, System::Power);
    let side = |p: &Piece| offset(System::Power, p.class).unwrap_or(0.0);
    let spots = |_: usize, piece: &Piece, total: f64, _: [bool; 2]| {
        if piece.bridge { Vec::new() } else { chambers(total, 48.0, "检修井", 3, "环网柜") }
    };
    let plan = Plan { streets, chosen: &chosen, offset: &side, manner: &power_main, spots: &spots };
    let laid = mains::lay(&mut layer, &plan);
    for hub in laid.hubs.values() {
        layer.stand(*hub, "检修井", true);
    }
    for main in &laid.mains {
        let piece = &streets.pieces[main.piece];
        let mut rng = Rng::stream(city.seed, "transformers", main.piece as u64);
        for (spot, node) in main.spots.iter().zip(&main.nodes) {
            if spot.thing == "环网柜" && *node != usize::MAX {
                layer.stand(*node, "检修井", true);
                let thing = rng.weighted(&[("环网柜", 0.3), ("变压器", 0.4), ("配电箱", 0.3)]);
                let m = ducts(2, 1, "铜", 0.7, piece.year.max(1998));
                across(&mut layer, piece, *node, -edge(piece.class) - 1.6, (&m, thing));
            }
        }
    }
    let dir = pt(0.3, -0.95);
    let hub = laid.farthest(&layer, dir);
    works(
        &mut layer,
        hub,
        dir * 24.0,
        &ducts(4, 3, "铜", 0.8, 2001),
        ("变电站", "城南110千伏变电站"),
    );
    layer.net
}

/// Cables of street lights, along the kerb.
pub(super) fn light(city: &City, streets: &Streets, placed: &mut Placed) -> Net {
    let mut layer = Layer { city, placed, net: Net::new(System::Light) };
    let chosen = carried(streets, System::Light);
    let side = |p: &Piece| offset(System::Light, p.class).unwrap_or(0.0);
    let manner = |p: &Piece| Manner {
        section: Section::Round(75),
        material: "铜",
        laying: "GM",
        cover: 0.55,
        least: 0.3,
        year: p.year.max(2000),
        cables: (1, 1),
        part: 0,
    };
    let spots = |_: usize, _: &Piece, total: f64, _: [bool; 2]| -> Vec<Spot> {
        evenly(total, 6.0, 34.0)
            .into_iter()
            .enumerate()
            .map(|(k, at)| Spot {
                at,
                thing: if k % 16 == 9 { "配电箱" } else { "路灯" },
                chamber: false,
            })
            .collect()
    };
    let plan = Plan { streets, chosen: &chosen, offset: &side, manner: &manner, spots: &spots };
    let laid = mains::lay(&mut layer, &plan);
    let dir = pt(0.2, 0.98);
    let hub = laid.farthest(&layer, dir);
    let m = Manner { ..manner(&streets.pieces[laid.mains[0].piece]) };
    works(&mut layer, hub, dir * 6.0, &m, ("配电箱", "路灯专用箱变"));
    layer.net
}

fn telecom_main(piece: &Piece) -> Manner {
    let (columns, rows) = match piece.class {
        Class::Primary => (4, 3),
        Class::Secondary => (3, 3),
        Class::Tertiary => (3, 2),
        _ => (2, 2),
    };
    let mut m = ducts(columns, rows, "光纤", 1.3, piece.year.max(1999));
    if piece.bridge {
        (m.laying, m.least) = ("GG", 0.3);
    }
    m
}

/// Telecom ducts: chambers below main streets, hand holes below the others, cabinets.
pub(super) fn telecom(city: &City, streets: &Streets, placed: &mut Placed) -> Net {
    let mut layer = Layer { city, placed, net: Net::new(System::Telecom) };
    let chosen = carried(streets, System::Telecom);
    let side = |p: &Piece| offset(System::Telecom, p.class).unwrap_or(0.0);
    let spots = |_: usize, piece: &Piece, total: f64, _: [bool; 2]| {
        if piece.bridge {
            return Vec::new();
        }
        let great = piece.class <= Class::Secondary;
        chambers(total, 55.0, if great { "人孔" } else { "手孔" }, 3, "交接箱")
    };
    let plan =
        Plan { streets, chosen: &chosen, offset: &side, manner: &telecom_main, spots: &spots };
    let laid = mains::lay(&mut layer, &plan);
    for hub in laid.hubs.values() {
        layer.stand(*hub, "人孔", true);
    }
    for main in &laid.mains {
        let piece = &streets.pieces[main.piece];
        for (spot, node) in main.spots.iter().zip(&main.nodes) {
            if spot.thing == "交接箱" && *node != usize::MAX {
                layer.stand(*node, "手孔", true);
                let m = ducts(2, 1, "光纤", 1.2, piece.year.max(2003));
                across(&mut layer, piece, *node, edge(piece.class) + 1.3, (&m, "交接箱"));
            }
        }
    }
    layer.net
}
