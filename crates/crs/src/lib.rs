//! Coordinate reference systems: what city data is measured in, and the way to longitude and latitude.
//!
//! Everything in the store is in longitude and latitude degrees, in that order (x = lon, y = lat), on
//! WGS 84 or CGCS2000, which are taken as one. A [`Crs`] is parsed from whatever a file or a person says; a
//! [`Transformer`] brings coordinates to the store's form and back to within 1 mm; [`Heights`] say what
//! heights are measured from.
//!
//! PROJ does the maths. Its database is linked into the program and is the only one that is used:
//! `PROJ_DATA`, files in the working folder and the network are not looked at, so that the same data gives
//! the same coordinates on every machine. Nothing is guessed: what PROJ would silently approximate is told in
//! [`Transformer::warnings`], and heights whose datum would be ignored are refused.
//!
//! ```
//! use onemap_crs::{AxisPolicy, Crs, Transformer};
//!
//! let crs = Crs::parse("CGCS2000_3_Degree_GK_CM_117E")?;
//! assert_eq!(crs.to_string(), "EPSG:4548");
//! // A Chinese survey table: X is the northing.
//! let transformer = Transformer::new(&crs, AxisPolicy::NorthingFirst)?;
//! let mut points = [[3_759_000.0_f64, 618_500.0]];
//! transformer.to_lonlat(&mut points)?;
//! assert!((points[0][0] - 118.28).abs() < 0.01 && (points[0][1] - 33.96).abs() < 0.01);
//! # Ok::<(), onemap_crs::Error>(())
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cache;
mod crs;
mod error;
mod geocentric;
mod heights;
mod names;
mod offset;
mod proj;
mod suggest;
mod transform;

pub use crs::{Area, Crs, Vertical};
pub use error::{Error, Result};
pub use geocentric::{LocalFrame, from_geocentric, to_geocentric};
pub use heights::{HeightTransformer, Heights};
pub use offset::{
    bd09_to_gcj02, bd09_to_wgs84, gcj02_to_bd09, gcj02_to_wgs84, wgs84_to_bd09, wgs84_to_gcj02,
};
pub use suggest::suggest;
pub use transform::{AxisPolicy, Transformer};
