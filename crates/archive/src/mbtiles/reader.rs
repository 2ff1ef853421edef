//! Reading a database that is not to be trusted.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use onemap_model::{Bounds, TileCoord};
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};
use serde_json::{Map, Value};

use super::{address, flipped};
use crate::error::{Doing, Error, Result};
use crate::source::Source;
use crate::{About, Compression, StoredTile, TileType, limits};

/// How every SQLite database begins.
pub(crate) const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Page cache, kibibytes.
const CACHE_KIB: u32 = 16_384;

/// Rows of metadata that are looked at.
const MAX_METADATA_ROWS: usize = 1_000;

/// An open MBTiles.
#[derive(Debug)]
pub struct MbTiles {
    path: PathBuf,
    connection: Mutex<Connection>,
    /// Looks at the work of SQLite since the last row.
    steps: Arc<AtomicU64>,
    about: About,
    _copy: Option<tempfile::TempDir>,
}

impl MbTiles {
    /// Opens a database and reads its metadata.
    pub fn open(path: &Path) -> Result<Self> {
        let source = Source::open(path)?;
        let magic = source.read("the header", 0, source.len.min(16))?;
        if magic != MAGIC {
            let what = "it does not begin as a SQLite database does".to_owned();
            return Err(Error::NotAnArchive { path: path.to_owned(), what });
        }
        let copy = copy_with_journal(path).doing("copy", path)?;
        let mut flags = OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let uri = if let Some((_, path)) = &copy {
            flags |= OpenFlags::SQLITE_OPEN_READ_WRITE;
            format!("file:{}", escaped(path))
        } else {
            flags |= OpenFlags::SQLITE_OPEN_READ_ONLY;
            format!("file:{}?mode=ro&immutable=1", escaped(path))
        };
        let steps = Arc::new(AtomicU64::new(0));
        let connection = Connection::open_with_flags(uri, flags)
            .and_then(|connection| harden(&connection, &steps).map(|()| connection))
            .doing("open", path)?;
        for table in ["metadata", "tiles"] {
            let query = "SELECT 1 FROM sqlite_master WHERE name = ?1 AND type IN ('table', 'view')";
            let found = connection.query_row(query, [table], |_| Ok(())).optional();
            if found.doing("read", path)?.is_none() {
                let what = format!("it is a SQLite database without a table '{table}'");
                return Err(Error::NotAnArchive { path: path.to_owned(), what });
            }
        }
        let about = read_about(&connection, path, &steps)?;
        let copy = copy.map(|(folder, _)| folder);
        let connection = Mutex::new(connection);
        Ok(Self { path: path.to_owned(), connection, steps, about, _copy: copy })
    }

    /// Returns what the archive says of itself.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Returns the path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns a tile as it is stored; `None` when the archive does not have it.
    pub fn tile(&self, tile: TileCoord) -> Result<Option<StoredTile>> {
        let query = "SELECT tile_data FROM tiles
                     WHERE zoom_level = ?1 AND tile_column = ?2 AND tile_row = ?3";
        let connection = self.connection();
        let mut statement = connection.prepare_cached(query).doing("read", &self.path)?;
        let row = flipped(tile.z(), tile.y());
        let bytes = statement.query_row((tile.z(), tile.x(), row), |row| {
            Ok(bytes_of(row.get_ref(0)?).map(<[u8]>::to_vec))
        });
        let bytes = bytes.optional().doing("read", &self.path)?.flatten();
        Ok(bytes.filter(|bytes| !bytes.is_empty()).map(|bytes| {
            let compression = Compression::sniff(&bytes);
            StoredTile { bytes, compression }
        }))
    }

    /// Returns the number of rows in `tiles`.
    pub fn rows(&self) -> Result<u64> {
        let query = "SELECT count(*) FROM tiles";
        let count: i64 =
            self.connection().query_row(query, [], |row| row.get(0)).doing("count", &self.path)?;
        Ok(count as u64)
    }

