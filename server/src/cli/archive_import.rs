//! `onemap import` of archives of tiles: they become layers that are served as they are.

use std::fmt;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use onemap_archive::{About, Archive, Compression, MbTiles, PmTiles, Survey, TileType, to_pmtiles};
use onemap_ingest::{Mode, Options};
use onemap_model::{
    Archive as Tiles, BlobRef, Bounds, Field, FieldType, Kind, LayerId, Lineage, Revision, Schema,
    Timestamp,
};
use onemap_store::{ImportMode, ImportTx, LayerMeta, LayerPlan, Store};
use serde::Serialize;
use serde_json::Value;

use super::export::{ZoomReport, cut, zoom_reports};
use crate::progress::Bar;

/// The grid of the tiles.
const CRS: &str = "EPSG:3857";

/// What came of an import of archives.
#[derive(Serialize)]
pub(super) struct Report {
    /// The revision it made; `None` for a dry run.
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
    /// Tiles, and different contents.
    tiles: u64,
    contents: u64,
    /// Bytes of the archive as it is kept.
    bytes: u64,
    bounds: [f64; 4],
    vector_layers: Vec<String>,
    zooms: Vec<ZoomReport>,
    notes: Vec<String>,
}

/// Tells whether the sources are archives; an error when some are and some are not.
pub(super) fn are_archives(sources: &[String]) -> anyhow::Result<bool> {
    let mut archives = 0;
    for source in sources {
        let path = Path::new(source);
        archives += usize::from(path.is_file() && Archive::detect(path)?.is_some());
    }
    if archives > 0 && archives < sources.len() {
        bail!(
            "archives of tiles and other sources can not be imported together: give two commands"
        );
    }
    Ok(archives > 0)
}

