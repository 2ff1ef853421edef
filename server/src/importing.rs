//! Imports of sources that become features: of the command line, the demo and HTTP alike.

use anyhow::{Context, bail};
use onemap_ingest::{Input, Options, Progress, Report, StateRule};
use onemap_model::{Kind, Sink};
use onemap_store::Store;

/// Field of a network's links with their state of life.
const STATE: &str = "state";
/// Style of networks, unless the user names another.
const NETWORK_STYLE: &str = "pipes";

/// What sources are read as.
#[derive(Debug)]
pub(crate) enum Reading {
    /// Vector data.
    Features(onemap_vector::Options),
    /// Shapes in 3D.
    Models(onemap_city_model::Options),
    /// Pipe networks.
    Network(onemap_pipe_network::Options),
}

/// What the user said about how to read sources, whatever they are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) kind: Option<Kind>,
    pub(crate) crs: Option<String>,
    pub(crate) encoding: Option<String>,
    /// Only these layers.
    pub(crate) only: Vec<String>,
    /// Where models without a place stand.
    pub(crate) place: Option<onemap_city_model::Placement>,
    /// What headers and codes of survey tables mean: JSON.
    pub(crate) map: Option<String>,
    pub(crate) snap: Option<f64>,
    pub(crate) split: bool,
}

impl Reading {
    /// Finds out what sources are, by what is in them.
    pub(crate) fn of(sources: &[String], said: &Said) -> anyhow::Result<Self> {
        let (crs, encoding) = (said.crs.clone(), said.encoding.clone());
        let layers = said.only.clone();
        if all(sources, "city models", onemap_city_model::is_city_model)? {
            let options = onemap_city_model::Options {
                crs,
                encoding,
                layers,
                place: said.place,
                ..Default::default()
            };
            return Ok(Self::Models(options));
        }
        if said.place.is_some() {
            bail!("a place is for models that state none of their own: OBJ and glTF");
        }
        let is_network = match said.kind {
            Some(kind) => kind == Kind::Network,
            None => all(sources, "pipe networks", onemap_pipe_network::is_pipe_network)?,
        };
        if is_network {
            let map = said.map.as_deref().map(onemap_pipe_network::Mapping::parse).transpose();
            let map = map.map_err(anyhow::Error::msg)?;
            let (snap, split) = (said.snap, said.split);
            let options = onemap_pipe_network::Options {
                crs,
                encoding,
                layers,
                map,
                snap,
                split,
                ..Default::default()
            };
            return Ok(Self::Network(options));
        }
        if said.map.is_some() || said.snap.is_some() || said.split {
            bail!(
                "a mapping, snap and split are for pipe networks; say kind network where the sources are one"
            );
        }
        Ok(Self::Features(onemap_vector::Options { crs, encoding, layers, ..Default::default() }))
    }
}

/// Tells whether all sources are of a kind; an error when some are and some are not.
fn all(sources: &[String], what: &str, is: impl Fn(&str) -> bool) -> anyhow::Result<bool> {
    let found = sources.iter().filter(|source| is(source)).count();
    if found > 0 && found < sources.len() {
        bail!(
            "{what} and other sources can not be imported together: import them one after the other"
        );
    }
    Ok(found > 0)
}

/// Imports everything that the names stand for, as one revision.
pub(crate) fn import(
    store: &Store,
    names: &[String],
    reading: &Reading,
    options: &Options,
    progress: &dyn Progress,
) -> anyhow::Result<Report> {
    let mut options = options.clone();
    let mut skipped = Vec::new();
    let report = match reading {
        Reading::Features(reading) => {
            let mut sources = Vec::new();
            for name in names {
                let found = onemap_vector::survey(name)?;
                sources.extend(found.sources);
                skipped.extend(found.skipped);
            }
            let inputs = sources.iter().map(|source| Input {
                name: source.name.clone(),
                read: Box::new(move |sink: &mut dyn Sink| {
                    onemap_vector::read(source, reading, sink).map_err(|error| Box::new(error) as _)
                }),
            });
            onemap_ingest::import(store, inputs.collect(), &options, progress)
        }
        Reading::Models(reading) => {
            let mut sources = Vec::new();
            for name in names {
                let found = onemap_city_model::survey(name)?;
                sources.extend(found.sources);
                skipped.extend(found.skipped);
            }
            let inputs = sources.iter().map(|source| Input {
                name: source.name.clone(),
                read: Box::new(move |sink: &mut dyn Sink| {
                    onemap_city_model::read(source, reading, sink)
                        .map_err(|error| Box::new(error) as _)
                }),
            });
            onemap_ingest::import(store, inputs.collect(), &options, progress)
        }
        Reading::Network(reading) => {
            options.state.get_or_insert_with(|| StateRule::Field(STATE.to_owned()));
            options.style.get_or_insert_with(|| NETWORK_STYLE.to_owned());
            options.snap = reading.snap;
            let mut sources: Vec<onemap_pipe_network::Source> = Vec::new();
            for name in names {
                let found = onemap_pipe_network::survey(name, reading.map.as_ref())?;
                for source in found.sources {
                    // Points and lines in files of their own are one network, whichever of them is named.
                    if sources.iter().all(|known| known.path != source.path) {
                        sources.push(source);
                    }
                }
                skipped.extend(found.skipped);
            }
            let inputs = sources.iter().map(|source| Input {
                name: source.name.clone(),
                read: Box::new(move |sink: &mut dyn Sink| {
                    onemap_pipe_network::read(source, reading, sink)
                        .map_err(|error| Box::new(error) as _)
                }),
            });
            onemap_ingest::import(store, inputs.collect(), &options, progress)
        }
    };
    let mut report = report.context("nothing was imported")?;
    report.notes.extend(
        skipped.into_iter().map(|file| {
            format!("'{}' was not imported: {}; {}", file.name, file.reason, file.remedy)
        }),
    );
    Ok(report)
}
