//! onemap: one map of a city. This binary is the command line and the server.
//!
//! `cli` holds one module a command, `http` one module a family of paths. There is no geometry
//! here: importers read, `onemap-ingest` and `onemap-store` keep, the tile crates answer.

mod archives;
mod cache;
mod cli;
mod flights;
mod folding;
mod gate;
mod gzip;
mod http;
mod labels;
mod layer_list;
mod portal;
mod progress;
mod styles;
mod tile_service;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
