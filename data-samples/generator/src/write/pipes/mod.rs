//! The networks below ground as offices deliver them: survey tables of CJJ 61-2017, each file in another layout
//! on purpose, and files of two simulation programs.

mod cables;
mod epanet;
mod faults;
mod gas;
mod heat;
mod sewer;
mod swmm;
mod water;

use serde_json::{Value, json};

use super::xlsx::{Cell, packed};
use super::{File, WriteError};
use crate::city::City;
use crate::geom::Pt;
use crate::underground::{Crossing, Link, Net, System, Underground, crossings, metres, survey};

/// A table of a survey.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub name: String,
    pub header: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    fn new(name: &str, header: &[&str]) -> Self {
        let header = header.iter().map(|h| (*h).to_owned()).collect();
        Self { name: name.to_owned(), header, rows: Vec::new() }
    }

    /// Position of a column; the header is our own, so it is there.
    fn column(&self, name: &str) -> usize {
        self.header.iter().position(|h| h == name).unwrap_or(0)
    }

    fn text(&self, row: usize, column: &str) -> String {
        match &self.rows[row][self.column(column)] {
            Cell::Text(text) => text.clone(),
            Cell::Number(number) => format!("{number}"),
            Cell::Empty => String::new(),
        }
    }

    fn number(&self, row: usize, column: &str) -> f64 {
        match &self.rows[row][self.column(column)] {
            Cell::Number(number) => *number,
            _ => 0.0,
        }
    }

    fn set(&mut self, row: usize, column: &str, cell: Cell) {
        let c = self.column(column);
        self.rows[row][c] = cell;
    }
}

/// Forms a workbook of tables.
fn book(title: &str, tables: &[Table]) -> Result<Vec<u8>, WriteError> {
    let headers: Vec<Vec<&str>> =
        tables.iter().map(|t| t.header.iter().map(String::as_str).collect()).collect();
    let sheets: Vec<_> = tables
        .iter()
        .zip(&headers)
        .map(|(t, h)| (t.name.as_str(), h.as_slice(), t.rows.as_slice()))
        .collect();
    packed(title, &sheets)
}

/// Rounds metres to centimetres.
fn round(metres: f64) -> f64 {
    (metres * 100.0).round() / 100.0
}

fn text(text: impl Into<String>) -> Cell {
    let text = text.into();
    if text.is_empty() { Cell::Empty } else { Cell::Text(text) }
}

/// Centimetres as metres.
fn level(cm: i64) -> Cell {
    Cell::Number(metres(cm))
}

/// Easting (x) and northing (y) in EPSG:4548 to a millimetre.
fn place(city: &City, p: Pt) -> Pt {
    super::metres(city, p)
}

/// Depth of a link's start and end below the ground, in centimetres.
fn depths(net: &Net, link: &Link) -> [i64; 2] {
    [net.nodes[link.from].ground - link.start, net.nodes[link.to].ground - link.end]
}

/// Depth of the chamber at each point in centimetres, to the lowest pipe or its lowest edge; nothing where there is no chamber.
fn wells(net: &Net) -> Vec<Option<i64>> {
    let mut lowest: Vec<i64> = net.nodes.iter().map(|n| n.level).collect();
    for link in &net.links {
        let below =
            if net.system.falls() { 0 } else { (link.section.size().1 * 100.0).ceil() as i64 };
        for (node, z) in [(link.from, link.start), (link.to, link.end)] {
            lowest[node] = lowest[node].min(z - below);
        }
    }
    let sump = if net.system.falls() { 0 } else { 20 };
    net.nodes
        .iter()
        .zip(lowest)
        .map(|(n, low)| n.chamber.then_some(n.ground - low + sump))
        .collect()
}

