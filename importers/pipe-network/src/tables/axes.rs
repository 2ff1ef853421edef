//! Which of two coordinates is the easting: survey tables have X to the north.

use onemap_crs::{AxisPolicy, Crs, Transformer};
use onemap_model::Note;

/// How the two columns of coordinates are to be read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Axes {
    /// The column called X holds eastings after all.
    swapped: bool,
    /// Taken off eastings: the number of the zone before them.
    zone: f64,
    /// Values are certain enough that single rows which differ are wrong.
    is_plain: bool,
    is_degrees: bool,
}

fn is_northing(value: f64) -> bool {
    (1_600_000.0..=6_200_000.0).contains(&value)
}

fn is_easting(value: f64) -> bool {
    (100_000.0..=900_000.0).contains(&value) || is_zoned(value)
}

fn is_zoned(value: f64) -> bool {
    (13_100_000.0..=45_900_000.0).contains(&value)
        && (100_000.0..=900_000.0).contains(&(value % 1e6))
}

impl Axes {
    /// Decides from all pairs of a northing and an easting as the headers have them.
    pub(crate) fn decide(pairs: &[[f64; 2]], crs: Option<&str>, notes: &mut Vec<Note>) -> Self {
        if pairs.is_empty() {
            return Self::default();
        }
        let crs = crs.and_then(|crs| Crs::parse(crs).ok());
        let most = |test: &dyn Fn(&[f64; 2]) -> bool| {
            pairs.iter().filter(|pair| test(pair)).count() * 2 > pairs.len()
        };
        let fits_degrees = most(&|[x, y]| x.abs() <= 180.0 && y.abs() <= 180.0);
        if fits_degrees && crs.as_ref().is_none_or(Crs::is_geographic) {
            // In degrees X is mostly the longitude; a latitude can not be above 90.
            let x_is_longitude =
                most(&|[x, y]| x.abs() > 90.0 || (y.abs() <= 56.0 && x.abs() > 70.0))
                    || !most(&|[_, y]| y.abs() > 90.0 || y.abs() > 70.0);
            let text = if x_is_longitude {
                "X is taken as longitude and Y as latitude"
            } else {
                "X is taken as latitude and Y as longitude"
            };
            notes.push(Note::assumed(format!("{text}, by their values")));
            return Self { swapped: x_is_longitude, is_degrees: true, ..Self::default() };
        }
        let as_named = most(&|[n, e]| is_northing(*n) && is_easting(*e));
        let swapped = most(&|[n, e]| is_northing(*e) && is_easting(*n));
        notes.push(Note::assumed(if swapped {
            "X is taken as easting and Y as northing, by their values, though survey tables have X to the north"
        } else if as_named {
            "X is taken as northing and Y as easting, as survey tables have it; their values say so too"
        } else {
            "X is taken as northing and Y as easting, as survey tables have it"
        }));
        let mut axes = Self { swapped, is_plain: as_named || swapped, ..Self::default() };
        axes.zone = axes.zone_of(pairs, crs.as_ref(), notes);
        axes
    }

    /// Finds out whether the zone before the eastings belongs to the CRS; the answer is what is to be taken off.
    fn zone_of(self, pairs: &[[f64; 2]], crs: Option<&Crs>, notes: &mut Vec<Note>) -> f64 {
        let Some(first) = pairs.iter().map(|pair| self.plain(*pair)).find(|[e, _]| is_zoned(*e))
        else {
            return 0.0;
        };
        let zone = (first[0] / 1e6).floor();
        let zoned =
            pairs.iter().filter(|pair| (self.plain(**pair)[0] / 1e6).floor() == zone).count();
        let Some(crs) = crs.filter(|_| zoned * 2 > pairs.len()) else { return 0.0 };
        let is_inside = |easting: f64| {
            let mut at = [[easting, first[1]]];
            let moved =
                Transformer::new(crs, AxisPolicy::EastingFirst).and_then(|t| t.to_lonlat(&mut at));
            let [lon, lat] = at[0];
            moved.is_ok() && crs.outside_area([lon, lat, lon, lat]).is_none()
        };
        if is_inside(first[0]) || !is_inside(first[0] - zone * 1e6) {
            return 0.0;
        }
        notes.push(Note::assumed(format!(
            "the {zone} before the eastings is taken as the number of the zone and left off"
        )));
        zone * 1e6
    }

    fn plain(self, [northing, easting]: [f64; 2]) -> [f64; 2] {
        if self.swapped { [northing, easting] } else { [easting, northing] }
    }

    /// Returns easting and northing of a pair as the headers have it, and whether the two were exchanged in this row
    /// alone.
    pub(crate) fn place(self, pair: [f64; 2]) -> ([f64; 2], bool) {
        let [mut easting, mut northing] = self.plain(pair);
        let is_exchanged = self.is_plain
            && !self.is_degrees
            && !(is_easting(easting) && is_northing(northing))
            && is_easting(northing)
            && is_northing(easting);
        if is_exchanged {
            std::mem::swap(&mut easting, &mut northing);
        }
        if self.zone > 0.0 && is_zoned(easting) {
            // To the micrometre, so that the difference is as it was written.
            easting = ((easting - self.zone) * 1e6).round() / 1e6;
        }
        ([easting, northing], is_exchanged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x_is_the_northing_and_the_zone_goes_where_the_crs_has_none() {
        let mut notes = Vec::new();
        let survey = [[3_379_505.148, 501_547.846], [3_379_600.0, 501_600.0]];
        let axes = Axes::decide(&survey, Some("EPSG:4548"), &mut notes);
        assert_eq!(axes.place(survey[0]), ([501_547.846, 3_379_505.148], false));
        assert_eq!(axes.place([501_700.0, 3_379_700.0]), ([501_700.0, 3_379_700.0], true));
        let exchanged = [[501_547.846, 3_379_505.148]];
        let axes = Axes::decide(&exchanged, None, &mut notes);
        assert_eq!(axes.place(exchanged[0]), ([501_547.846, 3_379_505.148], false));
        let zoned = [[3_379_505.148, 39_501_547.846]];
        let axes = Axes::decide(&zoned, Some("EPSG:4548"), &mut notes);
        assert_eq!(axes.place(zoned[0]).0[0], 501_547.846);
        // EPSG:4527 is zone 39 with its number before the eastings.
        let axes = Axes::decide(&zoned, Some("EPSG:4527"), &mut notes);
        assert_eq!(axes.place(zoned[0]).0[0], 39_501_547.846);
        let degrees = [[118.2, 33.9], [118.3, 33.8]];
        let axes = Axes::decide(&degrees, Some("EPSG:4490"), &mut notes);
        assert_eq!(axes.place(degrees[0]).0, [118.2, 33.9]);
        let local = [[3_000.0, 5_000.0]];
        let axes = Axes::decide(&local, None, &mut notes);
        assert_eq!(axes.place(local[0]).0, [5_000.0, 3_000.0]);
    }
}
