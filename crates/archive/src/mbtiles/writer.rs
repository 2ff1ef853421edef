//! Writing a database whose contents are known.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use onemap_model::{Bounds, TileCoord};
use rusqlite::Connection;
use serde_json::{Map, Value};

use super::flipped;
use crate::error::{Doing, Result};
use crate::pmtiles::Draft;
use crate::source::read_exact_at;
use crate::{About, TileId, TileType};

/// `application_id` of MBTiles: "MPBX".
const APPLICATION_ID: u32 = 0x4d50_4258;
/// Tiles of one transaction. Nothing is rolled back, for the file is not yet in its place: transactions only
/// bound what SQLite holds.
const TILES_AT_ONCE: usize = 4_096;
/// Metadata that MBTiles keeps in the `json` row.
const IN_JSON: [&str; 2] = ["vector_layers", "tilestats"];

/// Writes a whole MBTiles and syncs it.
pub(crate) fn write(draft: &Draft<'_>, output: &Path) -> Result<()> {
    match std::fs::remove_file(output) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).doing("remove", output);
        }
        _ => {}
    }
    let connection = Connection::open(output).doing("create", output)?;
    fill(&connection, draft, output)?;
    connection.close().map_err(|(_, error)| error).doing("close", output)?;
    let file = File::options().write(true).open(output).doing("open", output)?;
    file.sync_all().doing("sync", output)
}

fn fill(connection: &Connection, draft: &Draft<'_>, output: &Path) -> Result<()> {
    let settings = format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
         PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = FILE; PRAGMA cache_size = -65536;
         CREATE TABLE metadata (name text, value text);
         CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob);"
    );
    connection.execute_batch(&settings).doing("begin", output)?;
    let rows = metadata(draft.about);
    for (name, value) in &rows {
        let insert = "INSERT INTO metadata VALUES (?1, ?2)";
        connection.execute(insert, [name, value]).doing("write", output)?;
    }
    let mut content = Vec::new();
    for chunk in draft.entries.chunks(TILES_AT_ONCE) {
        connection.execute_batch("BEGIN").doing("write", output)?;
        let insert = "INSERT INTO tiles VALUES (?1, ?2, ?3, ?4)";
        let mut insert = connection.prepare_cached(insert).doing("write", output)?;
        for entry in chunk {
            content.resize(entry.len as usize, 0);
            read_exact_at(draft.contents, &mut content, entry.offset)
                .doing("read", draft.contents_path)?;
            let tile: TileCoord = TileId::new(entry.id).unwrap_or(TileId::ROOT).coord();
            let row = flipped(tile.z(), tile.y());
            insert.execute((tile.z(), tile.x(), row, &content)).doing("write", output)?;
        }
        connection.execute_batch("COMMIT").doing("write", output)?;
    }
    // Sorting once is faster than keeping an index while inserting.
    let indexes = "CREATE UNIQUE INDEX name ON metadata (name);
                   CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row);";
    connection.execute_batch(indexes).doing("index", output)
}

/// Returns the rows of `metadata` (MBTiles 1.3).
fn metadata(about: &About) -> Vec<(String, String)> {
    let bounds = about.bounds.unwrap_or(Bounds::WORLD);
    let joined = |numbers: &[f64]| {
        let texts: Vec<String> = numbers.iter().map(|number| format!("{number:.7}")).collect();
        texts.join(",")
    };
    let (lon, lat, zoom) = about.center.unwrap_or_default();
    let format = match about.tile_type {
        TileType::Mvt | TileType::Unknown => "pbf",
        TileType::Png => "png",
        TileType::Jpeg => "jpg",
        TileType::Webp => "webp",
        TileType::Avif => "avif",
        TileType::Mlt => "mlt",
    };
    let mut rows = vec![
        ("format".to_owned(), format.to_owned()),
        ("bounds".to_owned(), joined(&bounds.to_array())),
        ("center".to_owned(), format!("{},{zoom}", joined(&[lon, lat]))),
        ("minzoom".to_owned(), about.minzoom.to_string()),
        ("maxzoom".to_owned(), about.maxzoom.to_string()),
    ];
    let mut json = Map::new();
    for (name, value) in &about.metadata {
        match value {
            _ if rows.iter().any(|(row, _)| row == name) => {}
            Value::String(text) if !IN_JSON.contains(&name.as_str()) => {
                rows.push((name.clone(), text.clone()));
            }
            value => {
                json.insert(name.clone(), value.clone());
            }
        }
    }
    // The name is a must.
    if !about.metadata.contains_key("name") {
        rows.push(("name".to_owned(), "onemap".to_owned()));
    }
    if !json.is_empty() {
        rows.push(("json".to_owned(), Value::Object(json).to_string()));
    }
    rows
}
