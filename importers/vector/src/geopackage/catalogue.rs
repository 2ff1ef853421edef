//! Finds the tables of a GeoPackage, what they are called, and in which CRS they are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use onemap_model::{FieldType, Note};
use rusqlite::Row;

use super::database::{Database, Failure, literal, quoted};
use super::values;
use crate::Error;

/// Tables that programs keep for themselves.
const PRIVATE: [&str; 4] = ["layer_styles", "qgis_projects", "ogr_empty_table", "data_licenses"];

/// A table to be read as a layer.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) geometry: Option<String>,
    pub(super) crs: Option<String>,
    pub(super) expected: Option<u64>,
    pub(super) note: Option<Note>,
}

/// A column of a table.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: FieldType,
    pub(super) title: Option<String>,
    /// Whether it is the integer primary key.
    pub(super) is_id: bool,
}

/// What a file holds.
pub(super) struct Catalogue {
    pub(super) tables: Vec<Table>,
    pub(super) notes: Vec<Note>,
}

/// Reads the catalogue.
pub(super) fn read(database: &Database) -> Result<Catalogue, Error> {
    let existing = existing(database)?;
    let has = |name: &str| existing.contains_key(name);
    if !has("gpkg_contents") && !has("gpkg_geometry_columns") {
        return Err(other_kind(database, &existing));
    }
    let mut notes = Vec::new();
    let mut geometries = HashMap::new();
    if has("gpkg_geometry_columns") {
        let query = "SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns";
        database.each_row(query, "gpkg_geometry_columns", &mut |row| {
            let (table, column) = (text(row, 0), text(row, 1));
            if let (Some(table), Some(column)) = (table, column) {
                let srs: Option<i64> = row.get(2).ok();
                geometries.insert(table.to_lowercase(), (table, column, srs));
            }
            Ok(())
        })?;
    }
    let mut listed = BTreeSet::new();
    let mut has_attributes = false;
    let mut tiles = Vec::new();
    let mut tables = Vec::new();
    if has("gpkg_contents") {
        let query = "SELECT table_name, data_type, identifier, srs_id FROM gpkg_contents";
        database.each_row(query, "gpkg_contents", &mut |row| {
            let Some(name) = text(row, 0) else {
                return Ok(());
            };
            let key = name.to_lowercase();
            let kind = text(row, 1).unwrap_or_default();
            let is_features = kind == "features" || geometries.contains_key(&key);
            let is_attributes = matches!(kind.as_str(), "attributes" | "aspatial");
            has_attributes |= is_attributes;
            listed.insert(key.clone());
            if !is_features && !is_attributes {
                tiles.push(name);
            } else if existing.contains_key(&key) {
                let title = text(row, 2).filter(|title| !title.is_empty() && *title != name);
                let srs: Option<i64> = row.get(3).ok();
                let geometry = geometries.get(&key);
                tables.push((name, title, geometry.and_then(|(_, _, srs)| *srs).or(srs)));
            } else {
                notes.push(Note::warning(format!(
                    "the catalogue lists a table '{name}' that is not there"
                )));
            }
            Ok(())
        })?;
    }
    for (key, (name, _, srs)) in &geometries {
        if !listed.contains(key) && existing.contains_key(key) {
            tables.push((name.clone(), None, *srs));
            listed.insert(key.clone());
        }
    }
    if !has_attributes {
        // As GDAL does: tables that no catalogue lists, in a file that catalogues no plain table.
        for (key, name) in &existing {
            let private = ["sqlite_", "gpkg_", "rtree_"].iter().any(|p| key.starts_with(p));
            if !private && !listed.contains(key) && !PRIVATE.contains(&key.as_str()) {
                tables.push((name.clone(), None, None));
            }
        }
    }
    if !tiles.is_empty() {
        let text = format!("tile pyramids and coverages were left out: {}", tiles.join(", "));
        notes.push(Note::warning(text));
    }
    if tables.is_empty() {
        return Err(Error::unsupported(
            database.source(),
            "it holds no feature layer and no attribute table",
            "check the file with 'ogrinfo'",
        ));
    }
    let systems = if has("gpkg_spatial_ref_sys") { systems(database)? } else { HashMap::new() };
    let expected = if has("gpkg_ogr_contents") { counts(database)? } else { HashMap::new() };
    let tables = tables.into_iter().map(|(name, title, srs)| {
        let key = name.to_lowercase();
        let geometry = geometries.get(&key).map(|(_, column, _)| column.clone());
        let stated = srs.filter(|srs| *srs > 0 && geometry.is_some());
        let crs = stated.and_then(|srs| systems.get(&srs).cloned());
        let note = stated.filter(|_| crs.is_none()).map(|srs| {
            Note::warning(format!(
                "the coordinate system {srs} is not defined in the file; name it with --crs"
            ))
        });
        Table { expected: expected.get(&key).copied(), name, title, geometry, crs, note }
    });
    Ok(Catalogue { tables: tables.collect(), notes })
}

