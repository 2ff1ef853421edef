//! Import of existing 3D Tiles, which are kept as they are.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use onemap_ingest::{Mode, Options};
use onemap_model::{BlobRef, Kind, LayerId, Lineage, Revision, TilesetFiles, Timestamp};
use onemap_store::{ImportMode, ImportTx, LayerMeta, LayerPlan, Store};
use onemap_tileset::Tileset;
use serde::Serialize;

use crate::progress::Bar;

/// CRS of 3D Tiles: earth-centred metres.
const CRS: &str = "EPSG:4978";

/// What was imported.
#[derive(Serialize)]
pub(super) struct Report {
    revision: Option<u64>,
    layers: Vec<LayerReport>,
    seconds: f64,
}

#[derive(Serialize)]
struct LayerReport {
    layer: String,
    title: String,
    source: String,
    format: String,
    tiles: u64,
    contents: u64,
    files: usize,
    bytes: u64,
    bounds: Option<[f64; 4]>,
    notes: Vec<String>,
}

/// Tells whether the sources are tilesets, by what is in them.
pub(super) fn are_tilesets(sources: &[String]) -> anyhow::Result<bool> {
    let found = sources.iter().filter(|s| onemap_tileset::detect(Path::new(s)).is_some()).count();
    if found > 0 && found < sources.len() {
        bail!("3D tilesets and other sources can not be imported together: give two commands");
    }
    Ok(found > 0)
}

/// Imports tilesets, one layer each, as one revision.
pub(super) fn import(
    store: &Store,
    sources: &[String],
    options: &Options,
    bar: &Bar,
) -> anyhow::Result<Report> {
    let started = Instant::now();
    let mode = match options.mode {
        Mode::Create => ImportMode::Create,
        Mode::Replace => ImportMode::Replace,
        Mode::Append | Mode::Upsert => {
            bail!("a 3D tileset can not be added to a layer: use --mode create or replace")
        }
    };
    if options.kind.is_some_and(|kind| kind != Kind::Tileset) {
        bail!("a 3D tileset is a layer of kind tileset");
    }
    let tx = store.import(&options.actor)?;
    let (mut reports, mut finished) = (Vec::new(), Vec::new());
    for source in sources {
        let root = onemap_tileset::detect(Path::new(source))
            .with_context(|| format!("'{source}' is no tileset any more"))?;
        let tileset = onemap_tileset::survey(&root)?;
        let own = own_name(&root);
        let id = match &options.layer {
            Some(told) if sources.len() == 1 => told.clone(),
            Some(told) => told.with_suffix(LayerId::from_any_name(&own).as_str()),
            None => LayerId::from_any_name(&own),
        };
        let title = options.title.clone().unwrap_or(own);
        let mut bytes = 0;
        if options.dry_run {
            let lengths = tileset.files.iter().filter_map(|(_, path)| path.metadata().ok());
            bytes = lengths.map(|file| file.len()).sum();
        } else {
            let layer = tx.layer(LayerPlan { id: id.clone(), mode })?;
            let files = keep(&tx, &tileset, bar, &mut bytes)?;
            finished.push(layer.finish(meta(&tileset, files, &title, source, options))?);
        }
        reports.push(LayerReport {
            layer: id.to_string(),
            title,
            source: source.clone(),
            format: format(&tileset),
            tiles: tileset.tiles,
            contents: tileset.contents,
            files: tileset.files.len(),
            bytes,
            bounds: tileset.bounds.map(onemap_model::Bounds::to_array),
            notes: tileset.notes,
        });
    }
    bar.finish();
    let revision = if options.dry_run { None } else { Some(tx.commit(finished)?.revision.0) };
    Ok(Report { revision, layers: reports, seconds: started.elapsed().as_secs_f64() })
}

/// A tileset is called like its folder, unless its file has a name of its own.
fn own_name(root: &Path) -> String {
    let stem = root.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let folder = root.canonicalize().ok();
    let folder = folder.as_deref().and_then(Path::parent).and_then(Path::file_name);
    match stem {
        Some(stem) if stem != "tileset" => stem,
        _ => {
            folder.map_or_else(|| "tileset".to_owned(), |name| name.to_string_lossy().into_owned())
        }
    }
}

fn format(tileset: &Tileset) -> String {
    format!("3D Tiles {}", tileset.version)
}

/// Puts all files into the store.
fn keep(
    tx: &ImportTx,
    tileset: &Tileset,
    bar: &Bar,
    bytes: &mut u64,
) -> anyhow::Result<TilesetFiles> {
    let mut manifest: BTreeMap<&str, BlobRef> = BTreeMap::new();
    let total = tileset.files.len() as u64;
    for ((name, path), done) in tileset.files.iter().zip(0..) {
        let path: &PathBuf = path;
        let blob = tx.put_blob(path)?;
        *bytes += blob.bytes;
        manifest.insert(name, blob);
        bar.step("keeping files", done, total, &format!("{done} of {total} files"));
    }
    let manifest = tx.put_blob_bytes(&serde_json::to_vec(&manifest)?)?;
    Ok(TilesetFiles {
        root: tileset.root.clone(),
        manifest,
        files: total,
        bytes: *bytes,
        version: tileset.version.clone(),
        bounds: tileset.bounds,
        heights: tileset.heights,
        error: tileset.error,
    })
}

fn meta(
    tileset: &Tileset,
    files: TilesetFiles,
    title: &str,
    source: &str,
    options: &Options,
) -> LayerMeta {
    let file_name = source.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    LayerMeta {
        title: title.to_owned(),
        title_en: options.title_en.clone(),
        department: options.department.clone().unwrap_or_default(),
        group: options.group.clone().unwrap_or_default(),
        kind: Kind::Tileset,
        source_crs: CRS.to_owned(),
        style: options.style.clone(),
        tileset: Some(files),
        lineage: vec![Lineage {
            source: file_name.to_owned(),
            format: format(tileset),
            crs: CRS.to_owned(),
            at: Timestamp::now(),
            revision: Revision::default(),
            notes: tileset.notes.clone(),
        }],
        ..LayerMeta::default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for layer in &self.layers {
            writeln!(f, "{} ({})", layer.layer, layer.title)?;
            let mut line =
                |name: &str, value: &dyn fmt::Display| writeln!(f, "  {name:<10} {value}");
            line("source", &format_args!("{} [{}]", layer.source, layer.format))?;
            line("tiles", &format_args!("{} tiles, {} contents", layer.tiles, layer.contents))?;
            line("files", &format_args!("{}, {} bytes", layer.files, layer.bytes))?;
            if let Some([w, s, e, n]) = layer.bounds {
                line("extent", &format_args!("{w:.6}, {s:.6}, {e:.6}, {n:.6}"))?;
            }
            for note in &layer.notes {
                line("note", note)?;
            }
        }
        match self.revision {
            Some(revision) => write!(f, "revision {revision} in {:.2} s", self.seconds),
            None => write!(f, "nothing was stored ({:.2} s)", self.seconds),
        }
    }
}
