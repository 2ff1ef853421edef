//! A coordinate reference system and what there is to know about it.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::names::{self, Request};
use crate::proj::{self, Kind, Object};
use crate::{Error, Result};

/// The longest definition that is read, bytes. WKT2 with everything in it takes about 6,000.
const MAX_DEFINITION: usize = 1 << 16;

/// How many parsed systems are remembered in the process.
const REMEMBERED: usize = 256;

/// A coordinate reference system.
///
/// Cheap to clone, and may be sent between threads. Shown as its authority code (`EPSG:4548`) when it has
/// or is found to have one, else as its name. Stored (serde) as [`Crs::definition`]. Two are equal when
/// their definitions are.
#[derive(Clone)]
pub struct Crs(Arc<Known>);

struct Known {
    definition: String,
    /// What PROJ is given for the horizontal part.
    horizontal: Arc<str>,
    /// The store's system that has its datum, if one has.
    store_datum: Option<&'static str>,
    name: String,
    code: Option<String>,
    system: System,
    geographic: bool,
    northing_first: bool,
    metres_per_unit: Option<f64>,
    vertical: Vertical,
    vertical_code: Option<String>,
    area: Option<Area>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    /// The store's own: WGS 84 or CGCS2000 longitude and latitude.
    LonLat,
    Gcj02,
    Bd09,
    Other,
}

/// What a coordinate system says about heights.
#[derive(Debug, Clone, PartialEq)]
pub enum Vertical {
    /// Nothing.
    None,
    /// Heights stand on the ellipsoid.
    Ellipsoidal,
    /// Heights are measured from a vertical datum of this name, such as the 1985 Yellow Sea datum.
    Datum(String),
}

/// Where a coordinate system is meant to be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    /// West, south, east and north in degrees; west is more than east where it crosses the antimeridian.
    pub bounds: [f64; 4],
    /// Its description in the EPSG database.
    pub name: String,
}

static PARSED: LazyLock<Mutex<HashMap<String, Crs>>> = LazyLock::new(Mutex::default);

