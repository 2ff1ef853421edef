//! Decides where a row's place stands, by the names of the columns and what is in them.

use onemap_model::{AxisOrder, Note};

use super::roles::{Role, role};
use super::survey::{Column, Surveyed};
use crate::{Error, Options, Source, geojson};

/// Where the place of a row stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere.
    None,
    /// In one cell, as a geometry.
    Shape { column: usize },
    /// In two cells, in the order in which they are emitted, and perhaps a third.
    Point { first: usize, second: usize, height: Option<usize>, degrees: bool },
}

/// What is decided about the places of a table.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) place: Place,
    pub(super) axis_order: AxisOrder,
    pub(super) crs: Option<String>,
    pub(super) default_crs: Option<&'static str>,
    pub(super) notes: Vec<Note>,
}

impl Decision {
    fn new(place: Place) -> Self {
        Self {
            place,
            axis_order: AxisOrder::EastNorth,
            crs: None,
            default_crs: None,
            notes: Vec::new(),
        }
    }

    fn assume(&mut self, text: impl Into<String>) {
        self.notes.push(Note::assumed(text));
    }
}

/// Two columns of numbers, and what their names say.
#[derive(Clone, Copy)]
struct Pair<'a> {
    x: (usize, &'a Column),
    y: (usize, &'a Column),
    names_say: Said,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    /// Longitude and latitude.
    Degrees,
    /// Easting and northing.
    EastNorth,
    /// X and Y of a Chinese survey table: northing and easting.
    Survey,
    /// Only `x` and `y`.
    Nothing,
}

/// Decides.
///
/// # Errors
/// When coordinates are no degrees and no CRS is told, or told columns are not there.
pub(super) fn decide(
    source: &Source,
    options: &Options,
    table: &Surveyed,
) -> Result<Decision, Error> {
    let columns = &table.columns;
    if options.raw_tables {
        let Some(column) = shape_column(columns) else { return Ok(Decision::new(Place::None)) };
        let mut decision = Decision::new(Place::Shape { column });
        let srid = columns.get(column).and_then(|column| column.srid).filter(|srid| *srid > 0);
        decision.crs = srid.map(|srid| format!("EPSG:{srid}"));
        return Ok(decision);
    }
    if let Some((x, y)) = &options.xy_fields {
        let x = find(source, columns, x)?;
        let y = find(source, columns, y)?;
        return point(source, options, columns, Pair { x, y, names_say: Said::Nothing });
    }
    if let Some(column) = shape_column(columns) {
        return shapes(source, options, columns, column);
    }
    let pair = |first: Role, second: Role, names_say: Said| {
        let find = |wanted: Role| {
            let mut found = columns.iter().enumerate().filter(|(_, c)| is_numeric(c));
            found.find(|(_, column)| role(&column.name) == Some(wanted))
        };
        Some(Pair { x: find(first)?, y: find(second)?, names_say })
    };
    let degrees = pair(Role::Longitude, Role::Latitude, Said::Degrees);
    let metres = pair(Role::SurveyX, Role::SurveyY, Said::Survey)
        .or_else(|| pair(Role::Easting, Role::Northing, Said::EastNorth))
        .or_else(|| pair(Role::X, Role::Y, Said::Nothing));
    let wants_metres = options.crs.as_deref().is_some_and(|crs| !is_geographic(crs));
    let chosen = if wants_metres { metres.or(degrees) } else { degrees.or(metres) };
    let Some(chosen) = chosen else {
        let mut none = Decision::new(Place::None);
        none.assume(
            "no columns with coordinates or geometries were found, so the rows have no place on the map; name \
             them 经度 and 纬度, lon and lat, X坐标 and Y坐标, or wkt",
        );
        return Ok(none);
    };
    let mut decision = point(source, options, columns, chosen)?;
    if let (Some(degrees), Some(metres)) = (degrees, metres) {
        let unused = if wants_metres { degrees } else { metres };
        let (x, y) = (&unused.x.1.name, &unused.y.1.name);
        decision.assume(format!(
            "the columns '{x}' and '{y}' hold coordinates too and were kept as attributes"
        ));
    }
    Ok(decision)
}

fn find<'a>(
    source: &Source,
    columns: &'a [Column],
    name: &str,
) -> Result<(usize, &'a Column), Error> {
    columns.iter().enumerate().find(|(_, column)| column.name == name).ok_or_else(|| {
        let names: Vec<_> = columns.iter().map(|c| c.name.as_str()).take(30).collect();
        Error::unsupported(
            source,
            format!("it has no column '{name}'"),
            format!("its columns are {}", names.join(", ")),
        )
    })
}