/// Imports archives, one layer each, as one revision.
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
            bail!("an archive of tiles can not be added to a layer: use --mode create or replace")
        }
    };
    if options.kind.is_some_and(|kind| kind != Kind::Vector) {
        bail!("an archive of vector tiles is a layer of kind vector");
    }
    refuse_options(options)?;
    let tx = store.import(&options.actor)?;
    let mut reports = Vec::new();
    let mut finished = Vec::new();
    for source in sources {
        let path = Path::new(source);
        let checked = Checked::new(store, path, bar)?;
        let own = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("tiles");
        let id = match &options.layer {
            Some(told) if sources.len() == 1 => told.clone(),
            Some(told) => told.with_suffix(LayerId::from_any_name(own).as_str()),
            None => LayerId::from_any_name(own),
        };
        let title = options.title.clone().or_else(|| checked.text("name"));
        let title = title.unwrap_or_else(|| own.to_owned());
        reports.push(checked.report(&id, &title, source));
        if !options.dry_run {
            let layer = tx.layer(LayerPlan { id, mode })?;
            let meta = checked.meta(&tx, title, options)?;
            finished.push(layer.finish(meta)?);
        }
    }
    bar.finish();
    let revision = if options.dry_run { None } else { Some(tx.commit(finished)?.revision) };
    Ok(Report {
        revision: revision.map(|revision| revision.0),
        layers: reports,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// Refuses what a user may say of features and can not say of tiles.
fn refuse_options(options: &Options) -> anyhow::Result<()> {
    let said = [
        ("--crs", options.crs.is_some()),
        ("--heights", options.heights.is_some()),
        ("--id-field", options.id_field.is_some()),
        ("--valid-from", options.valid_from.is_some()),
        ("--valid-to", options.valid_to.is_some()),
        ("--state", options.state.is_some()),
        ("--rejects", options.rejects.is_some()),
    ];
    match said.iter().find(|(_, said)| *said) {
        Some((option, _)) => bail!("{option} says nothing of an archive of tiles: leave it out"),
        None => Ok(()),
    }
}

/// An archive of which every tile was decoded.
struct Checked {
    archive: PmTiles,
    file_name: String,
    format: String,
    survey: Survey,
    metadata: serde_json::Map<String, Value>,
    bounds: Bounds,
    notes: Vec<String>,
    /// Holds the converted file.
    _folder: Option<tempfile::TempDir>,
}

impl Checked {
    fn new(store: &Store, path: &Path, bar: &Bar) -> anyhow::Result<Self> {
        let mut notes = Vec::new();
        let mut folder = None;
        let source = Archive::open(path)?;
        let format = source.format().name().to_owned();
        refuse_other_types(path, source.about())?;
        let name = path.display().to_string();
        let archive = match source {
            Archive::PmTiles(archive) => archive,
            Archive::MbTiles(archive) => {
                let folder = folder.insert(tempfile::tempdir_in(store.path().join("tmp"))?);
                convert(&archive, folder.path(), &name, bar, &mut notes)?
            }
        };
        let checking = format!("checking {name}");
        let survey = archive.survey(&|done, total| {
            bar.step(&checking, done, total, &format!("{done} of {total} bytes"));
        })?;
        let about = archive.about();
        let bounds = cut(Some(survey.bounds), about.bounds).unwrap_or(survey.bounds);
        let said = (about.minzoom, about.maxzoom);
        let found = (survey.minzoom(), survey.maxzoom());
        if said != found {
            notes.push(format!(
                "it says that it has zooms {} to {}, and has {} to {}",
                said.0, said.1, found.0, found.1
            ));
        }
        let metadata = survey.complete(&about.metadata);
        if metadata.get("vector_layers") != about.metadata.get("vector_layers") {
            notes.push(
                "its list of layers is missing or not complete; it was made from the tiles".into(),
            );
        }
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let file_name = file_name.unwrap_or_default();
        Ok(Self { file_name, format, survey, metadata, bounds, notes, _folder: folder, archive })
    }

    fn text(&self, name: &str) -> Option<String> {
        let text = self.metadata.get(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Puts the file into the store and describes the layer.
    fn meta(&self, tx: &ImportTx, title: String, options: &Options) -> anyhow::Result<LayerMeta> {
        let blob: BlobRef = tx.put_blob(self.archive.path())?;
        let lineage = Lineage {
            source: self.file_name.clone(),
            format: self.format.clone(),
            crs: CRS.to_owned(),
            at: Timestamp::now(),
            revision: Revision::default(),
            notes: self.notes.clone(),
        };
        Ok(LayerMeta {
            title,
            title_en: options.title_en.clone(),
            department: options.department.clone().unwrap_or_default(),
            group: options.group.clone().unwrap_or_default(),
            kind: Kind::Vector,
            schema: self.schema(),
            source_crs: CRS.to_owned(),
            style: options.style.clone(),
            archive: Some(Tiles {
                blob,
                metadata: Value::Object(self.metadata.clone()).to_string(),
                bounds: self.bounds,
                minzoom: self.survey.minzoom(),
                maxzoom: self.survey.maxzoom(),
            }),
            lineage: vec![lineage],
            ..LayerMeta::default()
        })
    }

    /// Returns the fields, where there is one layer; those of several do not make one table.
    fn schema(&self) -> Schema {
        let layers = self.metadata.get("vector_layers").and_then(Value::as_array);
        let Some([layer]) = layers.map(Vec::as_slice) else { return Schema::default() };
        let fields = layer.get("fields").and_then(Value::as_object);
        let kind = |text: &Value| match text.as_str().unwrap_or_default() {
            "Number" | "number" => FieldType::Float,
            "Boolean" | "boolean" => FieldType::Bool,
            _ => FieldType::Text,
        };
        let fields = fields.into_iter().flatten().filter(|(name, _)| !name.is_empty());
        let fields = fields.map(|(name, text)| Field::new(name, kind(text)));
        Schema { fields: fields.take(Schema::MAX_FIELDS).collect() }
    }

    fn report(&self, id: &LayerId, title: &str, source: &str) -> LayerReport {
        LayerReport {
            layer: id.to_string(),
            title: title.to_owned(),
            source: source.to_owned(),
            format: self.format.clone(),
            tiles: self.survey.tiles,
            contents: self.survey.contents,
            bytes: self.archive.path().metadata().map_or(0, |file| file.len()),
            bounds: self.bounds.to_array(),
            vector_layers: self.survey.layer_names().map(str::to_owned).collect(),
            zooms: zoom_reports(&self.survey.zooms),
            notes: self.notes.clone(),
        }
    }
}

/// Refuses archives of what is not a vector tile, saying what it is.
fn refuse_other_types(path: &Path, about: &About) -> anyhow::Result<()> {
    let name = path.display();
    match about.tile_type {
        TileType::Mvt => {}
        TileType::Unknown => bail!(
            "'{name}' does not say what its tiles are: only vector tiles (MVT) are imported; in an MBTiles, metadata must have format = pbf"
        ),
        other => bail!(
            "'{name}' is an archive of {}: only vector tiles (MVT) are imported",
            other.name()
        ),
    }
    if matches!(about.compression, Compression::Brotli | Compression::Zstd) {
        let packed = about.compression.name();
        bail!("the tiles of '{name}' are packed with {packed}: make the archive again with gzip");
    }
    Ok(())
}

fn convert(
    archive: &MbTiles,
    folder: &Path,
    name: &str,
    bar: &Bar,
    notes: &mut Vec<String>,
) -> anyhow::Result<PmTiles> {
    let path = folder.join("converted.pmtiles");
    let converting = format!("converting {name}");
    let converted = to_pmtiles(archive, &path, &mut |done, total| {
        if done % 256 == 0 {
            bar.step(&converting, done, total, &format!("{done} of {total} tiles"));
        }
    })?;
    if converted.empty > 0 {
        notes.push(format!("{} rows of its tiles without bytes were left out", converted.empty));
    }
    if converted.packed > 0 {
        notes.push(format!("{} tiles that were not packed were gzipped", converted.packed));
    }
    PmTiles::open(&path).context("the converted archive can not be read")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for layer in &self.layers {
            write!(f, "{layer}")?;
        }
        match self.revision {
            Some(revision) => write!(f, "revision {revision} in {:.2} s", self.seconds),
            None => write!(f, "nothing was stored ({:.2} s)", self.seconds),
        }
    }
}

impl fmt::Display for LayerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({})", self.layer, self.title)?;
        let mut line = |name: &str, value: &dyn fmt::Display| writeln!(f, "  {name:<10} {value}");
        line("source", &format_args!("{} [{}]", self.source, self.format))?;
        let counts = format!("{}, {} different, {} bytes", self.tiles, self.contents, self.bytes);
        line("tiles", &counts)?;
        line("layers", &self.vector_layers.join(", "))?;
        let [w, s, e, n] = self.bounds;
        line("extent", &format_args!("{w:.6}, {s:.6}, {e:.6}, {n:.6}"))?;
        for note in &self.notes {
            line("note", note)?;
        }
        super::export::write_zooms(f, &self.zooms)
    }
}
