//! The guards through which every outside byte passes.
//!
//! Files come from everywhere: other departments, e-mail, the web. Their size fields lie, their archives
//! unpack to terabytes, their XML quotes itself a billion times. The readers in this crate check a size
//! against what is really left before they allocate, stop at the constants in [`limits`], and answer with
//! an [`Error`] that says what was read, where, and what to do. They never panic on outside data.
//!
//! The crate knows formats at the byte level only (WKB, WKT, gzip, zip, XML, text encodings). It depends
//! on nothing else of ours: geometry is handed to a [`GeometrySink`] that the caller provides.
//!
//! ```
//! use onemap_bounded::{ByteReader, Error};
//!
//! // A count field that promises 68 GB of points in a 12-byte file.
//! let file = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0];
//! let mut reader = ByteReader::new("points", &file);
//! let announced = reader.u32_le()?;
//! assert!(reader.counted(announced.into(), 16).is_err());
//! # Ok::<(), Error>(())
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod arc;
mod bytes;
mod error;
mod geometry;
pub mod gpkg;
mod gzip;
mod io;
pub mod limits;
pub mod text;
mod wkb;
mod wkt;
mod xml;
mod zip;

pub use bytes::ByteReader;
pub use error::{Error, Result};
pub use geometry::{GeometryInfo, GeometrySink, Shape};
pub use gzip::Gunzip;
pub use io::{BoundedRead, read_line_bounded, read_to_vec_bounded};
pub use wkb::read_wkb;
pub use wkt::read_wkt;
pub use xml::{XmlAttribute, XmlEvent, XmlReader, XmlStart};
pub use zip::{EntryReader, ZipArchive, ZipEntry};
