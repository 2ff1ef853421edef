//! Brings a draft into a sink: one layer of nodes, links and areas.

mod heights;

use onemap_model::{
    Element, Field, FieldType, Geometry, GeometryKind, LayerSlot, Note, Record, Reject, Sink,
    SourceId, SourceLayer, Value, network_field as f,
};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::draft::{Area, Draft, Level, Link, Node, Section};
use crate::{Error, Options, checks, limits};

/// Name of the field with the state of life; the import's rule for states reads it.
pub(crate) const STATE: &str = "state";

/// Checks a draft and emits it with what was found.
///
/// The id of a node is its code. So is that of a link or area, unless a node, or for an area a link, has the same code:
/// then it is `link/` or `area/` and the code.
pub(crate) fn emit(draft: &Draft, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    let findings = checks::run(draft, &options.limits);
    let mut fields = Fields::of(draft);
    let slot = sink.layer(SourceLayer {
        name: draft.name.clone(),
        format: draft.format,
        crs: draft.crs.clone(),
        fields: fields.all.clone(),
        expected: Some((draft.nodes.len() + draft.links.len() + draft.areas.len()) as u64),
        is_network: true,
        ..SourceLayer::default()
    })?;
    for note in &draft.notes {
        sink.note(Some(slot), note.clone());
    }
    for (name, text) in &draft.texts {
        let kept: String = text.chars().take(limits::MAX_NOTE_TEXT).collect();
        sink.note(Some(slot), Note::assumed(format!("section [{name}] is kept as text:\n{kept}")));
    }
    records(draft, &mut fields, slot, sink)?;
    for finding in findings {
        sink.finding(slot, finding)?;
    }
    Ok(())
}

fn records(
    draft: &Draft,
    fields: &mut Fields,
    slot: LayerSlot,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let nodes: FxHashMap<&str, usize> =
        draft.nodes.iter().enumerate().map(|(i, node)| (node.code.as_str(), i)).collect();
    let heights = heights::of_nodes(draft, &nodes);
    let mut number = 0;
    let mut next = || {
        number += 1;
        number
    };
    for (node, z) in draft.nodes.iter().zip(&heights) {
        let mut point = Geometry::point(node.at);
        point.z.extend(z);
        let values = fields.node(node, draft);
        let id = Some(SourceId::Text(node.code.clone()));
        let geometry = Some(point);
        sink.record(slot, Record { number: next(), id, geometry, values, ..Record::default() })?;
    }
    let links: FxHashSet<&str> = draft.links.iter().map(|link| link.code.as_str()).collect();
    for link in &draft.links {
        let ends = (nodes.get(link.from.node.as_str()), nodes.get(link.to.node.as_str()));
        let ends =
            (ends.0.and_then(|&i| draft.nodes.get(i)), ends.1.and_then(|&i| draft.nodes.get(i)));
        let id = unique("link", &link.code, |code| nodes.contains_key(code));
        let (Some(from), Some(to)) = ends else {
            let missing = if ends.0.is_none() { &link.from.node } else { &link.to.node };
            let reason = format!(
                "its end point '{missing}' is not there; add the point or correct the number"
            );
            sink.reject(slot, Reject { number: next(), id: Some(id), reason })?;
            continue;
        };
        let geometry = Some(heights::line(link, from, to));
        let values = fields.link(link, draft);
        let id = Some(SourceId::Text(id));
        sink.record(slot, Record { number: next(), id, geometry, values, ..Record::default() })?;
    }
    for area in &draft.areas {
        let taken = |code: &str| nodes.contains_key(code) || links.contains(code);
        let id = unique("area", &area.code, taken);
        let values = fields.area(area, draft);
        let Some(geometry) = polygon(&area.rings) else {
            let reason = "its outline has fewer than three corners; draw it again".to_owned();
            sink.reject(slot, Reject { number: next(), id: Some(id), reason })?;
            continue;
        };
        let id = Some(SourceId::Text(id));
        let geometry = Some(geometry);
        sink.record(slot, Record { number: next(), id, geometry, values, ..Record::default() })?;
    }
    for refused in &draft.refused {
        let table = draft.tables.get(refused.origin.table as usize).map_or("", String::as_str);
        let reason = format!("{table}, record {}: {}", refused.origin.record, refused.reason);
        sink.reject(slot, Reject { number: next(), id: refused.code.clone(), reason })?;
    }
    Ok(())
}

