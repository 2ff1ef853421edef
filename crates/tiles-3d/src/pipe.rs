//! Pipes, ducts and what stands at their nodes, by the fields of a network's layer.

use onemap_model::{
    Element, FeatureRef, Geometry, GeometryClass, PipeClass, PipeSystem, Schema, Solid, ValueRef,
    network_field as field,
};

use crate::color::css_color;
use crate::rule::Ground;

/// Size of a section of which nothing is known, metres.
const UNKNOWN_SIZE: f64 = 0.1;
/// Sizes outside are errors of the data, metres.
const SIZES: std::ops::RangeInclusive<f64> = 0.005..=30.0;
/// Heights and depths beyond this are errors of the data, metres.
const MOST_HEIGHT: f64 = 10_000.0;
/// Depth of a chamber of which nothing is known, metres.
const UNKNOWN_CHAMBER: f64 = 1.5;
/// A deeper chamber is an error of the data, metres.
const DEEPEST_CHAMBER: f64 = 150.0;

/// Shape of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PipeShape {
    /// A circle.
    Round,
    /// A rectangle: culverts, duct banks, and every word that is not known.
    Rectangle,
    /// An egg, its tip below.
    Egg,
    /// A half circle over a rectangle.
    Arch,
    /// A channel with upright sides, open above.
    Open,
    /// A channel with slanted sides, open above.
    Trapezoid,
}

/// Section of a link, metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PipeSection {
    /// Shape.
    pub shape: PipeShape,
    /// Inner width; the inner diameter of a round one.
    pub width: f64,
    /// Inner height; the inner diameter of a round one.
    pub height: f64,
    /// Thickness of the wall, on each side.
    pub wall: f64,
}

impl PipeSection {
    /// Returns the outer width and height, metres.
    pub fn outer(&self) -> [f64; 2] {
        [self.width, self.height].map(|inner| inner + 2.0 * self.wall)
    }

    /// Returns the diameter of a circle around it, metres.
    pub(crate) fn across(&self) -> f64 {
        let [width, height] = self.outer();
        if self.shape == PipeShape::Round { width } else { libm::hypot(width, height) }
    }
}

/// Tells how thick the wall of a link is, metres, by class, material and inner section.
pub type WallRule = fn(PipeClass, &str, &PipeSection) -> f64;

/// A link in 3D.
#[derive(Debug, Clone, PartialEq)]
pub struct PipeParams {
    /// Its section.
    pub section: PipeSection,
    /// Outer diameter of its casing (套管), metres, where one is told; see [`PipeParams::casing`].
    pub casing: Option<f64>,
    /// Colour, sRGB.
    pub color: [u8; 4],
    /// Corners of the centre lines: longitude and latitude in degrees, height in metres.
    pub lines: Vec<Vec<[f64; 3]>>,
    /// Whether a height was not known and is taken from the ground.
    pub is_assumed: bool,
}

impl PipeParams {
    /// Returns the outer diameter of its casing, metres; `None` too for one that the pipe does not fit into.
    pub fn casing(&self) -> Option<f64> {
        self.casing.filter(|casing| *casing > self.section.across())
    }

    /// Returns the outer width and height of all of it, metres: of the casing where there is one.
    pub fn outer(&self) -> [f64; 2] {
        self.casing().map_or_else(|| self.section.outer(), |casing| [casing; 2])
    }
}

/// A node in 3D.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeviceParams {
    /// What it is.
    pub element: Element,
    /// Colour, sRGB.
    pub color: [u8; 4],
    /// Where the pipes meet: longitude and latitude in degrees, height in metres.
    pub at: [f64; 3],
    /// Height of the ground, metres.
    pub ground: f64,
    /// Height of its bottom, metres, below the ground.
    pub bottom: f64,
    /// Whether a height was not known and is taken from the ground.
    pub is_assumed: bool,
}

/// A network's rule: which of its layer's fields say what.
#[derive(Debug, Clone)]
pub struct PipeRule {
    element: Option<usize>,
    class: Option<usize>,
    subclass: Option<usize>,
    shape: Option<usize>,
    diameter: Option<usize>,
    width: Option<usize>,
    height: Option<usize>,
    casing: Option<usize>,
    material: Option<usize>,
    level: Option<usize>,
    elevation: [Option<usize>; 2],
    depth: [Option<usize>; 2],
    link_ground: [Option<usize>; 2],
    ground: Option<usize>,
    bottom: Option<usize>,
    colour: Option<usize>,
    wall: WallRule,
}

