//! Finds out by content what a path holds.

mod identify;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use onemap_bounded::ZipArchive;
use onemap_source::{Error, FolderEntry, Head, is_hidden, temporary_folder, unpack_entry};
use tempfile::TempDir;

use crate::tables::{self, Kind};
use crate::{Mapping, Source};
use identify::identify;

/// What a name turned out to hold. Files that belong to others are `.dbf`, `.prj` and the like.
pub type Survey = onemap_source::Survey<Source>;

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
    let metadata = std::fs::metadata(path).map_err(|error| Error::unread(name, error))?;
    let mut finder = Finder::default();
    if metadata.is_dir() {
        finder.folder(path, name, 0)?;
    } else if is_archive(path).map_err(|error| Error::unread(name, error))? {
        finder.archive(path, name)?;
    } else {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        finder.file(path, name, &file_name);
    }
    let models_only = finder.found.sources.len() == 1 && !metadata.is_dir();
    if !models_only {
        finder.tables(name, map, only_certain);
    }
    let nothing = (
        "there is no pipe network in it",
        "name survey tables with points and lines, lines with their ends, or an EPANET, SWMM, CityGML or pandapipes file",
    );
    finder.found.finish(name, nothing)
}

#[derive(Default)]
struct Finder {
    found: Survey,
    files_seen: usize,
    unpacked: Option<Arc<TempDir>>,
}

impl Finder {
    fn skip(&mut self, name: &str, reason: impl Into<String>, remedy: impl Into<String>) {
        self.found.skip(name, reason, remedy);
    }

    /// Looks through a folder and its subfolders for files that are no tables.
    fn folder(&mut self, folder: &Path, name: &str, depth: usize) -> Result<(), Error> {
        for entry in self.found.search(folder, name, depth, &mut self.files_seen)? {
            let FolderEntry { path, file_name, name } = entry;
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
        match Head::read_unpacked(path) {
            Err(error) => {
                self.skip(name, format!("it can not be read: {error}"), "get the file again");
            }
            Ok(head) => {
                let Some(format) = identify(&head.bytes, &extension) else { return };
                self.found.sources.push(Source {
                    format,
                    path: path.to_owned(),
                    name: name.to_owned(),
                    stem: stem.to_owned(),
                    gzipped: head.gzipped,
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
        let opened = File::open(path).map_err(|error| Error::unread(name, error))?;
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
        let folder = Arc::new(temporary_folder(name)?);
        for index in wanted {
            let Some(entry) = zip.entries().get(index) else { continue };
            let entry_name = format!("{name}/{}", entry.name());
            if let Err(error) = unpack_entry(&mut zip, index, folder.path()) {
                self.skip(&entry_name, error.to_string(), "pack the archive again");
            }
        }
        self.unpacked = Some(Arc::clone(&folder));
        self.folder(folder.path(), name, 0)
    }
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
    onemap_source::stem_and_extension(file_name, &[])
}
