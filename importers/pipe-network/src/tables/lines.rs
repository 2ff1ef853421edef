//! Rows of lines, and what a row says of a line.

use onemap_model::{Element, Geometry, PipeClass, PipeSystem, Value};

use super::points::{Levels, Names, Reader};
use super::raw::RawRow;
use super::{At, Role, section, words};
use crate::draft::{End, Level, Link, Section};

/// A row of a line. The codes of its ends are as the source has them.
#[derive(Debug, Clone)]
pub(crate) struct LineRow {
    pub(crate) link: Link,
    /// What the direction of flow is, as written.
    pub(crate) flow: Option<String>,
    /// What the row has of its first point, and of its last.
    pub(crate) levels: [Levels; 2],
    /// The shape as drawn.
    pub(crate) shape: Option<Geometry>,
    pub(crate) feature_code: Option<String>,
    /// Coordinates of the ends in the row itself, northing first.
    pub(crate) pairs: [Option<[f64; 2]>; 2],
}

impl Reader<'_> {
    /// Reads a row as a line between two points. In tables of both the first end is the row's point.
    pub(crate) fn line(
        &mut self,
        row: &RawRow,
        is_both: bool,
        fields: &mut Names,
    ) -> Option<LineRow> {
        let cells = self.cells(row);
        let (from, to) = if is_both || !self.table.columns.has(Role::Code(At::From)) {
            (cells.code(Role::Code(At::Row)), cells.code(Role::Linked))
        } else {
            (cells.code(Role::Code(At::From)), cells.code(Role::Code(At::To)))
        };
        let shape = row.geometry.clone().filter(|g| g.class() == onemap_model::GeometryClass::Line);
        let is_numbered = !is_both && self.table.columns.has(Role::Code(At::From));
        let own = cells
            .code(Role::Link)
            .or_else(|| is_numbered.then(|| cells.code(Role::Code(At::Row))).flatten());
        let own = if shape.is_some() && own.is_none() && from.is_none() {
            cells.code(Role::Code(At::Row))
        } else {
            own
        };
        if shape.is_none() && (from.is_none() || to.is_none()) {
            let which = if from.is_none() { "first" } else { "last" };
            self.report(
                "missing-value",
                row,
                own.as_deref(),
                format!("the number of the line's {which} point is empty"),
            );
            return None;
        }
        let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
        let code = own.clone().unwrap_or_else(|| {
            if from.is_empty() { format!("{}", row.number) } else { format!("{from}-{to}") }
        });
        let feature = Some(code.as_str());
        let system = self.system(row, Some(if from.is_empty() { &code } else { &from }));
        let ends = if is_both { [At::Row, At::To] } else { [At::From, At::To] };
        let levels = ends.map(|at| self.levels(row, at, feature));
        let pairs = [At::From, At::To].map(|at| {
            let northing = self.number(row, Role::EndNorthing(at), feature)?;
            let easting = self.number(row, Role::EndEasting(at), feature)?;
            Some([northing, easting])
        });
        let mut link =
            Link { origin: self.origin(row), code: code.clone(), system, ..Link::default() };
        link.from.node = from;
        link.to.node = to;
        self.section(row, &mut link);
        let count = |reader: &mut Self, role| reader.number(row, role, feature).map(|n| n as i64);
        let (holes, used, cables) =
            (count(self, Role::Holes), count(self, Role::HolesUsed), count(self, Role::Cables));
        link.holes = holes.or(link.holes);
        link.holes_used = used;
        link.cables = cables;
        link.length = self.number(row, Role::Length, feature);
        self.words(row, &mut link);
        link.element = Some(element(&link));
        link.extra = self.extra(row, fields);
        self.casing(row, &mut link, fields);
        let cells = self.cells(row);
        Some(LineRow {
            flow: cells.text(Role::Flow),
            feature_code: cells.code(Role::FeatureCode),
            link,
            levels,
            shape,
            pairs,
        })
    }

    /// Reads the size from the columns that there are: width and height, diameter, or one text for all.
    fn section(&mut self, row: &RawRow, link: &mut Link) {
        let feature = Some(link.code.clone());
        let feature = feature.as_deref();
        let cells = self.cells(row);
        let text = cells.text(Role::Section).or_else(|| cells.text(Role::Diameter));
        let shape = cells.text(Role::Shape);
        let positive = |n: &f64| *n > 0.0;
        let width = self.number(row, Role::Width, feature).filter(positive);
        let height = self.number(row, Role::Height, feature).filter(positive);
        link.section_text.clone_from(&text);
        if let (Some(width), Some(height)) = (width, height)
            && width >= 20.0
            && height >= 20.0
        {
            let (width, height) = (width / 1000.0, height / 1000.0);
            let shape = shape
                .as_deref()
                .map_or(if width == height { "round" } else { "rectangle" }, shape_name);
            link.section = Some(match shape {
                "round" => Section::Round { diameter: width },
                shape => Section::Box { shape, width, height },
            });
            return;
        }
        let Some(text) = text else { return };
        match section::parse(&text) {
            Some(size) => {
                link.section = match (size.section, shape.as_deref().map(shape_name)) {
                    (Some(Section::Box { width, height, .. }), Some(shape)) if shape != "round" => {
                        Some(Section::Box { shape, width, height })
                    }
                    (section, _) => section,
                };
                link.holes = size.holes;
            }
            // Zero is what some programs write for not known.
            None if text.trim_start_matches(['D', 'N', 'd', 'n']).parse() == Ok(0.0) => {}
            None => {
                let text: String = text.chars().take(40).collect();
                self.report("bad-section", row, feature, format!("the section is '{text}'"));
            }
        }
    }

    /// Reads the casing: its size, or its material where a column for both tells that. What is neither, such as that
    /// there is one, or the size of a box, stays among the source's own values.
    fn casing(&self, row: &RawRow, link: &mut Link, fields: &mut Names) {
        let cells = self.cells(row);
        let named = |text: String| words::material(&text).map_or(text, str::to_owned);
        link.casing_material = cells.text(Role::CasingMaterial).map(named);
        let Some(text) = cells.text(Role::Casing) else { return };
        if let Some(Section::Round { diameter }) = section::parse(&text).and_then(|s| s.section) {
            link.casing = Some(diameter);
        } else if let (Some(material), None) = (words::material(&text), &link.casing_material) {
            link.casing_material = Some(material.to_owned());
        } else if !matches!(text.as_str(), "0" | "否" | "没有") {
            link.extra.push((fields.position(self.header(Role::Casing)), Value::Text(text)));
        }
    }

    /// Reads material, laying, state and the words that stay as they are.
    fn words(&mut self, row: &RawRow, link: &mut Link) {
        let feature = Some(link.code.clone());
        let feature = feature.as_deref();
        let cells = self.cells(row);
        let (material, laying, state) =
            (cells.text(Role::Material), cells.text(Role::Laying), cells.text(Role::State));
        link.pressure = cells.text(Role::Pressure);
        link.built = cells.text(Role::Built).filter(|year| year != "0");
        link.owner = cells.text(Role::Owner);
        link.road = cells.text(Role::Road);
        if let Some(text) = material {
            let known = words::material(&text);
            if known.is_none() {
                self.report("unknown-material", row, feature, format!("the material is '{text}'"));
            }
            link.material = Some(known.map_or(text, str::to_owned));
        }
        if let Some(text) = laying {
            let known = words::laying(&text);
            if known.is_none() {
                self.report(
                    "unknown-laying",
                    row,
                    feature,
                    format!("the way of laying is '{text}'"),
                );
            }
            link.laying = Some(known.map_or(text, str::to_owned));
        }
        if let Some(text) = state {
            match words::state(&text) {
                Some(state) => link.state = Some(state.to_owned()),
                None => {
                    self.report("unknown-state", row, feature, format!("the state is '{text}'"));
                }
            }
        }
    }
}

