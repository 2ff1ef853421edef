//! Reads pipe networks, checks them, and emits them as layers of nodes, links and areas.
//!
//! A reader of a format makes a draft of the network; the checks look at the draft; then it is emitted with the field
//! names of [`onemap_model::network_field`]. Nothing here knows of storage, nor transforms coordinates.
//!
//! [`survey`] finds out by content what a path holds: a workbook is one network, a folder of tables or GIS layers one
//! for each set of files that belong together; [`read`] brings one of them into a [`Sink`]. What the checks find goes to
//! [`Sink::finding`]; [`codes`] lists all their rules.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod checks;
mod detect;
mod draft;
mod emit;
mod epanet;
mod format;
mod input;
mod limits;
mod mapping;
mod model;
mod pandapipes;
mod source;
mod swmm;
mod tables;
mod utility_gml;

#[cfg(test)]
mod testing;

pub use checks::{Limits, Rule, codes};
pub use detect::{Survey, is_pipe_network, survey};
pub use format::Format;
pub use mapping::Mapping;
pub use onemap_source::{Error, Skipped};
pub use source::{Options, Source};

use onemap_model::Sink;

use draft::Draft;

/// Reads a network, checks it, and brings it into the sink.
///
/// # Errors
/// When the source as a whole can not be read; what was emitted before is then not to be kept. A record that can not be
/// understood is no error: it goes to [`Sink::reject`].
pub fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    let draft = draft(source, options, sink)?;
    emit::emit(&draft, options, sink)
}

/// Reads a network as it stands in its source.
pub(crate) fn draft(
    source: &Source,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<Draft, Error> {
    match source.format {
        Format::Tables => tables::read(source, options, sink),
        Format::Epanet => epanet::read(source, options),
        Format::Swmm => swmm::read(source, options),
        Format::Pandapipes => pandapipes::read(source, options),
        Format::UtilityGml => utility_gml::read(source, options),
    }
}