impl Table {
    /// Finds the columns of the table.
    pub(super) fn columns(&self, database: &Database) -> Result<Vec<Column>, Error> {
        let details = self.details(database)?;
        let mut columns = Vec::new();
        let mut keys = 0;
        let mut untyped = Vec::new();
        let query = format!("PRAGMA table_xinfo({})", quoted(&self.name));
        database.each_row(&query, &self.name, &mut |row| {
            let name: String = text(row, 1).unwrap_or_default();
            let declared = text(row, 2).unwrap_or_default();
            let is_key = row.get::<_, i64>(5).unwrap_or(0) > 0;
            let hidden = row.get::<_, i64>(6).unwrap_or(0) == 1;
            if hidden || name.is_empty() {
                return Ok(());
            }
            keys += usize::from(is_key);
            let detail = details.get(&name);
            let is_json = detail.is_some_and(|(_, mime)| mime == "application/json");
            let kind = match values::declared(&declared) {
                _ if is_json => FieldType::Json,
                Some(kind) => kind,
                None => {
                    untyped.push(columns.len());
                    FieldType::Text
                }
            };
            columns.push(Column {
                kind,
                title: detail.map(|(title, _)| title.clone()).filter(|t| !t.is_empty()),
                is_id: is_key && declared.eq_ignore_ascii_case("INTEGER"),
                name,
            });
            Ok(())
        })?;
        if keys > 1 {
            for column in &mut columns {
                column.is_id = false;
            }
        }
        for i in untyped {
            if let Some(column) = columns.get_mut(i) {
                column.kind = self.kind_by_content(database, &column.name)?;
            }
        }
        Ok(columns)
    }

    /// Finds the type of a column declared without one (or as an unknown one) by its first values.
    fn kind_by_content(&self, database: &Database, column: &str) -> Result<FieldType, Error> {
        let (column, table) = (quoted(column), quoted(&self.name));
        let query = format!(
            "SELECT DISTINCT typeof(v) FROM (SELECT {column} AS v FROM {table} LIMIT 1000)"
        );
        let mut kind = None;
        database.each_row(&query, &self.name, &mut |row| {
            let found = match text(row, 0).as_deref() {
                Some("integer") => FieldType::Int,
                Some("real") => FieldType::Float,
                Some("blob") => FieldType::Bytes,
                Some("text") => FieldType::Text,
                _ => return Ok(()),
            };
            kind = Some(kind.map_or(found, |kind: FieldType| kind.promote(found)));
            Ok(())
        })?;
        Ok(kind.unwrap_or(FieldType::Text))
    }

    /// Reads titles and media types of columns (extension "schema").
    fn details(&self, database: &Database) -> Result<BTreeMap<String, (String, String)>, Error> {
        let mut details = BTreeMap::new();
        let mut has_table = false;
        let query = "SELECT 1 FROM sqlite_master WHERE name = 'gpkg_data_columns'";
        database.each_row(query, "sqlite_master", &mut |_| {
            has_table = true;
            Ok(())
        })?;
        if has_table {
            let query = format!(
                "SELECT column_name, coalesce(title, name, ''), coalesce(mime_type, '')
                 FROM gpkg_data_columns WHERE table_name = {} COLLATE NOCASE",
                literal(&self.name)
            );
            database.each_row(&query, "gpkg_data_columns", &mut |row| {
                let title = text(row, 1).unwrap_or_default();
                let mime = text(row, 2).unwrap_or_default();
                if let Some(column) = text(row, 0) {
                    details.insert(column, (title, mime));
                }
                Ok(())
            })?;
        }
        Ok(details)
    }
}