/// Eight digits of the feature: 5, class, subclass, point, kind of point, serial (CJJ 61-2017, appendix B).
fn feature_code(net: &Net, thing: &str) -> String {
    let (class, sub) = match net.system {
        System::Water => (1, 4),
        System::Storm => (2, 1),
        System::Foul => (2, 2),
        System::Gas => (3, 3),
        System::Heat => (4, 1),
        System::Power => (5, 1),
        System::Light => (5, 2),
        System::Telecom => (6, 3),
    };
    let (kind, serial) = match thing {
        "" => (1, 1),
        "阀门" => (2, 4),
        "消防栓" => (2, 3),
        "水表" => (2, 5),
        "检修井" | "人孔" => (2, 1),
        "手孔" | "雨水篦" => (2, 2),
        _ => (2, 9),
    };
    format!("5{class}{sub:02}2{kind}{serial:02}")
}

/// Forms all files of the networks.
pub(super) fn files(city: &City, under: &Underground) -> Result<Vec<File>, WriteError> {
    let mut out: Vec<File> = vec![
        (
            "city/water_survey.xlsx".to_owned(),
            book("给水管线普查成果", &water::tables(city, under.net(System::Water)))?,
        ),
        (
            "city/sewer_survey.xlsx".to_owned(),
            book(
                "排水管线普查成果",
                &[
                    sewer::table(city, under.net(System::Foul), "W"),
                    sewer::table(city, under.net(System::Storm), "Y"),
                ],
            )?,
        ),
        (
            "city/cables_survey.xlsx".to_owned(),
            book("电力通信管线普查成果", &cables::tables(city, under))?,
        ),
        ("city/water.inp".to_owned(), epanet::model(city, under.net(System::Water)).into_bytes()),
        ("city/storm.inp".to_owned(), swmm::model(city, under.net(System::Storm)).into_bytes()),
        ("city/pipe_breaches.json".to_owned(), breaches(city, under)?),
    ];
    out.extend(gas::files(city, under.net(System::Gas))?);
    out.extend(heat::files(city, under.net(System::Heat)));
    out.extend(faults::files(city, under)?);
    Ok(out)
}

/// The pipes that lie too near to each other on purpose: what an analysis of clearances shall find.
fn breaches(city: &City, under: &Underground) -> Result<Vec<u8>, WriteError> {
    let pipe = |(system, k): (System, usize)| {
        let net = under.net(system);
        let link = &net.links[k];
        json!({
            "class": system.code(),
            "from": net.nodes[link.from].code, "to": net.nodes[link.to].code,
            "section": survey::size(link.section),
        })
    };
    let all = crossings(under);
    let meant = |c: &Crossing| {
        under.breaches.iter().any(|b| (b.a, b.b) == (c.a, c.b) || (b.a, b.b) == (c.b, c.a))
    };
    let list: Vec<Value> = under
        .breaches
        .iter()
        .map(|b| {
            let q = place(city, b.at);
            let found = all.iter().find(|c| (c.a, c.b) == (b.a, b.b) || (c.b, c.a) == (b.a, b.b));
            json!({
                "kind": if b.vertical { "vertical" } else { "horizontal" },
                "moved": pipe(b.a), "near": pipe(b.b),
                "net_m": round(found.filter(|_| b.vertical).map_or(b.net, |c| c.net)),
                "nominal_net_m": found.filter(|_| b.vertical).map(|c| round(c.nominal)),
                "limit_m": b.limit,
                "easting": q.x, "northing": q.y,
            })
        })
        .collect();
    let overlaps: Vec<Value> = all
        .iter()
        .filter(|c| c.net < 0.0 && !meant(c))
        .map(|c| {
            let q = place(city, c.at);
            json!({
                "a": pipe(c.a), "b": pipe(c.b), "net_m": round(c.net), "nominal_net_m": round(c.nominal),
                "easting": q.x, "northing": q.y,
            })
        })
        .collect();
    let mut bytes = serde_json::to_vec_pretty(&json!({
        "about": "Pipes of the sample city that were moved too near to each other on purpose (breaches), and all other crossings where pipes overlap. Distances are between outer walls; nominal ones between bodies of the surveyed size.",
        "crs": "EPSG:4548",
        "breaches": list,
        "overlaps": overlaps,
    }))?;
    bytes.push(b'\n');
    Ok(bytes)
}