/// Returns the code, with a word before it where it is taken.
fn unique(word: &str, code: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if is_taken(code) { format!("{word}/{code}") } else { code.to_owned() }
}

fn polygon(rings: &[Vec<[f64; 2]>]) -> Option<Geometry> {
    let mut polygon = Geometry::empty(GeometryKind::Polygon);
    for ring in rings.iter().filter(|ring| ring.len() >= 3) {
        polygon.xy.extend(ring);
        if ring.first() != ring.last() {
            polygon.xy.extend(ring.first());
        }
        polygon.end_line();
    }
    if polygon.ends.is_empty() {
        return None;
    }
    polygon.end_polygon();
    Some(polygon)
}

/// The layer's fields, and where those of the source stand.
struct Fields {
    all: Vec<Field>,
    node_extra: Vec<usize>,
    link_extra: Vec<usize>,
}

/// Name, type, Chinese and English title, and unit of the fields that every network has.
const COMMON: &[(&str, FieldType, &str, &str, Option<&str>)] = {
    use FieldType::{Bool, Float, Int, Text};
    &[
        (f::CODE, Text, "点号/管线编号", "Code", None),
        (f::ELEMENT, Text, "要素", "Element", None),
        (f::CLASS, Text, "管线大类", "Class", None),
        (f::SUBCLASS, Text, "管线小类", "Subclass", None),
        (f::FROM, Text, "起点点号", "From node", None),
        (f::TO, Text, "终点点号", "To node", None),
        (f::SECTION, Text, "管径或断面", "Section", None),
        (f::SHAPE, Text, "断面形状", "Shape", None),
        (f::DIAMETER, Float, "管径", "Diameter", Some("mm")),
        (f::WIDTH, Float, "断面宽", "Width", Some("mm")),
        (f::HEIGHT, Float, "断面高", "Height", Some("mm")),
        (f::CASING, Float, "套管管径", "Casing", Some("mm")),
        (f::CASING_MATERIAL, Text, "套管材质", "Casing material", None),
        (f::HOLES, Int, "总孔数", "Holes", None),
        (f::HOLES_USED, Int, "已用孔数", "Holes used", None),
        (f::CABLES, Int, "电缆条数", "Cables", None),
        (f::MATERIAL, Text, "材质", "Material", None),
        (f::LAYING, Text, "埋设方式", "Laying", None),
        (f::PRESSURE, Text, "压力(电压)", "Pressure or voltage", None),
        (f::GROUND, Float, "地面高程", "Ground", Some("m")),
        (f::GROUND_FROM, Float, "起点地面高程", "Ground at start", Some("m")),
        (f::GROUND_TO, Float, "终点地面高程", "Ground at end", Some("m")),
        (f::ELEVATION_FROM, Float, "起点管线高程", "Height at start", Some("m")),
        (f::ELEVATION_TO, Float, "终点管线高程", "Height at end", Some("m")),
        (f::DEPTH_FROM, Float, "起点埋深", "Depth at start", Some("m")),
        (f::DEPTH_TO, Float, "终点埋深", "Depth at end", Some("m")),
        (f::LEVEL, Text, "高程位置", "Height is that of", None),
        (f::BOTTOM, Float, "井底高程", "Bottom", Some("m")),
        (f::FLOW, Int, "流向", "Flow", None),
        (f::FLOW_BY, Text, "流向依据", "Flow known by", None),
        (f::ONE_WAY, Bool, "单向", "One way", None),
        (f::CLOSED, Bool, "关闭", "Closed", None),
        (f::OPERABLE, Bool, "可操作", "Operable", None),
        (f::ON_LINK, Text, "所在管线", "On link", None),
        (f::AT_NODE, Text, "所在端点", "At node", None),
        (f::LENGTH, Float, "长度", "Length", Some("m")),
        (f::BUILT, Text, "建设年代", "Built", None),
        (f::OWNER, Text, "权属单位", "Owner", None),
        (f::ROAD, Text, "道路名称", "Road", None),
        (f::FEATURE, Text, "特征", "Feature", None),
        (f::APPURTENANCE, Text, "附属物", "Appurtenance", None),
        (STATE, Text, "使用状态", "State", None),
    ]
};

