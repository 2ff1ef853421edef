//! Finds out by content what a path holds.

mod identify;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use onemap_bounded::{Gunzip, ZipArchive};
use tempfile::TempDir;

use crate::tables::{self, Kind};
use crate::{Error, Mapping, Source, limits};
use identify::identify;

/// What a name turned out to hold.
#[derive(Debug, Default)]
pub struct Survey {
    /// What can be read, sorted by name.
    pub sources: Vec<Source>,
    /// What was found in a folder or archive and is no part of a network. Files that belong to others (`.dbf`, `.prj`),
    /// hidden ones and those of the operating system are not mentioned.
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

/// Endings of files of networks that are no tables.
const MODELS: [&str; 6] = ["inp", "net", "gml", "xml", "citygml", "json"];

/// Finds the networks in what the user named: a file, plain or gzipped, a folder, or a zip. Tables and GIS layers of one
/// folder that belong together are one network: `gas_points.csv` and `gas_lines.csv`, 点表 and 线表. Of a file that is
/// named alone, the other half is looked for beside it. `map` tells headers that are not known.
///
/// # Errors
/// When there is nothing that can be read. The error says so.
pub fn survey(name: &str, map: Option<&Mapping>) -> Result<Survey, Error> {
    find(name, map, false)
}

/// Tells whether a file, a folder or a zip holds a pipe network beyond doubt: a model, survey tables, or lines with ends
/// and sizes. False where it can not be told; [`survey`] then still takes lines as a network.
pub fn is_pipe_network(name: &str) -> bool {
    find(name, None, true).is_ok_and(|survey| !survey.sources.is_empty())
}

fn find(name: &str, map: Option<&Mapping>, only_certain: bool) -> Result<Survey, Error> {
    let path = Path::new(name);
    let metadata = std::fs::metadata(path).map_err(|error| io_error(name, error))?;
    let mut finder = Finder::default();
    if metadata.is_dir() {
        finder.folder(path, name, 0)?;
    } else if is_archive(path).map_err(|error| io_error(name, error))? {
        finder.archive(path, name)?;
    } else {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        finder.file(path, name, &file_name);
    }
    let models_only = finder.found.sources.len() == 1 && !metadata.is_dir();
    if !models_only {
        finder.tables(name, map, only_certain);
    }
    finder.finish(name)
}

#[derive(Default)]
struct Finder {
    found: Survey,
    files_seen: usize,
    unpacked: Option<Arc<TempDir>>,
}

impl Finder {
    /// Ends the search: an error when nothing was found.
    fn finish(mut self, name: &str) -> Result<Survey, Error> {
        if !self.found.sources.is_empty() {
            self.found.sources.sort_by(|a, b| a.name.cmp(&b.name));
            self.found.skipped.sort_by(|a, b| a.name.cmp(&b.name));
            return Ok(self.found);
        }
        let (reason, remedy) = match self.found.skipped.into_iter().next() {
            Some(first) if first.name == name => (first.reason, first.remedy),
            Some(first) => {
                (format!("'{}' can not be imported: {}", first.name, first.reason), first.remedy)
            }
            None => (
                "there is no pipe network in it".to_owned(),
                "name survey tables with points and lines, lines with their ends, or an EPANET, SWMM, CityGML or \
                 pandapipes file"
                    .to_owned(),
            ),
        };
        Err(Error::Unknown { source_name: name.to_owned(), reason, remedy })
    }

    fn skip(&mut self, name: &str, reason: impl Into<String>, remedy: impl Into<String>) {
        let (reason, remedy) = (reason.into(), remedy.into());
        self.found.skipped.push(Skipped { name: name.to_owned(), reason, remedy });
    }

    /// Looks through a folder and its subfolders for files that are no tables.
    fn folder(&mut self, folder: &Path, name: &str, depth: usize) -> Result<(), Error> {
        if depth > limits::MAX_FOLDER_DEPTH {
            let reason = format!("it lies more than {} folders deep", limits::MAX_FOLDER_DEPTH);
            self.skip(name, reason, "import this folder by itself");
            return Ok(());
        }
        let mut entries = BTreeSet::new();
        for entry in std::fs::read_dir(folder).map_err(|error| io_error(name, error))? {
            entries.insert(entry.map_err(|error| io_error(name, error))?.file_name());
            self.files_seen += 1;
            if self.files_seen > limits::MAX_FOLDER_FILES {
                return Err(Error::Unknown {
                    source_name: name.to_owned(),
                    reason: format!("it holds more than {} files", limits::MAX_FOLDER_FILES),
                    remedy: "import its subfolders one by one".to_owned(),
                });
            }
        }
        for entry in entries {
            let path = folder.join(&entry);
            let file_name = entry.to_string_lossy();
            if is_hidden(&file_name) {
                continue;
            }
            let name = format!("{}/{file_name}", name.trim_end_matches('/'));
            if path.is_dir() {
                // A link to a folder could lead in circles.
                if !path.is_symlink() {
                    self.folder(&path, &name, depth + 1)?;
                }
            } else if path.is_file() {
                self.file(&path, &name, &file_name);
            }
        }
        Ok(())
    }

    /// Looks whether a file is a network that is no table.
    fn file(&mut self, path: &Path, name: &str, file_name: &str) {
        let (stem, extension) = stem_and_extension(file_name);
        if !MODELS.contains(&extension.as_str()) {
            return;
        }
        match head(path) {
            Err(error) => {
                self.skip(name, format!("it can not be read: {error}"), "get the file again");
            }
            Ok((head, gzipped)) => {
                let Some(format) = identify(&head, &extension) else { return };
                self.found.sources.push(Source {
                    format,
                    path: path.to_owned(),
                    name: name.to_owned(),
                    stem: stem.to_owned(),
                    gzipped,
                    tables: Vec::new(),
                    _unpacked: self.unpacked.clone(),
                });
            }
        }
    }

