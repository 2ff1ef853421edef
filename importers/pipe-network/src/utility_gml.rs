//! Reads the utilities of CityGML: those of PLATEAU (`uro` of i-UR) and the `UtilityNetworkADE` 0.9.
//!
//! Both have pipes and cables with a line, and manholes and devices with a point; pipes are joined where their ends lie
//! together or at such a point. The graph that an ADE file may state besides is not read: it says the same. Heights of
//! surfaces are not read either: PLATEAU's simplest bodies reach up to the ground. Underground buildings belong to the
//! importer of city models.

mod feature;
#[cfg(test)]
mod tests;

use onemap_bounded::{XmlEvent, XmlReader};
use onemap_crs::Crs;
use onemap_model::{Element, Note, PipeClass, PipeSystem, Value};
use onemap_source::Input;
use rustc_hash::FxHashMap;

use crate::draft::{Draft, End, Link, Node, Origin, Refused, Section};
use crate::{Error, Options, Source, input, limits};
use feature::{Feature, Shape};

/// Ends of pipes nearer than this are one node where the user does not tell, metres.
const SNAP_M: f64 = 0.05;

/// Metres of a degree of latitude.
const METRES_PER_DEGREE: f64 = 111_195.0;

/// What is read: name of the element, class of pipelines, what it is.
const KINDS: [(&str, Option<&str>, Element); 28] = [
    ("WaterPipe", Some("JS"), Element::Pipe),
    ("SewerPipe", Some("PS"), Element::Pipe),
    ("OilGasChemicalsPipe", Some("RQ"), Element::Pipe),
    ("ThermalPipe", Some("RL"), Element::Pipe),
    ("ElectricityCable", Some("DL"), Element::Cable),
    ("TelecommunicationsCable", Some("TX"), Element::Cable),
    ("Pipe", None, Element::Pipe),
    ("RoundPipe", None, Element::Pipe),
    ("RectangularPipe", None, Element::Pipe),
    ("RectangularShapedPipe", None, Element::Pipe),
    ("OtherShapePipe", None, Element::Pipe),
    ("Canal", None, Element::Pipe),
    ("SemiOpenCanal", None, Element::Pipe),
    ("ClosedCanal", None, Element::Pipe),
    ("Cable", None, Element::Cable),
    ("Duct", None, Element::Duct),
    ("Manhole", None, Element::Manhole),
    ("Handhole", None, Element::Handhole),
    ("Appurtenance", None, Element::Device),
    ("SimpleFunctionalElement", None, Element::Device),
    ("ComplexFunctionalElement", None, Element::Device),
    ("TerminalElement", None, Element::Customer),
    ("StorageDevice", None, Element::Tank),
    ("ControllerDevice", None, Element::Device),
    ("MeasurementDevice", None, Element::Device),
    ("TechDevice", None, Element::Device),
    ("ExteriorMaterial", None, Element::Junction),
    ("InteriorMaterial", None, Element::Junction),
];

/// Reads a file.
pub(crate) fn read(source: &Source, options: &Options) -> Result<Draft, Error> {
    let mut xml = XmlReader::new(Input::open(source)?)
        .map_err(|error| Error::bounded(source, None, error))?;
    let mut file = File::default();
    if let Err(error) = file.read(&mut xml) {
        let at = Some(format!("byte {}", xml.position()));
        return Err(Error::bounded(source, at, error));
    }
    if file.is_too_large {
        return Err(Error::unsupported(
            source,
            format!(
                "it has more than {} utilities, or {} corners",
                limits::MAX_MODEL_ELEMENTS,
                limits::MAX_MODEL_CORNERS
            ),
            "divide it into several files",
        ));
    }
    if file.features.is_empty() {
        return Err(Error::unsupported(
            source,
            "it holds no pipes, cables or manholes",
            "import it as a city model",
        ));
    }
    Ok(Builder::new(source, options, &file).build(&file))
}

/// What stands in a file.
#[derive(Default)]
struct File {
    features: Vec<(Feature, usize)>,
    /// Materials by id.
    materials: FxHashMap<String, String>,
    /// What the network is said to carry.
    class: Option<PipeClass>,
    crs: Option<String>,
    dimension: Option<usize>,
    corners: usize,
    is_too_large: bool,
}

