//! `onemap export`: the tiles of layers as one file, or 3D tiles as a folder.

mod about;
mod plan;
mod solid;
mod work;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::Args;
use onemap_archive::{Format, PmTiles, Spool, Start, TileId, ZoomStats, discard_part};
use onemap_model::{Bounds, Filter, Layer, Revision, StateSet, ViewSpec, When};
use onemap_store::View;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Common, DONE};
use crate::progress::Bar;
use crate::tile_service::{LayerList, LayerPart, TileService};
use about::about;
pub(super) use about::cut;
use plan::Wanted;
use work::Maker;

/// A layer as it was named, and what the catalogue knows of it.
type Chosen<'v> = (&'v LayerPart, &'v Layer);

#[derive(Args)]
#[command(after_help = "\
Examples:
  onemap export buildings -o buildings.pmtiles
  onemap export roads,buildings,water -o city.mbtiles --maxzoom 14
  onemap export buildings -o buildings.3dtiles      a folder with tileset.json
  onemap export buildings -o center.pmtiles --bbox 118.2,33.9,118.4,34.0
  onemap export buildings -o tall.pmtiles --filter 'height > 100'
  onemap export buildings -o city-2010.pmtiles --datetime 2010-01-01 --properties name,height

An export that was interrupted goes on where it stopped when the same command is given again.")]
pub(super) struct ExportArgs {
    /// Layers, with commas between
    #[arg(value_name = "LAYERS")]
    layers: LayerList,
    /// File to write: .pmtiles or .mbtiles; or a folder of 3D tiles: .3dtiles
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Only tiles that meet this box, degrees
    #[arg(long, value_name = "W,S,E,N", allow_hyphen_values = true)]
    bbox: Option<Bounds>,
    /// First zoom [default: the layers']
    #[arg(long, value_name = "Z", value_parser = clap::value_parser!(u8).range(0..=24))]
    minzoom: Option<u8>,
    /// Last zoom [default: the layers']
    #[arg(long, value_name = "Z", value_parser = clap::value_parser!(u8).range(0..=24))]
    maxzoom: Option<u8>,
    /// Features that hold at a time, or in an interval FROM/TO [default: now]
    #[arg(long, value_name = "T")]
    datetime: Option<When>,
    /// Lifecycle states, with commas between [default: the layers']
    #[arg(long, value_name = "S")]
    state: Option<StateSet>,
    /// Only features that meet a condition, in CQL2 text
    #[arg(long, value_name = "CQL2", value_parser = filter)]
    filter: Option<Filter>,
    /// Fields to keep, with commas between [default: all]
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    properties: Option<Vec<String>>,
    /// The store as it was known at a revision [default: the last]
    #[arg(long, value_name = "N")]
    revision: Option<u64>,
    /// Threads that make tiles [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Replace the file when it is there
    #[arg(long)]
    overwrite: bool,
    /// Throw away what an interrupted export has left
    #[arg(long)]
    restart: bool,
}

/// What came of an export.
#[derive(Serialize)]
struct Report {
    file: String,
    format: &'static str,
    layers: Vec<String>,
    /// Tiles.
    tiles: u64,
    /// Tiles that an interrupted export had left.
    resumed: u64,
    /// Different contents.
    contents: u64,
    /// Bytes of the file.
    bytes: u64,
    bounds: Option<Bounds>,
    zooms: Vec<ZoomReport>,
    notes: Vec<String>,
    seconds: f64,
}

/// The tiles of a zoom.
#[derive(Serialize)]
pub(super) struct ZoomReport {
    zoom: u8,
    tiles: u64,
    bytes: u64,
    largest: String,
    largest_bytes: u32,
}

