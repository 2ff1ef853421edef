//! From a coordinate system to longitude and latitude, and back.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::crs::System;
use crate::proj::{Direction, Object};
use crate::{Crs, Error, Result, cache, offset};

/// Which number of a coordinate comes first in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AxisPolicy {
    /// Easting or longitude, whatever the authority says: Shapefile, GeoPackage, GeoJSON, FlatGeobuf, DXF.
    EastingFirst,
    /// As the authority defines it: GML, WFS. Latitude first in EPSG:4326, easting first in EPSG:3857,
    /// northing first in EPSG:4548.
    Authority,
    /// Northing or latitude: tables in which X is the northing, as in Chinese surveying.
    NorthingFirst,
}

/// Brings coordinates from one coordinate system to the store's longitude and latitude, and back.
///
/// Cheap to clone, and may be used from many threads; each keeps its own PROJ operation. Coordinates go
/// through unchanged when the source is the store's own system.
#[derive(Debug, Clone)]
pub struct Transformer {
    crs: Crs,
    swap: bool,
    notes: Arc<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    batches: AtomicU64,
    warnings: Mutex<BTreeSet<String>>,
}

/// Coordinates that go to PROJ at once, small enough to keep the originals on the stack for errors.
const BATCH: usize = 512;

/// How far outside the world a longitude or latitude may lie, degrees: rounding of other programs.
const SLACK: f64 = 1e-6;

impl Transformer {
    /// Prepares the way from `crs`; fails here, not at the first coordinate, when there is none.
    ///
    /// # Errors
    /// [`Error::NoTransformation`].
    pub fn new(crs: &Crs, axes: AxisPolicy) -> Result<Self> {
        let swap = match axes {
            AxisPolicy::EastingFirst => false,
            AxisPolicy::Authority => crs.northing_first(),
            AxisPolicy::NorthingFirst => true,
        };
        let transformer = Self { crs: crs.clone(), swap, notes: Arc::default() };
        if crs.system() == System::Other {
            transformer.operation()?;
        }
        Ok(transformer)
    }

    /// Returns the coordinate system that is transformed from.
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// Returns whether coordinates stay exactly as they are.
    pub fn is_identity(&self) -> bool {
        self.crs.is_store() && !self.swap
    }

    /// Transforms coordinates in place to `[longitude, latitude]` in degrees.
    ///
    /// # Errors
    /// [`Error::Coordinate`] for the first coordinate that is not finite or outside what the coordinate
    /// system covers; the slice then holds a mixture and must be thrown away.
    pub fn to_lonlat(&self, coords: &mut [[f64; 2]]) -> Result<()> {
        if self.crs.is_store() {
            return self.check_and_swap(coords);
        }
        if self.crs.system() != System::Other {
            self.check_and_swap(coords)?;
            let remove = if self.crs.system() == System::Gcj02 {
                offset::gcj02_to_wgs84
            } else {
                offset::bd09_to_wgs84
            };
            for coord in coords {
                *coord = remove(*coord);
            }
            return Ok(());
        }
        let operation = self.operation()?;
        in_batches(coords, |batch, originals, start| {
            self.reorder(batch);
            self.check_finite(originals, start)?;
            let reason = operation.transform(Direction::Forward, batch);
            let wrong = batch.iter().position(|coord| out_of_world(*coord).is_some());
            self.refuse(wrong, originals, start, reason)
        })?;
        self.note_operation(&operation);
        Ok(())
    }

    /// Transforms `[longitude, latitude]` in degrees in place to the coordinate system, in the axis order of
    /// the policy.
    ///
    /// # Errors
    /// As [`Self::to_lonlat`].
    pub fn from_lonlat(&self, coords: &mut [[f64; 2]]) -> Result<()> {
        let add = match self.crs.system() {
            System::LonLat => {
                self.check_finite(coords, 0)?;
                self.reorder(coords);
                return Ok(());
            }
            System::Gcj02 => offset::wgs84_to_gcj02,
            System::Bd09 => offset::wgs84_to_bd09,
            System::Other => {
                let operation = self.operation()?;
                return in_batches(coords, |batch, originals, start| {
                    self.check_finite(originals, start)?;
                    let reason = operation.transform(Direction::Inverse, batch);
                    self.refine(&operation, batch);
                    let wrong = batch.iter().position(|[x, y]| !(x.is_finite() && y.is_finite()));
                    self.refuse(wrong, originals, start, reason)?;
                    self.reorder(batch);
                    Ok(())
                });
            }
        };
        self.check_finite(coords, 0)?;
        for coord in coords.iter_mut() {
            *coord = add(*coord);
        }
        self.reorder(coords);
        Ok(())
    }

    /// Returns what a reader of the import report should know about the operations used so far: those that
    /// ignore a difference between datums.
    pub fn warnings(&self) -> Vec<String> {
        let warnings = self.notes.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.iter().cloned().collect()
    }

