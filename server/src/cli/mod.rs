//! The command line: `onemap [--data DIR] COMMAND`.

mod archive_import;
mod care;
mod catalogue;
mod demo;
mod export;
mod import;
mod inspect;
mod network;
mod serve;
mod tile;
mod tileset_import;

use std::fmt::Display;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use onemap_store::{OpenMode, Store};

/// Done.
const DONE: u8 = 0;
/// Failed; nothing was changed.
const FAILED: u8 = 1;
/// Done, but some records were rejected.
const DONE_WITH_REJECTS: u8 = 3;

/// One map of a city: imports what departments have, serves it as tiles.
#[derive(Parser)]
#[command(version, about, after_help = EXAMPLES, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  onemap import buildings.shp --department 住房和城乡建设局
  onemap import survey.xlsx --crs EPSG:4527 --layer manholes
  onemap inspect city.gpkg
  onemap serve --listen 0.0.0.0:8080
  onemap tile buildings/14/13575/6547 -o tile.mvt
  onemap export roads,buildings -o city.pmtiles

Exit codes: 0 done; 1 failed, nothing was changed; 2 wrong usage; 3 done, with rejected records.";

/// Options of every command.
#[derive(Args)]
struct Common {
    /// Folder of the store
    #[arg(
        long,
        global = true,
        env = "ONEMAP_DATA",
        default_value = "onemap-data",
        value_name = "DIR"
    )]
    data: PathBuf,
    /// Print the result as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one, and it lives as long as the program")]
enum Command {
    /// Import files, folders, zips, archives of tiles, standard input (-) or postgres:// tables as one revision
    Import(import::ImportArgs),
    /// Show what is in a source, without importing it
    Inspect(inspect::InspectArgs),
    /// Serve the map and its services
    Serve(serve::ServeArgs),
    /// Import the sample city if the store is empty, then serve it
    Demo(demo::DemoArgs),
    /// List the layers
    Layers,
    /// Show one layer in full
    Show(catalogue::ShowArgs),
    /// Change a layer's title, department, group, style or states
    Set(catalogue::SetArgs),
    /// Remove a layer
    Remove(catalogue::RemoveArgs),
    /// Write one tile to a file, as the server would send it
    Tile(tile::TileArgs),
    /// Write the tiles of layers to one file: PMTiles or MBTiles
    Export(export::ExportArgs),
    /// Follow a pipe network: connected, upstream, downstream, isolate (which valves to close)
    Trace(network::TraceArgs),
    /// Draw what lies below a line: a cross-section
    Section(network::SectionArgs),
    /// Draw the longitudinal profile along pipes
    Profile(network::ProfileArgs),
    /// Measure the distances of a pipe, there or planned, to all others against their limits
    Clearance(network::ClearanceArgs),
    /// List pipes that lie too shallow
    Cover(network::CoverArgs),
    /// List what a pit would hit, whose it is, and how much is to be dug
    Excavation(network::ExcavationArgs),
    /// Sum up lengths of pipes by what they are
    Statistics(network::StatisticsArgs),
    /// List pipes that are old for their material
    Age(network::AgeArgs),
    /// Check the whole store: log, segments, indexes
    Check,
    /// Fold recent edits into their layers' segments
    Compact(care::CompactArgs),
}

/// Runs the command line and returns the exit code.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}

fn dispatch(cli: &Cli) -> anyhow::Result<u8> {
    let common = &cli.common;
    match &cli.command {
        Command::Import(args) => import::run(common, args),
        Command::Inspect(args) => inspect::run(common, args),
        Command::Serve(args) => serve::run(common, args),
        Command::Demo(args) => demo::run(common, args),
        Command::Layers => catalogue::layers(common),
        Command::Show(args) => catalogue::show(common, args),
        Command::Set(args) => catalogue::set(common, args),
        Command::Remove(args) => catalogue::remove(common, args),
        Command::Tile(args) => tile::run(common, args),
        Command::Export(args) => export::run(common, args),
        Command::Trace(args) => network::trace(common, args),
        Command::Section(args) => network::section(common, args),
        Command::Profile(args) => network::profile(common, args),
        Command::Clearance(args) => network::clearance(common, args),
        Command::Cover(args) => network::cover(common, args),
        Command::Excavation(args) => network::excavation(common, args),
        Command::Statistics(args) => network::statistics(common, args),
        Command::Age(args) => network::age(common, args),
        Command::Check => care::check(common),
        Command::Compact(args) => care::compact(common, args),
    }
}

impl Common {
    /// Opens the store for writing, making it when it is not there.
    fn store(&self) -> anyhow::Result<Store> {
        self.open(OpenMode::ReadWrite)
    }

    /// Opens the store for reading; works while a server has it open.
    fn store_to_read(&self) -> anyhow::Result<Store> {
        self.open(OpenMode::ReadOnly)
    }

    fn open(&self, mode: OpenMode) -> anyhow::Result<Store> {
        Store::open(&self.data, mode)
            .with_context(|| format!("can not open the store in '{}'", self.data.display()))
    }

    /// Prints the result: as JSON when asked for, else for people. A reader that has seen enough, as `head`
    /// does, is no failure.
    fn print<T: serde::Serialize + Display>(&self, result: &T) -> anyhow::Result<()> {
        let text =
            if self.json { serde_json::to_string_pretty(result)? } else { result.to_string() };
        match writeln!(std::io::stdout().lock(), "{text}") {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            written => written.context("can not write the result"),
        }
    }
}

/// Who runs the command, for the log.
fn actor() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    format!("cli:{}", user.unwrap_or_else(|_| "unknown".to_owned()))
}
