//! Reads OpenStreetMap data, PBF and XML, into the default layers of [`rules`].
//!
//! A way knows its nodes by number, a relation its ways, so the file is read four times: relations (which
//! ways are needed?), ways (which nodes are needed?), nodes (where are they? points are emitted), ways again
//! (lines and areas are emitted); then the relations are put together. What is held in memory is 16 bytes
//! for every node that some kept way needs, and the members of relations that become areas.
//!
//! A record is an object that meets a layer's rule; one that meets the rules of several layers is a record
//! of each. What meets none is counted in a note. Objects are named `n1`, `w2`, `r3`. Author, version and
//! time of the last edit are not kept. Coordinates are kept to OSM's own resolution of 1e-7 degrees.

mod element;
mod emit;
mod kept;
mod layers;
mod nodes;
mod pbf;
mod rings;
mod rules;
mod units;
mod xml;

use onemap_model::{Note, Sink};

use self::element::{Element, Kinds, Tags, Visitor};
use self::emit::Emitter;
use self::kept::Kept;
use self::layers::{Facts, Layers};
use self::nodes::NodeStore;
use self::pbf::Pbf;
use self::rules::{Hit, WayFacts};
use crate::limits::{MAX_OSM_MEMBERS, MAX_OSM_NODES};
use crate::{Error, Format, Options, Source};

/// How often the file is read.
const PASSES: u64 = 4;

/// Reads an OSM PBF or XML file.
pub(crate) fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    let total = std::fs::metadata(&source.path).map_err(|e| Error::io(source, e))?.len();
    let mut import = Import {
        source,
        out: Emitter::new(sink, Layers::new(source, options)),
        kept: Kept::default(),
        nodes: NodeStore::default(),
        hits: Vec::new(),
        counts: Counts::default(),
        pass: Pass::Relations,
        last: None,
        total,
    };
    let mut file = match source.format {
        Format::OsmPbf => File::Pbf(Pbf::default()),
        _ => File::Xml,
    };
    file.scan(source, Kinds::RELATIONS, &mut import)?;
    import.pass = Pass::WaysForNodes;
    file.scan(source, Kinds::WAYS, &mut import)?;
    import.nodes.seal().map_err(|_| too_many_nodes(source))?;
    import.pass = Pass::Nodes;
    file.scan(source, Kinds::NODES, &mut import)?;
    import.pass = Pass::Ways;
    file.scan(source, Kinds::WAYS, &mut import)?;
    import.relations()?;
    let Import { out, counts, .. } = import;
    counts.tell(out.sink);
    Ok(())
}

enum File {
    Pbf(Pbf),
    Xml,
}

