//! The water network as EPANET 2.2 reads it: litres per second, metres, coordinates in EPSG:4548 (easting, northing).
//!
//! A valve of the survey is a point; here it is a valve between two junctions at the same place, the second of
//! which has a `b` after its number. Pumping stations are made likewise.

use std::fmt::Write;

use super::place;
use crate::city::City;
use crate::geom::Pt;
use crate::rng::Rng;
use crate::underground::{Net, metres};

/// What a point becomes.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Junction,
    Valve,
    Pump,
    Reservoir,
    Tank,
}

/// Share of the mean demand in each hour of the day.
const DAY: [f64; 24] = [
    0.45, 0.40, 0.38, 0.38, 0.45, 0.75, 1.25, 1.55, 1.40, 1.20, 1.15, 1.20, 1.25, 1.10, 1.00, 1.00,
    1.10, 1.30, 1.50, 1.45, 1.30, 1.05, 0.80, 0.59,
];

/// Roughness of Hazen and Williams.
fn roughness(material: &str, year: u16) -> u16 {
    match material {
        "铸铁" if year < 1985 => 90,
        "铸铁" => 100,
        "PE" => 140,
        _ => 125,
    }
}

/// Writes the model.
pub(super) fn model(city: &City, net: &Net) -> String {
    let degrees = net.degrees();
    let roles: Vec<Role> = net
        .nodes
        .iter()
        .zip(&degrees)
        .map(|(n, d)| match (n.thing, d) {
            ("阀门", 2) => Role::Valve,
            ("泵站", 2) => Role::Pump,
            ("水厂", _) => Role::Reservoir,
            ("水池", _) => Role::Tank,
            _ => Role::Junction,
        })
        .collect();
    let mut met = vec![0; net.nodes.len()];
    // The pipe met second at a valve or pump ends at its other side. Works are built from the street outward,
    // so the first pipe of a pump is the one it pumps into.
    let mut end = |n: usize| {
        met[n] += 1;
        let split = matches!(roles[n], Role::Valve | Role::Pump) && met[n] == 2;
        if split { format!("{}b", net.nodes[n].code) } else { net.nodes[n].code.clone() }
    };
    let mut centre = vec![f64::MAX; net.nodes.len()];
    let mut size = vec![0.0_f64; net.nodes.len()];
    let mut pipes = String::new();
    for (k, link) in net.links.iter().enumerate() {
        let (width, _) = link.section.size();
        for (n, z) in [(link.from, link.start), (link.to, link.end)] {
            centre[n] = centre[n].min(metres(z) - width / 2.0);
            size[n] = size[n].max(width);
        }
        let (from, to) = (end(link.from), end(link.to));
        let _ = writeln!(
            pipes,
            "P{:05} {from} {to} {:.2} {:.0} {} 0 Open",
            k + 1,
            net.length(link).max(0.1),
            width * 1000.0,
            roughness(link.material, link.year),
        );
    }
    let (mut junctions, mut tags, mut places) = (String::new(), String::new(), String::new());
    let (mut reservoirs, mut tanks, mut pumps, mut valves) =
        (String::new(), String::new(), String::new(), String::new());
    for (n, node) in net.nodes.iter().enumerate() {
        let code = &node.code;
        let z = centre[n];
        let spot = |id: &str, p: Pt| format!("{id} {:.3} {:.3}\n", p.x, p.y);
        let q = place(city, node.at);
        places += &spot(code, q);
        match roles[n] {
            Role::Reservoir => {
                let _ = writeln!(reservoirs, "{code} {:.2}", metres(node.ground) - 1.0);
            }
            Role::Tank => {
                let _ = writeln!(tanks, "{code} {:.2} 4.2 0.4 4.6 60 0", metres(node.ground) - 2.0);
            }
            _ => {
                let mut rng = Rng::stream(city.seed, "demand", n as u64);
                let demand = if node.thing == "水表" { rng.range(0.08, 0.42) } else { 0.0 };
                let _ = writeln!(junctions, "{code} {z:.2} {demand:.3}");
                if matches!(roles[n], Role::Valve | Role::Pump) {
                    let _ = writeln!(junctions, "{code}b {z:.2} 0");
                    // Beside each other on the map, so that both can be seen.
                    places += &spot(&format!("{code}b"), Pt { x: q.x + 0.2, y: q.y });
                }
                if roles[n] == Role::Valve {
                    let _ =
                        writeln!(valves, "V{code} {code} {code}b {:.0} TCV 0 0", size[n] * 1000.0);
                } else if roles[n] == Role::Pump {
                    let curve = if node.note.contains("水厂") { 1 } else { 2 };
                    let _ = writeln!(pumps, "U{code} {code}b {code} HEAD C{curve}");
                }
                let tag = match node.thing {
                    "消防栓" => "hydrant",
                    "水表" => "customer",
                    _ => continue,
                };
                let _ = writeln!(tags, "NODE {code} {tag}");
            }
        }
    }
    let mut day = String::new();
    for row in DAY.chunks(6) {
        let row: Vec<String> = row.iter().map(|m| format!("{m:.2}")).collect();
        let _ = writeln!(day, "DAY {}", row.join(" "));
    }
    format!(
        "[TITLE]\nWater supply of the centre of a made-up town; coordinates in EPSG:4548 (easting, northing), heights 1985\n\n\
         [JUNCTIONS]\n;id elevation demand\n{junctions}\n\
         [RESERVOIRS]\n{reservoirs}\n\
         [TANKS]\n;id bottom initial least greatest diameter volume\n{tanks}\n\
         [PIPES]\n;id from to length diameter roughness loss status\n{pipes}\n\
         [PUMPS]\n{pumps}\n\
         [VALVES]\n;id from to diameter type setting loss\n{valves}\n\
         [TAGS]\n{tags}\n\
         [PATTERNS]\n{day}\n\
         [CURVES]\nC1 230 32\nC2 70 29\n\n\
         [OPTIONS]\nUnits LPS\nHeadloss H-W\nSpecific Gravity 1\nViscosity 1\nTrials 200\nAccuracy 0.001\nUnbalanced Continue 10\nPattern DAY\n\n\
         [TIMES]\nDuration 24:00\nHydraulic Timestep 1:00\nPattern Timestep 1:00\nReport Timestep 1:00\n\n\
         [REPORT]\nStatus No\nSummary No\n\n\
         [COORDINATES]\n{places}\n[END]\n"
    )
}
