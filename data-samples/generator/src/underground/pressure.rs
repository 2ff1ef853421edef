//! Water, gas and heat: what flows under pressure, in meshes, with valves at the junctions.

use super::lay::{Layer, Manner, Placed, Spot};
use super::mains::{self, Plan, across, evenly, valves, works};
use super::streets::{Piece, Streets, edge, offset, surface};
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

fn manner(section: u16, material: &'static str, cover: f64, year: u16) -> Manner {
    Manner {
        section: Section::Round(section),
        material,
        laying: "ZM",
        cover,
        least: 0.7,
        year,
        cables: (0, 0),
        part: 0,
    }
}

/// What is hung into a bridge lies in its trough, near the deck.
fn on_bridge(piece: &Piece, mut manner: Manner) -> Manner {
    if piece.bridge {
        (manner.laying, manner.cover, manner.least) = ("GG", manner.cover.min(0.8), 0.4);
    }
    manner
}

fn water_main(piece: &Piece) -> Manner {
    let size = match piece.class {
        Class::Primary => 600,
        Class::Secondary => 400,
        Class::Tertiary => 300,
        Class::Residential => 200,
        _ => 100,
    };
    let material = match (size, piece.year) {
        (s, y) if s >= 300 && y < 1990 => "铸铁",
        (s, _) if s >= 300 => "球墨",
        (_, y) if y < 1988 => "铸铁",
        _ => "PE",
    };
    on_bridge(piece, manner(size, material, 1.5, piece.year.max(1978)))
}

/// The drinking water: two sources, meshes, n - 1 valves at each junction, hydrants, customers.
pub(super) fn water(city: &City, streets: &Streets, placed: &mut Placed) -> Net {
    let mut layer = Layer { city, placed, net: Net::new(System::Water) };
    let chosen = carried(streets, System::Water);
    let side = |p: &Piece| offset(System::Water, p.class).unwrap_or(0.0);
    let spots = |k: usize, piece: &Piece, total: f64, ends: [bool; 2]| {
        let mut out = valves(total, ends, "阀门");
        if piece.bridge {
            return out;
        }
        if total > 480.0 {
            out.push(Spot { at: total * 0.5 + 2.0, thing: "阀门", chamber: true });
        }
        if piece.class <= Class::Residential {
            let every = if piece.class <= Class::Tertiary { 118.0 } else { 150.0 };
            for at in evenly(total, 22.0, every) {
                out.push(Spot { at, thing: "三通-消防栓", chamber: false });
            }
        }
        let mut rng = Rng::stream(city.seed, "customers", k as u64);
        for at in evenly(total, 9.0, rng.range(31.0, 40.0)) {
            let at = at + rng.range(-4.0, 4.0);
            if out.iter().all(|s| (s.at - at).abs() > 2.5) {
                out.push(Spot { at, thing: "三通-水表", chamber: false });
            }
        }
        out
    };
    let plan = Plan { streets, chosen: &chosen, offset: &side, manner: &water_main, spots: &spots };
    let laid = mains::lay(&mut layer, &plan);
    for main in &laid.mains {
        let piece = &streets.pieces[main.piece];
        for (i, (spot, node)) in main.spots.iter().zip(&main.nodes).enumerate() {
            let year = piece.year.max(1985);
            if *node == usize::MAX {
                continue;
            }
            match spot.thing {
                "三通-消防栓" => {
                    layer.stand(*node, "", false);
                    let toward = match piece.class {
                        Class::Primary | Class::Secondary => 2.0,
                        Class::Tertiary => 0.8,
                        _ => 0.9,
                    };
                    let m = manner(
                        if piece.class <= Class::Tertiary { 150 } else { 100 },
                        "球墨",
                        1.2,
                        year,
                    );
                    across(&mut layer, piece, *node, side(piece) + toward, (&m, "消防栓"));
                }
                "三通-水表" => {
                    layer.stand(*node, "", false);
                    let size = if i % 3 == 0 { 100 } else { 50 };
                    let left = piece.class >= Class::Tertiary && i % 2 == 1;
                    let far = edge(piece.class) + 1.4;
                    // Below what lies between the main and the building line.
                    let m = manner(size, "PE", if left { 2.0 } else { 1.85 }, year);
                    across(&mut layer, piece, *node, if left { far } else { -far }, (&m, "水表"));
                }
                _ => {}
            }
        }
    }
    let m = manner(600, "球墨", 1.4, 2006);
    let north = laid.farthest(&layer, pt(-0.6, 0.8));
    let pump = works(&mut layer, north, pt(-22.0, 14.0), &m, ("泵站", "城北水厂送水泵房"));
    works(&mut layer, pump, pt(-18.0, 16.0), &m, ("水厂", "城北水厂清水池"));
    let south = laid.farthest(&layer, pt(0.7, -0.7));
    let m = manner(400, "球墨", 1.4, 2012);
    let pump = works(&mut layer, south, pt(20.0, -16.0), &m, ("泵站", "城南加压泵站"));
    works(&mut layer, pump, pt(14.0, -14.0), &m, ("水池", "城南加压泵站水池"));
    layer.net
}

fn gas_main(piece: &Piece) -> Manner {
    let (size, material) = match piece.class {
        Class::Primary => (300, "钢"),
        Class::Secondary => (250, "钢"),
        Class::Tertiary => (200, "PE"),
        _ => (110, "PE"),
    };
    on_bridge(piece, manner(size, material, 1.0, piece.year.max(1999)))
}

