//! Import of pipe networks: survey tables, EPANET, SWMM, lines of a GIS, utilities in CityGML, pandapipes.

use std::path::Path;

use anyhow::{Context, bail};
use onemap_ingest::{Input, Options, Report, StateRule};
use onemap_model::{Kind, Sink};
use onemap_pipe_network::{Mapping, Options as Reading};
use onemap_store::Store;

use crate::progress::Bar;

/// Field of links with their state of life.
const STATE: &str = "state";
/// Style of networks, unless the user names another.
const STYLE: &str = "pipes";

/// Tells whether the sources are networks: by what is in them, or because the user says so.
pub(super) fn are_networks(sources: &[String], kind: Option<Kind>) -> anyhow::Result<bool> {
    if let Some(kind) = kind {
        return Ok(kind == Kind::Network);
    }
    let found =
        sources.iter().filter(|source| onemap_pipe_network::is_pipe_network(source)).count();
    if found > 0 && found < sources.len() {
        bail!("pipe networks and other sources can not be imported together: give two commands");
    }
    Ok(found > 0)
}

/// Reads what a mapping file says of the headers and codes of tables.
pub(super) fn mapping(path: &Path) -> anyhow::Result<Mapping> {
    let file = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("can not read '{file}'"))?;
    Mapping::parse(&text).map_err(|why| anyhow::anyhow!("can not use '{file}': {why}"))
}

/// Imports everything that the names stand for, as one revision.
pub(super) fn import(
    store: &Store,
    names: &[String],
    reading: &Reading,
    options: &Options,
    bar: &Bar,
) -> anyhow::Result<Report> {
    let mut options = options.clone();
    options.state.get_or_insert_with(|| StateRule::Field(STATE.to_owned()));
    options.style.get_or_insert_with(|| STYLE.to_owned());
    let mut sources: Vec<onemap_pipe_network::Source> = Vec::new();
    let mut skipped = Vec::new();
    for name in names {
        let found = onemap_pipe_network::survey(name, reading.map.as_ref())?;
        // Points and lines in files of their own are one network, whichever of them is named.
        let is_new = |source: &onemap_pipe_network::Source| {
            sources.iter().all(|known| known.path != source.path)
        };
        let new: Vec<_> = found.sources.into_iter().filter(is_new).collect();
        sources.extend(new);
        skipped.extend(found.skipped);
    }
    let inputs = sources.iter().map(|source| Input {
        name: source.name.clone(),
        read: Box::new(move |sink: &mut dyn Sink| {
            onemap_pipe_network::read(source, reading, sink).map_err(|error| Box::new(error) as _)
        }),
    });
    let report = onemap_ingest::import(store, inputs.collect(), &options, bar)
        .context("nothing was imported");
    bar.finish();
    let mut report = report?;
    report.notes.extend(
        skipped.into_iter().map(|file| {
            format!("'{}' was not imported: {}; {}", file.name, file.reason, file.remedy)
        }),
    );
    Ok(report)
}
