//! Opens a SQLite file that is not to be trusted, and steps through queries under a work limit.

use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use onemap_model::Stopped;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use crate::{Error, Source};

/// Largest text, blob or row, bytes: a feature of 16 million vertices.
const MAX_VALUE: i32 = 300 << 20;

/// Instructions of SQLite's machine between two looks at the work done.
const STEP: i32 = 100_000;

/// Looks without a row after which a query is ended: some 10 seconds of work. A table gives a row every
/// few instructions; only a view can need more.
const MAX_STEPS: u64 = 5_000;

/// Page cache, kibibytes.
const CACHE_KIB: i32 = 16_384;

/// An open file.
pub(super) struct Database<'s> {
    source: &'s Source,
    connection: Connection,
    steps: Arc<AtomicU64>,
    _copy: Option<tempfile::TempDir>,
}

/// Why reading rows ended.
pub(super) enum Failure {
    Sqlite(rusqlite::Error),
    Stopped(Stopped),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

impl<'s> Database<'s> {
    /// Opens the file of a source.
    pub(super) fn open(source: &'s Source) -> Result<Self, Error> {
        let mut magic = Vec::new();
        File::open(&source.path)
            .and_then(|file| file.take(16).read_to_end(&mut magic))
            .map_err(|error| Error::io(source, error))?;
        if magic != b"SQLite format 3\0" {
            let reason = "it does not begin as a SQLite database does";
            return Err(broken(source, None, reason));
        }
        let copy = copy_with_journal(&source.path).map_err(|error| Error::io(source, error))?;
        let mut flags = OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let uri = if let Some((_, path)) = &copy {
            flags |= OpenFlags::SQLITE_OPEN_READ_WRITE;
            format!("file:{}", escaped(path))
        } else {
            flags |= OpenFlags::SQLITE_OPEN_READ_ONLY;
            format!("file:{}?mode=ro&immutable=1", escaped(&source.path))
        };
        let steps = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&steps);
        let connection = Connection::open_with_flags(uri, flags)
            .and_then(|connection| {
                harden(&connection)?;
                let tired = move || counter.fetch_add(1, Ordering::Relaxed) >= MAX_STEPS;
                connection.progress_handler(STEP, Some(tired));
                Ok(connection)
            })
            .map_err(|error| sqlite(source, None, &error))?;
        Ok(Self { source, connection, steps, _copy: copy.map(|(folder, _)| folder) })
    }

    /// Returns what is read.
    pub(super) fn source(&self) -> &'s Source {
        self.source
    }

    /// Visits the rows of a query; `what` names it in errors.
    pub(super) fn each_row(
        &self,
        query: &str,
        what: &str,
        visit: &mut dyn FnMut(&rusqlite::Row) -> Result<(), Failure>,
    ) -> Result<(), Error> {
        let mut number = 0u64;
        let mut run = || -> Result<(), Failure> {
            self.steps.store(0, Ordering::Relaxed);
            let mut statement = self.connection.prepare(query)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                self.steps.store(0, Ordering::Relaxed);
                number += 1;
                visit(row)?;
            }
            Ok(())
        };
        match run() {
            Ok(()) => Ok(()),
            Err(Failure::Stopped(stopped)) => Err(stopped.into()),
            Err(Failure::Sqlite(error)) => {
                let at = format!("row {} of '{what}'", number + 1);
                Err(sqlite(self.source, Some(at), &error))
            }
        }
    }
}

fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.execute_batch(&format!(
        "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -{CACHE_KIB}; PRAGMA query_only = ON;"
    ))
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
    let copy = folder.path().join("copy.gpkg");
    std::fs::copy(path, &copy)?;
    for (suffix, journal) in journals.iter().filter(|(_, journal)| has_content(journal)) {
        std::fs::copy(journal, folder.path().join(format!("copy.gpkg{suffix}")))?;
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

/// Quotes a name for use in a query.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a text for use in a query.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn sqlite(source: &Source, at: Option<String>, error: &rusqlite::Error) -> Error {
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) {
        return Error::broken(
            source,
            at,
            "a query worked for too long without giving a row",
            "write the view into a table first",
        );
    }
    broken(source, at, &error.to_string())
}

fn broken(source: &Source, at: Option<String>, reason: &str) -> Error {
    Error::broken(
        source,
        at,
        reason,
        "get a whole copy of it, or rescue what is left with 'sqlite3 FILE .recover'",
    )
}
