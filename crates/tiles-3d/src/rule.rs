//! How high things are, and how they look, by the fields of their layer.

use onemap_model::{FeatureRef, FieldType, GeometryClass, Schema, Solid, ValueRef};

use crate::color::css_color;
use crate::pipe::PipeRule;

/// Height of a floor where the layer does not say, metres.
const FLOOR_HEIGHT: f64 = 3.0;
/// Height where nothing is known, metres.
const UNKNOWN_HEIGHT: f64 = 3.0;
/// Heights beyond this are errors of the data, metres: the highest building has 828.
const MOST_HEIGHT: f64 = 2_000.0;
/// Colours without a style, sRGB.
const WALL: [u8; 4] = [226, 219, 207, 255];
const ROOF: [u8; 4] = [190, 172, 156, 255];

/// Names by which fields are known, in order of preference: OpenStreetMap's Simple 3D Buildings, CityGML, and what Chinese
/// city data usually has.
const HEIGHTS: [&str; 10] = [
    "height",
    "building:height",
    "measuredHeight",
    "measured_height",
    "Height",
    "HEIGHT",
    "高度",
    "建筑高度",
    "楼高",
    "GD",
];
const FLOORS: [&str; 9] = [
    "building:levels",
    "levels",
    "floors",
    "storeysAboveGround",
    "storeys_above_ground",
    "层数",
    "地上层数",
    "楼层",
    "FLOOR",
];
const MIN_HEIGHTS: [&str; 2] = ["min_height", "building:min_height"];
const MIN_FLOORS: [&str; 2] = ["building:min_level", "min_level"];
const ROOF_SHAPES: [&str; 4] = ["roof:shape", "roof_shape", "building:roof:shape", "屋顶形状"];
const ROOF_HEIGHTS: [&str; 3] = ["roof:height", "roof_height", "屋顶高度"];
const ROOF_FLOORS: [&str; 2] = ["roof:levels", "roof_levels"];
const ROOF_DIRECTIONS: [&str; 2] = ["roof:direction", "roof_direction"];
const BASES: [&str; 4] = ["base", "base_height", "ground_height", "地面高程"];
const LANDMARKS: [&str; 2] = ["landmark", "地标"];
const COLOURS: [&str; 3] = ["building:colour", "colour", "color"];
const ROOF_COLOURS: [&str; 2] = ["roof:colour", "roof_colour"];

/// Shapes of roofs (OpenStreetMap wiki, key `roof:shape`); those that are not known are flat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RoofShape {
    /// Flat.
    #[default]
    Flat,
    /// Two slopes, and a ridge along the longer side.
    Gabled,
    /// Four slopes.
    Hipped,
    /// All sides rise to one point.
    Pyramidal,
    /// One slope.
    Skillion,
    /// A half sphere.
    Dome,
    /// A bulb.
    Onion,
    /// A half cylinder along the longer side.
    Round,
}

impl RoofShape {
    fn named(name: &str) -> Self {
        match name.trim().to_ascii_lowercase().as_str() {
            "gabled" | "gambrel" | "saltbox" | "双坡" | "坡屋顶" => Self::Gabled,
            "hipped" | "half-hipped" | "mansard" | "四坡" => Self::Hipped,
            "pyramidal" | "cone" | "攒尖" => Self::Pyramidal,
            "skillion" | "lean_to" | "单坡" => Self::Skillion,
            "dome" | "穹顶" => Self::Dome,
            "onion" => Self::Onion,
            "round" | "barrel" | "拱形" => Self::Round,
            _ => Self::Flat,
        }
    }
}

/// What stands at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbol {
    /// A tree.
    Tree,
}

impl Symbol {
    /// Returns how far it reaches from its point, metres, when it has a height.
    pub fn radius(self, height: f64) -> f64 {
        match self {
            Self::Tree => 0.4 * height,
        }
    }
}

