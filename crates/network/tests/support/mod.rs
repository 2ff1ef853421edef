//! Layers for tests: made by hand, at random, and from EPANET's files.

#![allow(dead_code, unreachable_pub)] // Each test uses its part.

use onemap_model::{
    Feature, FeatureId, FeatureRef, Field, FieldType, Geometry, Interval, Schema, State, Value,
    ValueRef,
};
use onemap_network::{Network, NetworkBuilder, Options};

/// Fields of the layers that tests make.
pub const FIELDS: [(&str, FieldType); 20] = [
    ("code", FieldType::Text),
    ("element", FieldType::Text),
    ("class", FieldType::Text),
    ("from_node", FieldType::Text),
    ("to_node", FieldType::Text),
    ("diameter", FieldType::Float),
    ("section", FieldType::Text),
    ("material", FieldType::Text),
    ("flow", FieldType::Int),
    ("one_way", FieldType::Bool),
    ("closed", FieldType::Bool),
    ("operable", FieldType::Bool),
    ("on_link", FieldType::Text),
    ("at_node", FieldType::Text),
    ("length", FieldType::Float),
    ("built", FieldType::Int),
    ("owner", FieldType::Text),
    ("elevation_from", FieldType::Float),
    ("elevation_to", FieldType::Float),
    ("level", FieldType::Text),
];

/// A layer in memory.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    pub features: Vec<Feature>,
}

pub fn schema() -> Schema {
    let fields = FIELDS.iter().map(|(name, kind)| Field::new(*name, *kind)).collect();
    Schema { fields }
}

pub fn id(n: u64) -> FeatureId {
    FeatureId::new(n).unwrap()
}

pub fn feature(n: u64, geometry: Option<Geometry>, values: &[(&str, Value)]) -> Feature {
    let mut row = vec![Value::Null; FIELDS.len()];
    for (name, value) in values {
        let at = FIELDS.iter().position(|(field, _)| field == name).unwrap();
        row[at] = value.clone();
    }
    let (valid, state) = (Interval::ALWAYS, State::Existing);
    Feature { id: id(n), geometry, values: row, valid, state }
}

pub fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Lends a feature as the store does.
pub fn lend<T>(feature: &Feature, look: impl FnOnce(FeatureRef<'_>) -> T) -> T {
    let values: Vec<ValueRef<'_>> = feature.values.iter().map(Value::as_ref).collect();
    look(FeatureRef {
        id: feature.id,
        geometry: feature.geometry.as_ref(),
        values: &values,
        valid: feature.valid,
        state: feature.state,
    })
}

impl Layer {
    pub fn push(&mut self, geometry: Option<Geometry>, values: &[(&str, Value)]) -> FeatureId {
        let n = self.features.len() as u64 + 1;
        self.features.push(feature(n, geometry, values));
        id(n)
    }

    pub fn node(&mut self, code: &str, at: [f64; 2], more: &[(&str, Value)]) -> FeatureId {
        let values = [&[("code", text(code))], more].concat();
        self.push(Some(Geometry::point(at)), &values)
    }

    pub fn link(&mut self, code: &str, ends: [&str; 2], more: &[(&str, Value)]) -> FeatureId {
        let named =
            [("code", text(code)), ("from_node", text(ends[0])), ("to_node", text(ends[1]))];
        self.push(None, &[&named, more].concat())
    }

    pub fn valve(
        &mut self,
        code: &str,
        link: &str,
        node: &str,
        more: &[(&str, Value)],
    ) -> FeatureId {
        let named = [
            ("code", text(code)),
            ("element", text("valve")),
            ("on_link", text(link)),
            ("at_node", text(node)),
        ];
        self.push(Some(Geometry::point([118.0, 33.0])), &[&named, more].concat())
    }

    pub fn build(&self) -> Network {
        self.build_with(Options::default())
    }

    pub fn build_with(&self, options: Options) -> Network {
        let mut builder = NetworkBuilder::with_options(&schema(), options);
        for feature in &self.features {
            lend(feature, |feature| builder.push(&feature));
        }
        builder.finish()
    }

    pub fn code(&self, id: FeatureId) -> &str {
        match &self.features[id.get() as usize - 1].values[0] {
            Value::Text(code) => code,
            _ => "",
        }
    }

    /// The names of features, sorted.
    pub fn codes(&self, ids: &[FeatureId]) -> Vec<&str> {
        let mut codes: Vec<&str> = ids.iter().map(|id| self.code(*id)).collect();
        codes.sort_unstable();
        codes
    }

    pub fn id_of(&self, code: &str, element: &str) -> FeatureId {
        let found = self
            .features
            .iter()
            .find(|feature| feature.values[0] == text(code) && feature.values[1] == text(element));
        found.unwrap_or_else(|| panic!("no {element} {code}")).id
    }
}

/// Reads the topology of an EPANET file. Nothing is one-way or closed, as in the golden files.
pub fn epanet(file: &str) -> Layer {
    let mut layer = Layer::default();
    let mut section = String::new();
    for line in file.lines() {
        let line = line.split(';').next().unwrap_or_default().trim();
        if line.starts_with('[') {
            section = line.to_uppercase();
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let element = match (section.as_str(), words.len()) {
            ("[JUNCTIONS]", 1..) => "junction",
            ("[RESERVOIRS]", 1..) => "reservoir",
            ("[TANKS]", 1..) => "tank",
            ("[PIPES]", 5..) => "pipe",
            ("[PUMPS]", 3..) => "pump",
            ("[VALVES]", 3..) => "valve",
            _ => continue,
        };
        let element_value = ("element", text(element));
        if matches!(element, "pipe" | "pump" | "valve") {
            let mut more = vec![element_value];
            if element == "pipe" {
                more.push(("length", Value::Float(words[3].parse().unwrap())));
                more.push(("diameter", Value::Float(words[4].parse().unwrap())));
            }
            layer.link(words[0], [words[1], words[2]], &more);
        } else {
            let at = layer.features.len() as f64;
            layer.node(words[0], [118.0 + at * 1e-4, 33.0], &[element_value]);
        }
    }
    layer
}

/// Returns the lines of a file of comma-separated values without its header.
pub fn csv(file: &str) -> Vec<Vec<String>> {
    let lines = file.lines().skip(1).filter(|line| !line.trim().is_empty());
    lines.map(|line| line.split(',').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// A small generator of numbers that look random: splitmix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// The folder of the test data, unless it is not there: then says so.
pub fn data() -> Option<std::path::PathBuf> {
    let data = std::env::var_os("ONEMAP_TEST_DATA").map(std::path::PathBuf::from);
    if data.is_none() {
        eprintln!("SKIPPED: ONEMAP_TEST_DATA is not set");
    }
    data
}
