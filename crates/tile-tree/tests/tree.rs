//! Trees over made-up cities.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::collections::{BTreeMap, BTreeSet};

use onemap_model::{Bounds, FeatureId, GeoCell, Interval};
use onemap_tile_tree::{Item, Limits, Links, Node, TileTree, far, geometric_error, tileset};
use proptest::prelude::*;
use serde_json::Value;

const LIMITS: Limits =
    Limits { leaf_bytes: 3_000, leaf_features: 100, least_leaf_level: 13, last_level: 22 };

fn item(id: u64, lon: f64, lat: f64, size: f64, height: f64) -> Item {
    let half = size / 111_000.0 / 2.0;
    Item {
        id: FeatureId::new(id).unwrap(),
        valid: Interval::ALWAYS,
        middle: [lon, lat],
        bounds: Bounds::new(lon - half, lat - half, lon + half, lat + half).unwrap(),
        heights: [5.0, 5.0 + height],
        area: size * size * 0.6,
        bytes: 200,
        landmark: id.is_multiple_of(97),
        size: None,
    }
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let one = (118.0..118.2_f64, 33.9..34.0_f64, 2.0..80.0_f64, 2.0..150.0_f64);
    prop::collection::vec(one, 0..400).prop_map(|all| {
        let numbered = all.into_iter().zip(1..);
        numbered.map(|((lon, lat, size, height), id)| item(id, lon, lat, size, height)).collect()
    })
}

struct Plain;

impl Links for Plain {
    fn tileset(&self, node: &Node) -> String {
        format!("n/{}.json", node.cell)
    }

    fn content(&self, node: &Node) -> String {
        format!("c/{}.glb", node.cell)
    }
}

/// Walks a tileset and those that it names; returns the cells whose content it names.
fn walk(tree: &TileTree, of: Option<GeoCell>, error_above: f64, found: &mut BTreeSet<String>) {
    let whole = tileset(tree, of, &Plain).unwrap();
    let error = whole["geometricError"].as_f64().unwrap();
    assert!(of.is_none() || error <= error_above);
    check(tree, &whole["root"], error.max(f64::MIN_POSITIVE), None, found);
}

fn check(
    tree: &TileTree,
    tile: &Value,
    error_above: f64,
    volume_above: Option<&Value>,
    found: &mut BTreeSet<String>,
) {
    let error = tile["geometricError"].as_f64().unwrap();
    assert!(error < error_above || (error == error_above && tile.get("children").is_some()));
    let volume = &tile["boundingVolume"]["region"];
    if let Some(above) = volume_above {
        let number = |v: &Value, i: usize| v[i].as_f64().unwrap();
        for i in 0..6 {
            let inside = if [0, 1, 4].contains(&i) {
                number(volume, i) >= number(above, i)
            } else {
                number(volume, i) <= number(above, i)
            };
            assert!(inside, "{volume} {above}");
        }
    }
    let uri = tile["content"]["uri"].as_str().unwrap();
    if let Some(cell) = uri.strip_prefix("n/") {
        let parts: Vec<u64> =
            cell.trim_end_matches(".json").split('/').map(|n| n.parse().unwrap()).collect();
        let cell = GeoCell::new(parts[0], parts[1], parts[2]).unwrap();
        return walk(tree, Some(cell), error, found);
    }
    assert!(found.insert(uri.to_owned()), "{uri} twice");
    let children = tile.get("children").and_then(Value::as_array);
    assert!(children.is_none_or(|children| children.len() > 1), "a chain");
    for child in children.into_iter().flatten() {
        check(tree, child, error, Some(volume), found);
    }
}

