//! `onemap export LAYER -o FOLDER.3dtiles`: 3D tiles as a folder of files, for any web server.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use onemap_model::{Revision, ViewSpec};
use onemap_store::Store;
use serde::Serialize;

use super::{ExportArgs, threads};
use crate::cli::{Common, DONE};
use crate::progress::Bar;
use crate::solid::{Form, write_folder};

/// Ending of such folders.
const ENDING: &str = "3dtiles";

/// What came of an export.
#[derive(Serialize)]
struct Report {
    folder: String,
    layer: String,
    tilesets: u64,
    contents: u64,
    bytes: u64,
    largest_bytes: u64,
    seconds: f64,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { folder, contents, tilesets, bytes, seconds, .. } = self;
        write!(
            f,
            "{folder}: {contents} contents in {tilesets} tilesets, {bytes} bytes, {seconds:.2} s"
        )
    }
}

/// Tells whether the output is such a folder.
pub(super) fn is_folder(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ENDING))
}

pub(super) fn run(
    common: &Common,
    args: &ExportArgs,
    store: &Store,
    started: Instant,
) -> anyhow::Result<u8> {
    let [part] = args.layers.parts() else {
        bail!("3D tiles are of one layer: give a command for each");
    };
    if args.bbox.is_some() || args.minzoom.is_some() || args.maxzoom.is_some() {
        bail!("--bbox, --minzoom and --maxzoom are for flat tiles: leave them out");
    }
    let spec = args.spec();
    // Heights count, whether they are shown or not.
    let all = ViewSpec { fields: None, ..spec.clone() };
    let view = match args.revision {
        Some(revision) => store.view_at(Revision(revision), all)?,
        None => store.view(all),
    };
    let form = Form { fields: spec.fields, plain: false };
    let bar = Bar::new(common.json);
    // A folder is there as a whole or not at all.
    let part_folder = args.output.with_extension(format!("{ENDING}.part"));
    let _ = std::fs::remove_dir_all(&part_folder);
    let failed = || format!("can not write '{}'", args.output.display());
    std::fs::create_dir_all(&part_folder).with_context(failed)?;
    let progress = |done, of| bar.step("making tiles", done, of, &format!("{done} of {of}"));
    let pool = threads(args.threads)?;
    let written = pool.install(|| write_folder(&view, &part.id, &form, &part_folder, &progress))?;
    if args.output.exists() {
        std::fs::remove_dir_all(&args.output).with_context(failed)?;
    }
    std::fs::rename(&part_folder, &args.output).with_context(failed)?;
    bar.finish();
    common.print(&Report {
        folder: args.output.display().to_string(),
        layer: part.id.to_string(),
        tilesets: written.tilesets,
        contents: written.contents,
        bytes: written.bytes,
        largest_bytes: written.largest,
        seconds: started.elapsed().as_secs_f64(),
    })?;
    Ok(DONE)
}
