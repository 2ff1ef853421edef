//! Small networks for the tests of everything below ground.

use onemap_model::{
    FeatureId, FeatureRef, Field, FieldType, Geometry, Interval, Schema, State, ValueRef,
};

use super::plane::Plane;
use super::{Layer, NetworkIndex};
use crate::network::Network;
use crate::{NetworkBuilder, Section, Shape};

/// A value of a field.
pub(crate) enum Cell<'a> {
    Text(&'a str),
    Number(f64),
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Cell<'_> {
    fn from(x: f64) -> Self {
        Self::Number(x)
    }
}

const TEXTS: [&str; 14] = [
    "code",
    "element",
    "class",
    "subclass",
    "section",
    "shape",
    "material",
    "laying",
    "pressure",
    "level",
    "from_node",
    "to_node",
    "owner",
    "road",
];
const NUMBERS: [&str; 8] =
    ["diameter", "width", "height", "casing", "ground", "ground_from", "ground_to", "bottom"];

/// A network that is being made, with places as metres around one.
pub(crate) struct Sample {
    builder: NetworkBuilder,
    plane: Plane,
    next: u64,
}

pub(crate) fn plane() -> Plane {
    Plane::at([118.3, 33.95])
}

pub(crate) fn place(at: [f64; 2]) -> [f64; 2] {
    plane().degrees(at)
}

impl Sample {
    pub(crate) fn new() -> Self {
        let texts = TEXTS.map(|name| Field::new(name, FieldType::Text));
        let numbers = NUMBERS.map(|name| Field::new(name, FieldType::Float));
        let schema = Schema { fields: texts.into_iter().chain(numbers).collect() };
        Self { builder: NetworkBuilder::new(&schema), plane: plane(), next: 1 }
    }

    fn add(&mut self, geometry: &Geometry, cells: &[(&str, Cell<'_>)]) -> FeatureId {
        let id = FeatureId::new(self.next).unwrap();
        self.next += 1;
        let names = TEXTS.iter().chain(&NUMBERS);
        let values: Vec<ValueRef<'_>> = names
            .map(|name| match cells.iter().find(|(key, _)| key == name) {
                None => ValueRef::Null,
                Some((_, Cell::Text(text))) => ValueRef::Text(text),
                Some((_, Cell::Number(x))) => ValueRef::Float(*x),
            })
            .collect();
        let geometry = Some(geometry);
        let (valid, state) = (Interval::ALWAYS, State::Existing);
        self.builder.push(&FeatureRef { id, geometry, values: &values, valid, state });
        id
    }

    /// Adds a link that the view hides.
    pub(crate) fn hidden(&mut self, line: &[[f64; 2]]) {
        let shape = Geometry::line(line.iter().map(|at| self.plane.degrees(*at)).collect());
        let id = FeatureId::new(self.next).unwrap();
        self.next += 1;
        let (valid, state) = (Interval::ALWAYS, State::Existing);
        let geometry = Some(&shape);
        self.builder.push_hidden(&FeatureRef { id, geometry, values: &[], valid, state });
    }

    /// Adds a link through places east, north, up; without heights where one is NaN.
    pub(crate) fn link(&mut self, line: &[[f64; 3]], cells: &[(&str, Cell<'_>)]) -> FeatureId {
        let mut shape =
            Geometry::line(line.iter().map(|at| self.plane.degrees([at[0], at[1]])).collect());
        if line.iter().all(|at| at[2].is_finite()) {
            shape.z = line.iter().map(|at| at[2]).collect();
        }
        self.add(&shape, cells)
    }

    pub(crate) fn node(&mut self, at: [f64; 3], cells: &[(&str, Cell<'_>)]) -> FeatureId {
        let mut shape = Geometry::point(self.plane.degrees([at[0], at[1]]));
        shape.z = vec![at[2]];
        self.add(&shape, cells)
    }

    pub(crate) fn build(self) -> (Network, NetworkIndex) {
        let network = self.builder.finish();
        let index = NetworkIndex::new(&network);
        (network, index)
    }
}

pub(crate) fn layer<'a>(id: &'a str, built: &'a (Network, NetworkIndex)) -> Layer<'a> {
    Layer { id, network: &built.0, index: &built.1 }
}

/// A round section without a wall.
pub(crate) fn round(diameter: f32) -> Section {
    Section { shape: Shape::Round, width: diameter, height: diameter, wall: 0.0 }
}

/// A generator of numbers from 0 to 1 (Knuth's MMIX).
pub(crate) struct Dice(pub u64);

impl Dice {
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 31)
    }

    pub(crate) fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }
}