    /// Looks for tables and GIS layers, and puts those together that belong together.
    fn tables(&mut self, name: &str, map: Option<&Mapping>, only_certain: bool) {
        let is_model = |found: &Survey, at: &str| found.sources.iter().any(|s| s.name == at);
        let survey = match onemap_vector::survey(name) {
            Ok(survey) => survey,
            Err(error) => {
                if self.found.sources.is_empty() {
                    self.skip(name, error.to_string(), "name a pipe network");
                }
                return;
            }
        };
        for skipped in survey.skipped {
            if !is_model(&self.found, &skipped.name) {
                self.skip(&skipped.name, skipped.reason, skipped.remedy);
            }
        }
        let mut looked: Vec<tables::Looked> = Vec::new();
        for source in survey.sources {
            if is_model(&self.found, &source.name) {
                continue;
            }
            if !tables::may_hold(&source, only_certain) {
                self.skip(
                    &source.name,
                    format!("{} holds no pipe network", source.format),
                    "import it by itself",
                );
                continue;
            }
            match tables::look(source, map) {
                Ok(file) if file.kind() != Kind::Other => looked.push(file),
                Ok(file) => self.skip(
                    &file.source.name,
                    "it holds neither points nor lines of a pipe network",
                    "import it by itself, or name its columns with --map",
                ),
                Err(problem) => {
                    let (source, error) = *problem;
                    self.skip(&source.name, error.to_string(), "repair it or leave it out");
                }
            }
        }
        let (groups, left) = tables::group(looked, Path::new(name), map);
        for (name, reason) in left {
            self.skip(&name, reason, "name the folder or workbook that holds both");
        }
        for group in groups {
            if !only_certain || group.is_certain {
                self.found.sources.push(group.source);
            }
        }
    }

    /// Unpacks the models of a zip archive; its tables are unpacked by `onemap-vector`.
    fn archive(&mut self, path: &Path, name: &str) -> Result<(), Error> {
        let opened = File::open(path).map_err(|error| io_error(name, error))?;
        let Ok(mut zip) = ZipArchive::open(BufReader::new(opened)) else { return Ok(()) };
        let wanted: Vec<usize> = (0..zip.entries().len())
            .filter(|&index| {
                zip.entries().get(index).is_some_and(|entry| {
                    let (_, extension) = stem_and_extension(entry.file_name());
                    !entry.is_folder()
                        && MODELS.contains(&extension.as_str())
                        && !entry.name().split('/').any(is_hidden)
                })
            })
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let folder = tempfile::Builder::new().prefix("onemap-").tempdir();
        let folder = Arc::new(folder.map_err(|error| io_error(name, error))?);
        for index in wanted {
            let Some(entry) = zip.entries().get(index) else { continue };
            // The archive's reader has made sure that names are relative and do not climb.
            let inside = entry.name().to_owned();
            let to = folder.path().join(&inside);
            let parent = to.parent().unwrap_or(folder.path());
            let unpacked = std::fs::create_dir_all(parent)
                .map_err(onemap_bounded::Error::Io)
                .and_then(|()| zip.extract_entry(index, &to));
            if let Err(error) = unpacked {
                self.skip(&format!("{name}/{inside}"), error.to_string(), "pack the archive again");
            }
        }
        self.unpacked = Some(Arc::clone(&folder));
        self.folder(folder.path(), name, 0)
    }
}

/// Returns the first bytes of a file, unpacked if it is gzipped, and whether it is.
fn head(path: &Path) -> io::Result<(Vec<u8>, bool)> {
    let limit = limits::HEAD_BYTES as u64;
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    let gzipped = bytes.starts_with(&[0x1f, 0x8b]);
    if gzipped {
        bytes.clear();
        let result = Gunzip::new(File::open(path)?).take(limit).read_to_end(&mut bytes);
        // A stream that breaks off later is for the reader to tell, with the place.
        if let Err(error) = result
            && bytes.is_empty()
        {
            return Err(error);
        }
    }
    Ok((bytes, gzipped))
}

/// Tells whether a file is a zip archive that is no workbook.
fn is_archive(path: &Path) -> io::Result<bool> {
    let mut magic = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut magic)?;
    let (_, extension) =
        stem_and_extension(&path.file_name().unwrap_or_default().to_string_lossy());
    let is_workbook = ["xlsx", "xlsm", "ods", "kmz"].contains(&extension.as_str());
    Ok(magic.starts_with(b"PK\x03\x04") && !is_workbook)
}

/// Splits a file name into stem and lower-case extension, without a `.gz` at the end.
pub(crate) fn stem_and_extension(file_name: &str) -> (&str, String) {
    let (inner, last) = file_name.rsplit_once('.').unwrap_or((file_name, ""));
    if last.eq_ignore_ascii_case("gz") && inner.contains('.') {
        return stem_and_extension(inner);
    }
    if inner.is_empty() || last.chars().count() > 12 {
        return (file_name, String::new());
    }
    (inner, last.to_ascii_lowercase())
}

fn is_hidden(name: &str) -> bool {
    let system = ["thumbs.db", "desktop.ini", "__macosx"];
    name.starts_with('.') || system.iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn io_error(name: &str, source: io::Error) -> Error {
    Error::Io { source_name: name.to_owned(), source }
}