impl Crs {
    /// Reads a coordinate system from an EPSG code in any spelling, WKT 1 (OGC and ESRI), WKT 2, PROJJSON, a
    /// PROJ string, the name of the EPSG or ESRI database, a common Chinese name, or `GCJ-02` and `BD-09`.
    ///
    /// WKT without a code is looked up by its parameters, so that a `.prj` file of ESRI's becomes
    /// `EPSG:4548`. A code that the WKT carries is believed only when the parameters agree.
    ///
    /// # Errors
    /// [`Error::Unknown`] with the reason.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_DEFINITION {
            return Err(unknown(text, format!("it is longer than {MAX_DEFINITION} bytes")));
        }
        let remembered = |parsed: &HashMap<String, Self>| parsed.get(text).cloned();
        if let Some(crs) = remembered(&PARSED.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(crs);
        }
        let crs = Self::parse_anew(text)?;
        let mut parsed = PARSED.lock().unwrap_or_else(PoisonError::into_inner);
        if parsed.len() >= REMEMBERED {
            parsed.clear();
        }
        parsed.insert(text.to_owned(), crs.clone());
        Ok(crs)
    }

    /// Returns longitude and latitude on WGS 84 (EPSG:4326).
    pub fn wgs84() -> Self {
        Self::lon_lat("EPSG:4326", "WGS 84", [-180.0, -90.0, 180.0, 90.0])
    }

    /// Returns longitude and latitude on CGCS2000 (EPSG:4490).
    pub fn cgcs2000() -> Self {
        Self::lon_lat(
            "EPSG:4490",
            "China Geodetic Coordinate System 2000",
            [73.62, 16.7, 134.77, 53.56],
        )
    }

    /// Returns a definition that [`Crs::parse`] reads again: a code, `GCJ-02`, `BD-09`, a PROJ string or WKT.
    pub fn definition(&self) -> &str {
        &self.0.definition
    }

    /// Returns its name, such as `CGCS2000 / 3-degree Gauss-Kruger CM 117E`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns its authority code, such as `EPSG:4548`.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Returns its EPSG code as a number.
    pub fn epsg(&self) -> Option<u32> {
        self.code()?.strip_prefix("EPSG:")?.parse().ok()
    }

    /// Returns whether coordinates are angles.
    pub fn is_geographic(&self) -> bool {
        self.0.geographic
    }

    /// Returns whether coordinates are longitude and latitude just as the store keeps them.
    pub fn is_store(&self) -> bool {
        self.0.system == System::LonLat
    }

    /// Returns whether the authority puts the northing (or latitude) before the easting (or longitude).
    pub fn northing_first(&self) -> bool {
        self.0.northing_first
    }

    /// Returns the metres of one horizontal unit; `None` for angles.
    pub fn metres_per_unit(&self) -> Option<f64> {
        self.0.metres_per_unit
    }

    /// Returns what it says about heights.
    pub fn vertical(&self) -> &Vertical {
        &self.0.vertical
    }

    /// Returns where it is meant to be used.
    pub fn area(&self) -> Option<&Area> {
        self.0.area.as_ref()
    }

    /// Returns a warning when data, given as its `[west, south, east, north]` in degrees, lies wholly outside
    /// the area of use: a sign that the coordinate system is not the right one.
    pub fn outside_area(&self, bounds: [f64; 4]) -> Option<String> {
        let area = self.area()?;
        let [west, south, east, north] = area.bounds;
        let (lon_margin, lat_margin) =
            (1.0 + (east - west).abs() / 2.0, 1.0 + (north - south) / 2.0);
        let apart_lat = bounds[3] < south - lat_margin || bounds[1] > north + lat_margin;
        let apart_lon =
            west <= east && (bounds[2] < west - lon_margin || bounds[0] > east + lon_margin);
        (apart_lat || apart_lon).then(|| {
            format!(
                "the data lies at {:.3}..{:.3} E, {:.3}..{:.3} N, far from where {self} ({}) is used: {}",
                bounds[0],
                bounds[2],
                bounds[1],
                bounds[3],
                self.name(),
                area.name
            )
        })
    }

    pub(crate) fn system(&self) -> System {
        self.0.system
    }

    pub(crate) fn horizontal(&self) -> &Arc<str> {
        &self.0.horizontal
    }

    pub(crate) fn store_datum(&self) -> Option<&'static str> {
        self.0.store_datum
    }

    pub(crate) fn vertical_code(&self) -> Option<&str> {
        self.0.vertical_code.as_deref()
    }

    fn lon_lat(code: &str, name: &str, bounds: [f64; 4]) -> Self {
        Self(Arc::new(Known {
            definition: code.into(),
            horizontal: code.into(),
            store_datum: None,
            name: name.into(),
            code: Some(code.into()),
            system: System::LonLat,
            geographic: true,
            northing_first: true,
            metres_per_unit: None,
            vertical: Vertical::None,
            vertical_code: None,
            area: Some(Area {
                bounds,
                name: if code == "EPSG:4326" { "World." } else { "China." }.into(),
            }),
        }))
    }

    fn offset(system: System, definition: &str, name: &str) -> Self {
        Self(Arc::new(Known {
            definition: definition.into(),
            horizontal: definition.into(),
            store_datum: None,
            name: name.into(),
            code: None,
            system,
            geographic: true,
            northing_first: false,
            metres_per_unit: None,
            vertical: Vertical::None,
            vertical_code: None,
            area: None,
        }))
    }

    fn parse_anew(text: &str) -> Result<Self> {
        let refuse = |reason| unknown(text, reason);
        let (object, definition) = match names::sort(text).map_err(refuse)? {
            Request::Gcj02 => {
                return Ok(Self::offset(System::Gcj02, "GCJ-02", "GCJ-02 (offset WGS 84)"));
            }
            Request::Bd09 => {
                return Ok(Self::offset(System::Bd09, "BD-09", "BD-09 (Baidu's offset)"));
            }
            Request::Code(code) => (proj::create(&code).map_err(refuse)?, code),
            Request::Definition(definition) => {
                (proj::create(&definition).map_err(refuse)?, definition)
            }
            Request::Name(name) => {
                let object = proj::create_from_name(&name);
                let object =
                    object.ok_or_else(|| refuse("no coordinate system has this name".into()))?;
                let definition = object.identifier().or_else(|| object.wkt()).unwrap_or(name);
                (object, definition)
            }
        };
        Self::describe(&object, definition).map_err(refuse)
    }

    fn describe(given: &Object, definition: String) -> std::result::Result<Self, String> {
        // What has a code is described by its official definition, which alone knows the axis order.
        let code = code_of(given);
        let object = match &code {
            Some(code) => &proj::create(code)?,
            None => given,
        };
        let definition = code.clone().unwrap_or(definition);
        // Peel off what is not horizontal.
        let mut vertical = Vertical::None;
        let mut vertical_code = None;
        let mut flat = None;
        if object.kind() == Kind::Compound {
            if let Some(part) = object.part(1) {
                vertical = Vertical::Datum(part.name());
                vertical_code = code_of(&part);
            }
            flat = object.part(0);
        }
        let top = flat.as_ref().unwrap_or(object);
        let is_3d =
            |object: &Object| object.kind() == Kind::Geographic3d || object.axes().len() == 3;
        let unbound = if top.kind() == Kind::Bound { top.base() } else { None };
        if is_3d(unbound.as_ref().unwrap_or(top)) {
            vertical = Vertical::Ellipsoidal;
            flat = top.flat();
        }
        let horizontal = flat.as_ref().unwrap_or(object);
        let base = if horizontal.kind() == Kind::Bound { horizontal.base() } else { None };
        let plain = base.as_ref().unwrap_or(horizontal);
        let geographic = match plain.kind() {
            Kind::Geographic2d => true,
            Kind::Projected => false,
            Kind::Vertical => {
                return Err("it is a vertical system only, without longitude and latitude".into());
            }
            _ => {
                return Err(
                    "it is geocentric, local without a place, or no coordinate system at all"
                        .into(),
                );
            }
        };
        let axes = plain.axes();
        let directions: Vec<_> = axes.iter().map(|axis| axis.direction.as_str()).collect();
        let store_datum =
            if base.is_none() { plain.geodetic().and_then(|base| store_code(&base)) } else { None };
        let lon_lat = geographic && store_datum.is_some();
        let horizontal_definition = match &flat {
            Some(flat) => code_of(flat)
                .or_else(|| flat.wkt())
                .ok_or("its horizontal part cannot be written")?,
            None => definition.clone(),
        };
        Ok(Self(Arc::new(Known {
            definition,
            horizontal: horizontal_definition.into(),
            store_datum,
            name: object.name(),
            code,
            system: if lon_lat { System::LonLat } else { System::Other },
            geographic,
            northing_first: directions.first() == Some(&"north")
                && directions.get(1) == Some(&"east"),
            metres_per_unit: axes.first().filter(|_| !geographic).map(|axis| axis.factor),
            vertical,
            vertical_code,
            area: object.area().map(|(bounds, name)| Area { bounds, name }),
        })))
    }
}

