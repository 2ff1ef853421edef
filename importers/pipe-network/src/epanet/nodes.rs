//! Junctions, reservoirs, tanks, and what is said of nodes elsewhere.

use std::collections::hash_map::Entry;

use onemap_model::{Element, Value};

use super::{Read, Reader, set};
use crate::draft::{Node, Origin};
use crate::input::{self, Line, needed};

/// Fields of nodes that networks have not in common.
pub(super) const FIELDS: &[&str] = &[
    "demand_l_s",
    "pattern",
    "emitter",
    "tank_diameter_m",
    "level_initial_m",
    "level_min_m",
    "level_max_m",
    "volume_min_m3",
    "volume_curve",
    "tag",
    "description",
];

/// Demands of a junction: their sum, litres per second, and the pattern of the first.
#[derive(Debug, Clone, Default)]
pub(super) struct Demand {
    sum: f64,
    pattern: Value,
}

impl Reader<'_> {
    /// Reads a junction: id, elevation, demand, pattern.
    pub(super) fn junction(&mut self, origin: Origin, line: &Line<'_>) -> Read {
        let code = self.id(line, false)?;
        let z = line.optional(1)?.unwrap_or(0.0) * self.units.length();
        let demand = line.optional(2)?.map(|demand| demand * self.units.flow);
        let pattern = line.word(3).map(|word| self.pattern(word)).transpose()?;
        let node =
            Node { origin, code, element: Some(Element::Junction), z: Some(z), ..Node::default() };
        let values = [("demand_l_s", demand.map(Value::Float)), ("pattern", pattern)];
        self.add(node, values, line);
        Ok(())
    }

    /// Reads a reservoir (id, head, pattern) or tank (id, elevation, levels, diameter, volume, curve, overflow), which of
    /// the two the number of words and the diameter tell, not the section.
    pub(super) fn tank(&mut self, origin: Origin, line: &Line<'_>) -> Read {
        let code = self.id(line, false)?;
        let length = self.units.length();
        let Some(word) = line.word(1) else { return Err("the height is missing".into()) };
        let z = needed(word)? * length;
        let mut node = Node { origin, code, z: Some(z), ..Node::default() };
        if line.words.len() <= 3 {
            node.element = Some(Element::Reservoir);
            let pattern = line.word(2).map(|word| self.pattern(word)).transpose()?;
            self.add(node, [("pattern", pattern)], line);
            return Ok(());
        }
        if line.words.len() < 6 {
            return Err(
                "a tank needs elevation, initial, least and greatest level, and diameter".into()
            );
        }
        let mut values = [0.0; 5];
        for (value, at) in values.iter_mut().zip(2..) {
            *value = line.optional(at)?.unwrap_or(0.0);
            if *value < 0.0 {
                return Err(format!("'{value}' is less than nothing"));
            }
        }
        let [initial, least, greatest, diameter, volume] = values;
        let curve = line.word(7).filter(|word| *word != "*");
        let curve = curve.map(|word| self.curve(word)).transpose()?;
        if let Some(word) = line.word(8)
            && !input::begins(word, "YES")
            && !input::begins(word, "NO")
        {
            return Err(format!("'{}' is not YES or NO for an overflow", super::short(word)));
        }
        // Without an area nothing is stored.
        if diameter == 0.0 {
            node.element = Some(Element::Reservoir);
        } else {
            node.element = Some(Element::Tank);
            node.bottom = Some(z);
        }
        let metres = |value: f64| Some(Value::Float(value * length));
        let values = [
            ("tank_diameter_m", metres(diameter)),
            ("level_initial_m", metres(initial)),
            ("level_min_m", metres(least)),
            ("level_max_m", metres(greatest)),
            ("volume_min_m3", Some(Value::Float(volume * self.units.volume()))),
            ("volume_curve", curve),
        ];
        self.add(node, values, line);
        Ok(())
    }

    fn add<const N: usize>(
        &mut self,
        mut node: Node,
        values: [(&str, Option<Value>); N],
        line: &Line<'_>,
    ) {
        let description = (!line.comment.is_empty()).then(|| Value::Text(line.comment.to_owned()));
        for (name, value) in values.into_iter().chain([("description", description)]) {
            set(&mut node.extra, FIELDS, name, value.unwrap_or_default());
        }
        self.nodes.insert(node.code.clone(), self.draft.nodes.len());
        self.draft.nodes.push(node);
    }

    /// Reads a demand: node, flow, pattern, category.
    pub(super) fn demand(&mut self, line: &Line<'_>) -> Read {
        let (Some(id), Some(flow)) = (line.word(0), line.word(1)) else {
            return Err("a demand needs a node and a flow".into());
        };
        let i = self.node_of(id)?;
        let flow = needed(flow)? * self.units.flow;
        let pattern = line.word(2).map(|word| self.pattern(word)).transpose()?.unwrap_or_default();
        match self.demands.entry(i) {
            Entry::Occupied(known) => known.into_mut().sum += flow,
            Entry::Vacant(new) => drop(new.insert(Demand { sum: flow, pattern })),
        }
        Ok(())
    }

    /// Puts the demands in the place of those of the junctions.
    pub(super) fn set_demands(&mut self) {
        for (i, demand) in std::mem::take(&mut self.demands) {
            let Some(node) = self.draft.nodes.get_mut(i) else { continue };
            if node.element == Some(Element::Junction) {
                set(&mut node.extra, FIELDS, "demand_l_s", Value::Float(demand.sum));
                set(&mut node.extra, FIELDS, "pattern", demand.pattern);
            }
        }
    }

    /// Reads an emitter: node, coefficient.
    pub(super) fn emitter(&mut self, line: &Line<'_>) -> Read {
        let (Some(id), Some(coefficient)) = (line.word(0), line.word(1)) else {
            return Err("an emitter needs a node and a coefficient".into());
        };
        let i = self.node_of(id)?;
        let coefficient = needed(coefficient)?;
        if coefficient < 0.0 {
            return Err(format!("the coefficient {coefficient} is less than nothing"));
        }
        if let Some(node) = self.draft.nodes.get_mut(i) {
            set(&mut node.extra, FIELDS, "emitter", Value::Float(coefficient));
        }
        Ok(())
    }

    /// Reads the place of a node: id, x, y. EPANET passes over what it can not read here.
    pub(super) fn coordinates(&mut self, line: &Line<'_>) {
        let node = line.word(0).and_then(|id| self.nodes.get(id).copied());
        let (Some(i), Some(at)) = (node, place(line)) else {
            self.lost_places += 1;
            return;
        };
        if let Some(node) = self.draft.nodes.get_mut(i) {
            node.at = at;
            self.placed.insert(i);
        }
    }
}

/// Reads a place: the second and third word.
pub(super) fn place(line: &Line<'_>) -> Option<[f64; 2]> {
    Some([input::number(line.word(1)?)?, input::number(line.word(2)?)?])
}