impl File {
    fn read(&mut self, xml: &mut XmlReader<Input>) -> Result<(), onemap_bounded::Error> {
        while !self.is_too_large {
            let start = match xml.read()? {
                XmlEvent::Start(start) => start,
                XmlEvent::Eof => return Ok(()),
                XmlEvent::End(_) | XmlEvent::Text(_) => continue,
            };
            if self.crs.is_none()
                && let Some(name) = start.attribute("srsName")?
            {
                self.crs = Some(name.trim().to_owned());
            }
            if self.dimension.is_none() {
                self.dimension = feature::dimension(&start)?;
            }
            let name = start.local_name();
            let kind = KINDS.iter().position(|(known, _, _)| *known == name);
            // The property `transportedMedium` holds a `LiquidMedium` or another one.
            let is_medium = name.ends_with("Medium") && name.starts_with(char::is_uppercase);
            let medium = is_medium.then(|| name.to_owned());
            if kind.is_none() && medium.is_none() {
                continue;
            }
            let mut feature = Feature::new(&start)?;
            feature.fill(xml, self.dimension.unwrap_or(3))?;
            if let Some(medium) = medium {
                self.class = self.class.or(class_of(&medium, feature.text("type")));
            } else if name_of(kind).ends_with("Material") {
                if let (Some(id), Some(name)) = (feature.id, feature.properties.pop()) {
                    self.materials.insert(id, name.1);
                }
            } else if let Some(kind) = kind {
                self.crs = self.crs.take().or_else(|| feature.crs.clone());
                self.corners += feature.corners();
                self.features.push((feature, kind));
            }
            self.is_too_large = self.features.len() + self.materials.len()
                > limits::MAX_MODEL_ELEMENTS
                || self.corners > limits::MAX_MODEL_CORNERS;
        }
        Ok(())
    }
}

fn name_of(kind: Option<usize>) -> &'static str {
    kind.and_then(|kind| KINDS.get(kind)).map_or("", |(name, _, _)| name)
}

/// Returns the class of what a network carries.
fn class_of(medium: &str, kind: Option<&str>) -> Option<PipeClass> {
    let kind = kind.unwrap_or_default().to_lowercase();
    Some(match medium {
        "GaseousMedium" => PipeClass::Gas,
        "ElectricalMedium" => PipeClass::Power,
        "OpticalMedium" | "TelecommunicationMedium" => PipeClass::Telecom,
        "LiquidMedium" if kind.contains("waste") || kind.contains("storm") => PipeClass::Drainage,
        "LiquidMedium" if kind.contains("heat") || kind.contains("steam") => PipeClass::Heat,
        "LiquidMedium" if kind.contains("water") => PipeClass::Water,
        _ => return None,
    })
}

/// Makes the draft.
struct Builder {
    draft: Draft,
    /// Latitude comes first.
    is_swapped: bool,
    /// Nodes by cell, and the side of a cell.
    cells: FxHashMap<[i64; 2], Vec<usize>>,
    snap: f64,
    fields: FxHashMap<String, u32>,
}

impl Builder {
    fn new(source: &Source, options: &Options, file: &File) -> Self {
        let crs = file.crs.as_deref().and_then(|name| Crs::parse(name).ok());
        let is_degrees = crs.as_ref().is_some_and(Crs::is_geographic);
        let is_formal = file.crs.as_deref().is_some_and(|name| {
            let name = name.to_ascii_lowercase();
            name.starts_with("http") || name.starts_with("urn:")
        });
        let is_swapped = is_degrees && is_formal && crs.as_ref().is_some_and(Crs::northing_first);
        let snap = options.snap.unwrap_or(SNAP_M);
        let snap = if is_degrees { snap / METRES_PER_DEGREE } else { snap };
        let first = file.features.iter().find_map(|(_, kind)| {
            let code = KINDS.get(*kind)?.1?;
            PipeClass::from_code(code)
        });
        let draft = Draft {
            name: source.stem.clone(),
            format: source.format.name(),
            crs: file.crs.clone(),
            class: options.class.or(file.class).or(first),
            tables: KINDS.iter().map(|(name, _, _)| (*name).to_owned()).collect(),
            ..Draft::default()
        };
        let (cells, fields) = (FxHashMap::default(), FxHashMap::default());
        Self { draft, is_swapped, cells, snap: snap.max(1e-9), fields }
    }

