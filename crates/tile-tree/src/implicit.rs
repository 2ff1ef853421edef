//! The same tiles as an implicit tileset (3D Tiles 1.1, clause 8.4): addresses that clients work out by themselves.
//!
//! Most clients take a tile's volume and error from its address alone, so content has to lie in its cell, and every level
//! counts. Features that reach over the border of a cell are therefore cut there: each cell shows its part of them.

use onemap_model::{FeatureId, GeoCell};
use serde_json::{Value, json};

use crate::error_metres::{error_of_nothing, geometric_error};
use crate::far::{Prism, prisms};
use crate::item::Entry;
use crate::tileset::{region, whole as tileset};
use crate::tree::{TileTree, Within};

/// Levels of tiles in one subtree: 341 tiles, 43 bytes for each kind of availability.
const SUBTREE_LEVELS: u8 = 5;

/// How an implicit tileset names its parts: templates with `{level}`, `{x}` and `{y}`, counted from the root's cell.
pub trait Templates {
    /// Returns the template of subtrees.
    fn subtrees(&self, root: GeoCell) -> String;
    /// Returns the template of contents.
    fn contents(&self, root: GeoCell) -> String;
}

/// What a tile of an implicit tileset shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cut {
    /// Whether the features are shown in full detail.
    pub is_leaf: bool,
    /// Features that are shown by themselves, in part or whole: in full detail or as blocks. By their place on the Morton curve,
    /// and by id.
    pub features: Vec<FeatureId>,
    /// What stands for the others; may reach over the cell's border.
    pub prisms: Vec<Prism>,
}

impl TileTree {
    /// Returns the cell of the root tile of the implicit tileset: the smallest one that holds all features whole.
    pub fn implicit_root(&self) -> Option<GeoCell> {
        let root = self.root()?;
        let mut cell = root.cell;
        while !cell.bounds().contains(&root.bounds) {
            cell = cell.parent()?;
        }
        Some(cell)
    }

    /// Returns the implicit tileset; one of nothing where there are no features.
    pub fn implicit_tileset(&self, templates: &dyn Templates) -> Value {
        let (Some(root), Some(node)) = (self.implicit_root(), self.root()) else {
            return tileset(&crate::tileset::empty_tile(), 0.0);
        };
        let deepest = self.nodes().iter().map(|node| node.cell.z()).max().unwrap_or(root.z());
        let tile = json!({
            "boundingVolume": { "region": region(&root.bounds(), node.heights) },
            "geometricError": geometric_error(root.z()),
            "refine": "REPLACE",
            "content": { "uri": templates.contents(root) },
            "implicitTiling": {
                "subdivisionScheme": "QUADTREE",
                "subtreeLevels": SUBTREE_LEVELS,
                "availableLevels": deepest - root.z() + 1,
                "subtrees": { "uri": templates.subtrees(root) },
            },
        });
        tileset(&tile, error_of_nothing(root.z()))
    }

    /// Returns the subtree below a tile of the implicit tileset, binary (clause 8.5); `None` when there is no such tile.
    pub fn subtree(&self, of: GeoCell) -> Option<Vec<u8>> {
        let inside = self.reaching(of)?;
        let mut tiles = Bits::new((0..SUBTREE_LEVELS).map(|level| 1 << (2 * level)).sum());
        let mut below = Bits::new(1 << (2 * SUBTREE_LEVELS));
        let mut level = vec![(of, 0_usize, inside)];
        let mut before = 0;
        for depth in 0..=SUBTREE_LEVELS {
            let bits = if depth < SUBTREE_LEVELS { &mut tiles } else { &mut below };
            let mut next = Vec::new();
            for (cell, number, inside) in level {
                bits.set(if depth < SUBTREE_LEVELS { before + number } else { number });
                if depth == SUBTREE_LEVELS || !self.is_split(cell) {
                    continue;
                }
                for (i, child) in cell.children().into_iter().flatten().enumerate() {
                    let inside = those_in(child, &inside);
                    if !inside.is_empty() {
                        next.push((child, 4 * number + i, inside));
                    }
                }
            }
            level = next;
            before += 1 << (2 * depth);
        }
        Some(binary(&tiles, &below))
    }