proptest! {
    #[test]
    fn every_feature_is_in_one_leaf_and_shows_in_all_nodes_above(items in items()) {
        let tree = TileTree::new(items.clone(), LIMITS);
        let mut ids = Vec::new();
        for node in tree.nodes() {
            let inside: Vec<_> = tree.ids(node).collect();
            prop_assert_eq!(inside.len(), node.count);
            if node.is_leaf() {
                prop_assert!(node.bytes <= LIMITS.leaf_bytes || node.count == 1 || node.cell.z() == 22);
                ids.extend(inside);
                continue;
            }
            prop_assert!(tree.children(node).count() > 1);
            for child in tree.children(node) {
                prop_assert!(child.geometric_error() < node.geometric_error());
                prop_assert!(node.bounds.contains(&child.bounds));
                prop_assert_eq!(tree.parent(child.cell).map(|parent| parent.cell), Some(node.cell));
            }
            let shown = far(node);
            let summed: u32 = shown.prisms.iter().map(|prism| prism.count).sum();
            prop_assert_eq!(shown.blocks.len() + summed as usize, node.count);
        }
        ids.sort_unstable();
        prop_assert_eq!(ids, items.iter().map(|item| item.id).collect::<Vec<_>>());
    }

    #[test]
    fn a_changed_tree_is_the_tree_of_what_results(items in items(), moved in 0..50_u64) {
        let tree = TileTree::new(items.clone(), LIMITS);
        let ids: Vec<FeatureId> =
            items.iter().map(|item| item.id).filter(|id| id.get() % 50 == moved).collect();
        let again: Vec<Item> =
            ids.iter().map(|id| item(id.get(), 118.05, 33.95, 10.0, 9.0)).collect();
        let rest = items.iter().copied().filter(|item| !ids.contains(&item.id));
        let fresh = TileTree::new(rest.chain(again.clone()), LIMITS);
        let changed = tree.changed(&ids, again);
        prop_assert_eq!(changed.nodes(), fresh.nodes());
        let gone = changed.changed(&ids, items.iter().copied().filter(|i| ids.contains(&i.id)));
        prop_assert_eq!(gone.nodes(), tree.nodes());
    }

    #[test]
    fn edit_after_edit_the_tree_is_that_of_what_there_is(
        items in items(),
        edits in prop::collection::vec(
            prop::collection::vec((1..450_u64, 0..4_u8, 0.0..1.0_f64, 0.0..1.0_f64), 1..6),
            1..12,
        ),
    ) {
        let mut all: BTreeMap<u64, Item> = items.iter().map(|i| (i.id.get(), *i)).collect();
        let mut tree = TileTree::new(items, LIMITS);
        for edit in edits {
            let ids: Vec<FeatureId> =
                edit.iter().map(|change| FeatureId::new(change.0).unwrap()).collect();
            let mut new = BTreeMap::new();
            for (id, kind, x, y) in edit {
                all.remove(&id);
                new.remove(&id);
                let [lon, lat] = match kind {
                    0 => continue,
                    1 => [118.0 + x / 5.0, 33.9 + y / 10.0],
                    // All in one place, and far away.
                    2 => [118.05, 33.95],
                    _ => [-170.0 + x * 300.0, -80.0 + y * 150.0],
                };
                new.insert(id, item(id, lon, lat, 3.0 + x * 50.0, 3.0 + y * 50.0));
            }
            all.extend(new.clone());
            tree = tree.changed(&ids, new.into_values());
            let fresh = TileTree::new(all.values().copied(), LIMITS);
            prop_assert_eq!(tree.nodes(), fresh.nodes());
            prop_assert_eq!(tree.len(), all.len());
        }
    }

    #[test]
    fn what_a_cell_would_show_depends_on_its_own_features_alone(
        items in items(),
        x in 118.0..118.2_f64,
        y in 33.9..34.0_f64,
    ) {
        let tree = TileTree::new(items.clone(), LIMITS);
        for level in 0..20 {
            let cell = GeoCell::containing([x, y], level);
            let inside = items.iter().filter(|i| GeoCell::containing(i.middle, level) == cell);
            let alone = TileTree::new(inside.copied(), LIMITS);
            let (whole, part) = (tree.tile(cell), alone.tile(cell));
            prop_assert_eq!(&whole, &part);
            prop_assert_eq!(whole.map_or(0, |node| node.count), alone.len());
        }
    }

    #[test]
    fn tilesets_name_each_content_once_with_falling_errors_and_growing_volumes(items in items()) {
        let tree = TileTree::new(items, LIMITS);
        if tree.is_empty() {
            prop_assert!(tileset(&tree, None, &Plain).is_some());
            return Ok(());
        }
        let mut found = BTreeSet::new();
        walk(&tree, None, f64::INFINITY, &mut found);
        prop_assert_eq!(found.len(), tree.nodes().len());
    }

    #[test]
    fn prisms_keep_volume_and_stay_within_the_error(items in items()) {
        let tree = TileTree::new(items.clone(), LIMITS);
        for node in tree.nodes().iter().filter(|node| !node.is_leaf()) {
            let error = geometric_error(node.cell.z());
            for prism in far(node).prisms {
                prop_assert!(prism.top - prism.bottom < error * 1.001 + 0.01);
                prop_assert!(prism.half[0].hypot(prism.half[1]) < error * 1.5);
            }
        }
    }
}

#[test]
fn the_same_features_in_any_order_make_the_same_tree() {
    let all: Vec<Item> = (1..2_000)
        .map(|i| {
            item(
                i,
                118.0 + (i * 7919 % 1000) as f64 / 5000.0,
                33.9 + (i % 37) as f64 / 500.0,
                12.0,
                9.0,
            )
        })
        .collect();
    let tree = TileTree::new(all.clone(), LIMITS);
    let turned = TileTree::new(all.into_iter().rev(), LIMITS);
    assert_eq!(tree.nodes(), turned.nodes());
}