fn is_numeric(column: &Column) -> bool {
    column.filled == 0 || column.numbers * 2 > column.filled
}

/// Finds the column whose cells are geometries: by name if most are, by content if all are.
fn shape_column(columns: &[Column]) -> Option<usize> {
    let named = columns.iter().position(|column| {
        role(&column.name) == Some(Role::Shape) && column.shapes * 2 > column.filled
    });
    named.or_else(|| columns.iter().position(|c| c.filled > 0 && c.shapes == c.filled))
}

fn shapes(
    source: &Source,
    options: &Options,
    columns: &[Column],
    column: usize,
) -> Result<Decision, Error> {
    let mut decision = Decision::new(Place::Shape { column });
    let Some(found) = columns.get(column) else { return Ok(decision) };
    if let Some(srid) = found.srid.filter(|srid| *srid > 0) {
        decision.crs = Some(format!("EPSG:{srid}"));
        return Ok(decision);
    }
    if options.crs.is_some() {
        return Ok(decision);
    }
    if let Some([x, y]) = found.first_xy
        && (x.abs() > 180.0 || y.abs() > 90.0)
    {
        return Err(no_crs(source, &found.name, [x, y, x, y]));
    }
    decision.default_crs = Some(geojson::DEFAULT_CRS);
    let name = &found.name;
    decision.assume(format!(
        "geometries of column '{name}' are taken as longitude and latitude; say --crs if they are not"
    ));
    Ok(decision)
}

fn point(
    source: &Source,
    options: &Options,
    columns: &[Column],
    pair: Pair<'_>,
) -> Result<Decision, Error> {
    let height = columns
        .iter()
        .position(|column| role(&column.name) == Some(Role::Height) && is_numeric(column));
    let (x_name, y_name) = (&pair.x.1.name, &pair.y.1.name);
    let place = |degrees: bool| Place::Point { first: pair.x.0, second: pair.y.0, height, degrees };
    let swapped =
        |degrees: bool| Place::Point { first: pair.y.0, second: pair.x.0, height, degrees };
    let ranges = pair.x.1.range.zip(pair.y.1.range);
    if pair.names_say == Said::Degrees {
        let beyond =
            pair.x.1.beyond_180 * 2 > pair.x.1.numbers || pair.y.1.beyond_90 * 2 > pair.y.1.numbers;
        if options.crs.is_some() {
            return Ok(Decision::new(place(false)));
        }
        if let (true, Some((x, y))) = (beyond, ranges) {
            return Err(no_crs(source, &format!("{x_name}' and '{y_name}"), [x.0, y.0, x.1, y.1]));
        }
        let mut decision = Decision::new(place(true));
        decision.default_crs = Some(geojson::DEFAULT_CRS);
        return Ok(decision);
    }
    let Some((x, y)) = ranges else {
        // No row has a coordinate, so that any reading is right.
        let mut decision = Decision::new(place(true));
        decision.default_crs = Some(geojson::DEFAULT_CRS);
        return Ok(decision);
    };
    let fits_degrees = |lon: &Column, lat: &Column| {
        lon.beyond_180 * 10 <= lon.numbers && lat.beyond_90 * 10 <= lat.numbers
    };
    let is_china = |(low, high): (f64, f64), from: f64, to: f64| low >= from && high <= to;
    let lon_first = fits_degrees(pair.x.1, pair.y.1);
    let lat_first = fits_degrees(pair.y.1, pair.x.1);
    let wants_degrees = options.crs.as_deref().is_none_or(is_geographic);
    if wants_degrees && (lon_first || lat_first) {
        let exchange = !lon_first || (is_china(y, 70.0, 140.0) && is_china(x, 0.0, 56.0));
        let (lon, lat) = if exchange { (y_name, x_name) } else { (x_name, y_name) };
        let mut decision = Decision::new(if exchange { swapped(true) } else { place(true) });
        decision.assume(format!(
            "'{lon}' is taken as longitude and '{lat}' as latitude, by their values"
        ));
        if options.crs.is_none() {
            decision.default_crs = Some(geojson::DEFAULT_CRS);
        }
        return Ok(decision);
    }
    if options.crs.is_none() {
        return Err(no_crs(source, &format!("{x_name}' and '{y_name}"), [x.0, y.0, x.1, y.1]));
    }
    Ok(projected(pair, place(false), swapped(false), x, y))
}

