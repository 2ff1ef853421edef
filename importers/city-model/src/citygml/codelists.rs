//! Code lists: dictionaries beside the data that say what codes mean.

use std::path::{Path, PathBuf};

use onemap_bounded::{Result, XmlEvent};
use rustc_hash::FxHashMap;

use crate::texture::read_file;
use crate::{Source, limits};

/// The code lists that one file refers to, each read once.
pub(super) struct CodeLists {
    base: PathBuf,
    /// Folders in which code lists may be: that of the source, and `codelists` where PLATEAU has it, two levels above
    /// the file.
    allowed: Vec<PathBuf>,
    known: FxHashMap<String, FxHashMap<String, String>>,
}

impl CodeLists {
    /// Begins with no list read.
    pub(super) fn new(source: &Source) -> Self {
        let base = source.path.parent().map(Path::to_owned).unwrap_or_default();
        let base = if base.as_os_str().is_empty() { PathBuf::from(".") } else { base };
        let folders = [source.root.clone(), base.join("../../codelists")];
        let allowed = folders.iter().filter_map(|folder| folder.canonicalize().ok()).collect();
        Self { base, allowed, known: FxHashMap::default() }
    }

    /// Returns what a code of a list means; `None` where the list or the code is not there.
    pub(super) fn meaning(&mut self, list: &str, code: &str) -> Option<&str> {
        if !self.known.contains_key(list) {
            if self.known.len() >= limits::MAX_CODE_LISTS {
                return None;
            }
            let read = self.find(list).and_then(|path| {
                let bytes = read_file(&path, limits::MAX_CODE_LIST_BYTES).ok()?;
                dictionary(std::io::Cursor::new(bytes)).ok()
            });
            self.known.insert(list.to_owned(), read.unwrap_or_default());
        }
        self.known.get(list)?.get(code).map(String::as_str)
    }

    fn find(&self, list: &str) -> Option<PathBuf> {
        let written = list.replace('\\', "/");
        if written.contains("://") || written.starts_with('/') || written.is_empty() {
            return None;
        }
        let path = self.base.join(written).canonicalize().ok()?;
        let is_allowed = self.allowed.iter().any(|folder| path.starts_with(folder));
        (is_allowed && path.is_file()).then_some(path)
    }
}

/// Reads a GML dictionary: what each name or identifier is described as.
fn dictionary(bytes: std::io::Cursor<Vec<u8>>) -> Result<FxHashMap<String, String>> {
    let mut xml = super::xml(bytes)?;
    let mut meanings = FxHashMap::default();
    let (mut code, mut meaning) = (String::new(), String::new());
    let mut is_inside = false;
    loop {
        match xml.read()? {
            XmlEvent::Start(start) => match start.local_name() {
                "Definition" => {
                    is_inside = true;
                    code.clear();
                    meaning.clear();
                }
                "description" if is_inside => meaning = xml.element_text()?,
                "name" if is_inside => code = xml.element_text()?,
                "identifier" if is_inside && code.is_empty() => code = xml.element_text()?,
                _ => {}
            },
            XmlEvent::End(name) => {
                let is_definition = name.rsplit(':').next() == Some("Definition");
                let (code, meaning) = (code.trim(), meaning.trim());
                if is_definition && !code.is_empty() && !meaning.is_empty() {
                    meanings.entry(code.to_owned()).or_insert_with(|| meaning.to_owned());
                }
                is_inside &= !is_definition;
            }
            XmlEvent::Text(_) => {}
            XmlEvent::Eof => return Ok(meanings),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, testing::source};

    const LIST: &str = "<gml:Dictionary><gml:name>usage</gml:name><gml:dictionaryEntry><gml:Definition><gml:description>住宅</gml:description><gml:name>411</gml:name></gml:Definition></gml:dictionaryEntry></gml:Dictionary>";

    #[test]
    fn code_lists_are_read_in_their_places_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let city = folder.path().join("city");
        std::fs::create_dir_all(city.join("udx/bldg")).unwrap();
        std::fs::create_dir_all(city.join("codelists")).unwrap();
        std::fs::write(city.join("codelists/usage.xml"), LIST).unwrap();
        std::fs::write(city.join("secret.xml"), LIST).unwrap();
        std::fs::write(city.join("codelists/bomb.xml"), "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")
            .unwrap();
        let mut lists = CodeLists::new(&source(&city.join("udx/bldg/a.gml"), Format::CityGml));
        assert_eq!(lists.meaning("../../codelists/usage.xml", "411"), Some("住宅"));
        assert_eq!(lists.meaning("../../codelists/usage.xml", "999"), None);
        for other in [
            "../../secret.xml",
            "../../codelists/no.xml",
            "/etc/passwd",
            "http://a/b.xml",
            "../../codelists/bomb.xml",
        ] {
            assert_eq!(lists.meaning(other, "411"), None, "{other}");
        }
    }
}