/// Returns the authority code that a system carries, if its parameters agree, or is found to have.
fn code_of(object: &Object) -> Option<String> {
    // A bound system states its own datum shift, which its code would lose.
    if object.kind() == Kind::Bound {
        return None;
    }
    let Some(carried) = object.identifier() else { return object.identify() };
    let agrees = proj::create(&carried).is_ok_and(|official| official.means(object));
    if agrees { Some(carried) } else { object.identify() }
}

/// Returns which of the store's two systems a geographic one is.
fn store_code(object: &Object) -> Option<&'static str> {
    ["EPSG:4326", "EPSG:4490"]
        .into_iter()
        .find(|code| proj::create(code).is_ok_and(|store| store.means(object)))
}

fn unknown(text: &str, reason: String) -> Error {
    let mut input: String = text.trim().chars().take(80).collect();
    if input.len() < text.trim().len() {
        input.push_str("...");
    }
    Error::Unknown { input, reason }
}

impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_offset = matches!(self.0.system, System::Gcj02 | System::Bd09);
        let nameless = self.0.name.is_empty() || self.0.name == "unknown";
        let plain = if is_offset || nameless { &self.0.definition } else { &self.0.name };
        f.write_str(self.code().unwrap_or(plain.trim_end_matches(" +type=crs")))
    }
}

impl fmt::Debug for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Crs").field(&self.0.definition).finish()
    }
}

impl PartialEq for Crs {
    fn eq(&self, other: &Self) -> bool {
        self.0.definition == other.0.definition
    }
}

impl Eq for Crs {}

impl std::hash::Hash for Crs {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.definition.hash(state);
    }
}

impl FromStr for Crs {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl Serialize for Crs {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.definition())
    }
}

impl<'de> Deserialize<'de> for Crs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let definition = String::deserialize(deserializer)?;
        Self::parse(&definition).map_err(serde::de::Error::custom)
    }
}