impl PipeRule {
    /// Binds a network's fields. A colour field that the layer names goes before the colours of CJJ 61.
    pub fn bind(solid: &Solid, schema: &Schema) -> Self {
        let find = |name: &str| schema.position(name);
        Self {
            element: find(field::ELEMENT),
            class: find(field::CLASS),
            subclass: find(field::SUBCLASS),
            shape: find(field::SHAPE),
            diameter: find(field::DIAMETER),
            width: find(field::WIDTH),
            height: find(field::HEIGHT),
            casing: find(field::CASING),
            material: find(field::MATERIAL),
            level: find(field::LEVEL),
            elevation: [field::ELEVATION_FROM, field::ELEVATION_TO].map(find),
            depth: [field::DEPTH_FROM, field::DEPTH_TO].map(find),
            link_ground: [field::GROUND_FROM, field::GROUND_TO].map(find),
            ground: find(field::GROUND),
            bottom: find(field::BOTTOM),
            colour: solid.colour.as_deref().and_then(find),
            wall: |_, _, _| 0.0,
        }
    }

    /// Gives links walls: without a rule they have none.
    #[must_use]
    pub fn with_walls(self, wall: WallRule) -> Self {
        Self { wall, ..self }
    }

    /// Returns how a link is drawn; `None` for what is no line.
    pub fn link(&self, feature: &FeatureRef<'_>, ground: &dyn Ground) -> Option<PipeParams> {
        let geometry = feature.geometry?;
        if geometry.class() != GeometryClass::Line {
            return None;
        }
        let class = self.class(feature);
        let mut section = self.section(feature);
        let material = text(feature, self.material).unwrap_or("");
        let thick = (self.wall)(class, material, &section);
        section.wall = if thick.is_finite() { thick.clamp(0.0, 3.0) } else { 0.0 };
        let (mut lines, mut is_assumed) = (Vec::new(), false);
        geometry.for_each_simple(&mut |simple| {
            let mut at = 0;
            for line in simple.lines() {
                let z = simple.z.get(at..at + line.len()).unwrap_or(&[]);
                at += line.len();
                let known = z.len() == line.len() && z.iter().all(|z| z.abs() < MOST_HEIGHT);
                let corners = if known {
                    line.iter().zip(z).map(|(&[lon, lat], &z)| [lon, lat, z]).collect()
                } else {
                    let (corners, assumed) = self.surveyed(feature, line, &section, ground);
                    is_assumed |= assumed;
                    corners
                };
                lines.push(corners);
            }
        });
        let color = self.color(feature, class);
        let casing = metres(feature, self.casing);
        Some(PipeParams { section, casing, color, lines, is_assumed })
    }

    /// Returns the centre line from the surveyed heights or depths of its ends, even between them.
    fn surveyed(
        &self,
        feature: &FeatureRef<'_>,
        line: &[[f64; 2]],
        section: &PipeSection,
        ground: &dyn Ground,
    ) -> (Vec<[f64; 3]>, bool) {
        let (Some(&first), Some(&last)) = (line.first(), line.last()) else {
            return (Vec::new(), false);
        };
        // From the surveyed point of the section to its middle.
        let to_centre = match text(feature, self.level) {
            Some("top") => -section.height / 2.0 - section.wall,
            Some("invert") => section.height / 2.0,
            _ => 0.0,
        };
        let ends = [first, last];
        let known: [Option<f64>; 2] = std::array::from_fn(|i| {
            let metres = |at| number(feature, at).filter(|x| x.abs() < MOST_HEIGHT);
            let below = metres(self.depth[i]);
            let level = metres(self.elevation[i])
                .or_else(|| Some(metres(self.link_ground[i])? - below?))?;
            Some(level + to_centre)
        });
        let assumed = known.iter().any(Option::is_none);
        let heights: [f64; 2] = std::array::from_fn(|i| {
            let metres = |at| number(feature, at).filter(|x: &f64| x.abs() < MOST_HEIGHT);
            known[i].unwrap_or_else(|| {
                let depth = metres(self.depth[i]).or_else(|| metres(self.depth[1 - i]));
                let top = metres(self.link_ground[i]).unwrap_or_else(|| ground.height(ends[i]));
                match depth {
                    Some(depth) => top - depth + to_centre,
                    None => known[1 - i].unwrap_or(top),
                }
            })
        });
        let shrink = libm::cos(first[1].to_radians());
        let mut run = vec![0.0];
        for pair in line.windows(2) {
            let (dx, dy) = ((pair[1][0] - pair[0][0]) * shrink, pair[1][1] - pair[0][1]);
            run.push(run.last().unwrap_or(&0.0) + libm::hypot(dx, dy));
        }
        let whole = run.last().copied().unwrap_or(0.0).max(1e-12);
        let corners = line.iter().zip(&run).map(|(&[lon, lat], run)| {
            [lon, lat, heights[0] + (heights[1] - heights[0]) * run / whole]
        });
        (corners.collect(), assumed)
    }