impl File {
    fn scan(
        &mut self,
        source: &Source,
        wanted: Kinds,
        import: &mut Import<'_>,
    ) -> Result<(), Error> {
        match self {
            Self::Pbf(pbf) => pbf.scan(source, wanted, import),
            Self::Xml => {
                let deleted = xml::scan(source, wanted, import)?;
                // Ways are read twice.
                if import.pass != Pass::Ways {
                    import.counts.deleted += deleted;
                }
                Ok(())
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    Relations,
    WaysForNodes,
    Nodes,
    Ways,
}

/// What met no rule.
#[derive(Debug, Default)]
struct Counts {
    plain_nodes: u64,
    tagged_nodes: u64,
    plain_ways: u64,
    tagged_ways: u64,
    /// Relations that are no areas: routes, turn restrictions and the like.
    other_relations: u64,
    area_relations: u64,
    deleted: u64,
    off_earth: u64,
    twice: u64,
}

impl Counts {
    fn tell(&self, sink: &mut dyn Sink) {
        let left: Vec<String> = [
            (self.plain_nodes, "nodes without tags (vertices of ways)"),
            (self.tagged_nodes, "tagged nodes of no default layer"),
            (self.plain_ways, "ways without tags"),
            (self.tagged_ways, "tagged ways of no default layer"),
            (self.area_relations, "area relations of no default layer"),
            (self.other_relations, "relations that are no areas (routes, restrictions, ...)"),
            (self.deleted, "deleted objects"),
        ]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
        if !left.is_empty() {
            sink.note(None, Note::assumed(format!("no records were made of {}", left.join(", "))));
        }
        if self.twice > 0 {
            let text = format!(
                "{} objects occur twice, as in files that were merged; the first was taken",
                self.twice
            );
            sink.note(None, Note::warning(text));
        }
        if self.off_earth > 0 {
            let text =
                format!("{} nodes have no coordinates, or lie off the earth", self.off_earth);
            sink.note(None, Note::warning(text));
        }
    }
}

/// An import under way.
struct Import<'a> {
    source: &'a Source,
    out: Emitter<'a>,
    kept: Kept,
    nodes: NodeStore,
    hits: Vec<Hit>,
    counts: Counts,
    pass: Pass,
    /// The element before, to notice one that occurs twice: files are sorted.
    last: Option<(Pass, i64)>,
    total: u64,
}

impl Visitor for Import<'_> {
    fn element(&mut self, element: Element<'_>) -> Result<(), Error> {
        let (Element::Node { id, .. } | Element::Way { id, .. } | Element::Relation { id, .. }) =
            element;
        if self.last.replace((self.pass, id)) == Some((self.pass, id)) {
            self.counts.twice += u64::from(self.pass != Pass::Ways);
            return Ok(());
        }
        match (self.pass, element) {
            (Pass::Relations, Element::Relation { id, members, tags }) => {
                if !matches!(tags.get("type"), Some("multipolygon" | "boundary")) {
                    self.counts.other_relations += 1;
                    return Ok(());
                }
                self.find_of_relation(tags);
                if self.hits.is_empty() {
                    self.counts.area_relations += 1;
                    return Ok(());
                }
                self.kept.relation(id, members, tags).map_err(|_| too_many_members(self.source))
            }
            (Pass::WaysForNodes, Element::Way { id, refs, tags }) => {
                self.find_of_way(id, refs, tags);
                let is_member =
                    self.kept.way(id, refs).map_err(|_| too_many_members(self.source))?;
                if is_member || !self.hits.is_empty() {
                    return self.nodes.want(refs).map_err(|_| too_many_nodes(self.source));
                }
                if tags.is_empty() {
                    self.counts.plain_ways += 1;
                } else {
                    self.counts.tagged_ways += 1;
                }
                Ok(())
            }
            (Pass::Nodes, Element::Node { id, at, tags }) => {
                match at {
                    Some(at) => self.nodes.set(id, at),
                    None => self.counts.off_earth += 1,
                }
                if tags.is_empty() {
                    self.counts.plain_nodes += 1;
                    return Ok(());
                }
                rules::of_node(tags, &mut self.hits);
                self.drop_unwanted();
                self.counts.tagged_nodes += u64::from(self.hits.is_empty());
                Ok(self.out.node(id, at, tags, &self.hits)?)
            }
            (Pass::Ways, Element::Way { id, refs, tags }) => {
                self.find_of_way(id, refs, tags);
                if self.hits.is_empty() {
                    return Ok(());
                }
                let boundary_level = self.kept.boundary_level(id);
                let facts = Facts { kind: element::ElementKind::Way, id, tags, boundary_level };
                Ok(self.out.way(facts, refs, &self.hits, &self.nodes)?)
            }
            _ => Ok(()),
        }
    }

    fn progress(&mut self, read: u64) {
        let done = (self.pass as u64).saturating_mul(self.total).saturating_add(read);
        self.out.sink.progress(done, self.total.saturating_mul(PASSES));
    }
}

impl Import<'_> {
    fn find_of_way(&mut self, id: i64, refs: &[i64], tags: Tags<'_>) {
        let is_closed = refs.len() >= 4 && refs.first() == refs.last();
        let in_boundary = self.kept.is_in_boundary(id);
        rules::of_way(tags, WayFacts { is_closed, in_boundary }, &mut self.hits);
        self.drop_unwanted();
    }

    fn find_of_relation(&mut self, tags: Tags<'_>) {
        rules::of_area_relation(tags, &mut self.hits);
        self.drop_unwanted();
    }

    fn drop_unwanted(&mut self) {
        let layers = &self.out.layers;
        self.hits.retain(|hit| layers.wants(hit.layer));
    }

    fn relations(&mut self) -> Result<(), Error> {
        for relation in std::mem::take(&mut self.kept.relations) {
            relation.with_tags(|tags| self.find_of_relation(tags));
            self.out.relation(&relation, &self.hits, &self.kept, &self.nodes)?;
        }
        Ok(())
    }
}

const REMEDY: &str = "cut it into smaller areas with 'osmium extract'";

fn too_many_nodes(source: &Source) -> Error {
    let reason = format!("its roads, buildings and areas have more than {MAX_OSM_NODES} nodes");
    Error::unsupported(source, reason, REMEDY)
}

fn too_many_members(source: &Source) -> Error {
    let reason = format!("its area relations have more than {MAX_OSM_MEMBERS} members");
    Error::unsupported(source, reason, REMEDY)
}

#[cfg(test)]
mod tests;
