//! CityGML.

use onemap_model::Sink;

use crate::{Error, Options, Source};

/// Reads a CityGML file.
pub(crate) fn read(source: &Source, _: &Options, _: &mut dyn Sink) -> Result<(), Error> {
    Err(Error::unsupported(source, "CityGML is not read", "convert it to CityJSON"))
}