/// How a feature becomes solid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SolidParams {
    /// Ellipsoidal height of the base, metres.
    pub base: f64,
    /// Highest point above the base, metres.
    pub height: f64,
    /// Where it begins above the base, metres.
    pub min_height: f64,
    /// Shape of the roof.
    pub roof: RoofShape,
    /// Height of the roof alone, part of `height`, metres, where it is known.
    pub roof_height: Option<f64>,
    /// Which way a single slope falls, degrees clockwise from north.
    pub roof_direction: Option<f64>,
    /// Colour of walls, sRGB.
    pub wall: [u8; 4],
    /// Colour of the roof, sRGB.
    pub roof_color: [u8; 4],
    /// Whether it is to be seen from any distance.
    pub landmark: bool,
}

/// The ground on which things stand that do not say how high: the one place where a terrain plugs in.
pub trait Ground: Send + Sync {
    /// Returns the ellipsoidal height of the ground at a point, metres.
    fn height(&self, lon_lat: [f64; 2]) -> f64;
}

/// The ellipsoid itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ellipsoid;

impl Ground for Ellipsoid {
    fn height(&self, _: [f64; 2]) -> f64 {
        0.0
    }
}

/// A layer's rule: which of its fields say what.
#[derive(Debug, Clone)]
pub struct SolidRule {
    height: Option<usize>,
    floors: Option<usize>,
    floor_height: f64,
    base: Option<usize>,
    min_height: Option<usize>,
    min_floors: Option<usize>,
    roof_shape: Option<usize>,
    roof_height: Option<usize>,
    roof_floors: Option<usize>,
    roof_direction: Option<usize>,
    landmark: Option<usize>,
    colour: Option<usize>,
    roof_colour: Option<usize>,
    model: Option<usize>,
    symbol: Option<Symbol>,
    wall: [u8; 4],
    roof: [u8; 4],
    pipes: Option<Box<PipeRule>>,
}

impl SolidRule {
    /// Binds what a layer says to its fields. A field that it names and does not have counts as not said.
    pub fn bind(solid: &Solid, schema: &Schema, class: GeometryClass) -> Self {
        let find = |told: &Option<String>, usual: &[&str]| {
            let told = told.as_deref().and_then(|name| schema.position(name));
            told.or_else(|| usual.iter().find_map(|name| schema.position(name)))
        };
        let color =
            |told: &Option<String>, usual| told.as_deref().and_then(css_color).unwrap_or(usual);
        let symbol = match solid.symbol.as_deref() {
            Some("tree") if class != GeometryClass::Polygon => Some(Symbol::Tree),
            _ => None,
        };
        Self {
            height: find(&solid.height, &HEIGHTS),
            floors: find(&solid.floors, &FLOORS),
            floor_height: solid.floor_height.filter(|h| *h > 0.0).unwrap_or(FLOOR_HEIGHT),
            base: find(&solid.base, &BASES),
            min_height: find(&solid.min_height, &MIN_HEIGHTS),
            min_floors: find(&None, &MIN_FLOORS),
            roof_shape: find(&solid.roof_shape, &ROOF_SHAPES),
            roof_height: find(&solid.roof_height, &ROOF_HEIGHTS),
            roof_floors: find(&None, &ROOF_FLOORS),
            roof_direction: find(&None, &ROOF_DIRECTIONS),
            landmark: find(&solid.landmark, &LANDMARKS),
            colour: find(&solid.colour, &COLOURS),
            roof_colour: find(&solid.roof_colour, &ROOF_COLOURS),
            model: schema.fields.iter().position(|field| field.kind == FieldType::Model),
            symbol,
            wall: color(&solid.wall_colour, WALL),
            roof: color(&solid.default_roof_colour, ROOF),
            pipes: None,
        }
    }

    /// Takes lines and points as a network's links and nodes.
    #[must_use]
    pub fn with_pipes(self, pipes: PipeRule) -> Self {
        Self { pipes: Some(Box::new(pipes)), ..self }
    }

