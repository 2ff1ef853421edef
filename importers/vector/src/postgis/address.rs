//! Takes the address of a database apart, and keeps its password out of sight.

/// What an address asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All tables with geometry.
    Everything,
    /// These tables, as `schema.table` or `table`.
    Tables(Vec<String>),
    /// The rows of a query.
    Query(String),
}

/// An address, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// What the database driver gets.
    pub(super) connection: String,
    /// The same without password and without what we took out, for messages.
    pub(super) shown: String,
    pub(super) wanted: Wanted,
}

/// Takes an address apart.
///
/// # Errors
/// In words, when both a table and a query are named, or an escape is broken.
pub(super) fn parse(url: &str) -> Result<Address, String> {
    let (url, fragment) = match url.split_once('#') {
        Some((url, fragment)) => (url, Some(fragment)),
        None => (url, None),
    };
    let (base, parameters) = url.split_once('?').unwrap_or((url, ""));
    let mut tables = Vec::new();
    let mut query = None;
    let mut others = Vec::new();
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("table" | "tables", value)) => tables.push(decoded(value)?),
            Some(("query", value)) => query = Some(decoded(value)?),
            _ => others.push(parameter),
        }
    }
    if let Some(fragment) = fragment {
        tables.push(decoded(fragment)?);
    }
    let tables: Vec<String> = tables
        .iter()
        .flat_map(|list| list.split(','))
        .map(|table| table.trim().to_owned())
        .filter(|table| !table.is_empty())
        .collect();
    let wanted = match (tables.is_empty(), query) {
        (true, None) => Wanted::Everything,
        (false, None) => Wanted::Tables(tables),
        (true, Some(query)) => {
            let query = query.trim().trim_end_matches(';').trim_end();
            if query.is_empty() {
                return Err("the query is empty".into());
            }
            Wanted::Query(query.to_owned())
        }
        (false, Some(_)) => return Err("it names both a table and a query".into()),
    };
    let mut connection = base.to_owned();
    if !others.is_empty() {
        connection = format!("{connection}?{}", others.join("&"));
    }
    Ok(Address { connection, shown: shown(base), wanted })
}

/// Removes the password: `postgres://user:secret@host/db` becomes `postgres://user@host/db`.
pub(super) fn shown(url: &str) -> String {
    let base = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = base.split_once("://") else {
        return base.to_owned();
    };
    // The last @ ends the password, which may hold one itself when it was not escaped.
    let Some((user, place)) = rest.rsplit_once('@') else {
        return base.to_owned();
    };
    let user = user.split(':').next().unwrap_or_default();
    format!("{scheme}://{user}@{place}")
}

/// Undoes percent escapes. A plus stays a plus: queries have some.
fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let escape = rest.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let escape = escape.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let Some(escape) = escape else {
            return Err(format!(
                "'%' in '{text}' is not followed by two hexadecimal digits; write %25 for it"
            ));
        };
        bytes.push(escape);
        rest = rest.get(2..).unwrap_or_default();
    }
    String::from_utf8(bytes).map_err(|_| format!("'{text}' is not UTF-8 once unescaped"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_queries_are_taken_out_of_the_address() {
        let address = parse(
            "postgres://u:p%40w@h:5433/db?sslmode=disable&table=gis.roads,%E9%81%93%E8%B7%AF",
        )
        .unwrap();
        assert_eq!(address.connection, "postgres://u:p%40w@h:5433/db?sslmode=disable");
        assert_eq!(address.shown, "postgres://u@h:5433/db");
        assert_eq!(address.wanted, Wanted::Tables(vec!["gis.roads".into(), "道路".into()]));
        assert_eq!(parse("postgres://h/db").unwrap().wanted, Wanted::Everything);
        assert_eq!(
            parse("postgres://h/db#a.b").unwrap().wanted,
            Wanted::Tables(vec!["a.b".into()])
        );
        let query = parse("postgres://h/db?query=SELECT * FROM t WHERE a %26 1 = 1+0;").unwrap();
        assert_eq!(query.wanted, Wanted::Query("SELECT * FROM t WHERE a & 1 = 1+0".into()));
        for bad in [
            "postgres://h/db?table=a&query=b",
            "postgres://h/db?query=",
            "postgres://h/db?query=%zz",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_password_is_never_shown() {
        for url in [
            "postgres://u:secret@h/db",
            "postgres://u:secret@@h/db?table=x",
            "postgresql://u:se:cret@h",
        ] {
            assert!(!shown(url).contains("cret"), "{}", shown(url));
        }
    }
}
