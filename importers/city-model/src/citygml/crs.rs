//! Which coordinate system a file is in, and in which order its coordinates come.

use onemap_crs::{AxisPolicy, Crs, Transformer};
use onemap_model::{AxisOrder, Note};

use crate::crs_name;

/// What coordinates of a file mean.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// The CRS as `onemap-crs` reads it.
    pub(super) crs: Option<String>,
    /// Which coordinate comes first.
    pub(super) order: AxisOrder,
    /// Whether coordinates are angles.
    pub(super) is_geographic: bool,
}

/// How far outside its area of use data may lie, as a part of the area's sides.
const MARGIN: f64 = 0.1;

impl Frame {
    /// Decides what the coordinates mean from the CRS stated, the one that the user told, and a place in the file.
    ///
    /// In URN and HTTP names the authority's order of axes holds (OGC 09-048r5), but many files in projected systems
    /// have the easting first all the same: where only one order lies in the system's area of use, it is taken; where
    /// both or none do, angles follow the authority and metres come easting first.
    pub(super) fn of(
        stated: Option<&str>,
        told: Option<&str>,
        place: Option<[f64; 2]>,
    ) -> (Self, Option<Note>) {
        let name = stated.map(crs_name::plain);
        let mut frame = Self { crs: name.clone(), ..Self::default() };
        let Some(crs) = told.map(str::to_owned).or(name).and_then(|name| Crs::parse(&name).ok())
        else {
            return (frame, None);
        };
        frame.is_geographic = crs.is_geographic();
        if !crs.northing_first() {
            return (frame, None);
        }
        let fits = |axes| place.is_some_and(|place| is_in_area(&crs, axes, place));
        let (east_fits, north_fits) =
            (fits(AxisPolicy::EastingFirst), fits(AxisPolicy::NorthingFirst));
        let is_formal = stated.is_some_and(|name| {
            let name = name.to_ascii_lowercase();
            name.starts_with("urn:") || name.starts_with("http")
        });
        let is_north =
            if east_fits == north_fits { frame.is_geographic && is_formal } else { north_fits };
        let (first, second) =
            if frame.is_geographic { ("latitude", "longitude") } else { ("northing", "easting") };
        let why = if east_fits == north_fits && is_north {
            "as its authority defines"
        } else if east_fits == north_fits {
            "as files in projected systems usually have it; its authority defines the other order"
        } else {
            "as only so it lies where the system is used"
        };
        let (first, second) = if is_north { (first, second) } else { (second, first) };
        frame.order = if is_north { AxisOrder::NorthEast } else { AxisOrder::EastNorth };
        let name = crs.code().unwrap_or(crs.name());
        let text = format!("coordinates in {name} were read as {first}, {second}: {why}");
        (frame, Some(Note::assumed(text)))
    }

    /// Returns metres per unit of each axis near a place, roughly: in degrees a roof looks like a wall.
    pub(super) fn metres_per_unit(&self, at: [f64; 3]) -> Option<[f64; 3]> {
        const METRES_PER_DEGREE: f64 = 111_195.0;
        if !self.is_geographic {
            return None;
        }
        let is_north = self.order == AxisOrder::NorthEast;
        let latitude = if is_north { at[0] } else { at[1] };
        let east = METRES_PER_DEGREE * latitude.to_radians().cos().abs().max(1e-3);
        let north = METRES_PER_DEGREE;
        Some(if is_north { [north, east, 1.0] } else { [east, north, 1.0] })
    }

    /// Moves a place by metres east, north and up, or in a projected system by units of its axes.
    pub(super) fn moved(&self, from: [f64; 3], by: [f64; 3]) -> [f64; 3] {
        if !self.is_geographic {
            return [from[0] + by[0], from[1] + by[1], from[2] + by[2]];
        }
        let swap = |[a, b, c]: [f64; 3]| {
            if self.order == AxisOrder::NorthEast { [b, a, c] } else { [a, b, c] }
        };
        swap(onemap_crs::LocalFrame::at(swap(from)).to_lonlat(by))
    }
}

fn is_in_area(crs: &Crs, axes: AxisPolicy, place: [f64; 2]) -> bool {
    let Some(area) = crs.area() else { return false };
    let Ok(transformer) = Transformer::new(crs, axes) else { return false };
    let mut places = [place];
    if transformer.to_lonlat(&mut places).is_err() {
        return false;
    }
    let [[lon, lat]] = places;
    let [west, south, east, north] = area.bounds;
    let width = if west > east { east + 360.0 - west } else { east - west };
    let (dx, dy) = (width * MARGIN, (north - south) * MARGIN);
    let from_west = (lon - west + dx).rem_euclid(360.0);
    from_west <= width + 2.0 * dx && lat >= south - dy && lat <= north + dy
}

#[cfg(test)]
mod tests {
    use super::*;
    use AxisOrder::{EastNorth, NorthEast};

    #[test]
    fn the_order_of_axes_is_that_in_which_the_data_lies_where_its_system_is_used() {
        let jgd = "http://www.opengis.net/def/crs/EPSG/0/6697";
        let berlin = "urn:ogc:def:crs,crs:EPSG:6.12:3068,crs:EPSG:6.12:5783";
        let utm = "urn:ogc:def:crs,crs:EPSG::25832,crs:EPSG::5783";
        let china = "urn:ogc:def:crs:EPSG::4547";
        for (crs, place, order, is_noted) in [
            (jgd, [35.5, 139.7], NorthEast, true),
            (jgd, [139.7, 35.5], EastNorth, true),
            ("EPSG:6697", [35.5, 139.7], NorthEast, true),
            (utm, [458_875.0, 5_438_350.0], EastNorth, false),
            // Both orders lie in Berlin: as files have it.
            (berlin, [23_000.0, 20_000.0], EastNorth, true),
            (china, [3_759_000.0, 618_500.0], NorthEast, true),
            (china, [618_500.0, 3_759_000.0], EastNorth, true),
        ] {
            let (frame, note) = Frame::of(Some(crs), None, Some(place));
            assert_eq!(
                (frame.order, note.is_some()),
                (order, is_noted),
                "{crs} {place:?} {note:?}"
            );
            assert_eq!(frame.is_geographic, crs.contains("6697"), "{crs}");
        }
        assert_eq!(Frame::of(None, None, None).0.order, EastNorth);
        assert_eq!(Frame::of(Some("no such thing"), None, None).0.crs.unwrap(), "no such thing");
    }

    #[test]
    fn metres_on_the_ground_become_degrees() {
        let (frame, _) = Frame::of(Some("EPSG:6697"), None, Some([35.5, 139.7]));
        let at = frame.moved([35.0, 139.0, 5.0], [100.0, 0.0, 2.0]);
        let [north, east, _] = frame.metres_per_unit(at).unwrap();
        let moved = [(at[0] - 35.0) * north, (at[1] - 139.0) * east, at[2] - 5.0];
        assert!(moved[0].abs() < 0.1 && (moved[1] - 100.0).abs() < 0.5, "{moved:?}");
        assert!((moved[2] - 2.0).abs() < 0.01);
    }
}
