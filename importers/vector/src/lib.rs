//! Reads the vector formats that city departments have, and emits records.
//!
//! [`open`] finds out by content what a path holds (a folder or a zip may hold several sources);
//! [`read`] streams one source into a [`Sink`](onemap_model::Sink). Nothing here knows of storage,
//! nor transforms coordinates: records come in the CRS of the source, which the layer states.
//!
//! One module per format. Each streams, passes outside bytes through `onemap-bounded`, and turns every
//! record of the source into exactly one kept or rejected one.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod columns;
mod detect;
mod encoding;
mod format;
mod gather;
mod json;
mod limits;
mod sheet;
mod source;
mod table;
mod varint;
mod window;
mod wkb_sink;

#[cfg(test)]
mod against_gdal;
#[cfg(test)]
mod judge;
#[cfg(test)]
mod testing;

mod csv;
mod dxf;
mod flatgeobuf;
mod geojson;
mod geopackage;
mod geoparquet;
mod gpx;
mod kml;
mod osm;
#[cfg(feature = "postgres")]
mod postgis;
mod shapefile;
mod topojson;
mod xlsx;

pub use detect::{Survey, open, survey};
pub use format::Format;
pub use onemap_source::{Error, Skipped};
pub use source::{Options, Source};

use onemap_model::Sink;

/// Streams a source into the sink.
///
/// # Errors
/// When the source as a whole can not be read; what was emitted before is then not to be kept.
/// A record that can not be understood is no error: it goes to [`Sink::reject`].
pub fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    match source.format {
        Format::GeoJson | Format::GeoJsonSeq => geojson::read(source, options, sink),
        Format::TopoJson => topojson::read(source, options, sink),
        Format::Csv => csv::read(source, options, sink),
        Format::Xlsx => xlsx::read(source, options, sink),
        Format::Shapefile => shapefile::read(source, options, sink),
        Format::GeoPackage => geopackage::read(source, options, sink),
        Format::FlatGeobuf => flatgeobuf::read(source, options, sink),
        Format::GeoParquet => geoparquet::read(source, options, sink),
        Format::Kml => kml::read(source, options, sink),
        Format::Gpx => gpx::read(source, options, sink),
        Format::OsmPbf | Format::OsmXml => osm::read(source, options, sink),
        Format::Dxf => dxf::read(source, options, sink),
        #[cfg(feature = "postgres")]
        Format::Postgis => postgis::read(source, options, sink),
        #[cfg(not(feature = "postgres"))]
        Format::Postgis => Err(Error::unsupported(
            source,
            "this build has no PostGIS support",
            "use a build with the feature 'postgres'",
        )),
    }
}
