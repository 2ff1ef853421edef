//! Road centre lines: one feature for each piece of street between two junctions.

use crate::blocks::Division;
use crate::geom::{Pt, length};
use crate::graph::Class;
use crate::names::Name;
use crate::plan::{THIS_YEAR, Zone};
use crate::rng::Rng;
use crate::streets::Network;
use crate::zoning::State;

/// A piece of road.
#[derive(Clone, Debug)]
pub struct Road {
    /// Number in the road register.
    pub id: String,
    /// Name, may be empty.
    pub name: Name,
    /// Class.
    pub class: Class,
    /// Centre line.
    pub line: Vec<Pt>,
    /// The street it belongs to.
    pub street: usize,
    /// Traffic lanes, both directions together.
    pub lanes: u8,
    /// Width of the carriageway in metres.
    pub width: f64,
    /// Whether traffic runs along the line only.
    pub oneway: bool,
    /// Speed limit in km/h.
    pub speed: u8,
    /// Whether it is a bridge over water.
    pub bridge: bool,
    /// Year of opening.
    pub year: u16,
    /// State.
    pub state: State,
    /// Length in metres.
    pub length: f64,
}

/// English and Chinese name of a class, lanes, speed limit.
pub fn manners(class: Class) -> (&'static str, &'static str, u8, u8) {
    match class {
        Class::Expressway => ("expressway", "快速路", 8, 80),
        Class::Primary => ("primary", "主干路", 6, 60),
        Class::Secondary => ("secondary", "次干路", 4, 50),
        Class::Tertiary => ("tertiary", "支路", 2, 40),
        Class::Residential => ("residential", "居住区道路", 2, 30),
        Class::Lane => ("living_street", "街巷", 1, 15),
        Class::Country => ("unclassified", "乡村道路", 2, 40),
        Class::Track => ("track", "机耕路", 1, 20),
        Class::Service => ("service", "内部道路", 1, 15),
    }
}

/// Width of the carriageway in metres.
pub fn carriageway(class: Class) -> f64 {
    match class {
        Class::Expressway => 32.0,
        Class::Primary => 24.0,
        Class::Secondary => 16.0,
        Class::Tertiary => 10.0,
        Class::Residential => 7.0,
        Class::Lane => 3.5,
        Class::Country => 6.5,
        Class::Track => 3.5,
        Class::Service => 4.0,
    }
}

/// Makes the road features.
pub fn build(network: &Network, division: &Division, seed: u64) -> Vec<Road> {
    let graph = &network.graph;
    let mut out = Vec::with_capacity(division.pieces.len());
    for (k, piece) in division.pieces.iter().enumerate() {
        let Some(class) = network.class(piece[0] / 2) else { continue };
        let mut line = vec![graph.nodes[graph.tail(piece[0])]];
        line.extend(piece.iter().map(|h| graph.nodes[graph.head(*h)]));
        let middle = (line[0] + line[line.len() - 1]) * 0.5;
        let middle = if line.len() > 2 { line[line.len() / 2] } else { middle };
        let street = network.lines[graph.edges[piece[0] / 2].line].street;
        let over = |stream: &crate::plan::Stream| {
            let p = (line[0] + line[1]) * 0.5;
            let (d, half, _) = stream.measure(p);
            d.abs() < half
        };
        let bridge = over(&network.river) || over(&network.canal);
        let mut rng = Rng::stream(seed, "roads", street as u64);
        let zone = Zone::at(middle);
        let planned = network.streets.get(street).map_or(0, |s| s.year);
        let year = if planned > 0 {
            planned
        } else {
            let (low, high) = match (class, zone) {
                (Class::Expressway, _) => (2014, 2017),
                (_, Zone::OldTown | Zone::Older) => (1975, 1992),
                (_, Zone::Farm | Zone::Hill) => (1978, 2012),
                (_, Zone::Mixed) => (1984, 2000),
                (_, Zone::Core | Zone::Civic) => (1998, 2008),
                (_, Zone::HighRise | Zone::Tech) => (2006, 2016),
                _ => (1996, 2010),
            };
            rng.int(low, high) as u16
        };
        let (_, _, lanes, speed) = manners(class);
        out.push(Road {
            id: format!("R{:05}", k + 1),
            name: network.name_at(street, middle),
            class,
            street,
            lanes,
            width: carriageway(class),
            oneway: class == Class::Residential && zone == Zone::OldTown && rng.chance(0.4),
            speed,
            bridge,
            year,
            state: if year <= THIS_YEAR { State::Existing } else { State::of_year(year) },
            length: (length(&line) * 10.0).round() / 10.0,
            line,
        });
    }
    out
}
