//! Reads tables, views and queries of a PostGIS database.
//!
//! The address says what:
//!
//! | address | what is read |
//! |---|---|
//! | `postgres://user:password@host:5432/database` | every table and view with geometry |
//! | `...?table=schema.table` or `...#schema.table` | that table; several, separated by commas |
//! | `...?query=SELECT ...` | the rows of a query; `%`, `&` and `#` in it are written `%25`, `%26`, `%23` |
//!
//! Other parameters are those of libpq (`connect_timeout`, `application_name`, `sslmode=disable`). The
//! password may also come from the environment variable `PGPASSWORD`; it never appears in a message.
//!
//! Everything happens in one read-only transaction, so that all tables are of one moment, and a query can
//! not change anything. Rows come through a portal, some thousand at a time, so memory does not grow with
//! the table. Geometry comes as EWKB; types that the model has not are asked for as text or JSON.

mod address;
#[cfg(test)]
mod tests;
mod values;

use std::error::Error as _;
use std::time::Duration;

use onemap_model::{Field, LayerSlot, Note, Record, Reject, Sink, SourceId, SourceLayer, Value};
use postgres::{Client, Config, IsolationLevel, NoTls, Row, Transaction};

use crate::table::{Columns, unique_names};
use crate::wkb_sink;
use crate::{Error, Options, Source};

use address::Wanted;
use values::{Kind, Raw};

/// Rows asked for at a time.
const FETCH_ROWS: i32 = 2_000;

/// How long to wait for a connection when the address says nothing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Limits of the session: a query may sort a large table before its first row, but not for ever; nothing
/// waits for a lock that somebody holds over lunch.
const SESSION: &str = "SET LOCAL statement_timeout = '15min'; SET LOCAL lock_timeout = '15s';
     SET LOCAL timezone = 'UTC'; SET LOCAL client_encoding = 'UTF8'; SET LOCAL extra_float_digits = 1";

/// Reads what an address names.
pub(crate) fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    let url = source.url.as_deref().unwrap_or(&source.name);
    let mut source = Source { name: address::shown(url), ..source.clone() };
    let address = address::parse(url).map_err(|reason| {
        let reason = format!("the address can not be understood: {reason}");
        Error::unsupported(
            &source,
            reason,
            "write postgres://user@host/database?table=schema.table",
        )
    })?;
    source.name.clone_from(&address.shown);
    let mut client = connect(&source, &address.connection)?;
    let mut transaction = client
        .build_transaction()
        .read_only(true)
        .isolation_level(IsolationLevel::RepeatableRead)
        .start()
        .map_err(|error| failed(&source, "a transaction can not be begun", &error))?;
    transaction
        .batch_execute(SESSION)
        .map_err(|error| failed(&source, "the session can not be set up", &error))?;
    let mut reader = Reader { source: &source, transaction };
    match address.wanted {
        Wanted::Query(query) => reader.query(&query, sink),
        Wanted::Tables(tables) => {
            for table in tables {
                let table = reader.find(&table)?;
                reader.table(&table, sink)?;
            }
            Ok(())
        }
        Wanted::Everything => {
            let tables = reader.all()?;
            for table in tables.iter().filter(|table| options.wants(&table.layer_name())) {
                reader.table(table, sink)?;
            }
            Ok(())
        }
    }
}

fn connect(source: &Source, url: &str) -> Result<Client, Error> {
    let remedy = "check host, port, user, password and database";
    let mut config: Config = url.parse().map_err(|error: postgres::Error| {
        let reason = format!("the address can not be understood: {}", chain(&error));
        Error::unsupported(source, reason, "write postgres://user:password@host:5432/database")
    })?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_application_name().is_none() {
        config.application_name("onemap");
    }
    if config.get_password().is_none()
        && let Ok(password) = std::env::var("PGPASSWORD")
    {
        config.password(password);
    }
    config.connect(NoTls).map_err(|error| {
        let reason = format!("the database can not be reached: {}", chain(&error));
        let remedy = if reason.contains("TLS") {
            "connections are not encrypted; use sslmode=disable over a tunnel such as 'ssh -L'"
        } else {
            remedy
        };
        Error::unsupported(source, reason, remedy)
    })
}