impl Fields {
    fn of(draft: &Draft) -> Self {
        let mut all: Vec<Field> = COMMON
            .iter()
            .map(|&(name, kind, title, title_en, unit)| Field {
                name: name.to_owned(),
                kind,
                title: Some(title.to_owned()),
                title_en: Some(title_en.to_owned()),
                unit: unit.map(str::to_owned),
            })
            .collect();
        let mut by_name: FxHashMap<String, usize> = FxHashMap::default();
        let node_kinds = kinds(
            draft.node_fields.len(),
            draft.nodes.iter().map(|n| &n.extra).chain(draft.areas.iter().map(|a| &a.extra)),
        );
        let link_kinds = kinds(draft.link_fields.len(), draft.links.iter().map(|link| &link.extra));
        let mut place = |name: &String, kind: Option<FieldType>| {
            let kind = kind.unwrap_or(FieldType::Text);
            let position = *by_name.entry(name.clone()).or_insert_with(|| {
                let is_common = COMMON.iter().any(|common| common.0 == name);
                let name = if is_common { format!("{name}_source") } else { name.clone() };
                all.push(Field::new(name, kind));
                all.len() - 1
            });
            if let Some(field) = all.get_mut(position) {
                field.kind = field.kind.promote(kind);
            }
            position
        };
        let node_extra = draft
            .node_fields
            .iter()
            .zip(node_kinds)
            .map(|(name, kind)| place(name, kind))
            .collect();
        let link_extra = draft
            .link_fields
            .iter()
            .zip(link_kinds)
            .map(|(name, kind)| place(name, kind))
            .collect();
        Self { all, node_extra, link_extra }
    }

    fn extra(&self, row: &mut Row, positions: &[usize], extra: &[(u32, Value)]) {
        for (at, value) in extra {
            let Some(&position) = positions.get(*at as usize) else { continue };
            let kind = self.all.get(position).map_or(FieldType::Text, |field| field.kind);
            if row.0.len() <= position {
                row.0.resize(position + 1, Value::Null);
            }
            if let Some(slot) = row.0.get_mut(position) {
                *slot = value.clone().coerce(kind);
            }
        }
    }

    fn node(&self, node: &Node, draft: &Draft) -> Vec<Value> {
        let mut row = Row::default();
        row.text(f::CODE, Some(&node.code));
        row.text(f::ELEMENT, Some(node.element.unwrap_or(Element::Junction).name()));
        row.system(node.system, draft);
        row.float(f::GROUND, node.ground);
        row.float(f::BOTTOM, node.bottom);
        row.bool(f::CLOSED, node.closed);
        row.bool(f::OPERABLE, node.operable);
        row.text(f::FEATURE, node.feature.as_deref());
        row.text(f::APPURTENANCE, node.appurtenance.as_deref());
        if let Some((link, at)) = &node.on_link {
            row.text(f::ON_LINK, Some(link));
            row.text(f::AT_NODE, Some(at));
        }
        self.extra(&mut row, &self.node_extra, &node.extra);
        row.0
    }