    /// Tells whether features say how high they are, have shapes of their own, or a symbol: without any of it polygons would
    /// all be of one height.
    pub fn is_solid(&self) -> bool {
        let has_heights = self.height.is_some() || self.floors.is_some();
        has_heights || self.model.is_some() || self.symbol.is_some() || self.pipes.is_some()
    }

    /// Returns the rule of a network.
    pub fn pipes(&self) -> Option<&PipeRule> {
        self.pipes.as_deref()
    }

    /// Returns the position of the field with the layer's own 3D shapes.
    pub fn model_field(&self) -> Option<usize> {
        self.model
    }

    /// Returns what stands at the layer's points.
    pub fn symbol(&self) -> Option<Symbol> {
        self.symbol
    }

    /// Returns the colour of walls without one of their own.
    pub fn wall_color(&self) -> [u8; 4] {
        self.wall
    }

    /// Returns the colour of roofs without one of their own.
    pub fn roof_color(&self) -> [u8; 4] {
        self.roof
    }

    /// Returns how a feature becomes solid, standing on the ellipsoid where nothing else is known. What its fields say is
    /// taken as far as it makes sense; it never fails.
    pub fn params(&self, feature: &FeatureRef<'_>) -> SolidParams {
        self.params_on(feature, &Ellipsoid)
    }

    /// As [`SolidRule::params`], on a ground.
    pub fn params_on(&self, feature: &FeatureRef<'_>, ground: &dyn Ground) -> SolidParams {
        let value = |at: Option<usize>| feature.values.get(at?).copied();
        let number = |at| value(at).and_then(number).filter(|x| x.is_finite());
        let metres = |at| number(at).filter(|x| *x >= 0.0 && *x <= MOST_HEIGHT);
        let floors = |at| metres(at).map(|floors| floors * self.floor_height);
        let positive = |x: &f64| *x > 0.0;
        let mut height = metres(self.height)
            .filter(positive)
            .or_else(|| floors(self.floors).filter(positive))
            .unwrap_or(UNKNOWN_HEIGHT);
        let min_height = metres(self.min_height).or_else(|| floors(self.min_floors)).unwrap_or(0.0);
        if min_height >= height {
            height = min_height + UNKNOWN_HEIGHT;
        }
        let roof = match value(self.roof_shape) {
            Some(ValueRef::Text(name)) => RoofShape::named(name),
            _ => RoofShape::Flat,
        };
        let roof_height = metres(self.roof_height).or_else(|| floors(self.roof_floors));
        let base = number(self.base).filter(|x| x.abs() < 10_000.0).or_else(|| {
            let geometry = feature.geometry?;
            geometry
                .height_range()
                .map(|(low, _)| low)
                .or_else(|| geometry.bounds().map(|bounds| ground.height(bounds.center())))
        });
        let color = |at, usual| match value(at) {
            Some(ValueRef::Text(text)) => css_color(text).unwrap_or(usual),
            _ => usual,
        };
        SolidParams {
            base: base.unwrap_or(0.0),
            height,
            min_height,
            roof,
            roof_height: roof_height.map(|roof| roof.min(height - min_height)),
            roof_direction: number(self.roof_direction),
            wall: color(self.colour, self.wall),
            roof_color: color(self.roof_colour, self.roof),
            landmark: value(self.landmark).is_some_and(is_yes),
        }
    }
}

/// Reads a number, with a unit behind it or not: `12`, `12.5 m`.
fn number(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::Int(n) => Some(n as f64),
        ValueRef::Float(x) => Some(x),
        ValueRef::Text(text) => {
            let text = text.trim();
            let text = text.strip_suffix('m').or_else(|| text.strip_suffix('米')).unwrap_or(text);
            text.trim().parse().ok()
        }
        _ => None,
    }
}

fn is_yes(value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::Bool(yes) => yes,
        ValueRef::Int(n) => n != 0,
        ValueRef::Float(x) => x != 0.0,
        ValueRef::Text(text) => !matches!(text.trim(), "" | "0" | "no" | "false" | "否"),
        _ => false,
    }
}
