//! cityjson.

use onemap_model::Sink;

use crate::{Error, Options, Source};

/// Reads a file.
pub(crate) fn read(source: &Source, _: &Options, _: &mut dyn Sink) -> Result<(), Error> {
    Err(Error::unsupported(source, "cityjson is not read", "convert it"))
}
