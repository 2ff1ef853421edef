//! What heights are measured from, and the way to the ellipsoid.

use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::proj::{self, Direction, Object};
use crate::{Crs, Error, Result, Vertical, cache};

/// What the user states about a layer's heights; `--heights` on the command line.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Heights {
    /// Heights stand on the ellipsoid already.
    Ellipsoidal,
    /// The ellipsoid lies this many metres below the zero of the heights: ellipsoidal height = height + offset.
    Offset(f64),
    /// A geoid grid (`.gtx`) whose value is added to each height.
    Grid(PathBuf),
    /// Nothing is stated: heights are taken as they are, unless the coordinate system names a datum for them.
    #[default]
    Unstated,
}

impl FromStr for Heights {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refuse =
            |reason: &str| Error::Heights { input: text.to_owned(), reason: reason.to_owned() };
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        match (key.trim(), value.trim()) {
            ("ellipsoidal", "") => Ok(Self::Ellipsoidal),
            ("unstated", "") => Ok(Self::Unstated),
            ("offset", metres) => match metres.parse::<f64>() {
                Ok(metres) if metres.abs() <= 1_000.0 => Ok(Self::Offset(metres)),
                _ => Err(refuse("the offset is a number of metres between -1000 and 1000")),
            },
            ("grid", file) if !file.is_empty() => Ok(Self::Grid(file.into())),
            _ => Err(refuse("expected ellipsoidal, offset=METRES or grid=FILE")),
        }
    }
}

impl fmt::Display for Heights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ellipsoidal => f.write_str("ellipsoidal"),
            Self::Offset(metres) => write!(f, "offset={metres}"),
            Self::Grid(file) => write!(f, "grid={}", file.display()),
            Self::Unstated => f.write_str("unstated"),
        }
    }
}

impl Serialize for Heights {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Heights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Brings heights in metres to the ellipsoid and back. May be used from many threads.
#[derive(Debug, Clone)]
pub struct HeightTransformer {
    plan: Plan,
    note: String,
}

#[derive(Debug, Clone)]
enum Plan {
    Keep,
    Add(f64),
    /// A PROJ pipeline over degrees and metres.
    Pipeline(Arc<str>),
    /// The code of a vertical system that PROJ can really relate to the ellipsoid.
    Vertical(Arc<str>),
}

impl HeightTransformer {
    /// Prepares the way from the heights of `crs`, as `heights` states or the coordinate system itself.
    ///
    /// # Errors
    /// [`Error::HeightDatum`] when the coordinate system names a vertical datum, nothing is stated and PROJ
    /// would silently ignore the difference; [`Error::Heights`] when a grid cannot be used.
    pub fn new(crs: &Crs, heights: &Heights) -> Result<Self> {
        let (plan, note) = match heights {
            Heights::Ellipsoidal => (Plan::Keep, "heights are ellipsoidal, as stated".into()),
            Heights::Offset(metres) => {
                (Plan::Add(*metres), format!("{metres} m are added to heights, as stated"))
            }
            Heights::Grid(file) => {
                let plan = grid_plan(file, heights)?;
                (plan, format!("heights are corrected with the grid {}", file.display()))
            }
            Heights::Unstated => match crs.vertical() {
                Vertical::None => (
                    Plan::Keep,
                    "the datum of heights is not stated: they are taken as ellipsoidal; state --heights to correct them"
                        .into(),
                ),
                Vertical::Ellipsoidal => (Plan::Keep, format!("heights are ellipsoidal, as {crs} declares")),
                Vertical::Datum(datum) => {
                    let refuse = || Error::HeightDatum { crs: crs.to_string(), datum: datum.clone() };
                    let code: Arc<str> = crs.vertical_code().ok_or_else(refuse)?.into();
                    vertical_operation(&code).map_err(|_| refuse())?;
                    (Plan::Vertical(code), format!("heights are transformed from {datum} to the ellipsoid"))
                }
            },
        };
        let transformer = Self { plan, note };
        transformer
            .operation()
            .map_err(|reason| Error::Heights { input: heights.to_string(), reason })?;
        Ok(transformer)
    }

