//! Data flows one way: a crate depends only on what stands before it (ARCHITECTURE.md).

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use cargo_metadata::MetadataCommand;

/// The crates along the data. A crate may depend on those before it.
const FLOW: [&str; 20] = [
    "onemap-bounded",
    "onemap-model",
    "onemap-filter",
    "onemap-archive",
    "onemap-crs",
    "onemap-source",
    "onemap-vector",
    "onemap-city-model",
    "onemap-tileset",
    "onemap-pipe-network",
    "onemap-generalise",
    "onemap-store",
    "onemap-ingest",
    "onemap-tiles-vector",
    "onemap-tile-tree",
    "onemap-tiles-3d",
    "onemap-network",
    "onemap-query",
    "onemap",
    "onemap-tests",
];

/// Edges that the order would allow and the design does not: importers know nothing of storage, tile
/// crates take features and not a store.
const FORBIDDEN: [(&str, &str); 12] = [
    ("onemap-ingest", "onemap-pipe-network"),
    ("onemap-network", "onemap-store"),
    ("onemap-network", "onemap-ingest"),
    ("onemap-ingest", "onemap-vector"),
    ("onemap-tiles-vector", "onemap-store"),
    ("onemap-tiles-vector", "onemap-ingest"),
    ("onemap-query", "onemap-store"),
    ("onemap-tile-tree", "onemap-store"),
    ("onemap-tiles-3d", "onemap-store"),
    ("onemap-ingest", "onemap-city-model"),
    ("onemap-query", "onemap-ingest"),
    ("onemap-store", "onemap-crs"),
];

#[test]
fn no_crate_depends_on_one_that_stands_behind_it() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let at = |name: &str| FLOW.iter().position(|&crate_name| crate_name == name);
    let mut edges = 0;
    for package in metadata.workspace_packages() {
        for dependency in &package.dependencies {
            if dependency.kind != cargo_metadata::DependencyKind::Normal {
                continue;
            }
            let (from, to) = (package.name.as_str(), dependency.name.as_str());
            let (Some(from_at), Some(to_at)) = (at(from), at(to)) else { continue };
            assert!(to_at < from_at, "{from} must not depend on {to}");
            assert!(!FORBIDDEN.contains(&(from, to)), "{from} must not depend on {to}");
            edges += 1;
        }
    }
    assert!(edges > 15, "only {edges} edges were found: has the test lost its crates?");
}

#[test]
fn every_crate_has_its_place_in_the_flow() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let aside = ["onemap-sample-city", "onemap-benches"];
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        assert!(FLOW.contains(&name) || aside.contains(&name), "{name} is missing in FLOW");
    }
}
