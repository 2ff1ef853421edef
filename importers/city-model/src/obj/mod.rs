//! obj.

use onemap_model::Sink;

use crate::{Error, Options, Source};

/// Reads a file.
pub(crate) fn read(source: &Source, _: &Options, _: &mut dyn Sink) -> Result<(), Error> {
    Err(Error::unsupported(source, "obj is not read", "convert it"))
}