    /// Visits all tiles as they are stored, in the order of the database; rows without bytes too.
    ///
    /// # Errors
    /// Also for a row whose address is not in the grid, or that holds no bytes but text or a number.
    pub fn for_each_tile(
        &self,
        visit: &mut dyn FnMut(TileCoord, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let query = "SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles";
        let connection = self.connection();
        let mut statement = connection.prepare(query).doing("read", &self.path)?;
        let mut rows = statement.query([]).doing("read", &self.path)?;
        let mut number = 0_u64;
        while let Some(row) = rows.next().doing("read", &self.path)? {
            self.steps.store(0, Ordering::Relaxed);
            number += 1;
            let (tile, bytes) = self.parse(row, number)?;
            visit(tile, bytes)?;
        }
        Ok(())
    }

    fn parse<'r>(&self, row: &'r Row<'_>, number: u64) -> Result<(TileCoord, &'r [u8])> {
        let value = |at: usize| row.get_ref(at).doing("read", &self.path);
        let [z, x, y] = [value(0)?, value(1)?, value(2)?];
        let whole = |value: ValueRef<'_>| match value {
            ValueRef::Integer(number) => Some(number),
            ValueRef::Real(number) if number.fract() == 0.0 => Some(number as i64),
            ValueRef::Text(text) => std::str::from_utf8(text).ok()?.trim().parse().ok(),
            _ => None,
        };
        let tile = || address(whole(z)?, whole(x)?, whole(y)?);
        let Some(tile) = tile() else {
            let shown = |value| match value {
                ValueRef::Integer(number) => number.to_string(),
                other => format!("{}", other.data_type()),
            };
            let what = format!(
                "row {number} of its tiles has the address {}/{}/{}, which is not in the grid",
                shown(z),
                shown(x),
                shown(y)
            );
            return Err(Error::damaged(&self.path, what));
        };
        let bytes = bytes_of(value(3)?);
        let bytes = bytes.ok_or_else(|| Error::tile(&self.path, tile, "it holds no bytes"))?;
        Ok((tile, bytes))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.steps.store(0, Ordering::Relaxed);
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the bytes of a tile; none for NULL.
fn bytes_of(value: ValueRef<'_>) -> Option<&[u8]> {
    match value {
        ValueRef::Blob(bytes) => Some(bytes),
        ValueRef::Null => Some(&[]),
        _ => None,
    }
}

/// Lets SQLite trust nothing, and work no longer than a table needs. A view may join tables, as `tiles` over `map`
/// and `images` does; one that calls itself is refused.
fn harden(connection: &Connection, steps: &Arc<AtomicU64>) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, limits::MAX_SQLITE_VALUE)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.execute_batch(&format!(
        "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -{CACHE_KIB}; PRAGMA query_only = ON;"
    ))?;
    connection.authorizer(Some(|context: rusqlite::hooks::AuthContext<'_>| match context.action {
        AuthAction::Recursive => Authorization::Deny,
        _ => Authorization::Allow,
    }));
    let steps = steps.clone();
    let tired = move || steps.fetch_add(1, Ordering::Relaxed) >= limits::SQLITE_MAX_STEPS;
    connection.progress_handler(limits::SQLITE_STEP, Some(tired));
    Ok(())
}