    fn build(mut self, file: &File) -> Draft {
        let is_line =
            |element: Element| matches!(element, Element::Pipe | Element::Duct | Element::Cable);
        for pass in [false, true] {
            for ((feature, kind), number) in file.features.iter().zip(1..) {
                let Some((_, class, element)) = KINDS.get(*kind) else { continue };
                let origin = Origin { table: *kind as u32, record: number };
                let system = class.and_then(PipeSystem::find);
                if is_line(*element) && pass {
                    self.link(feature, origin, *element, system, file);
                } else if !is_line(*element) && !pass {
                    self.node(feature, origin, *element);
                }
            }
        }
        if self.is_swapped {
            let text =
                "coordinates were read as latitude, longitude: as the authority of the CRS defines";
            self.draft.notes.push(Note::assumed(text));
        }
        let mut names: Vec<(String, u32)> = self.fields.into_iter().collect();
        names.sort_by_key(|(_, at)| *at);
        let names: Vec<String> = names.into_iter().map(|(name, _)| name).collect();
        (self.draft.node_fields, self.draft.link_fields) = (names.clone(), names);
        self.draft
    }

    fn refuse(&mut self, feature: &Feature, origin: Origin, reason: &str) {
        let code = feature.id.clone();
        self.draft.refused.push(Refused { origin, code, reason: reason.to_owned() });
    }

    fn place(&self, at: [f64; 2]) -> [f64; 2] {
        if self.is_swapped { [at[1], at[0]] } else { at }
    }

    fn node(&mut self, feature: &Feature, origin: Origin, element: Element) {
        let at = match &feature.shape {
            Some(Shape::Point(at)) => Some([at[0], at[1]]),
            _ => feature.middle(),
        };
        let Some(at) = at.map(|at| self.place(at)) else {
            return self.refuse(feature, origin, "it has no place; give it a point");
        };
        let class = feature.text("class").map(str::to_lowercase);
        let element = match class.as_deref() {
            Some("manhole") => Element::Manhole,
            Some("valve") => Element::Valve,
            Some("hydrant") => Element::Hydrant,
            Some("pump") => Element::Pump,
            _ => element,
        };
        // A height of exactly 0 is one that was not measured.
        let z = match &feature.shape {
            Some(Shape::Point(at)) => Some(at[2]).filter(|z| *z != 0.0),
            _ => None,
        };
        let code = feature.id.clone().unwrap_or_else(|| format!("node {}", origin.record));
        let extra = self.extra(feature);
        self.add(Node { origin, code, element: Some(element), at, z, extra, ..Node::default() });
    }

    fn add(&mut self, node: Node) -> usize {
        let at = self.draft.nodes.len();
        self.cells.entry(self.cell(node.at)).or_default().push(at);
        self.draft.nodes.push(node);
        at
    }

    fn cell(&self, at: [f64; 2]) -> [i64; 2] {
        at.map(|value| (value / self.snap).floor() as i64)
    }