    /// Returns what was assumed, for the report.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// Returns whether heights stay exactly as they are.
    pub fn is_identity(&self) -> bool {
        matches!(self.plan, Plan::Keep)
    }

    /// Turns heights in metres into ellipsoidal heights, in place, at `[longitude, latitude]` in degrees.
    ///
    /// # Errors
    /// [`Error::Coordinate`] for the first place that the grid does not cover. NaN stays NaN.
    ///
    /// # Panics
    /// Never; where the slices differ in length, the rest of the longer stays.
    pub fn to_ellipsoidal(&self, coords: &[[f64; 2]], heights: &mut [f64]) -> Result<()> {
        self.run(Direction::Forward, coords, heights)
    }

    /// Turns ellipsoidal heights back; the inverse of [`Self::to_ellipsoidal`].
    ///
    /// # Errors
    /// As [`Self::to_ellipsoidal`].
    pub fn from_ellipsoidal(&self, coords: &[[f64; 2]], heights: &mut [f64]) -> Result<()> {
        self.run(Direction::Inverse, coords, heights)
    }

    fn run(&self, direction: Direction, coords: &[[f64; 2]], heights: &mut [f64]) -> Result<()> {
        let sign = if direction == Direction::Forward { 1.0 } else { -1.0 };
        if let Plan::Add(metres) = self.plan {
            for height in heights.iter_mut() {
                *height += sign * metres;
            }
        }
        let operation = self
            .operation()
            .map_err(|reason| Error::Heights { input: self.note.clone(), reason })?;
        let Some(operation) = operation else { return Ok(()) };
        let covered = coords.len().min(heights.len());
        let (Some(coords), Some(heights)) = (coords.get(..covered), heights.get_mut(..covered))
        else {
            return Ok(());
        };
        let unknown: Vec<bool> = heights.iter().map(|height| height.is_nan()).collect();
        let reason = operation.transform_heights(direction, coords, heights);
        for (index, (height, unknown)) in heights.iter_mut().zip(unknown).enumerate() {
            if unknown {
                *height = f64::NAN;
            } else if !height.is_finite() {
                let [x, y] = coords.get(index).copied().unwrap_or_default();
                let reason =
                    reason.clone().unwrap_or_else(|| "the height grid does not cover it".into());
                return Err(Error::Coordinate { index, x, y, crs: "heights".into(), reason });
            }
        }
        Ok(())
    }