/// A table or view.
#[derive(Debug, Clone)]
struct Table {
    schema: String,
    name: String,
}

impl Table {
    fn layer_name(&self) -> String {
        if self.schema == "public" {
            self.name.clone()
        } else {
            format!("{}.{}", self.schema, self.name)
        }
    }

    /// Writes the name for a query.
    fn quoted(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }
}

/// What a layer is made of.
struct Relation<'a> {
    layer: String,
    title: Option<String>,
    /// What stands behind `FROM`.
    from: &'a str,
    key: Option<String>,
    expected: Option<u64>,
}

/// A column of the result.
struct Column {
    name: String,
    kind: Kind,
    expression: String,
}

struct Reader<'s, 'c> {
    source: &'s Source,
    transaction: Transaction<'c>,
}

impl Reader<'_, '_> {
    /// Lists the tables and views with geometry.
    fn all(&mut self) -> Result<Vec<Table>, Error> {
        let query = "SELECT DISTINCT f_table_schema::text, f_table_name::text FROM
             (SELECT f_table_schema, f_table_name FROM geometry_columns
              UNION ALL SELECT f_table_schema, f_table_name FROM geography_columns) AS g
             WHERE has_table_privilege(format('%I.%I', f_table_schema, f_table_name), 'SELECT')
             ORDER BY 1, 2";
        let rows = self.transaction.query(query, &[]).map_err(|error| {
            failed(self.source, "the tables with geometry can not be listed; is PostGIS installed in this database?", &error)
        })?;
        let tables: Vec<Table> = rows
            .iter()
            .filter_map(|row| {
                Some(Table { schema: row.try_get(0).ok()?, name: row.try_get(1).ok()? })
            })
            .collect();
        if tables.is_empty() {
            return Err(Error::unsupported(
                self.source,
                "the database has no table with geometry that this user may read",
                "name a table with ?table=schema.table, or ask for the right to read it",
            ));
        }
        Ok(tables)
    }

    /// Finds a table by the name that the user gave: exactly so, or as SQL would fold it.
    fn find(&mut self, name: &str) -> Result<Table, Error> {
        let query = "SELECT n.nspname::text, c.relname::text FROM pg_class c
             JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p')
               AND (format('%s.%s', n.nspname, c.relname) IN ($1, lower($1))
                 OR pg_table_is_visible(c.oid) AND c.relname IN ($1, lower($1)))
             ORDER BY (format('%s.%s', n.nspname, c.relname) = $1 OR c.relname = $1) DESC, 1, 2 LIMIT 1";
        let row = self
            .transaction
            .query_opt(query, &[&name.replace('"', "")])
            .map_err(|error| failed(self.source, "the table can not be looked up", &error))?;
        let found = row.and_then(|row| {
            Some(Table { schema: row.try_get(0).ok()?, name: row.try_get(1).ok()? })
        });
        found.ok_or_else(|| {
            Error::unsupported(
                self.source,
                format!("there is no table or view '{name}'"),
                "write it as schema.table; the address without a table reads all with geometry",
            )
        })
    }

    fn table(&mut self, table: &Table, sink: &mut dyn Sink) -> Result<(), Error> {
        let name = table.quoted();
        let query = "SELECT a.attname::text FROM pg_index i
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
             WHERE i.indrelid = $1::text::regclass AND i.indisprimary AND i.indnkeyatts = 1";
        let key = self
            .transaction
            .query_opt(query, &[&name])
            .map_err(|error| failed(self.source, "the primary key can not be found", &error))?
            .and_then(|row| row.try_get(0).ok());
        let query = "SELECT reltuples::float8, obj_description(oid, 'pg_class') FROM pg_class
             WHERE oid = $1::text::regclass";
        let about = self
            .transaction
            .query_one(query, &[&name])
            .map_err(|error| failed(self.source, "the table can not be looked up", &error))?;
        let estimate: f64 = about.try_get(0).unwrap_or(-1.0);
        let title: Option<String> = about.try_get(1).unwrap_or(None);
        let relation = Relation {
            layer: table.layer_name(),
            title: title.filter(|title| !title.is_empty()),
            from: &name,
            key,
            expected: (estimate > 0.0).then_some(estimate as u64),
        };
        self.relation(&relation, sink)
    }

