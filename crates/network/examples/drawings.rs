//! Draws a cross-section and a longitudinal profile of a made-up street: `drawings FOLDER` writes SVG and CSV there.
#![allow(missing_docs, clippy::unwrap_used)]

use onemap_model::{
    FeatureId, FeatureRef, Field, FieldType, Geometry, Interval, Schema, State, ValueRef,
};
use onemap_network::{
    DrawingOptions, Language, Layer, Network, NetworkBuilder, NetworkIndex, SurveyGround,
    cross_section, cross_section_csv, cross_section_svg, profile, profile_csv, profile_svg,
};

/// Metres east and north of the street's middle, and height, to a place.
fn at([x, y]: [f64; 2]) -> [f64; 2] {
    [118.3 + x / 92_400.0, 33.95 + y / 110_920.0]
}

struct Street {
    schema: Schema,
    rows: Vec<(Geometry, Vec<Option<Cell>>)>,
}

#[derive(Clone)]
enum Cell {
    Text(String),
    Number(f64),
}

const FIELDS: [(&str, bool); 17] = [
    ("code", true),
    ("element", true),
    ("class", true),
    ("subclass", true),
    ("section", true),
    ("shape", true),
    ("diameter", false),
    ("width", false),
    ("height", false),
    ("material", true),
    ("level", true),
    ("ground", false),
    ("ground_from", false),
    ("ground_to", false),
    ("from_node", true),
    ("to_node", true),
    ("bottom", false),
];

impl Street {
    fn new() -> Self {
        let fields = FIELDS.map(|(name, text)| {
            Field::new(name, if text { FieldType::Text } else { FieldType::Float })
        });
        Self { schema: Schema { fields: fields.to_vec() }, rows: Vec::new() }
    }

    fn add(&mut self, geometry: Geometry, cells: &[(&str, Cell)]) {
        let row = FIELDS.map(|(name, _)| {
            cells.iter().find(|(key, _)| *key == name).map(|(_, cell)| cell.clone())
        });
        self.rows.push((geometry, row.to_vec()));
    }

