//! One utility: its values, its line or point, and the box of all its geometry.

use std::io::Read;

use onemap_bounded::{Result, XmlEvent, XmlReader, XmlStart};

use crate::input;

/// Values of one utility that are kept.
const MAX_PROPERTIES: usize = 200;

/// Longest value that is kept, bytes.
const MAX_VALUE: usize = 4_000;

/// Name of the element with the plan.
const PLAN: &str = "lod0Geometry";

/// The geometry that says where a utility lies.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    Point([f64; 3]),
    Line(Vec<[f64; 3]>),
    Ring(Vec<[f64; 3]>),
}

/// A utility as it stands in the file.
#[derive(Debug, Default)]
pub(super) struct Feature {
    pub(super) id: Option<String>,
    /// Name of the element, text, unit.
    pub(super) properties: Vec<(String, String, Option<String>)>,
    /// Name of the element, id that it refers to.
    pub(super) references: Vec<(String, String)>,
    pub(super) shape: Option<Shape>,
    pub(super) crs: Option<String>,
    /// Whether what is read is the plan, `lod0Geometry`.
    is_plan: bool,
    low: Option<[f64; 2]>,
    high: [f64; 2],
}

/// Reads the number of coordinates of a corner.
pub(super) fn dimension(start: &XmlStart<'_>) -> Result<Option<usize>> {
    let text = start.attribute("srsDimension")?;
    Ok(text.and_then(|text| text.trim().parse().ok()).filter(|n| (2..=3).contains(n)))
}

impl Feature {
    pub(super) fn new(start: &XmlStart<'_>) -> Result<Self> {
        let id = start.attribute("gml:id")?.or(start.attribute("id")?);
        let id = id.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
        Ok(Self { id, ..Self::default() })
    }

    /// Reads what is inside the element that has just begun.
    pub(super) fn fill<R: Read>(
        &mut self,
        xml: &mut XmlReader<R>,
        mut dimension_here: usize,
    ) -> Result<()> {
        let inside = xml.depth();
        let mut container = String::new();
        // The element that began last, its unit and text; none where another one ended since.
        let mut leaf: Option<(String, Option<String>, String)> = None;
        while xml.depth() >= inside {
            match xml.read()? {
                XmlEvent::Start(start) => {
                    let name = start.local_name().to_owned();
                    if matches!(name.as_str(), "Point" | "LineString" | "LinearRing") {
                        container.clone_from(&name);
                    }
                    self.is_plan |= name == PLAN;
                    if let Some(dimension) = dimension(&start)? {
                        dimension_here = dimension;
                    }
                    if self.crs.is_none() {
                        self.crs = start.attribute("srsName")?.map(|crs| crs.trim().to_owned());
                    }
                    if let Some(reference) = start.attribute("href")?
                        && self.references.len() < MAX_PROPERTIES
                    {
                        let id = reference.trim().trim_start_matches('#').to_owned();
                        self.references.push((name.clone(), id));
                    }
                    let unit = start.attribute("uom")?.map(|unit| unit.trim().to_owned());
                    leaf = Some((name, unit, String::new()));
                }
                XmlEvent::Text(text) => {
                    if let Some((_, _, all)) = &mut leaf {
                        all.push_str(text);
                    }
                }
                XmlEvent::End(name) => {
                    if name.ends_with(PLAN) {
                        self.is_plan = false;
                    }
                    if let Some((name, unit, text)) = leaf.take() {
                        self.leaf(name, unit, text.trim(), &container, dimension_here);
                    }
                }
                XmlEvent::Eof => break,
            }
        }
        Ok(())
    }

    fn leaf(
        &mut self,
        name: String,
        unit: Option<String>,
        text: &str,
        container: &str,
        dimension: usize,
    ) {
        match name.as_str() {
            "posList" | "pos" => self.corners_of(text, container, dimension),
            _ if text.is_empty() || text.len() > MAX_VALUE => {}
            _ if self.properties.len() < MAX_PROPERTIES => {
                self.properties.push((name, text.to_owned(), unit));
            }
            _ => {}
        }
    }

    fn corners_of(&mut self, text: &str, container: &str, dimension: usize) {
        let is_wanted = match container {
            "LineString" => !matches!(self.shape, Some(Shape::Line(_))),
            "Point" => matches!(self.shape, None | Some(Shape::Ring(_))),
            // Bodies have rings, too: only that of the plan says where something lies.
            "LinearRing" => self.is_plan && self.shape.is_none(),
            _ => false,
        };
        let mut corners = Vec::new();
        let mut corner = [0.0; 3];
        let mut at = 0;
        for word in text.split_ascii_whitespace() {
            // One bad number makes the whole geometry worthless.
            let Some(value) = input::number(word) else { return };
            if let Some(slot) = corner.get_mut(at) {
                *slot = value;
            }
            at += 1;
            if at == dimension {
                if self.low.is_none() {
                    self.high = [corner[0], corner[1]];
                }
                let low = self.low.get_or_insert([corner[0], corner[1]]);
                *low = [low[0].min(corner[0]), low[1].min(corner[1])];
                self.high = [self.high[0].max(corner[0]), self.high[1].max(corner[1])];
                if is_wanted {
                    corners.push(corner);
                }
                (corner, at) = ([0.0; 3], 0);
            }
        }
        match (container, corners.first()) {
            ("Point", Some(first)) => self.shape = Some(Shape::Point(*first)),
            ("LineString", Some(_)) => self.shape = Some(Shape::Line(corners)),
            ("LinearRing", Some(_)) => self.shape = Some(Shape::Ring(corners)),
            _ => {}
        }
    }

    /// Returns the middle of all geometry.
    pub(super) fn middle(&self) -> Option<[f64; 2]> {
        let low = self.low?;
        Some([f64::midpoint(low[0], self.high[0]), f64::midpoint(low[1], self.high[1])])
    }

    /// Returns how many corners are kept.
    pub(super) fn corners(&self) -> usize {
        match &self.shape {
            Some(Shape::Line(line) | Shape::Ring(line)) => line.len(),
            _ => 1,
        }
    }

    /// Returns a value.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(known, _, _)| known == name).map(|(_, text, _)| text.as_str())
    }

    /// Returns a size in metres. Without a unit, numbers above 10 are millimetres.
    pub(super) fn length(&self, name: &str) -> Option<f64> {
        let (_, text, unit) = self.properties.iter().find(|(known, _, _)| known == name)?;
        let value = input::number(text).filter(|value| *value > 0.0)?;
        Some(match unit.as_deref() {
            Some("m") => value,
            Some("cm") => value / 100.0,
            Some("mm") => value / 1000.0,
            _ if value > 10.0 => value / 1000.0,
            _ => value,
        })
    }
}

/// Returns the line between the middles of the short sides of a plan with four corners.
pub(super) fn centre_line(ring: &[[f64; 3]]) -> Option<Vec<[f64; 3]>> {
    let [a, b, c, d, end] = ring else { return None };
    if a != end {
        return None;
    }
    let length = |p: &[f64; 3], q: &[f64; 3]| libm::hypot(p[0] - q[0], p[1] - q[1]);
    let middle = |p: &[f64; 3], q: &[f64; 3]| {
        [f64::midpoint(p[0], q[0]), f64::midpoint(p[1], q[1]), f64::midpoint(p[2], q[2])]
    };
    Some(if length(a, b) > length(b, c) {
        vec![middle(d, a), middle(b, c)]
    } else {
        vec![middle(a, b), middle(c, d)]
    })
}