    fn query(&mut self, query: &str, sink: &mut dyn Sink) -> Result<(), Error> {
        // On lines of its own, so that a comment at its end does no harm.
        let from = format!("(\n{query}\n) AS q");
        let relation =
            Relation { layer: "query".into(), title: None, from: &from, key: None, expected: None };
        self.relation(&relation, sink)
    }

    fn relation(&mut self, relation: &Relation, sink: &mut dyn Sink) -> Result<(), Error> {
        let what = format!("'{}' can not be read", relation.layer);
        let shape = self
            .transaction
            .prepare(&format!("SELECT * FROM {}", relation.from))
            .map_err(|error| failed(self.source, &what, &error))?;
        let columns: Vec<Column> = shape
            .columns()
            .iter()
            .map(|column| {
                let kind = Kind::of(column.type_());
                let expression = kind.expression(&quoted(column.name()), column.type_().name());
                Column { name: column.name().to_owned(), kind, expression }
            })
            .collect();
        let is_shape = |column: &&Column| matches!(column.kind, Kind::Geometry | Kind::Geography);
        let geometry = columns.iter().find(is_shape);
        let left_out: Vec<&str> = columns
            .iter()
            .filter(|column| column.kind.field_type().is_none())
            .filter(|column| geometry.is_none_or(|g| g.name != column.name))
            .map(|column| column.name.as_str())
            .collect();
        let attributes: Vec<&Column> =
            columns.iter().filter(|column| column.kind.field_type().is_some()).collect();

        let (crs, srid) = match geometry {
            Some(geometry) => self.crs(geometry, relation.from)?,
            None => (None, None),
        };
        let names = unique_names(attributes.iter().map(|column| column.name.clone()));
        let fields: Vec<Field> = attributes
            .iter()
            .zip(names)
            .filter_map(|(column, name)| Some(Field::new(name, column.kind.field_type()?)))
            .collect();
        let slot = sink.layer(SourceLayer {
            name: relation.layer.clone(),
            format: self.source.format.name(),
            crs,
            fields: fields.clone(),
            expected: relation.expected,
            id_field: relation.key.clone(),
            title: relation.title.clone(),
            ..SourceLayer::default()
        })?;
        if !left_out.is_empty() {
            let text =
                format!("only one geometry column is imported; left out: {}", left_out.join(", "));
            sink.note(Some(slot), Note::warning(text));
        }
        let mut rows = Rows {
            slot,
            kinds: attributes.iter().map(|column| column.kind).collect(),
            columns: Columns::new(slot, &fields),
            has_geometry: geometry.is_some(),
            srid,
            key: relation
                .key
                .as_ref()
                .and_then(|key| attributes.iter().position(|column| column.name == *key)),
            number: 0,
        };
        let selected: Vec<&str> = geometry
            .into_iter()
            .chain(attributes)
            .map(|column| column.expression.as_str())
            .collect();
        let selected = if selected.is_empty() { "1".to_owned() } else { selected.join(", ") };
        let statement = self
            .transaction
            .prepare(&format!("SELECT {selected} FROM {}", relation.from))
            .map_err(|error| failed(self.source, &what, &error))?;
        let portal = self
            .transaction
            .bind(&statement, &[])
            .map_err(|error| failed(self.source, &what, &error))?;
        loop {
            let fetched = self
                .transaction
                .query_portal(&portal, FETCH_ROWS)
                .map_err(|error| failed(self.source, &what, &error))?;
            for row in &fetched {
                rows.emit(sink, row)?;
            }
            let expected = relation.expected.unwrap_or(rows.number).max(rows.number);
            sink.progress(rows.number, expected);
            if fetched.len() < FETCH_ROWS as usize {
                return Ok(());
            }
        }
    }