/// Decides which of two columns in metres is the northing: by their values where these leave no doubt (a
/// northing in China has seven digits, an easting six, or eight with the zone), else by their names.
fn projected(
    pair: Pair<'_>,
    as_named: Place,
    swapped: Place,
    x: (f64, f64),
    y: (f64, f64),
) -> Decision {
    let (x_name, y_name) = (&pair.x.1.name, &pair.y.1.name);
    let is_northing = |(low, high): (f64, f64)| low >= 1_600_000.0 && high <= 6_200_000.0;
    let is_easting = |(low, high): (f64, f64)| {
        (low >= 160_000.0 && high <= 840_000.0)
            || (low >= 13_160_000.0
                && high <= 45_840_000.0
                && (low / 1e6).floor() == (high / 1e6).floor())
    };
    let x_is_northing = is_northing(x) && is_easting(y);
    let x_is_easting = is_easting(x) && is_northing(y);
    let mut decision = Decision::new(as_named);
    match pair.names_say {
        Said::EastNorth if x_is_northing => {
            decision.place = swapped;
            decision.assume(format!("'{x_name}' is taken as northing and '{y_name}' as easting, by their values and against their names"));
        }
        Said::EastNorth | Said::Degrees => {}
        Said::Survey if x_is_easting => {
            decision.assume(format!("'{x_name}' is taken as easting and '{y_name}' as northing, by their values, though survey tables have X to the north"));
        }
        Said::Survey => {
            decision.axis_order = AxisOrder::NorthEast;
            decision.assume(format!("'{x_name}' is taken as northing and '{y_name}' as easting, as survey tables have it"));
        }
        Said::Nothing if x_is_northing => {
            decision.axis_order = AxisOrder::NorthEast;
            decision.assume(format!(
                "'{x_name}' is taken as northing and '{y_name}' as easting, by their values"
            ));
        }
        Said::Nothing => {
            decision.assume(format!("'{x_name}' is taken as easting and '{y_name}' as northing"));
        }
    }
    decision
}

/// Tells from its name whether a CRS is one of longitude and latitude. Only decides which columns are meant.
fn is_geographic(crs: &str) -> bool {
    let crs = crs.to_ascii_uppercase();
    let is_code = ["4326", "4490", "4214", "4610", "4555", "4979", "4480"]
        .iter()
        .any(|code| crs.ends_with(code) && crs.len() <= code.len() + 24);
    is_code
        || ["CRS84", "GCJ", "BD-09", "BD09", "+PROJ=LONGLAT", "+PROJ=LATLONG"]
            .iter()
            .any(|word| crs.contains(word))
        || crs.starts_with("GEOGCS")
        || crs.starts_with("GEOGCRS")
}

/// Makes the error of coordinates that are no degrees.
fn no_crs(source: &Source, columns: &str, bounds: [f64; 4]) -> Error {
    let [min_x, min_y, max_x, max_y] = bounds;
    let seen = if (min_x, min_y) == (max_x, max_y) {
        format!("such as {min_x} {min_y}")
    } else {
        format!("from {min_x} {min_y} to {max_x} {max_y}")
    };
    let suggestions = onemap_crs::suggest(bounds);
    let remedy = if suggestions.is_empty() {
        "ask where the table comes from and say --crs, such as --crs EPSG:4548".into()
    } else {
        format!("it {}", suggestions.join("; or it "))
    };
    Error::unsupported(
        source,
        format!(
            "the coordinates in '{columns}' ({seen}) are no longitude and latitude, and no CRS is told"
        ),
        remedy,
    )
}