    fn operation(&self) -> std::result::Result<Option<Rc<Object>>, String> {
        match &self.plan {
            Plan::Keep | Plan::Add(_) => Ok(None),
            Plan::Pipeline(pipeline) => {
                cache::cached(pipeline, || proj::create(pipeline)).map(Some)
            }
            Plan::Vertical(code) => vertical_operation(code).map(Some),
        }
    }
}

/// Returns the operation from heights of a vertical system to the ellipsoid, if it is a real one.
fn vertical_operation(code: &str) -> std::result::Result<Rc<Object>, String> {
    let key: Arc<str> = format!("EPSG:4326+{}", code.trim_start_matches("EPSG:")).into();
    cache::cached(&key, || {
        let operation = proj::operation(&proj::create(&key)?, &proj::create("EPSG:4979")?, false)?;
        // What PROJ would use is only known after it was used.
        operation.transform_heights(Direction::Forward, &[[118.28, 33.96]], &mut [10.0]);
        match operation.used() {
            Some((_, false)) => Ok(operation),
            _ => Err("only an approximation is known".into()),
        }
    })
}

fn grid_plan(file: &Path, heights: &Heights) -> Result<Plan> {
    let refuse = |reason: String| Error::Heights { input: heights.to_string(), reason };
    let file = std::path::absolute(file).map_err(|error| refuse(error.to_string()))?;
    if !file.is_file() {
        return Err(refuse(format!("there is no file {}", file.display())));
    }
    let is_gtx = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gtx"));
    if !is_gtx {
        let remedy =
            "only .gtx grids are read; convert it with: gdal_translate -of GTX FILE FILE.gtx";
        return Err(refuse(remedy.into()));
    }
    let name = file.to_str().filter(|name| !name.contains(['"', ','])).ok_or_else(|| {
        refuse("its path contains a character that PROJ cannot read; rename it".into())
    })?;
    let pipeline = format!(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad \
         +step +proj=vgridshift +grids=\"{name}\" +multiplier=1 \
         +step +proj=unitconvert +xy_in=rad +xy_out=deg"
    );
    Ok(Plan::Pipeline(pipeline.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_is_read_and_written() {
        for text in ["ellipsoidal", "offset=-9.25", "grid=/tmp/geoid.gtx", "unstated"] {
            assert_eq!(text.parse::<Heights>().unwrap().to_string(), text);
        }
        for text in ["", "offset", "offset=x", "offset=nan", "offset=99999", "grid=", "sea level"] {
            assert!(text.parse::<Heights>().is_err(), "{text}");
        }
    }

    #[test]
    fn heights_of_the_1985_datum_are_refused_until_a_way_is_stated() {
        let crs = Crs::parse("EPSG:4490+5737").unwrap();
        assert!(
            matches!(crs.vertical(), Vertical::Datum(name) if name.contains("1985")),
            "{:?}",
            crs.vertical()
        );
        let error = HeightTransformer::new(&crs, &Heights::Unstated).unwrap_err();
        assert!(matches!(&error, Error::HeightDatum { .. }), "{error}");
        assert!(error.to_string().contains("--heights"));

        let stated = HeightTransformer::new(&crs, &Heights::Offset(-9.5)).unwrap();
        let mut heights = [10.0];
        stated.to_ellipsoidal(&[[118.0, 33.0]], &mut heights).unwrap();
        assert_eq!(heights, [0.5]);
        stated.from_ellipsoidal(&[[118.0, 33.0]], &mut heights).unwrap();
        assert_eq!(heights, [10.0]);
    }

    #[test]
    fn heights_without_a_datum_stay_and_the_report_says_so() {
        let kept = HeightTransformer::new(&Crs::wgs84(), &Heights::Unstated).unwrap();
        assert!(kept.is_identity() && kept.note().contains("not stated"));
        let declared =
            HeightTransformer::new(&Crs::parse("EPSG:4979").unwrap(), &Heights::Unstated).unwrap();
        assert!(declared.note().contains("EPSG:4979"), "{}", declared.note());
    }

    #[test]
    fn a_grid_is_added_to_heights() {
        let folder = std::env::temp_dir().join(format!("onemap-crs-{} 高程", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("geoid.gtx");
        // GTX: south, west, step, step, rows, columns, then big-endian values from the south-west.
        let mut grid = Vec::new();
        for number in [33.0f64, 118.0, 1.0, 1.0] {
            grid.extend(number.to_be_bytes());
        }
        for number in [2i32, 2] {
            grid.extend(number.to_be_bytes());
        }
        for value in [1.0f32, 2.0, 3.0, 4.0] {
            grid.extend(value.to_be_bytes());
        }
        std::fs::write(&file, grid).unwrap();

        let transformer =
            HeightTransformer::new(&Crs::cgcs2000(), &Heights::Grid(file.clone())).unwrap();
        let coords = [[118.0, 33.0], [118.5, 33.5], [118.5, 33.5]];
        let mut heights = [10.0, 10.0, f64::NAN];
        transformer.to_ellipsoidal(&coords, &mut heights).unwrap();
        assert!(
            (heights[0] - 11.0).abs() < 1e-6 && (heights[1] - 12.5).abs() < 1e-6,
            "{heights:?}"
        );
        assert!(heights[2].is_nan());
        let error = transformer.to_ellipsoidal(&[[100.0, 20.0]], &mut [1.0]).unwrap_err();
        assert!(matches!(error, Error::Coordinate { .. }), "{error}");

        let missing = Heights::Grid(folder.join("none.gtx"));
        assert!(HeightTransformer::new(&Crs::cgcs2000(), &missing).is_err());
        std::fs::write(&file, b"cut").unwrap();
        std::fs::rename(&file, folder.join("geoid.tif")).unwrap();
        let error =
            HeightTransformer::new(&Crs::cgcs2000(), &Heights::Grid(folder.join("geoid.tif")))
                .unwrap_err();
        assert!(error.to_string().contains("gdal_translate"), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