/// Reads `metadata`. Its `json` row is laid open, as PMTiles has it.
fn read_about(connection: &Connection, path: &Path, steps: &AtomicU64) -> Result<About> {
    steps.store(0, Ordering::Relaxed);
    let mut metadata = Map::new();
    let mut statement =
        connection.prepare("SELECT name, value FROM metadata").doing("read", path)?;
    let mut rows = statement.query([]).doing("read", path)?;
    let mut left = MAX_METADATA_ROWS;
    while let Some(row) = rows.next().doing("read", path)? {
        let Some(fewer) = left.checked_sub(1) else { break };
        left = fewer;
        let text = |at: usize| -> Result<Option<String>> {
            Ok(match row.get_ref(at).doing("read", path)? {
                ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Integer(number) => Some(number.to_string()),
                ValueRef::Real(number) => Some(number.to_string()),
                _ => None,
            })
        };
        if let (Some(name), Some(value)) = (text(0)?, text(1)?) {
            metadata.insert(name, Value::String(value));
        }
    }
    let mut take = |name: &str| match metadata.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let json = take("json").and_then(|text| serde_json::from_str(&text).ok());
    let numbers = |text: Option<String>| -> Vec<f64> {
        let text = text.unwrap_or_default();
        text.split(',').map_while(|number| number.trim().parse().ok()).collect()
    };
    let bounds = match numbers(take("bounds"))[..] {
        [west, south, east, north] => Bounds::new(west, south, east, north),
        _ => None,
    };
    let center = match numbers(take("center"))[..] {
        [lon, lat, zoom] if lon.is_finite() && lat.is_finite() => {
            Some((lon, lat, zoom.clamp(0.0, f64::from(onemap_model::MAX_ZOOM)) as u8))
        }
        _ => None,
    };
    let mut zoom = |name: &str| take(name).and_then(|text| text.trim().parse().ok());
    let (minzoom, maxzoom) = (zoom("minzoom").unwrap_or(0), zoom("maxzoom").unwrap_or(0));
    let tile_type = tile_type(connection, path, steps, take("format").as_deref())?;
    if let Some(Value::Object(json)) = json {
        metadata.extend(json);
    }
    Ok(About {
        tile_type,
        compression: Compression::Unknown,
        bounds: bounds.filter(|bounds| Bounds::WORLD.contains(bounds)),
        center,
        minzoom,
        maxzoom,
        metadata,
    })
}

/// Tells what the tiles are: by what the first looks like when it is a picture, else by what metadata say.
fn tile_type(
    connection: &Connection,
    path: &Path,
    steps: &AtomicU64,
    format: Option<&str>,
) -> Result<TileType> {
    steps.store(0, Ordering::Relaxed);
    let query = "SELECT tile_data FROM tiles LIMIT 1";
    let first = connection.query_row(query, [], |row| {
        Ok(bytes_of(row.get_ref(0)?).map_or(TileType::Unknown, TileType::sniff))
    });
    let first = first.optional().doing("read", path)?;
    Ok(match (first, format.map(str::trim)) {
        (Some(picture), _) if picture != TileType::Unknown => picture,
        (_, Some("pbf" | "mvt" | "application/vnd.mapbox-vector-tile")) => TileType::Mvt,
        (_, Some("png")) => TileType::Png,
        (_, Some("jpg" | "jpeg")) => TileType::Jpeg,
        (_, Some("webp")) => TileType::Webp,
        (_, Some("mlt")) => TileType::Mlt,
        // The format is a must of MBTiles 1.3 and unknown to 1.0, which had pictures only.
        _ => TileType::Unknown,
    })
}

/// Copies the file with its journal, when it has one with content: a write-ahead log not yet written back,
/// or a transaction to be rolled back.
fn copy_with_journal(path: &Path) -> std::io::Result<Option<(tempfile::TempDir, PathBuf)>> {
    let journals = ["-wal", "-journal"].map(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        (suffix, PathBuf::from(name))
    });
    let has_content = |path: &Path| path.metadata().is_ok_and(|data| data.len() > 0);
    if !journals.iter().any(|(_, journal)| has_content(journal)) {
        return Ok(None);
    }
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("copy.mbtiles");
    std::fs::copy(path, &copy)?;
    for (suffix, journal) in journals.iter().filter(|(_, journal)| has_content(journal)) {
        std::fs::copy(journal, folder.path().join(format!("copy.mbtiles{suffix}")))?;
    }
    Ok(Some((folder, copy)))
}

/// Writes a path as part of a URI.
fn escaped(path: &Path) -> String {
    let mut uri = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
