//! What local headers and codes mean.

use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::tables::{Role, plain_header};

/// A mapping from a city's own headers and codes to the fields of a network, read from JSON:
///
/// ```
/// let mapping = onemap_pipe_network::Mapping::parse(r#"{
///     "columns": {"测井号": "code", "北": "northing", "东": "easting", "内部编号": "ignore"},
///     "values": {"material": {"铸": "ZT"}, "class": {"饮水": "JS"}, "flow": {"顺": "1"}},
///     "tables": {"表1": "points", "表2": "lines", "说明": "ignore"}
/// }"#)?;
/// # Ok::<(), String>(())
/// ```
///
/// `columns` gives the field of a header: the names of [`onemap_model::network_field`], and `northing`, `easting`, `link`
/// (the number of a link), `linked` (连接点号), `elevation`, `top`, `invert`, `depth` (of the point of the row),
/// `well_depth` (井深), `feature_code` (要素代码), `state`, `closed`, `operable`, and `ignore`. `top_from`, `invert_to`, `depth_from` and so on
/// are those of a line's ends. `values` replaces values of a field before they are read. `tables` says what a table or
/// sheet holds. Headers and values are compared without spaces, in any case and width.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    columns: FxHashMap<String, Role>,
    values: FxHashMap<Role, FxHashMap<String, String>>,
    tables: FxHashMap<String, TableKind>,
}

/// What the user says a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TableKind {
    Points,
    Lines,
    Ignore,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    columns: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    values: std::collections::BTreeMap<String, std::collections::BTreeMap<String, String>>,
    #[serde(default)]
    tables: std::collections::BTreeMap<String, TableKind>,
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// When the text is no JSON of this form, or names a field that is none. The text says which.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File =
            serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
                format!("the mapping is no JSON of columns, values and tables: {error}")
            })?;
        let role = |name: &str| {
            Role::from_name(name).ok_or_else(|| {
                format!(
                    "the mapping names a field '{name}', which is none; fields are {}",
                    Role::names()
                )
            })
        };
        let mut mapping = Self::default();
        for (header, name) in &file.columns {
            mapping.columns.insert(plain_header(header), role(name)?);
        }
        for (name, values) in &file.values {
            let values = values.iter().map(|(from, to)| (plain_header(from), to.clone())).collect();
            mapping.values.insert(role(name)?, values);
        }
        mapping.tables =
            file.tables.into_iter().map(|(name, kind)| (plain_header(&name), kind)).collect();
        Ok(mapping)
    }

    /// Returns what the user says a header means.
    pub(crate) fn column(&self, header: &str) -> Option<Role> {
        self.columns.get(&plain_header(header)).copied()
    }

    /// Returns what a value is to be read as.
    pub(crate) fn value(&self, role: Role, value: &str) -> Option<&str> {
        self.values.get(&role)?.get(&plain_header(value)).map(String::as_str)
    }

    /// Returns what the user says a table holds.
    pub(crate) fn table(&self, name: &str) -> Option<TableKind> {
        self.tables.get(&plain_header(name)).copied()
    }
}