pub(super) fn run(common: &Common, args: &ExportArgs) -> anyhow::Result<u8> {
    let started = Instant::now();
    if args.output.exists() && !args.overwrite {
        bail!("'{}' is there already; --overwrite replaces it", args.output.display());
    }
    if solid::is_folder(&args.output) {
        return solid::run(common, args, &common.store_to_read()?, started);
    }
    let format = format_of(&args.output)?;
    let store = Arc::new(common.store_to_read()?);
    let view = match args.revision {
        Some(revision) => store.view_at(Revision(revision), args.spec())?,
        None => store.view(args.spec()),
    };
    let layers = args.choose(&view)?;
    let least = layers.iter().map(|(_, layer)| layer.minzoom).min();
    let most = layers.iter().map(|(_, layer)| layer.maxzoom).max();
    let wanted = Wanted {
        bbox: args.bbox,
        minzoom: args.minzoom.or(least).unwrap_or(0),
        maxzoom: args.maxzoom.or(most).unwrap_or(0),
    };
    if wanted.minzoom > wanted.maxzoom {
        let (min, max) = (wanted.minzoom, wanted.maxzoom);
        bail!("there is no zoom from {min} to {max}: name others with --minzoom and --maxzoom");
    }
    let pool = threads(args.threads)?;
    let bar = Bar::new(common.json);
    let archive = args.archive(&view)?;
    let (maker, tiles) = if let Some(archive) = archive {
        let tiles = plan::in_archive(&archive, wanted)?;
        (Maker::Archive(archive), tiles)
    } else {
        bar.step("looking for tiles", 0, 1, "");
        let tiles = pool.install(|| plan::with_features(&view, &args.layers, wanted))?;
        let service = TileService::new(store.clone(), 0, 1);
        let (layers, view) = (args.layers.clone(), view.clone());
        (Maker::Features { service, layers, view }, tiles)
    };
    if args.restart {
        discard_part(&args.output)?;
    }
    let mut notes = Vec::new();
    let (mut spool, start) = Spool::open(&args.output, &ExportArgs::key(&view, &layers, wanted))?;
    let resumed = match start {
        Start::New => 0,
        Start::Resumed(tiles) => tiles,
        Start::Anew => {
            notes.push(
                "what an interrupted export had left was of other parameters or older data; \
                 it was thrown away and everything made anew"
                    .to_owned(),
            );
            0
        }
    };
    let whole = work::make(&maker, &tiles, &mut spool, &pool, &bar)?;
    if !whole {
        spool.sync()?;
        bar.finish();
        bail!(
            "interrupted after {} tiles; the same command goes on from there, --restart begins anew",
            spool.tiles()
        );
    }
    bar.step("writing the file", 1, 1, "");
    let about = about(&view, &layers, wanted);
    let written = spool.finish(format, &about)?;
    bar.finish();
    let report = Report {
        file: args.output.display().to_string(),
        format: format.name(),
        layers: args.layers.parts().iter().map(ToString::to_string).collect(),
        tiles: written.tiles,
        resumed,
        contents: written.contents,
        bytes: written.bytes,
        bounds: about.bounds,
        zooms: zoom_reports(&written.zooms),
        notes,
        seconds: started.elapsed().as_secs_f64(),
    };
    common.print(&report)?;
    Ok(DONE)
}

impl ExportArgs {
    /// Returns what the tiles show.
    fn spec(&self) -> ViewSpec {
        let fields = self.properties.clone().map(|mut names| {
            names.retain(|name| !name.is_empty());
            names.sort();
            names.dedup();
            names
        });
        ViewSpec {
            when: self.datetime.unwrap_or_default(),
            states: self.state,
            fields,
            filter: self.filter.clone(),
        }
    }

    fn choose<'v>(&'v self, view: &'v View) -> anyhow::Result<Vec<Chosen<'v>>> {
        let found = self.layers.parts().iter().map(|part| {
            let id = &part.id;
            let layer = view.layer(id).with_context(|| format!("there is no layer '{id}'"))?;
            Ok((part, layer.layer()))
        });
        let layers: Vec<Chosen<'v>> = found.collect::<anyhow::Result<_>>()?;
        for name in view.spec().fields.iter().flatten() {
            if layers.iter().all(|(_, layer)| layer.schema.position(name).is_none()) {
                bail!("no layer has the field '{name}'");
            }
        }
        Ok(layers)
    }