/// Makes an end of what a row has of it, else of what the point's row has.
pub(crate) fn end(node: String, row: Levels, point: Option<Levels>) -> End {
    let point = point.unwrap_or_default();
    let has_own = row.elevation.is_some() || row.depth.is_some();
    let levels = if has_own { row } else { point };
    let ground = row.ground.or(point.ground);
    let elevation = levels.elevation.or_else(|| Some(ground? - levels.depth?));
    let depth = levels.depth.or_else(|| Some(ground? - elevation?));
    let (elevation, depth) = (elevation.map(to_millimetre), depth.map(to_millimetre));
    End { node, ground, elevation, depth, origin: None }
}

/// Takes the noise of the last bits off a difference.
fn to_millimetre(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Tells what the heights of a link are those of: what the headers say, else the inner bottom where it flows by gravity.
pub(crate) fn level(told: Option<Level>, system: Option<&PipeSystem>) -> Level {
    match (told, system) {
        (Some(level), _) => level,
        (None, Some(system)) if system.class.is_gravity() => Level::Invert,
        _ => Level::Top,
    }
}

fn element(link: &Link) -> Element {
    let is_cable =
        matches!(link.system.map(|s| s.class), Some(PipeClass::Power | PipeClass::Telecom));
    let is_duct =
        link.holes.is_some() || matches!(link.laying.as_deref(), Some("GK" | "GM" | "GG"));
    match (is_cable, is_duct || link.section.is_some()) {
        (true, true) => Element::Duct,
        (true, false) => Element::Cable,
        _ => Element::Pipe,
    }
}

/// Reads a word for a shape.
fn shape_name(word: &str) -> &'static str {
    let word = word.trim().to_lowercase();
    match word.as_str() {
        "round" | "circular" | "circle" | "rond" | "圆" | "圆形" | "圆管" | "ro" => "round",
        "egg" | "ovoid" | "eivormig" | "蛋形" | "卵形" | "ei" => "egg",
        "arch" | "拱" | "拱形" | "马蹄形" => "arch",
        "trapezoid" | "trapezium" | "梯形" => "trapezoid",
        "open" | "明渠" => "open",
        _ => "rectangle",
    }
}