    /// Returns what a tile of the implicit tileset shows; `None` when there is no such tile.
    pub fn cut(&self, cell: GeoCell) -> Option<Cut> {
        let inside = self.reaching(cell)?;
        let Within::Node(node) = self.within(cell) else {
            return Some(whole(&inside));
        };
        if self.limits.fits(cell, node.count, node.bytes) {
            return Some(whole(&inside));
        }
        let shown = |entry: &&&Entry| entry.level <= cell.z();
        let features = inside.iter().filter(shown).map(|entry| entry.id);
        let prisms = prisms(node.entries().filter(|entry| entry.level > cell.z()), cell.z());
        Some(Cut { is_leaf: false, features: features.collect(), prisms })
    }

    /// Returns the entries that reach into a tile's cell; `None` when there is no such tile: nothing reaches into it, or one
    /// above it shows everything already.
    fn reaching(&self, cell: GeoCell) -> Option<Vec<&Entry>> {
        let root = self.implicit_root()?;
        if cell.z() < root.z() || cell.ancestor(root.z()) != root {
            return None;
        }
        let mut above = cell;
        while above != root {
            above = above.parent()?;
            if !self.is_split(above) {
                return None;
            }
        }
        let mut found = Vec::new();
        let bounds = cell.bounds();
        let mut nodes = vec![self.root()?];
        while let Some(node) = nodes.pop() {
            if node.bounds.intersects(&bounds) {
                found.extend(node.own());
                nodes.extend(node.below().iter().rev().map(|below| &**below));
            }
        }
        let found = those_in(cell, &found);
        (!found.is_empty()).then_some(found)
    }
}

/// Returns the entries that reach into a cell.
fn those_in<'e>(cell: GeoCell, entries: &[&'e Entry]) -> Vec<&'e Entry> {
    let shift = 32 - u32::from(cell.z());
    let low = [cell.x(), cell.y()].map(|t| u64::from(t) << shift);
    let high = low.map(|t| t + (1_u64 << shift));
    let is_in = |entry: &&&Entry| {
        (0..2).all(|axis| {
            u64::from(entry.low[axis]) < high[axis] && u64::from(entry.high[axis]) > low[axis]
        })
    };
    entries.iter().filter(is_in).copied().collect()
}

/// Returns what a tile shows that shows features in full detail.
fn whole(inside: &[&Entry]) -> Cut {
    let features = inside.iter().map(|entry| entry.id).collect();
    Cut { is_leaf: true, features, prisms: Vec::new() }
}

/// Bits, the first being the least of the first byte.
struct Bits {
    bytes: Vec<u8>,
    length: usize,
    count: usize,
}

impl Bits {
    fn new(length: usize) -> Self {
        // Buffer views begin at multiples of 8.
        Self { bytes: vec![0; length.div_ceil(64) * 8], length, count: 0 }
    }

    fn set(&mut self, number: usize) {
        if let Some(byte) = self.bytes.get_mut(number / 8) {
            *byte |= 1 << (number % 8);
            self.count += 1;
        }
    }
}

/// Writes a subtree: every tile has content.
fn binary(tiles: &Bits, below: &Bits) -> Vec<u8> {
    let mut data: Vec<u8> = Vec::new();
    let mut views = Vec::new();
    let mut availability = |bits: &Bits| {
        if bits.count == 0 || bits.count == bits.length {
            return json!({ "constant": u8::from(bits.count > 0) });
        }
        let length = bits.length.div_ceil(8);
        views.push(json!({ "buffer": 0, "byteOffset": data.len(), "byteLength": length }));
        data.extend_from_slice(&bits.bytes);
        json!({ "bitstream": views.len() - 1, "availableCount": bits.count })
    };
    let tiles = availability(tiles);
    let below = availability(below);
    let mut json = json!({
        "tileAvailability": tiles,
        "contentAvailability": [tiles],
        "childSubtreeAvailability": below,
    });
    if !views.is_empty() {
        json["buffers"] = json!([{ "byteLength": data.len() }]);
        json["bufferViews"] = views.into();
    }
    let mut text = json.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut file = Vec::with_capacity(24 + text.len() + data.len());
    file.extend_from_slice(b"subt");
    file.extend_from_slice(&1_u32.to_le_bytes());
    file.extend_from_slice(&(text.len() as u64).to_le_bytes());
    file.extend_from_slice(&(data.len() as u64).to_le_bytes());
    file.extend(text);
    file.extend(data);
    file
}

#[cfg(test)]
mod tests {
    use onemap_model::{Bounds, Interval};

    use super::*;
    use crate::{Item, Limits};