/// Returns all tables and views, by their names in lower case.
fn existing(database: &Database) -> Result<BTreeMap<String, String>, Error> {
    let mut names = BTreeMap::new();
    let query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')";
    database.each_row(query, "sqlite_master", &mut |row| {
        if let Some(name) = text(row, 0) {
            names.insert(name.to_lowercase(), name);
        }
        Ok(())
    })?;
    Ok(names)
}

/// Returns the coordinate systems: a code where an authority gives one, else the definition.
fn systems(database: &Database) -> Result<HashMap<i64, String>, Error> {
    let mut has_wkt2 = false;
    let query = "PRAGMA table_info(gpkg_spatial_ref_sys)";
    database.each_row(query, "gpkg_spatial_ref_sys", &mut |row| {
        has_wkt2 |= text(row, 1).as_deref() == Some("definition_12_063");
        Ok(())
    })?;
    let wkt2 = if has_wkt2 { "definition_12_063" } else { "NULL" };
    let query = format!(
        "SELECT srs_id, organization, organization_coordsys_id, definition, {wkt2} FROM gpkg_spatial_ref_sys"
    );
    let mut systems = HashMap::new();
    database.each_row(&query, "gpkg_spatial_ref_sys", &mut |row| {
        let Ok(id) = row.get::<_, i64>(0) else {
            return Ok(());
        };
        let organization = text(row, 1).unwrap_or_default().to_uppercase();
        let code = row.get::<_, i64>(2).ok().filter(|code| *code > 0);
        let defined = |text: &String| !text.is_empty() && !text.eq_ignore_ascii_case("undefined");
        let definition = text(row, 4).filter(defined).or_else(|| text(row, 3).filter(defined));
        let known = matches!(organization.as_str(), "EPSG" | "ESRI" | "OGC" | "IGNF" | "IAU_2015");
        let crs = match (code, definition) {
            (Some(code), _) if known => Some(format!("{organization}:{code}")),
            (_, definition) => definition,
        };
        if let Some(crs) = crs {
            systems.insert(id, crs);
        }
        Ok(())
    })?;
    Ok(systems)
}

/// Returns the feature counts that GDAL keeps, by table name in lower case.
fn counts(database: &Database) -> Result<HashMap<String, u64>, Error> {
    let mut counts = HashMap::new();
    let query = "SELECT table_name, feature_count FROM gpkg_ogr_contents";
    database.each_row(query, "gpkg_ogr_contents", &mut |row| -> Result<(), Failure> {
        if let (Some(table), Ok(count)) = (text(row, 0), row.get::<_, i64>(1)) {
            counts.insert(table.to_lowercase(), count.max(0) as u64);
        }
        Ok(())
    })?;
    Ok(counts)
}

/// Says what a SQLite file is that is no GeoPackage.
fn other_kind(database: &Database, existing: &BTreeMap<String, String>) -> Error {
    let has = |name: &str| existing.contains_key(name);
    let (reason, remedy) = if has("geometry_columns") && has("spatial_ref_sys") {
        (
            "it is a SpatiaLite database, not a GeoPackage",
            "convert it with 'ogr2ogr -f GPKG OUT.gpkg FILE'",
        )
    } else if has("tiles") && has("metadata") {
        (
            "it is an MBTiles tile set, which holds pictures or tiles and no features",
            "import what the tiles were made of",
        )
    } else {
        (
            "it is a SQLite database without the tables of a GeoPackage",
            "export the table as CSV or GeoPackage",
        )
    };
    Error::unsupported(database.source(), reason, remedy)
}

/// Returns a text, also one that is no UTF-8.
fn text(row: &Row, i: usize) -> Option<String> {
    let value = row.get_ref(i).ok()?;
    match value {
        rusqlite::types::ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}
