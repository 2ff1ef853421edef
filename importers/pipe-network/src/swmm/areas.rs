//! Subcatchments and their outlines.

use onemap_model::{Note, Value};

use super::nodes::{self, place};
use super::{Read, Reader, at_least, key};
use crate::draft::{Area, Origin};
use crate::input::{Line, short};
use crate::model::put;

impl Reader<'_> {
    /// Reads a subcatchment: id, rain gage, node or subcatchment that it drains to, area, part that is impervious.
    pub(super) fn subcatchment(&mut self, origin: Origin, line: &Line<'_>) -> Read {
        at_least(line, 8)?;
        let id = line.word(0).unwrap_or_default();
        if let Some(first) = self.areas.get(&key(id)).and_then(|&at| self.draft.areas.get(at)) {
            let first = first.origin.record;
            let id = short(id);
            return Err(format!("the id '{id}' is that of the subcatchment in line {first} too"));
        }
        let mut area = Area { origin, code: id.to_owned(), ..Area::default() };
        let outlet = line.word(2).unwrap_or_default();
        if let Some(node) = self.node_of(outlet).ok().and_then(|at| self.draft.nodes.get(at)) {
            area.to = Some(node.code.clone());
        }
        put(&mut area.extra, nodes::OUTLET, Value::Text(outlet.to_owned()));
        let gage = line.word(1).unwrap_or_default().to_owned();
        put(&mut area.extra, nodes::RAINGAGE, Value::Text(gage));
        if let Some(size) = line.optional(3)? {
            put(&mut area.extra, nodes::AREA, Value::Float(self.units.hectares(size)));
        }
        if let Some(part) = line.optional(4)? {
            put(&mut area.extra, nodes::IMPERVIOUS, Value::Float(part));
        }
        self.areas.insert(key(id), self.draft.areas.len());
        self.draft.areas.push(area);
        Ok(())
    }

    /// Reads a corner of the outline of a subcatchment. Those of storage units, which SWMM 5.2 may have, are left out.
    pub(super) fn outline(&mut self, line: &Line<'_>) {
        let id = line.word(0).unwrap_or_default();
        let at = self.areas.get(&key(id)).copied();
        let area = at.and_then(|at| self.draft.areas.get_mut(at));
        match (place(line), area) {
            (Some(place), Some(area)) => {
                if area.rings.is_empty() {
                    area.rings.push(Vec::new());
                }
                if let Some(ring) = area.rings.first_mut() {
                    ring.push(place);
                    self.corners += 1;
                }
            }
            (Some(_), None) if self.nodes.contains_key(&key(id)) => {}
            _ => self.lost_places += 1,
        }
    }

    /// Takes out subcatchments that can not be drawn: a model does not need outlines.
    pub(super) fn drop_areas_without_outline(&mut self) {
        let all = self.draft.areas.len();
        self.draft.areas.retain(|area| area.rings.iter().any(|ring| ring.len() >= 3));
        let dropped = all - self.draft.areas.len();
        if dropped > 0 {
            self.draft.notes.push(Note::warning(format!(
                "{dropped} of {all} subcatchments have no outline in section [Polygons] and are not shown"
            )));
        }
    }
}