    fn operation(&self) -> Result<Rc<Object>> {
        cache::to_store(&self.crs)
    }

    /// Makes the way back exact. The inverse of a datum shift is only approximate (1 mm for the Helmert shift
    /// of EPSG:27700), so its error, found by going there and back once more, is taken off.
    fn refine(&self, operation: &Object, batch: &mut [[f64; 2]]) {
        if self.crs.store_datum().is_some() {
            return;
        }
        let mut again = [[0.0; 2]; BATCH];
        let Some(again) = again.get_mut(..batch.len()) else { return };
        again.copy_from_slice(batch);
        operation.transform(Direction::Forward, again);
        operation.transform(Direction::Inverse, again);
        for (coord, again) in batch.iter_mut().zip(again) {
            let error = [again[0] - coord[0], again[1] - coord[1]];
            // A larger difference is another operation, chosen on the other side of a border.
            let small = if self.crs.is_geographic() { 1e-6 } else { 0.1 };
            if error.iter().all(|error| error.abs() < small) {
                *coord = [coord[0] - error[0], coord[1] - error[1]];
            }
        }
    }

    /// Exchanges the two numbers of each coordinate where the policy asks for it.
    fn reorder(&self, coords: &mut [[f64; 2]]) {
        if self.swap {
            for coord in coords {
                coord.reverse();
            }
        }
    }

    fn check_and_swap(&self, coords: &mut [[f64; 2]]) -> Result<()> {
        for (index, coord) in coords.iter_mut().enumerate() {
            let [x, y] = *coord;
            if self.swap {
                coord.reverse();
            }
            if let Some(reason) = out_of_world(*coord) {
                return Err(self.wrong(index, [x, y], reason));
            }
        }
        Ok(())
    }

    fn check_finite(&self, coords: &[[f64; 2]], start: usize) -> Result<()> {
        let wrong = coords.iter().position(|[x, y]| !(x.is_finite() && y.is_finite()));
        self.refuse(wrong, coords, start, Some("it is not a number".into()))
    }

    fn refuse(
        &self,
        wrong: Option<usize>,
        coords: &[[f64; 2]],
        start: usize,
        reason: Option<String>,
    ) -> Result<()> {
        let Some(index) = wrong else { return Ok(()) };
        let coord = coords.get(index).copied().unwrap_or_default();
        let reason =
            reason.unwrap_or_else(|| "it is outside what the coordinate system covers".into());
        Err(self.wrong(start + index, coord, reason))
    }

    fn wrong(&self, index: usize, [x, y]: [f64; 2], reason: String) -> Error {
        Error::Coordinate { index, x, y, crs: self.crs.to_string(), reason }
    }

    /// Looks which operation PROJ chose, at ever larger intervals: it may differ from place to place.
    fn note_operation(&self, operation: &Object) {
        let batch = self.notes.batches.fetch_add(1, Ordering::Relaxed) + 1;
        if !batch.is_power_of_two() {
            return;
        }
        if let Some((name, true)) = operation.used() {
            let warning = if name.contains("from unknown") {
                format!("{} names no datum: it is taken to be CGCS2000 / WGS 84", self.crs)
            } else {
                format!(
                    "PROJ knows no relation between the datum of {} and WGS 84 here ({name}): coordinates are taken as \
                 if the datums were the same, which may be up to 150 m off for datums before CGCS2000",
                    self.crs
                )
            };
            let mut warnings = self.notes.warnings.lock().unwrap_or_else(PoisonError::into_inner);
            warnings.insert(warning);
        }
    }
}

/// Runs `step` over batches, each with a copy of what it held before and the position of its first coordinate.
fn in_batches(
    coords: &mut [[f64; 2]],
    mut step: impl FnMut(&mut [[f64; 2]], &[[f64; 2]], usize) -> Result<()>,
) -> Result<()> {
    let mut originals = [[0.0; 2]; BATCH];
    for (number, batch) in coords.chunks_mut(BATCH).enumerate() {
        let Some(originals) = originals.get_mut(..batch.len()) else { continue };
        originals.copy_from_slice(batch);
        step(batch, originals, number * BATCH)?;
    }
    Ok(())
}

/// Returns why a coordinate is no longitude and latitude.
fn out_of_world([lon, lat]: [f64; 2]) -> Option<String> {
    if !(lon.is_finite() && lat.is_finite()) {
        return Some("it is not a number".into());
    }
    if lon.abs() > 180.0 + SLACK {
        return Some(format!("longitude {lon} is outside -180..180"));
    }
    if lat.abs() > 90.0 + SLACK {
        return Some(format!("latitude {lat} is outside -90..90"));
    }
    None
}

#[cfg(test)]
mod tests;
