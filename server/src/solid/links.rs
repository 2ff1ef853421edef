//! How a layer's tilesets name what they are made of.

use onemap_model::{GeoCell, Timestamp, ViewSpec, When};
use onemap_store::LayerView;
use onemap_tile_tree::{Links, Node, Templates};

use super::times::{Timeline, name_of};
use super::{Piece, SolidRequest, key, slice_of};
use crate::cache::{TileKey, etag};
use crate::http::Encoding;

/// Digits that contents name their version by, hexadecimal.
const VERSION_DIGITS: usize = 16;
/// The parameter that names a content's version.
pub(crate) const VERSION: &str = "v";

/// Returns what the address of a content says of its version: the same for all encodings.
pub(super) fn version(key: &TileKey) -> String {
    let key = TileKey { encoding: Encoding::Identity, ..key.clone() };
    let tag = etag(std::slice::from_ref(&key), Encoding::Identity);
    let digits = tag.to_str().unwrap_or_default().trim_matches('"');
    digits.get(..VERSION_DIGITS).unwrap_or(digits).to_owned()
}

/// The addresses in a layer's tileset.
pub(super) struct Addresses<'a> {
    request: &'a SolidRequest,
    layer: &'a LayerView<'a>,
    timeline: Option<&'a Timeline>,
    /// The query of tilesets.
    query: String,
    /// The way up to the layer's folder.
    below: &'static str,
}

impl<'a> Addresses<'a> {
    /// Makes those in the tileset of a layer, or of a node.
    pub(super) fn new(
        request: &'a SolidRequest,
        layer: &'a LayerView<'a>,
        timeline: Option<&'a Timeline>,
        is_below: bool,
    ) -> Self {
        let query = request.carried(layer);
        Self { request, layer, timeline, query, below: if is_below { "../../../" } else { "" } }
    }
}

impl Links for Addresses<'_> {
    fn tileset(&self, node: &Node) -> String {
        format!("{}n/{}.json{}", self.below, node.cell, with_query(&self.query, ""))
    }

    /// The address of a content is the same at all instants between two changes of what is in its cell.
    fn content(&self, node: &Node) -> String {
        let piece = Piece::Node(node.cell);
        let key = key(self.request, self.layer, piece, Encoding::Identity, self.timeline);
        let version = key.map(|key| format!("{VERSION}={}", version(&key))).unwrap_or_default();
        let query = match (self.request.spec.when, self.timeline) {
            (When::At(at), Some(_)) => {
                let slice = slice_of(self.layer, self.timeline, node.cell);
                let instant = slice.ok().map(|slice| name_of(slice.from, at));
                carried(&self.request.query, &self.request.spec, instant)
            }
            _ => self.query.clone(),
        };
        format!("{}c/{}.glb{}", self.below, node.cell, with_query(&query, &version))
    }
}

/// How an implicit tileset names its parts: below the cell of its root, in case that becomes another.
pub(super) struct Below {
    /// The query of all parts.
    pub(super) query: String,
}

impl Below {
    fn template(&self, root: GeoCell, folder: &str, extension: &str) -> String {
        let query = with_query(&self.query, "");
        format!("{root}/{folder}/{{level}}/{{x}}/{{y}}.{extension}{query}")
    }
}

impl Templates for Below {
    fn subtrees(&self, root: GeoCell) -> String {
        self.template(root, "s", "subtree")
    }

    fn contents(&self, root: GeoCell) -> String {
        self.template(root, "c", "glb")
    }
}

impl SolidRequest {
    /// Returns the query that tilesets below carry: its instant is that of the layer's last change before, so that all
    /// instants until the next share them.
    pub(crate) fn carried(&self, layer: &LayerView<'_>) -> String {
        let from = layer.slice().map_or(i64::MIN, |slice| slice.from);
        let instant = (from != i64::MIN).then(|| Timestamp::from_micros(from));
        carried(&self.query, &self.spec, instant)
    }
}

/// Returns the query that what is named carries: the request's own without the version, with another instant if one is given.
fn carried(query: &str, spec: &ViewSpec, instant: Option<Timestamp>) -> String {
    let name = |pair: &str| pair.split('=').next().unwrap_or_default().to_owned();
    let kept = query.split('&').filter(|pair| !pair.is_empty() && name(pair) != VERSION);
    let pairs: Vec<String> = kept
        .map(|pair| match (name(pair).as_str(), instant) {
            ("datetime", Some(at)) if matches!(spec.when, When::At(_)) => format!("datetime={at}"),
            _ => pair.to_owned(),
        })
        .collect();
    pairs.join("&")
}

fn with_query(query: &str, more: &str) -> String {
    let parts: Vec<&str> = [query, more].into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_carried_keeps_all_but_the_version() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap_or_else(|_| unreachable!());
        let mut spec = ViewSpec::default();
        assert_eq!(carried("v=1&state=planned&enc=plain", &spec, None), "state=planned&enc=plain");
        spec.when = When::At(time("2020-05-01"));
        let carried = carried("datetime=2020-05-01&x=1", &spec, Some(time("2019-01-01")));
        assert_eq!(carried, "datetime=2019-01-01&x=1");
    }
}
