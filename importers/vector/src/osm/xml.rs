//! Reads OSM XML (wiki.openstreetmap.org/wiki/OSM_XML), plain or gzipped.

use onemap_bounded::{Error as Guard, XmlEvent, XmlReader, XmlStart};
use onemap_source::Input;

use super::element::{At, Element, ElementKind, Kinds, Member, Tags, Visitor, at_checked};
use crate::limits::{MAX_OSM_REFS, MAX_OSM_TAG_BYTES, MAX_OSM_TAGS};
use crate::{Error, Source};

const REMEDY: &str = "download it again, or check it with 'osmium fileinfo -e'";

/// Goes over the file once. Returns how many elements are marked as deleted.
pub(super) fn scan(
    source: &Source,
    wanted: Kinds,
    visitor: &mut dyn Visitor,
) -> Result<u64, Error> {
    let reader = Input::open(source)?;
    let progress = reader.progress();
    let broken = |e: Guard| Error::bounded(source, None, e);
    let mut xml = XmlReader::new(reader).map_err(broken)?;
    let mut draft = Draft::default();
    let mut deleted = 0;
    let mut since_progress = 0;
    let mut has_root = false;
    loop {
        // Directly inside the root, where the elements stand.
        let outer = xml.depth() == 1;
        let closes_element = xml.depth() == 2;
        match xml.read().map_err(broken)? {
            XmlEvent::Start(start) if !has_root => {
                check_root(source, start.local_name())?;
                has_root = true;
            }
            XmlEvent::Start(start) if outer => {
                let kind = match start.local_name() {
                    "node" if wanted.nodes => ElementKind::Node,
                    "way" if wanted.ways => ElementKind::Way,
                    "relation" if wanted.relations => ElementKind::Relation,
                    _ => {
                        xml.skip_element().map_err(broken)?;
                        continue;
                    }
                };
                draft.begin(kind, &start).map_err(broken)?;
            }
            XmlEvent::Start(start) => draft.child(&start).map_err(broken)?,
            XmlEvent::End("node" | "way" | "relation") if closes_element => {
                if draft.deleted {
                    deleted += 1;
                } else {
                    draft.emit(visitor)?;
                }
                since_progress += 1;
                if since_progress == 10_000 {
                    since_progress = 0;
                    visitor.progress(progress.done());
                }
            }
            XmlEvent::End(_) | XmlEvent::Text(_) => {}
            XmlEvent::Eof if has_root => break,
            XmlEvent::Eof => return Err(Error::broken(source, None, "it is empty", REMEDY)),
        }
    }
    visitor.progress(progress.total());
    Ok(deleted)
}

fn check_root(source: &Source, name: &str) -> Result<(), Error> {
    match name {
        "osm" => Ok(()),
        "osmChange" => {
            let remedy = "apply it to a full file with 'osmium apply-changes' and import that";
            Err(Error::unsupported(source, "it holds changes, not a map", remedy))
        }
        other => {
            let reason = format!("its first element is <{other}>, not <osm>");
            Err(Error::broken(source, None, reason, REMEDY))
        }
    }
}

/// The element that is being read. Its texts stand one after the other in one string.
#[derive(Default)]
struct Draft {
    kind: Option<ElementKind>,
    id: i64,
    at: Option<At>,
    deleted: bool,
    texts: String,
    /// Ends of key and value in `texts`.
    tags: Vec<(usize, usize)>,
    refs: Vec<i64>,
    members: Vec<(ElementKind, i64, String)>,
}

impl Draft {
    fn begin(&mut self, kind: ElementKind, start: &XmlStart<'_>) -> Result<(), Guard> {
        self.kind = Some(kind);
        self.texts.clear();
        self.tags.clear();
        self.refs.clear();
        self.members.clear();
        self.deleted = false;
        let (mut id, mut lat, mut lon) = (None, None, None);
        for attribute in start.attributes() {
            let attribute = attribute?;
            match attribute.name {
                "id" => id = attribute.value.trim().parse().ok(),
                "lat" => lat = fixed(&attribute.value),
                "lon" => lon = fixed(&attribute.value),
                "visible" => self.deleted |= attribute.value == "false",
                "action" => self.deleted |= attribute.value == "delete",
                _ => {}
            }
        }
        self.id = id.ok_or_else(|| malformed(start.local_name(), "id"))?;
        self.at = lon.zip(lat).and_then(|(lon, lat)| at_checked(lon, lat));
        Ok(())
    }

    fn child(&mut self, start: &XmlStart<'_>) -> Result<(), Guard> {
        let required =
            |name: &str| start.attribute(name)?.ok_or_else(|| malformed(start.local_name(), name));
        let number = |name: &str| {
            required(name)?.trim().parse().map_err(|_| malformed(start.local_name(), name))
        };
        let many = self.refs.len() + self.members.len() > MAX_OSM_REFS;
        if many || self.tags.len() > MAX_OSM_TAGS || self.texts.len() > MAX_OSM_TAG_BYTES {
            let limit = MAX_OSM_REFS as u64;
            return Err(Guard::Limit { what: "an object in OSM XML", limit, unit: "parts" });
        }
        match start.local_name() {
            "tag" => {
                self.texts.push_str(&required("k")?);
                let middle = self.texts.len();
                self.texts.push_str(&required("v")?);
                self.tags.push((middle, self.texts.len()));
            }
            "nd" => self.refs.push(number("ref")?),
            "member" => {
                let kind = match required("type")?.as_ref() {
                    "node" => ElementKind::Node,
                    "way" => ElementKind::Way,
                    "relation" => ElementKind::Relation,
                    _ => return Err(malformed("member", "type")),
                };
                let role = start.attribute("role")?.unwrap_or_default().into_owned();
                self.members.push((kind, number("ref")?, role));
            }
            _ => {}
        }
        Ok(())
    }

    fn emit(&mut self, visitor: &mut dyn Visitor) -> Result<(), Error> {
        let mut tags = Vec::with_capacity(self.tags.len());
        let mut begin = 0;
        for (middle, end) in &self.tags {
            let key = self.texts.get(begin..*middle).unwrap_or_default();
            let value = self.texts.get(*middle..*end).unwrap_or_default();
            tags.push((key, value));
            begin = *end;
        }
        let (id, tags) = (self.id, Tags(&tags));
        match self.kind.take() {
            Some(ElementKind::Node) => visitor.element(Element::Node { id, at: self.at, tags }),
            Some(ElementKind::Way) => visitor.element(Element::Way { id, refs: &self.refs, tags }),
            Some(ElementKind::Relation) => {
                let members: Vec<Member<'_>> = self
                    .members
                    .iter()
                    .map(|(kind, id, role)| Member { kind: *kind, id: *id, role })
                    .collect();
                visitor.element(Element::Relation { id, members: &members, tags })
            }
            None => Ok(()),
        }
    }
}

/// Reads degrees into units of 1e-7.
fn fixed(text: &str) -> Option<i64> {
    let degrees: f64 = text.trim().parse().ok()?;
    (degrees.abs() <= 360.0).then(|| (degrees * 1e7).round() as i64)
}

fn malformed(element: &str, attribute: &str) -> Guard {
    let detail = format!("<{element}> has no valid attribute '{attribute}'");
    Guard::Malformed { what: "OSM XML", offset: 0, detail }
}