    /// Finds the coordinate system by the first geometry.
    fn crs(
        &mut self,
        geometry: &Column,
        from: &str,
    ) -> Result<(Option<String>, Option<i32>), Error> {
        let column = quoted(&geometry.name);
        let query = format!(
            "SELECT ST_SRID({column}::geometry) FROM {from} WHERE {column} IS NOT NULL LIMIT 1"
        );
        let what = "the coordinate system can not be found";
        let row = self
            .transaction
            .query_opt(&query, &[])
            .map_err(|error| failed(self.source, what, &error))?;
        let srid: Option<i32> = row.and_then(|row| row.try_get(0).ok());
        let Some(srid) = srid.filter(|srid| *srid > 0) else {
            return Ok((None, srid));
        };
        let query =
            "SELECT auth_name::text, auth_srid, srtext::text FROM spatial_ref_sys WHERE srid = $1";
        let row = self
            .transaction
            .query_opt(query, &[&srid])
            .map_err(|error| failed(self.source, what, &error))?;
        let crs = row.and_then(|row| {
            let authority: Option<String> = row.try_get(0).ok().flatten();
            let code: Option<i32> = row.try_get(1).ok().flatten();
            let definition: Option<String> = row.try_get(2).ok().flatten();
            match (authority, code) {
                (Some(authority), Some(code)) if authority.eq_ignore_ascii_case("EPSG") => {
                    Some(format!("EPSG:{code}"))
                }
                _ => definition.filter(|text| !text.is_empty()),
            }
        });
        Ok((crs, Some(srid)))
    }
}

/// Turns rows into records.
struct Rows {
    slot: LayerSlot,
    kinds: Vec<Kind>,
    columns: Columns,
    has_geometry: bool,
    srid: Option<i32>,
    /// Position of the primary key among the attributes.
    key: Option<usize>,
    number: u64,
}

impl Rows {
    fn emit(&mut self, sink: &mut dyn Sink, row: &Row) -> Result<(), Error> {
        self.number += 1;
        let mut record = Record { number: self.number, ..Record::default() };
        let mut faults = Vec::new();
        let raw = |i: usize| row.try_get::<_, Option<Raw>>(i).ok().flatten();
        let first = usize::from(self.has_geometry);
        record.values.reserve_exact(self.kinds.len());
        for (i, kind) in self.kinds.iter().enumerate() {
            let value = match raw(first + i) {
                Some(raw) => values::read(*kind, raw.0, &mut record.repairs),
                None => Ok(Value::Null),
            };
            match value {
                Ok(value) => {
                    if self.key == Some(i) {
                        record.id = id_of(&value);
                    }
                    record.values.push(self.columns.admit(sink, i, value)?);
                }
                Err(error) => faults.push(error.to_string()),
            }
        }
        if let Some(raw) = raw(0).filter(|_| self.has_geometry) {
            match wkb_sink::from_wkb(raw.0) {
                Ok(read) => {
                    // Geometry without a reference has none in its EWKB.
                    let srid = read.srid.unwrap_or(0);
                    if self.srid.is_some_and(|layer| layer != srid) {
                        faults.push(format!(
                            "its coordinate system is {srid}, that of the first record {}; import the rows apart with ?query=",
                            self.srid.unwrap_or(0)
                        ));
                    }
                    record.geometry = Some(read.geometry).filter(|g| !g.is_empty());
                    record.repairs.extend(read.repairs);
                }
                Err(error) => faults.push(format!("the geometry can not be read: {error}")),
            }
        }
        if faults.is_empty() {
            sink.record(self.slot, record)?;
        } else {
            sink.reject(
                self.slot,
                Reject {
                    number: self.number,
                    id: record.id.map(|id| id.to_string()),
                    reason: faults.join("; "),
                },
            )?;
        }
        Ok(())
    }
}

fn id_of(value: &Value) -> Option<SourceId> {
    match value {
        Value::Int(n) => Some(SourceId::Int(*n)),
        Value::Text(text) => Some(SourceId::Text(text.clone())),
        _ => None,
    }
}

/// Quotes a name for a query.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Makes the error of a query that failed.
fn failed(source: &Source, what: &str, error: &postgres::Error) -> Error {
    let remedy = match error.as_db_error().map(|error| error.code().code()) {
        Some("42501") => "ask for the right to read it",
        Some("57014") => "the query took too long; write its result into a table first",
        Some("25006") => "a query that changes something is not allowed",
        _ => "try the same in psql",
    };
    Error::unsupported(source, format!("{what}: {}", chain(error)), remedy)
}

/// Writes an error with its causes. The driver's texts hold no password.
fn chain(error: &postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return error.message().to_owned();
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