    /// Finds the node nearest to the end of a line, or makes one.
    fn end(&mut self, at: [f64; 2], origin: Origin, code: String) -> String {
        let [x, y] = self.cell(at);
        let mut best: Option<(f64, usize)> = None;
        for (dx, dy) in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy))) {
            let near = self.cells.get(&[x.saturating_add(dx), y.saturating_add(dy)]);
            for &i in near.into_iter().flatten().take(64) {
                let Some(node) = self.draft.nodes.get(i) else { continue };
                let away = libm::hypot(node.at[0] - at[0], node.at[1] - at[1]);
                if away <= self.snap && best.is_none_or(|(least, _)| away < least) {
                    best = Some((away, i));
                }
            }
        }
        let i = match best {
            Some((_, i)) => i,
            None => self.add(Node {
                origin,
                code,
                element: Some(Element::Junction),
                at,
                ..Node::default()
            }),
        };
        self.draft.nodes.get(i).map(|node| node.code.clone()).unwrap_or_default()
    }

    fn link(
        &mut self,
        feature: &Feature,
        origin: Origin,
        element: Element,
        system: Option<&'static PipeSystem>,
        file: &File,
    ) {
        let line = match &feature.shape {
            Some(Shape::Line(line)) => line.clone(),
            Some(Shape::Ring(ring)) => feature::centre_line(ring).unwrap_or_default(),
            _ => Vec::new(),
        };
        let corners: Vec<([f64; 2], f64)> =
            line.iter().map(|[x, y, z]| (self.place([*x, *y]), *z)).collect();
        let [(start, _), between @ .., (end, _)] = corners.as_slice() else {
            return self.refuse(
                feature,
                origin,
                "it has no line; give it one (lod0Geometry, lod1Geometry)",
            );
        };
        let code = feature.id.clone().unwrap_or_else(|| format!("link {}", origin.record));
        let mut link = Link { origin, element: Some(element), system, ..Link::default() };
        link.from = End { node: self.end(*start, origin, format!("{code}/1")), ..End::default() };
        link.to = End { node: self.end(*end, origin, format!("{code}/2")), ..End::default() };
        // A line of which all heights are 0 has none.
        if let (Some((_, first)), Some((_, last))) = (corners.first(), corners.last())
            && corners.iter().any(|(_, z)| *z != 0.0)
        {
            link.level = Some(crate::draft::Level::Centre);
            (link.from.elevation, link.to.elevation) = (Some(*first), Some(*last));
            link.corners = between.iter().map(|(at, z)| (*at, Some(*z))).collect();
        } else {
            link.corners = between.iter().map(|(at, _)| (*at, None)).collect();
        }
        if let Some(depth) = feature.text("depth").and_then(input::number) {
            (link.from.depth, link.to.depth) = (Some(depth), Some(depth));
        }
        let size = [
            "innerDiamiter",
            "innerDiameter",
            "interiorDiameter",
            "outerDiamiter",
            "outerDiameter",
            "exteriorDiameter",
        ];
        let diameter = size.iter().find_map(|name| feature.length(name));
        link.section = diameter.map(|diameter| Section::Round { diameter });
        let description = feature.text("description");
        if link.section.is_none() {
            link.section = feature
                .length("interiorWidth")
                .zip(feature.length("interiorHeight"))
                .map(|(width, height)| Section::Box { shape: "rectangle", width, height })
                .or_else(|| description.and_then(egg));
        }
        link.section_text = description
            .map(str::to_owned)
            .or_else(|| diameter.map(|diameter| format!("{}", (diameter * 1e6).round() / 1e3)));
        link.material = feature
            .references
            .iter()
            .find(|(name, _)| name == "hasMaterial")
            .and_then(|(_, id)| file.materials.get(id).cloned());
        link.built = feature.text("year").filter(|year| *year != "0001").map(str::to_owned);
        link.state = feature.text("status").map(|status| {
            match status {
                "inUse" => "existing",
                "outOfUse" | "abandoned" => "retired",
                "projected" | "planned" => "planned",
                other => other,
            }
            .to_owned()
        });
        link.extra = self.extra(feature);
        link.code = code;
        self.draft.links.push(link);
    }

    /// Returns what else the file says, by the names that it uses.
    fn extra(&mut self, feature: &Feature) -> Vec<(u32, Value)> {
        let mut extra: Vec<(u32, Value)> = Vec::new();
        for (name, value, _) in &feature.properties {
            let next = self.fields.len() as u32;
            if next as usize >= limits::MAX_MODEL_FIELDS && !self.fields.contains_key(name) {
                continue;
            }
            let at = *self.fields.entry(name.clone()).or_insert(next);
            if extra.iter().all(|(known, _)| *known != at) {
                extra.push((at, Value::Text(value.clone())));
            }
        }
        extra
    }
}

/// Reads the egg-shaped sections of Dutch sewers: `Eivormig 400/600`, width and height in millimetres.
fn egg(description: &str) -> Option<Section> {
    let sizes = description.strip_prefix("Eivormig")?.trim();
    let (width, height) = sizes.split_once('/')?;
    let (width, height) = (input::number(width.trim())?, input::number(height.trim())?);
    (width > 0.0 && height > 0.0).then_some(Section::Box {
        shape: "egg",
        width: width / 1000.0,
        height: height / 1000.0,
    })
}
