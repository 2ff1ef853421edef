//! Turns elements into records.

use onemap_model::{Geometry, GeometryKind, Record, Reject, Sink, SourceId, Stopped};

use super::element::{At, ElementKind, Tags, degrees};
use super::kept::{Kept, Relation};
use super::layers::{Facts, Layers, id_text, values};
use super::nodes::NodeStore;
use super::rings::{Failed, Line, assemble, point_inside};
use super::rules::{Form, Hit};

/// Hands records over and numbers them.
pub(super) struct Emitter<'a> {
    pub(super) sink: &'a mut dyn Sink,
    pub(super) layers: Layers,
    number: u64,
}

/// What became of an element's shape.
enum Made {
    Kept(Geometry, Vec<&'static str>),
    Rejected(String),
}

impl<'a> Emitter<'a> {
    pub(super) fn new(sink: &'a mut dyn Sink, layers: Layers) -> Self {
        Self { sink, layers, number: 0 }
    }

    /// Emits a node to its layers.
    pub(super) fn node(
        &mut self,
        id: i64,
        at: Option<At>,
        tags: Tags<'_>,
        hits: &[Hit],
    ) -> Result<(), Stopped> {
        let facts = Facts { kind: ElementKind::Node, id, tags, boundary_level: None };
        for hit in hits {
            let made = match at {
                Some(at) => Made::Kept(Geometry::point(degrees(at)), Vec::new()),
                None => {
                    Made::Rejected("the node has no coordinates, or lies off the earth".to_owned())
                }
            };
            self.hand_over(*hit, facts, made)?;
        }
        Ok(())
    }

    /// Emits a way to its layers.
    pub(super) fn way(
        &mut self,
        facts: Facts<'_>,
        refs: &[i64],
        hits: &[Hit],
        nodes: &NodeStore,
    ) -> Result<(), Stopped> {
        for hit in hits {
            let made = match hit.form {
                Form::Line | Form::Point => line(refs, nodes),
                Form::Area => area(refs, nodes),
                Form::PointInside => inside(area(refs, nodes)),
            };
            self.hand_over(*hit, facts, made)?;
        }
        Ok(())
    }

    /// Emits a relation to its layers.
    pub(super) fn relation(
        &mut self,
        relation: &Relation,
        hits: &[Hit],
        kept: &Kept,
        nodes: &NodeStore,
    ) -> Result<(), Stopped> {
        for hit in hits {
            let mut made = multipolygon(relation, kept, nodes);
            if hit.form == Form::PointInside {
                made = inside(made);
            }
            relation.with_tags(|tags| {
                let facts = Facts {
                    kind: ElementKind::Relation,
                    id: relation.id,
                    tags,
                    boundary_level: None,
                };
                self.hand_over(*hit, facts, made)
            })?;
        }
        Ok(())
    }

    fn hand_over(&mut self, hit: Hit, facts: Facts<'_>, made: Made) -> Result<(), Stopped> {
        let slot = self.layers.slot(hit.layer, self.sink)?;
        self.number += 1;
        let (number, id) = (self.number, id_text(facts.kind, facts.id));
        match made {
            Made::Kept(geometry, repairs) => {
                let (id, values) = (Some(SourceId::Text(id)), values(hit, facts));
                self.sink.record(
                    slot,
                    Record { number, id, geometry: Some(geometry), model: None, values, repairs },
                )
            }
            Made::Rejected(reason) => {
                self.sink.reject(slot, Reject { number, id: Some(id), reason })
            }
        }
    }
}

/// Makes a line of a way; a gap of missing nodes splits it.
fn line(refs: &[i64], nodes: &NodeStore) -> Made {
    let mut line = Geometry::empty(GeometryKind::MultiLineString);
    let mut missing = 0usize;
    let mut run: Vec<[f64; 2]> = Vec::new();
    let mut end_run = |run: &mut Vec<[f64; 2]>| {
        if run.len() >= 2 {
            line.xy.append(run);
            line.end_line();
        }
        run.clear();
    };
    for id in refs {
        if let Some(at) = nodes.get(*id) {
            run.push(degrees(at));
        } else {
            missing += 1;
            end_run(&mut run);
        }
    }
    end_run(&mut run);
    match line.ends.len() {
        0 if missing > 0 => return Made::Rejected(missing_nodes(missing, refs.len())),
        0 => {
            return Made::Rejected(format!(
                "a line needs two nodes, and the way has {}",
                refs.len()
            ));
        }
        1 => line.kind = GeometryKind::LineString,
        _ => {}
    }
    let repairs =
        if missing > 0 { vec!["nodes that are not in the file were left out"] } else { Vec::new() };
    Made::Kept(line, repairs)
}

/// Makes a polygon of a closed way. One with missing nodes would have a wrong shape, so it is rejected.
fn area(refs: &[i64], nodes: &NodeStore) -> Made {
    if refs.len() < 4 || refs.first() != refs.last() {
        return Made::Rejected(
            "the way is not closed, but its tags are those of an area; close it in OpenStreetMap"
                .to_owned(),
        );
    }
    let ring: Vec<[f64; 2]> = refs.iter().filter_map(|id| nodes.get(*id)).map(degrees).collect();
    if ring.len() < refs.len() {
        return Made::Rejected(missing_nodes(refs.len() - ring.len(), refs.len()));
    }
    Made::Kept(Geometry::polygon(ring), Vec::new())
}

fn inside(area: Made) -> Made {
    match area {
        Made::Kept(area, repairs) => match point_inside(&area) {
            Some(point) => Made::Kept(Geometry::point(point), repairs),
            None => Made::Rejected("the area is empty".to_owned()),
        },
        rejected @ Made::Rejected(_) => rejected,
    }
}

fn missing_nodes(missing: usize, all: usize) -> String {
    format!("{missing} of its {all} nodes are not in the file; cut the extract with complete ways")
}

fn multipolygon(relation: &Relation, kept: &Kept, nodes: &NodeStore) -> Made {
    let all = relation.ways.len();
    if all == 0 {
        return Made::Rejected("the relation has no ways".to_owned());
    }
    let mut lines = Vec::with_capacity(all);
    for (way, is_inner) in &relation.ways {
        let refs = kept.nodes_of(*way);
        let at: Vec<At> = refs.iter().filter_map(|id| nodes.get(*id)).collect();
        if refs.len() >= 2 && at.len() == refs.len() {
            lines.push(Line { nodes: refs.to_vec(), at, is_inner: *is_inner });
        }
    }
    let missing = all - lines.len();
    let lost = || {
        format!(
            "{missing} of its {all} ways are not completely in the file, and the others do not make it up; cut the extract with complete relations"
        )
    };
    match assemble(&lines, missing > 0) {
        // A scrap of a large area would show it where it is not.
        Ok(made) if (missing + made.open_ways).saturating_mul(2) > all => Made::Rejected(lost()),
        Ok(made) => {
            let mut repairs = Vec::new();
            if missing + made.open_ways > 0 {
                repairs.push("parts of the relation that do not close were left out");
            }
            if made.has_flat_rings {
                repairs.push("rings without an inside were left out");
            }
            Made::Kept(made.geometry, repairs)
        }
        Err(Failed::NoRing) if missing > 0 => Made::Rejected(lost()),
        Err(Failed::NoRing) => Made::Rejected(
            "its ways do not join to a closed ring; mend the relation in OpenStreetMap".to_owned(),
        ),
        Err(Failed::TooLarge) => {
            Made::Rejected("it has more rings than are put together; split it".to_owned())
        }
    }
}
