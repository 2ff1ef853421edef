//! Tilesets as JSON (3D Tiles 1.1, OGC 22-025r4).

use onemap_crs::LocalFrame;
use onemap_model::{Bounds, GeoCell};
use serde_json::{Value, json};

use crate::error_metres::error_of_nothing;
use crate::node::Node;
use crate::tree::TileTree;

/// Levels of nodes in one file: at most 85 nodes, some 30 kB. What is below is in files of its own, which clients load when
/// they come near.
const LEVELS: u8 = 4;

/// How a tileset names what it is made of, relative to itself or absolute.
pub trait Links {
    /// Returns the address of the tileset of a node and what is below.
    fn tileset(&self, node: &Node) -> String;
    /// Returns the address of a node's content.
    fn content(&self, node: &Node) -> String;
}

/// Returns the tileset of a node and what is below it, each level coarser than the next (`REPLACE`). Without a node it is
/// that of the whole tree, or of nothing.
///
/// A node's frame is stated relative to that of the node above, as transforms are (clause 7.4.1); the tileset of a
/// node other than the root is to be named by a tile whose frame is the parent's.
pub fn tileset(tree: &TileTree, of: Option<GeoCell>, links: &dyn Links) -> Option<Value> {
    let node = match of {
        Some(cell) => tree.node(cell)?,
        None => match tree.root() {
            Some(root) => root,
            None => return Some(whole(&empty_tile(), 0.0)),
        },
    };
    let above = tree.parent(node.cell).map(Node::frame);
    let root = tile(tree, node, above, LEVELS, links);
    // What is wrong when the tileset is not shown at all.
    let error = match above {
        Some(_) => node.geometric_error(),
        None => error_of_nothing(node.cell.z()),
    };
    Some(whole(&root, error))
}

/// A layer's tileset, as a tileset of several layers names it.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its address.
    pub uri: String,
    /// Box of its features, degrees, and their heights, metres.
    pub bounds: Bounds,
    /// Least and greatest ellipsoidal height, metres.
    pub heights: [f64; 2],
    /// The geometric error that its own tileset states.
    pub error: f64,
}

/// Returns a tileset of several others, which show together.
pub fn composite(members: &[Member]) -> Value {
    let error = members.iter().map(|member| member.error).fold(0.0, f64::max);
    let mut root = empty_tile();
    let bounds = members.iter().map(|member| member.bounds).reduce(Bounds::union);
    if let Some(bounds) = bounds {
        let low = members.iter().map(|member| member.heights[0]).fold(f64::INFINITY, f64::min);
        let high = members.iter().map(|member| member.heights[1]).fold(f64::NEG_INFINITY, f64::max);
        let children: Vec<Value> = members
            .iter()
            .map(|member| {
                json!({
                    "boundingVolume": { "region": region(&member.bounds, member.heights) },
                    "geometricError": member.error,
                    "content": { "uri": member.uri },
                })
            })
            .collect();
        // Without content of its own it has all to gain from its children.
        root = json!({
            "boundingVolume": { "region": region(&bounds, [low, high]) },
            "geometricError": 2.0 * error.max(1.0),
            "refine": "ADD",
            "children": children,
        });
    }
    whole(&root, 2.0 * error.max(1.0))
}

pub(crate) fn whole(root: &Value, error: f64) -> Value {
    json!({
        "asset": { "version": "1.1", "generator": concat!("onemap ", env!("CARGO_PKG_VERSION")) },
        "geometricError": error,
        "root": root,
    })
}

/// A tile of a layer without features: it has to have a volume.
pub(crate) fn empty_tile() -> Value {
    json!({
        "boundingVolume": { "sphere": [0.0, 0.0, 0.0, 1.0] },
        "geometricError": 0.0,
        "refine": "ADD",
    })
}

fn tile(
    tree: &TileTree,
    node: &Node,
    above: Option<LocalFrame>,
    levels: u8,
    links: &dyn Links,
) -> Value {
    let frame = node.frame();
    let transform = above.map_or_else(|| frame.matrix(), |above| above.matrix_from(&frame));
    let mut tile = json!({
        "boundingVolume": { "region": region_of(node) },
        "geometricError": node.geometric_error(),
        "refine": "REPLACE",
        "transform": transform,
        "content": { "uri": links.content(node) },
    });
    if !node.is_leaf() {
        let children = tree.children(node).map(|child| {
            if levels > 1 || child.is_leaf() {
                return self::tile(tree, child, Some(frame), levels.saturating_sub(1), links);
            }
            // The root of an external tileset states the error again.
            json!({
                "boundingVolume": { "region": region_of(child) },
                "geometricError": child.geometric_error(),
                "content": { "uri": links.tileset(child) },
            })
        });
        tile["children"] = children.collect();
    }
    tile
}

fn region_of(node: &Node) -> [f64; 6] {
    let (bounds, heights) = node.volume();
    region(&bounds, heights)
}

/// Returns a region (clause 7.3.2): west, south, east, north in radians, least and greatest height; a little larger than the
/// box, for what rounding takes.
pub(crate) fn region(bounds: &Bounds, [low, high]: [f64; 2]) -> [f64; 6] {
    // A millimetre.
    const MARGIN: f64 = 1e-8;
    let Bounds { west, south, east, north } = *bounds;
    [
        (west - MARGIN).to_radians().max(-std::f64::consts::PI),
        (south - MARGIN).to_radians().max(-std::f64::consts::FRAC_PI_2),
        (east + MARGIN).to_radians().min(std::f64::consts::PI),
        (north + MARGIN).to_radians().min(std::f64::consts::FRAC_PI_2),
        low - 1e-3,
        high + 1e-3,
    ]
}