    /// Returns how a node is drawn at each of its points.
    pub fn devices(&self, feature: &FeatureRef<'_>, ground: &dyn Ground) -> Vec<DeviceParams> {
        let points = feature.geometry.filter(|shape| shape.class() == GeometryClass::Point);
        let Some(points) = points else { return Vec::new() };
        let element = text(feature, self.element).and_then(Element::from_name);
        let color = self.color(feature, self.class(feature));
        let metres = |at| number(feature, at).filter(|x: &f64| x.abs() < MOST_HEIGHT);
        let mut devices = Vec::new();
        points.for_each_simple(&mut |points: &Geometry| {
            for (i, &[lon, lat]) in points.xy.iter().enumerate() {
                let z = points.z.get(i).copied().filter(|z| z.abs() < MOST_HEIGHT);
                let (top, bottom) = (metres(self.ground), metres(self.bottom));
                let is_assumed = z.is_none() && bottom.is_none();
                let top = top.unwrap_or_else(|| match z.or(bottom) {
                    Some(z) => ground.height([lon, lat]).max(z),
                    None => ground.height([lon, lat]),
                });
                let bottom = bottom.or(z).unwrap_or(top - UNKNOWN_CHAMBER);
                let bottom = bottom.max(top - DEEPEST_CHAMBER).min(top);
                devices.push(DeviceParams {
                    element: element.unwrap_or(Element::Junction),
                    color,
                    at: [lon, lat, z.unwrap_or(bottom)],
                    ground: top,
                    bottom,
                    is_assumed,
                });
            }
        });
        devices
    }

    fn class(&self, feature: &FeatureRef<'_>) -> PipeClass {
        let named = |at| Some(PipeSystem::find(text(feature, at)?)?.class);
        named(self.class).or_else(|| named(self.subclass)).unwrap_or(PipeClass::Other)
    }

    fn color(&self, feature: &FeatureRef<'_>, class: PipeClass) -> [u8; 4] {
        let told = text(feature, self.colour).and_then(css_color);
        let [r, g, b] = class.colour();
        told.unwrap_or([r, g, b, 255])
    }

    fn section(&self, feature: &FeatureRef<'_>) -> PipeSection {
        let metres = |at| metres(feature, at);
        if let Some(diameter) = metres(self.diameter) {
            let shape = PipeShape::Round;
            return PipeSection { shape, width: diameter, height: diameter, wall: 0.0 };
        }
        let (width, height) = (metres(self.width), metres(self.height));
        let shape = match text(feature, self.shape) {
            Some("round") => PipeShape::Round,
            Some("egg") => PipeShape::Egg,
            Some("arch") => PipeShape::Arch,
            Some("open") => PipeShape::Open,
            Some("trapezoid") => PipeShape::Trapezoid,
            _ if width.is_some() || height.is_some() => PipeShape::Rectangle,
            _ => PipeShape::Round,
        };
        let one = width.or(height).unwrap_or(UNKNOWN_SIZE);
        PipeSection { shape, width: width.unwrap_or(one), height: height.unwrap_or(one), wall: 0.0 }
    }
}

fn text<'f>(feature: &FeatureRef<'f>, at: Option<usize>) -> Option<&'f str> {
    match feature.values.get(at?)? {
        ValueRef::Text(text) => Some(text.trim()),
        _ => None,
    }
}

/// Returns a size in metres, of a field in millimetres.
fn metres(feature: &FeatureRef<'_>, at: Option<usize>) -> Option<f64> {
    number(feature, at).map(|millimetres| millimetres / 1000.0).filter(|m| SIZES.contains(m))
}

fn number(feature: &FeatureRef<'_>, at: Option<usize>) -> Option<f64> {
    match feature.values.get(at?)? {
        ValueRef::Int(n) => Some(*n as f64),
        ValueRef::Float(x) => Some(*x).filter(|x| x.is_finite()),
        ValueRef::Text(text) => text.trim().parse().ok().filter(|x: &f64| x.is_finite()),
        _ => None,
    }
}
