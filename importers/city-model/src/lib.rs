//! Reads the formats of city models, and emits records with shapes in 3D.
//!
//! [`survey`] finds out by content what a path holds (a folder or a zip may hold several sources); [`read`] streams one
//! source into a [`Sink`](onemap_model::Sink). Nothing here knows of storage, nor transforms coordinates: shapes come in
//! the CRS of the source, which the layer states. Only models without any CRS (OBJ, glTF) are put on the earth, where
//! the user says ([`Placement`]).
//!
//! Every object of a city model is one record: its attributes, its parents and children, and its surfaces as triangles
//! in every level of detail that the source has. An object that can not be understood is rejected with the reason; the
//! others stay.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod build;
mod citygml;
mod cityjson;
mod columns;
mod crs_name;
mod detect;
mod fault;
mod format;
mod gltf;
mod limits;
mod obj;
mod object;
mod placement;
mod semantics;
mod source;
mod texture;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod testing;

pub use detect::{Survey, is_city_model, survey};
pub use format::Format;
pub use onemap_source::{Error, Skipped};
pub use placement::Placement;
pub use source::{Options, Source};

use onemap_model::Sink;

/// Streams a source into the sink.
///
/// # Errors
/// When the source as a whole can not be read; what was emitted before is then not to be kept. An object that can not be
/// understood is no error: it goes to [`Sink::reject`].
pub fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    match source.format {
        Format::CityJson | Format::CityJsonSeq => cityjson::read(source, options, sink),
        Format::CityGml => citygml::read(source, options, sink),
        Format::Obj => obj::read(source, options, sink),
        Format::Gltf => gltf::read(source, options, sink),
    }
}