/// Natural gas of medium pressure A: two district stations, valves, regulator boxes of the customers.
pub(super) fn gas(city: &City, streets: &Streets, placed: &mut Placed) -> Net {
    let mut layer = Layer { city, placed, net: Net::new(System::Gas) };
    let chosen = carried(streets, System::Gas);
    let side = |p: &Piece| offset(System::Gas, p.class).unwrap_or(0.0);
    let spots = |k: usize, piece: &Piece, total: f64, ends: [bool; 2]| {
        let mut out = valves(total, ends, "阀门");
        if !piece.bridge {
            let mut rng = Rng::stream(city.seed, "regulators", k as u64);
            for at in evenly(total, 14.0, rng.range(52.0, 70.0)) {
                out.push(Spot { at, thing: "调压箱", chamber: false });
            }
        }
        out
    };
    let plan = Plan { streets, chosen: &chosen, offset: &side, manner: &gas_main, spots: &spots };
    let laid = mains::lay(&mut layer, &plan);
    for main in &laid.mains {
        let piece = &streets.pieces[main.piece];
        for (spot, node) in main.spots.iter().zip(&main.nodes) {
            if spot.thing == "调压箱" && *node != usize::MAX {
                layer.stand(*node, "", false);
                let m = manner(63, "PE", 0.75, piece.year.max(2001));
                across(&mut layer, piece, *node, edge(piece.class) + 1.2, (&m, "用户"));
            }
        }
    }
    let m = manner(300, "钢", 1.1, 2004);
    for (dir, note) in [(pt(-0.9, -0.3), "城西高中压调压站"), (pt(0.5, 0.85), "城北高中压调压站")]
    {
        let hub = laid.farthest(&layer, dir);
        works(&mut layer, hub, dir * 21.0, &m, ("调压站", note));
    }
    layer.net
}

/// Between the middles of the supply and the return pipe, in metres.
const PAIR: f64 = 1.0;

fn heat_main(piece: &Piece, part: u8) -> Manner {
    let size = if piece.class == Class::Primary { 400 } else { 300 };
    let m = Manner { part, ..manner(size, "钢", 1.25, piece.year.max(2005)) };
    on_bridge(piece, m)
}

/// District heating below the main streets: a supply and a return pipe, heat exchangers between them.
pub(super) fn heat(city: &City, streets: &Streets, placed: &mut Placed) -> Net {
    let mut layer = Layer { city, placed, net: Net::new(System::Heat) };
    let chosen = carried(streets, System::Heat);
    let mut stations: Vec<Vec<(usize, usize)>> = Vec::new();
    let mut hubs = Vec::new();
    for part in [0_u8, 1] {
        let shift = PAIR * f64::from(part);
        let side = |p: &Piece| offset(System::Heat, p.class).unwrap_or(0.0) + shift;
        let manner = |p: &Piece| heat_main(p, part);
        let spots = |_: usize, piece: &Piece, total: f64, ends: [bool; 2]| {
            let mut out = valves(total, ends, "阀门");
            if !piece.bridge {
                for at in evenly(total, 30.0, 190.0) {
                    out.push(Spot { at: at + 3.2 * shift, thing: "换热站", chamber: false });
                }
            }
            out
        };
        let plan = Plan { streets, chosen: &chosen, offset: &side, manner: &manner, spots: &spots };
        let laid = mains::lay(&mut layer, &plan);
        let mut tees = Vec::new();
        for main in &laid.mains {
            for (spot, node) in main.spots.iter().zip(&main.nodes) {
                if spot.thing == "换热站" && *node != usize::MAX {
                    layer.stand(*node, "", false);
                    tees.push((main.piece, *node));
                }
            }
        }
        stations.push(tees);
        hubs.push(laid);
    }
    for (supply, back) in stations[0].clone().into_iter().zip(stations[1].clone()) {
        if supply.0 != back.0 {
            continue;
        }
        let piece = &streets.pieces[supply.0];
        let m = |part| Manner { part, ..manner(150, "钢", 1.1, piece.year.max(2006)) };
        let end = across(&mut layer, piece, supply.1, edge(piece.class) + 2.0, (&m(0), "换热站"));
        let path = [layer.net.nodes[back.1].at, layer.net.nodes[end].at];
        let ground = |p| surface(city, p);
        layer.line(&path, (back.1, Some(end)), &[], &m(1), (&piece.name, &ground));
    }
    let dir = pt(0.9, 0.1);
    let ends = [0, 1].map(|part: usize| hubs[part].farthest(&layer, dir));
    let m = |part| Manner { part, ..manner(400, "钢", 1.25, 2008) };
    let plant = works(&mut layer, ends[0], dir * 26.0, &m(0), ("热源厂", "城东热源厂"));
    // The return pipe comes to the plant from the side.
    let (back, at) = (layer.net.nodes[ends[1]].at, layer.net.nodes[plant].at);
    let side = if (back - at).cross(dir) > 0.0 { -1.8 } else { 1.8 };
    let path = [back, (at + dir.left() * side).cm(), at];
    let ground = |p| surface(city, p);
    layer.line(&path, (ends[1], Some(plant)), &[], &m(1), ("", &ground));
    layer.net
}
