//! Separated text: CSV, TSV and their relatives.

mod sniff;
mod tokens;

pub(crate) use sniff::looks_like_table;

use onemap_model::Sink;

use crate::{Error, Options, Source};

pub(crate) fn read(source: &Source, _options: &Options, _sink: &mut dyn Sink) -> Result<(), Error> {
    Err(Error::unsupported(source, "reader not written", ""))
}