    fn tree(count: u64) -> TileTree {
        let items = (1..=count).map(|i| {
            let (x, y) = ((i * 7919 % 1000) as f64, (i * 104_729 % 997) as f64);
            let middle = [118.2 + x * 1e-4, 33.9 + y * 1e-4];
            let [dx, dy] = [3e-4, 1e-4];
            let [lon, lat] = middle;
            Item {
                id: FeatureId::new(i).unwrap(),
                valid: Interval::ALWAYS,
                middle,
                bounds: Bounds { west: lon - dx, south: lat - dy, east: lon + dx, north: lat + dy },
                heights: [0.0, 10.0 + (i % 50) as f64],
                area: 100.0,
                bytes: 1000,
                landmark: i % 100 == 0,
                size: None,
            }
        });
        TileTree::new(items, Limits::default())
    }

    /// Reads the bits of an availability.
    fn bits(file: &[u8], of: &Value) -> Vec<bool> {
        let json_length = u64::from_le_bytes(file[8..16].try_into().unwrap()) as usize;
        let json: Value = serde_json::from_slice(&file[24..24 + json_length]).unwrap();
        let length = if of == "childSubtreeAvailability" { 1024 } else { 341 };
        let availability = &json[of.as_str().unwrap()];
        if let Some(constant) = availability["constant"].as_u64() {
            return vec![constant == 1; length];
        }
        let view = &json["bufferViews"][availability["bitstream"].as_u64().unwrap() as usize];
        let at = view["byteOffset"].as_u64().unwrap() as usize;
        assert_eq!(
            (at % 8, view["byteLength"].as_u64().unwrap() as usize),
            (0, length.div_ceil(8))
        );
        let data = &file[24 + json_length + at..];
        let bits: Vec<bool> = (0..length).map(|i| data[i / 8] >> (i % 8) & 1 == 1).collect();
        let count = bits.iter().filter(|bit| **bit).count();
        assert_eq!(availability["availableCount"].as_u64().unwrap() as usize, count);
        bits
    }

    /// Visits all tiles that the subtrees say are there.
    fn walk(tree: &TileTree, visit: &mut dyn FnMut(GeoCell)) {
        let mut subtrees: Vec<GeoCell> = tree.implicit_root().into_iter().collect();
        while let Some(top) = subtrees.pop() {
            let file = tree.subtree(top).unwrap();
            let tiles = bits(&file, &"tileAvailability".into());
            let below = bits(&file, &"childSubtreeAvailability".into());
            let mut level = vec![(top, 0_usize)];
            let mut before = 0;
            for depth in 0..=SUBTREE_LEVELS {
                let mut next = Vec::new();
                for (cell, number) in level {
                    if depth == SUBTREE_LEVELS {
                        if below[number] {
                            subtrees.push(cell);
                        }
                        continue;
                    }
                    if !tiles[before + number] {
                        continue;
                    }
                    visit(cell);
                    let children = cell.children().unwrap().into_iter().enumerate();
                    next.extend(children.map(|(i, child)| (child, 4 * number + i)));
                }
                level = next;
                before += 1 << (2 * depth);
            }
        }
    }

    #[test]
    fn the_tiles_of_the_subtrees_are_those_that_show_something_and_leaves_hold_all_features() {
        let tree = tree(3000);
        let root = tree.implicit_root().unwrap();
        assert!(root.bounds().contains(&tree.root().unwrap().bounds));
        let mut seen = std::collections::BTreeSet::new();
        let (mut tiles, mut leaves) = (0, Vec::new());
        walk(&tree, &mut |cell| {
            let cut = tree.cut(cell).unwrap();
            assert!(!cut.features.is_empty() || !cut.prisms.is_empty(), "{cell} is empty");
            tiles += 1;
            if cut.is_leaf {
                seen.extend(cut.features);
                leaves.push(cell);
            }
        });
        assert!(tiles > leaves.len() && leaves.len() > 4, "{tiles} {leaves:?}");
        assert_eq!(seen.len(), 3000);
        // What is no tile has nothing.
        let leaf = leaves[0];
        assert_eq!(tree.cut(leaf.children().unwrap()[0]), None);
        assert_eq!(tree.subtree(GeoCell::ROOT), None);
        assert_eq!(tree.cut(GeoCell::new(3, 0, 0).unwrap()), None);
    }

    #[test]
    fn nothing_is_an_empty_tileset() {
        struct None2;
        impl Templates for None2 {
            fn subtrees(&self, _: GeoCell) -> String {
                String::new()
            }
            fn contents(&self, _: GeoCell) -> String {
                String::new()
            }
        }
        let tree = TileTree::default();
        assert_eq!(tree.implicit_root(), None);
        assert!(tree.implicit_tileset(&None2)["root"]["content"].is_null());
    }
}