    fn build(&self) -> Network {
        let mut builder = NetworkBuilder::new(&self.schema);
        for (row, (geometry, cells)) in self.rows.iter().enumerate() {
            let values: Vec<ValueRef<'_>> = cells
                .iter()
                .map(|cell| match cell {
                    None => ValueRef::Null,
                    Some(Cell::Text(text)) => ValueRef::Text(text),
                    Some(Cell::Number(x)) => ValueRef::Float(*x),
                })
                .collect();
            builder.push(&FeatureRef {
                id: FeatureId::new(row as u64 + 1).unwrap(),
                geometry: Some(geometry),
                values: &values,
                valid: Interval::ALWAYS,
                state: State::Existing,
            });
        }
        builder.finish()
    }
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn ground(x: f64, y: f64) -> f64 {
    20.6 + x * 0.002 - (y / 60.0).powi(2) * 0.15 - y * 0.003
}

/// Adds a pipe along the street: its class, section, how far north, how deep its top or invert is.
fn pipe(street: &mut Street, facts: [&str; 4], size: [f64; 2], y: f64, depth: f64) {
    let [class, subclass, section, material] = facts;
    let round = size[1] == 0.0;
    let height = if round { size[0] } else { size[1] } / 1000.0;
    let gravity = class == "PS";
    let ends = [-60.0, 60.0].map(|x| {
        let z = ground(x, y) - depth;
        [x, y, if gravity { z + height / 2.0 } else { z - height / 2.0 }]
    });
    let line: Vec<[f64; 2]> = ends.iter().map(|[x, y, _]| at([*x, *y])).collect();
    let mut shape = Geometry::line(line);
    shape.z = ends.iter().map(|end| end[2]).collect();
    let mut cells = vec![
        ("class", text(class)),
        ("subclass", text(subclass)),
        ("section", text(section)),
        ("material", text(material)),
        ("level", text(if gravity { "invert" } else { "top" })),
        ("ground_from", Cell::Number(ground(-60.0, y))),
        ("ground_to", Cell::Number(ground(60.0, y))),
    ];
    if round {
        cells.push(("diameter", Cell::Number(size[0])));
    } else {
        cells.extend([("width", Cell::Number(size[0])), ("height", Cell::Number(size[1]))]);
    }
    street.add(shape, &cells);
}

/// Adds a sewer with manholes across the street's pipes, from south to north; returns the ids of its links.
fn sewer(street: &mut Street) -> Vec<FeatureId> {
    let places = [-130.0, -92.0, -48.0, -12.0, 30.0, 71.0, 118.0];
    let node = |y: f64| [8.0 + y * 0.03, y];
    let mut ids = Vec::new();
    let mut z = 17.9;
    for (at_node, y) in places.iter().enumerate() {
        let [x, y] = node(*y);
        let code = format!("WS{}", at_node + 1);
        let drop = if at_node == 3 { 0.5 } else { 0.0 };
        let mut shape = Geometry::point(at([x, y]));
        shape.z = vec![z];
        let cells = [
            ("code", text(&code)),
            ("element", text("manhole")),
            ("ground", Cell::Number(ground(x, y))),
            ("bottom", Cell::Number(z - drop - 0.3)),
        ];
        street.add(shape, &cells);
        let Some(next) = places.get(at_node + 1) else { break };
        let size = if at_node < 4 { 500.0 } else { 600.0 };
        let to = node(*next);
        let from = z - drop;
        let end = from - (next - y) * 0.003;
        let mut shape = Geometry::line(vec![at([x, y]), at(to)]);
        shape.z = vec![from + size / 2000.0, end + size / 2000.0];
        let cells = [
            ("class", text("PS")),
            ("subclass", text("WS")),
            ("section", text(&format!("{size}"))),
            ("diameter", Cell::Number(size)),
            ("material", text(if at_node < 2 { "混凝土" } else { "HDPE" })),
            ("level", text("invert")),
            ("from_node", text(&code)),
            ("to_node", text(&format!("WS{}", at_node + 2))),
        ];
        street.add(shape, &cells);
        ids.push(FeatureId::new(street.rows.len() as u64).unwrap());
        z = end;
    }
    ids
}

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let mut street = Street::new();
    for (facts, size, y, depth) in [
        (["TX", "DH", "2*3", "PVC"], [450.0, 300.0], -14.0, 0.8),
        (["TX", "XX", "1*2", "PVC"], [220.0, 110.0], -13.2, 0.8),
        (["JS", "JP", "DN300", "球墨铸铁"], [300.0, 0.0], -11.0, 1.1),
        (["RQ", "TR", "DN200", "PE"], [200.0, 0.0], -8.5, 1.0),
        (["PS", "YS", "DN1000", "混凝土"], [1000.0, 0.0], -4.0, 2.6),
        (["PS", "WS", "DN600", "混凝土"], [600.0, 0.0], 1.0, 3.4),
        (["RL", "RS", "1800×900", "混凝土"], [1800.0, 900.0], 6.0, 1.2),
        (["JS", "XS", "DN150", "钢"], [150.0, 0.0], 10.0, 1.0),
        (["DL", "GD", "600×450", "PVC"], [600.0, 450.0], 12.2, 0.7),
        (["DL", "LD", "DN50", "PE"], [50.0, 0.0], 12.9, 0.5),
        (["DL", "XH", "DN100", "PE"], [100.0, 0.0], 13.1, 0.5),
        (["TX", "DS", "DN110", "PVC"], [110.0, 0.0], 13.4, 0.7),
    ] {
        pipe(&mut street, facts, size, y, depth);
    }
    let path = sewer(&mut street);
    let network = street.build();
    let index = NetworkIndex::new(&network);
    let layers = [Layer { id: "pipes", network: &network, index: &index }];
    let survey = SurveyGround::new(&layers);

    for (language, name) in [(Language::Zh, "zh"), (Language::En, "en")] {
        let options = DrawingOptions {
            language,
            project: Some("样例城市 幸福路".to_owned()).filter(|_| language == Language::Zh),
            date: Some("2026-11-21".to_owned()),
            number: Some("GX-01".to_owned()),
            datum: Some("1985国家高程基准".to_owned()).filter(|_| language == Language::Zh),
            ..DrawingOptions::default()
        };
        let section =
            cross_section(&[at([-3.0, -17.0]), at([3.0, 17.0])], &layers, &survey).unwrap();
        let write = |file: &str, text: &str| {
            std::fs::write(format!("{folder}/{file}"), text).unwrap();
        };
        write(&format!("section-{name}.svg"), &cross_section_svg(&section, &options));
        write(&format!("section-{name}.csv"), &cross_section_csv(&section, language));
        let long = profile(&layers[0], &path, &layers, &survey).unwrap();
        write(&format!("profile-{name}.svg"), &profile_svg(&long, &options));
        write(&format!("profile-{name}.csv"), &profile_csv(&long, language));
        if language == Language::Zh {
            write("section.json", &serde_json::to_string_pretty(&section).unwrap());
            write("profile.json", &serde_json::to_string_pretty(&long).unwrap());
            println!("{} cuts, {} crossings", section.cuts.len(), long.crossings.len());
        }
    }
}
