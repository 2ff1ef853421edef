//! What a name turned out to hold, and the folders that are searched for it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::{Error, Origin, is_hidden, limits};

/// What a name turned out to hold.
#[derive(Debug)]
pub struct Survey<S> {
    /// What can be read, sorted by name.
    pub sources: Vec<S>,
    /// What was found in a folder or archive and can not be read. Files that belong to a source, hidden ones and those of the
    /// operating system are not mentioned.
    pub skipped: Vec<Skipped>,
}

/// A file that is not a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its name, with that of the folder or archive.
    pub name: String,
    /// What it is.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

/// What stands in a folder.
#[derive(Debug)]
pub struct FolderEntry {
    /// Where it is.
    pub path: PathBuf,
    /// Its name within the folder.
    pub file_name: String,
    /// Its name for messages: that of the folder, as the user knows it, and its own.
    pub name: String,
}

impl<S> Default for Survey<S> {
    fn default() -> Self {
        Self { sources: Vec::new(), skipped: Vec::new() }
    }
}

impl<S: Origin> Survey<S> {
    /// Notes a file that is not a source.
    pub fn skip(&mut self, name: &str, reason: impl Into<String>, remedy: impl Into<String>) {
        let (reason, remedy) = (reason.into(), remedy.into());
        self.skipped.push(Skipped { name: name.to_owned(), reason, remedy });
    }

    /// Returns what stands in a folder, as [`folder_entries`] does; notes a folder that lies too deep, and returns nothing.
    ///
    /// # Errors
    /// As [`folder_entries`].
    pub fn search(
        &mut self,
        folder: &Path,
        name: &str,
        depth: usize,
        seen: &mut usize,
    ) -> Result<Vec<FolderEntry>, Error> {
        if depth > limits::MAX_FOLDER_DEPTH {
            let reason = format!("it lies more than {} folders deep", limits::MAX_FOLDER_DEPTH);
            self.skip(name, reason, "import this folder by itself");
            return Ok(Vec::new());
        }
        folder_entries(folder, name, seen)
    }

    /// Ends the search in what the user named.
    ///
    /// # Errors
    /// When no source was found. The error says what was found instead, or that there is `nothing`: a reason and a remedy.
    pub fn finish(mut self, name: &str, nothing: (&str, &str)) -> Result<Self, Error> {
        if !self.sources.is_empty() {
            self.sources.sort_by(|a, b| a.name().cmp(b.name()));
            self.skipped.sort_by(|a, b| a.name.cmp(&b.name));
            return Ok(self);
        }
        let [first, rest @ ..] = self.skipped.as_slice() else {
            return Err(Error::unknown(name, nothing.0, nothing.1));
        };
        if first.name == name {
            return Err(Error::unknown(name, first.reason.as_str(), first.remedy.as_str()));
        }
        let others = match rest.len() {
            0 => String::new(),
            n => format!(", nor can {n} other files"),
        };
        let reason = format!("'{}' can not be imported: {}{others}", first.name, first.reason);
        Err(Error::unknown(name, reason, first.remedy.as_str()))
    }
}

/// Returns what stands in a folder, sorted, but for hidden files. `seen` counts the files of all folders.
///
/// # Errors
/// When the folder can not be read, and when more than [`limits::MAX_FOLDER_FILES`] were seen.
pub fn folder_entries(
    folder: &Path,
    name: &str,
    seen: &mut usize,
) -> Result<Vec<FolderEntry>, Error> {
    let mut entries = BTreeSet::new();
    for entry in std::fs::read_dir(folder).map_err(|error| Error::unread(name, error))? {
        entries.insert(entry.map_err(|error| Error::unread(name, error))?.file_name());
        *seen += 1;
        if *seen > limits::MAX_FOLDER_FILES {
            return Err(Error::unknown(
                name,
                format!("it holds more than {} files", limits::MAX_FOLDER_FILES),
                "import its subfolders one by one",
            ));
        }
    }
    let name = name.trim_end_matches('/');
    let entries = entries.into_iter().map(|entry| {
        let file_name = entry.to_string_lossy().into_owned();
        FolderEntry { path: folder.join(&entry), name: format!("{name}/{file_name}"), file_name }
    });
    Ok(entries.filter(|entry| !is_hidden(&entry.file_name)).collect())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The simplest source.
    #[derive(Debug)]
    pub(crate) struct File {
        pub(crate) path: PathBuf,
        pub(crate) name: String,
        pub(crate) gzipped: bool,
    }

    impl Origin for File {
        fn name(&self) -> &str {
            &self.name
        }

        fn format_name(&self) -> &'static str {
            "plain"
        }

        fn path(&self) -> &Path {
            &self.path
        }

        fn is_gzipped(&self) -> bool {
            self.gzipped
        }
    }

    fn file(name: &str) -> File {
        File { path: PathBuf::new(), name: name.to_owned(), gzipped: false }
    }

    #[test]
    fn a_search_ends_with_its_sources_in_order_or_with_the_reason() {
        let nothing = ("there is nothing in it", "name a file");
        let mut found = Survey { sources: vec![file("b"), file("a")], skipped: Vec::new() };
        found.skip("d", "it is odd", "leave it");
        found.skip("c", "it is odd", "leave it");
        let found = found.finish("all", nothing).unwrap();
        assert_eq!(found.sources.iter().map(|file| &file.name).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(found.skipped[0].name, "c");

        let told = |names: &[&str]| {
            let mut found = Survey::<File>::default();
            for name in names {
                found.skip(name, "it is odd", "leave it");
            }
            found.finish("all", nothing).unwrap_err().to_string()
        };
        let is = "'all' is of no known format: ";
        assert_eq!(told(&[]), format!("{is}there is nothing in it; name a file"));
        assert_eq!(told(&["all"]), format!("{is}it is odd; leave it"));
        assert_eq!(told(&["x"]), format!("{is}'x' can not be imported: it is odd; leave it"));
        assert!(told(&["x", "y", "z"]).contains("it is odd, nor can 2 other files; leave it"));
    }

    #[test]
    fn folders_are_searched_in_order_down_to_a_depth() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a", ".hidden", "Thumbs.db"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let (mut found, mut seen) = (Survey::<File>::default(), 0);
        let entries = found.search(folder.path(), "all/", 0, &mut seen).unwrap();
        let names: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["all/a", "all/b"]);
        assert_eq!((seen, entries[0].file_name.as_str()), (4, "a"));
        assert!(entries[0].path.is_file() && found.skipped.is_empty());

        let deep = limits::MAX_FOLDER_DEPTH + 1;
        assert!(found.search(folder.path(), "all", deep, &mut seen).unwrap().is_empty());
        assert!(found.skipped[0].reason.contains("folders deep"));
        let mut seen = limits::MAX_FOLDER_FILES;
        let error = folder_entries(folder.path(), "all", &mut seen).unwrap_err().to_string();
        assert!(error.contains("import its subfolders one by one"), "{error}");
    }
}