    fn link(&self, link: &Link, draft: &Draft) -> Vec<Value> {
        let mut row = Row::default();
        row.text(f::CODE, Some(&link.code));
        row.text(f::ELEMENT, Some(link.element.unwrap_or(Element::Pipe).name()));
        row.system(link.system, draft);
        row.text(f::FROM, Some(&link.from.node));
        row.text(f::TO, Some(&link.to.node));
        row.text(f::SECTION, link.section_text.as_deref());
        match link.section {
            Some(Section::Round { diameter }) => {
                row.text(f::SHAPE, Some("round"));
                row.float(f::DIAMETER, Some(millimetres(diameter)));
            }
            Some(Section::Box { shape, width, height }) => {
                row.text(f::SHAPE, Some(shape));
                row.float(f::WIDTH, Some(millimetres(width)));
                row.float(f::HEIGHT, Some(millimetres(height)));
            }
            None => {}
        }
        row.float(f::CASING, link.casing.map(millimetres));
        row.text(f::CASING_MATERIAL, link.casing_material.as_deref());
        row.int(f::HOLES, link.holes);
        row.int(f::HOLES_USED, link.holes_used);
        row.int(f::CABLES, link.cables);
        row.text(f::MATERIAL, link.material.as_deref());
        row.text(f::LAYING, link.laying.as_deref());
        row.text(f::PRESSURE, link.pressure.as_deref());
        row.float(f::GROUND_FROM, link.from.ground);
        row.float(f::GROUND_TO, link.to.ground);
        row.float(f::ELEVATION_FROM, link.from.elevation);
        row.float(f::ELEVATION_TO, link.to.elevation);
        row.float(f::DEPTH_FROM, link.from.depth);
        row.float(f::DEPTH_TO, link.to.depth);
        row.text(f::LEVEL, link.level.map(level_name));
        if let Some((flow, by)) = link.flow {
            row.int(f::FLOW, Some(i64::from(flow)));
            row.text(f::FLOW_BY, Some(by));
        }
        row.bool(f::ONE_WAY, link.one_way);
        row.bool(f::CLOSED, link.closed);
        row.float(f::LENGTH, link.length);
        row.text(f::BUILT, link.built.as_deref());
        row.text(f::OWNER, link.owner.as_deref());
        row.text(f::ROAD, link.road.as_deref());
        row.text(STATE, link.state.as_deref());
        self.extra(&mut row, &self.link_extra, &link.extra);
        row.0
    }

    fn area(&self, area: &Area, draft: &Draft) -> Vec<Value> {
        let mut row = Row::default();
        row.text(f::CODE, Some(&area.code));
        row.text(f::ELEMENT, Some(Element::Catchment.name()));
        row.system(None, draft);
        row.text(f::TO, area.to.as_deref());
        self.extra(&mut row, &self.node_extra, &area.extra);
        row.0
    }
}

/// Returns the types that hold all values of the source's own fields.
fn kinds<'a>(
    count: usize,
    rows: impl Iterator<Item = &'a Vec<(u32, Value)>>,
) -> Vec<Option<FieldType>> {
    let mut kinds: Vec<Option<FieldType>> = vec![None; count];
    for (at, value) in rows.flatten() {
        let (Some(slot), Some(kind)) = (kinds.get_mut(*at as usize), value.kind()) else {
            continue;
        };
        *slot = Some(slot.map_or(kind, |known| known.promote(kind)));
    }
    kinds
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Top => "top",
        Level::Invert => "invert",
        Level::Centre => "centre",
    }
}

/// Changes metres to millimetres, to the micrometre, so that 0.3 m is 300.
fn millimetres(metres: f64) -> f64 {
    (metres * 1e6).round() / 1e3
}

/// Values of a record, by the positions of [`COMMON`].
#[derive(Default)]
struct Row(Vec<Value>);

impl Row {
    fn set(&mut self, name: &str, value: Value) {
        let Some(position) = COMMON.iter().position(|common| common.0 == name) else { return };
        if self.0.len() <= position {
            self.0.resize(position + 1, Value::Null);
        }
        if let Some(slot) = self.0.get_mut(position) {
            *slot = value;
        }
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.set(name, Value::Text(value.to_owned()));
        }
    }

    fn float(&mut self, name: &str, value: Option<f64>) {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.set(name, Value::Float(value));
        }
    }

    fn int(&mut self, name: &str, value: Option<i64>) {
        if let Some(value) = value {
            self.set(name, Value::Int(value));
        }
    }

    fn bool(&mut self, name: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.set(name, Value::Bool(value));
        }
    }

    fn system(&mut self, system: Option<&'static onemap_model::PipeSystem>, draft: &Draft) {
        let class = system.map(|system| system.class).or(draft.class);
        self.text(f::CLASS, class.map(onemap_model::PipeClass::code));
        self.text(
            f::SUBCLASS,
            system.filter(|system| !system.is_class()).map(|system| system.code),
        );
    }
}