    /// Opens the archive that the layer is made of, if it is one.
    fn archive(&self, view: &View) -> anyhow::Result<Option<PmTiles>> {
        let parts = self.layers.parts();
        for LayerPart { id, .. } in parts {
            let Some(path) = view.layer(id).and_then(|layer| layer.archive_path()) else {
                continue;
            };
            if parts.len() > 1 {
                bail!("layer '{id}' is an archive of tiles made elsewhere: export it by itself");
            }
            if *view.spec() != ViewSpec::default() {
                bail!(
                    "layer '{id}' is an archive of tiles made elsewhere: it has no features to choose among"
                );
            }
            return Ok(Some(PmTiles::open(&path)?));
        }
        Ok(None)
    }

    /// Returns all that the tiles depend on.
    fn key(view: &View, layers: &[Chosen<'_>], wanted: Wanted) -> String {
        let root = TileId::ROOT.coord();
        let parts: Vec<Value> = layers
            .iter()
            .map(|(part, layer)| {
                let version = view.layer(&part.id).map(|layer| layer.tile_version(root));
                json!([part.to_string(), layer.uuid, version])
            })
            .collect();
        json!({
            "program": env!("CARGO_PKG_VERSION"),
            "layers": parts,
            "view": view.id().to_string(),
            "bbox": wanted.bbox,
            "zooms": [wanted.minzoom, wanted.maxzoom],
        })
        .to_string()
    }
}

/// Reads a filter.
fn filter(text: &str) -> Result<Filter, onemap_filter::FilterError> {
    onemap_filter::parse_text(text)
}

/// Tells the format by the name of the file.
fn format_of(path: &Path) -> anyhow::Result<Format> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "pmtiles" => Ok(Format::PmTiles),
        "mbtiles" => Ok(Format::MbTiles),
        _ => bail!(
            "'{}' ends with no known format: use .pmtiles, .mbtiles or .3dtiles",
            path.display()
        ),
    }
}

fn threads(asked: Option<u16>) -> anyhow::Result<rayon::ThreadPool> {
    let threads = asked.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("can not start threads")
}

/// Tells of each zoom.
pub(super) fn zoom_reports(zooms: &BTreeMap<u8, ZoomStats>) -> Vec<ZoomReport> {
    zooms
        .iter()
        .map(|(&zoom, stats)| ZoomReport {
            zoom,
            tiles: stats.tiles,
            bytes: stats.bytes,
            largest: stats.largest.map(|(tile, _)| tile.to_string()).unwrap_or_default(),
            largest_bytes: stats.largest.map_or(0, |(_, bytes)| bytes),
        })
        .collect()
}

/// Writes a table of zooms.
pub(super) fn write_zooms(f: &mut fmt::Formatter<'_>, zooms: &[ZoomReport]) -> fmt::Result {
    writeln!(f, "  zoom      tiles        bytes  largest")?;
    for ZoomReport { zoom, tiles, bytes, largest, largest_bytes } in zooms {
        writeln!(f, "  {zoom:>4} {tiles:>10} {bytes:>12}  {largest_bytes} ({largest})")?;
    }
    Ok(())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} [{}]", self.file, self.format)?;
        let mut line = |name: &str, value: &dyn fmt::Display| writeln!(f, "  {name:<10} {value}");
        line("layers", &self.layers.join(", "))?;
        if let Some(bounds) = self.bounds {
            let [w, s, e, n] = bounds.to_array();
            line("extent", &format_args!("{w:.6}, {s:.6}, {e:.6}, {n:.6}"))?;
        }
        for note in &self.notes {
            line("note", note)?;
        }
        write_zooms(f, &self.zooms)?;
        write!(
            f,
            "{} tiles ({} different, {} from before), {} bytes in {:.2} s",
            self.tiles, self.contents, self.resumed, self.bytes, self.seconds
        )
    }
}
