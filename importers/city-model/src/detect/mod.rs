//! Finds out by content what a path holds.

mod identify;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use onemap_bounded::{Gunzip, ZipArchive};
use tempfile::TempDir;

use crate::{Error, Source, limits};
use identify::identify;

/// What a name turned out to hold.
#[derive(Debug, Default)]
pub struct Survey {
    /// What can be read, sorted by name.
    pub sources: Vec<Source>,
    /// What was found in a folder or archive and can not be read. Files that belong to a source (images, `.mtl`,
    /// `.bin`, code lists), hidden ones and those of the operating system are not mentioned.
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

/// Endings of files that belong to a city model, or may be one.
const WANTED: [&str; 26] = [
    "json", "jsonl", "ndjson", "jsonseq", "cityjson", "gml", "xml", "citygml", "obj", "mtl",
    "gltf", "glb", "bin", "png", "jpg", "jpeg", "jpe", "webp", "tif", "tiff", "bmp", "tga", "gif",
    "gz", "rgb", "dds",
];

/// Endings of those of them that may be a city model themselves.
const MODELS: [&str; 11] = [
    "json", "jsonl", "ndjson", "jsonseq", "cityjson", "gml", "xml", "citygml", "obj", "gltf", "glb",
];

/// Finds the city models in what the user named: a file, plain or gzipped, a folder, or a zip.
///
/// # Errors
/// When there is nothing that can be read. The error says so.
pub fn survey(name: &str) -> Result<Survey, Error> {
    let path = Path::new(name);
    let metadata = std::fs::metadata(path).map_err(|error| io_error(name, error))?;
    let mut finder = Finder::default();
    if metadata.is_dir() {
        path.clone_into(&mut finder.root);
        finder.folder(path, name, 0)?;
    } else {
        let is_bare = path.parent().is_none_or(|parent| parent.as_os_str().is_empty());
        let parent = path.parent().filter(|_| !is_bare).unwrap_or(Path::new("."));
        parent.clone_into(&mut finder.root);
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let head = Head::read(path).map_err(|error| io_error(name, error))?;
        if head.is_zip() {
            finder.archive(path, name)?;
        } else if !finder.file(path, name, &file_name) {
            let reason = "it is neither CityJSON, CityGML, OBJ nor glTF".to_owned();
            finder.skip(name, reason, "name a city model, or a folder or zip with some");
        }
    }
    finder.finish(name)
}

/// Tells whether a file, a folder or a zip holds a city model. False for a folder or zip that is a 3D Tiles tileset, and
/// where it can not be told.
pub fn is_city_model(name: &str) -> bool {
    let path = Path::new(name);
    if path.is_dir() {
        return !path.join("tileset.json").is_file() && folder_has_model(path, 0, &mut 0);
    }
    let Ok(head) = Head::read(path) else { return false };
    if head.is_zip() {
        return zip_has_model(path).unwrap_or(false);
    }
    let (_, extension) =
        stem_and_extension(&path.file_name().unwrap_or_default().to_string_lossy());
    identify(&head.bytes, &extension).is_some()
}

fn folder_has_model(folder: &Path, depth: usize, seen: &mut usize) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    let mut folders = Vec::new();
    for entry in entries.filter_map(Result::ok) {
        *seen += 1;
        if *seen > limits::MAX_FOLDER_FILES {
            return false;
        }
        let path = entry.path();
        let file_name = entry.file_name().to_string_lossy().into_owned();
        if is_hidden(&file_name) {
            continue;
        }
        if path.is_dir() {
            if depth < limits::MAX_FOLDER_DEPTH && !path.is_symlink() {
                folders.push(path);
            }
            continue;
        }
        let (_, extension) = stem_and_extension(&file_name);
        let is_model = MODELS.contains(&extension.as_str())
            && Head::read(&path).is_ok_and(|head| identify(&head.bytes, &extension).is_some());
        if is_model {
            return true;
        }
    }
    folders.iter().any(|path| folder_has_model(path, depth + 1, seen))
}

fn zip_has_model(path: &Path) -> Option<bool> {
    let mut zip = ZipArchive::open(BufReader::new(File::open(path).ok()?)).ok()?;
    if zip.find("tileset.json").is_some() {
        return Some(false);
    }
    for index in 0..zip.entries().len() {
        let Some(entry) = zip.entries().get(index).filter(|entry| !entry.is_folder()) else {
            continue;
        };
        let (_, extension) = stem_and_extension(entry.file_name());
        let is_packed = entry.file_name().to_ascii_lowercase().ends_with(".gz");
        if !MODELS.contains(&extension.as_str()) || entry.name().split('/').any(is_hidden) {
            continue;
        }
        let mut head = Vec::new();
        let Ok(stream) = zip.stream(index) else { continue };
        let limit = limits::HEAD_BYTES as u64;
        let read = if is_packed {
            Gunzip::new(stream).take(limit).read_to_end(&mut head)
        } else {
            stream.take(limit).read_to_end(&mut head)
        };
        if read.is_ok() && identify(&head, &extension).is_some() {
            return Some(true);
        }
    }
    Some(false)
}

#[derive(Default)]
struct Finder {
    found: Survey,
    files_seen: usize,
    root: PathBuf,
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
                "there is no city model in it".to_owned(),
                "name a folder or zip with CityJSON, CityGML, OBJ or glTF files".to_owned(),
            ),
        };
        Err(Error::Unknown { source_name: name.to_owned(), reason, remedy })
    }

    fn skip(&mut self, name: &str, reason: impl Into<String>, remedy: impl Into<String>) {
        let (reason, remedy) = (reason.into(), remedy.into());
        self.found.skipped.push(Skipped { name: name.to_owned(), reason, remedy });
    }

    /// Looks through a folder and its subfolders.
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
            // A link to a folder could lead in circles; one to a file is as good as the file.
            if path.is_dir() {
                if path.is_symlink() {
                    self.skip(&name, "it is a link to a folder", "import that folder by itself");
                } else {
                    self.folder(&path, &name, depth + 1)?;
                }
                continue;
            }
            let (_, extension) = stem_and_extension(&file_name);
            if !WANTED.contains(&extension.as_str()) {
                self.skip(&name, "it is no city model", "import it by itself");
            } else if MODELS.contains(&extension.as_str())
                && !self.file(&path, &name, &file_name)
                && extension != "xml"
                && extension != "json"
            {
                let reason = format!("its content is not what the ending .{extension} says");
                self.skip(&name, reason, "get the file again");
            }
        }
        Ok(())
    }

    /// Looks at a file; tells whether it is a city model.
    fn file(&mut self, path: &Path, name: &str, file_name: &str) -> bool {
        let head = match Head::read(path) {
            Ok(head) => head,
            Err(error) => {
                self.skip(name, format!("it can not be read: {error}"), "get the file again");
                return true;
            }
        };
        let (stem, extension) = stem_and_extension(file_name);
        let Some(format) = identify(&head.bytes, &extension) else { return false };
        self.found.sources.push(Source {
            format,
            path: path.to_owned(),
            name: name.to_owned(),
            stem: stem.to_owned(),
            gzipped: head.gzipped,
            root: self.root.clone(),
            _unpacked: self.unpacked.clone(),
        });
        true
    }

    /// Unpacks a zip archive, as far as its files may belong to a city model, and looks through them.
    fn archive(&mut self, path: &Path, name: &str) -> Result<(), Error> {
        let opened = File::open(path).map_err(|error| io_error(name, error))?;
        let mut zip = match ZipArchive::open(BufReader::new(opened)) {
            Ok(zip) => zip,
            Err(error) => {
                let reason = format!("it is a zip archive that is refused: {error}");
                self.skip(name, reason, "pack it again or unpack it by hand");
                return Ok(());
            }
        };
        let folder = tempfile::Builder::new().prefix("onemap-").tempdir();
        let folder = Arc::new(folder.map_err(|error| io_error(name, error))?);
        for index in 0..zip.entries().len() {
            let Some(entry) = zip.entries().get(index).filter(|entry| !entry.is_folder()) else {
                continue;
            };
            let inside = entry.name().to_owned();
            let (_, extension) = stem_and_extension(entry.file_name());
            if inside.split('/').any(is_hidden) {
                continue;
            }
            let entry_name = format!("{name}/{inside}");
            if !WANTED.contains(&extension.as_str()) {
                self.skip(&entry_name, "it is no city model", "import it by itself");
                continue;
            }
            // The archive's reader has made sure that names are relative and do not climb.
            let to = folder.path().join(&inside);
            let parent = to.parent().unwrap_or(folder.path());
            let unpacked = std::fs::create_dir_all(parent)
                .map_err(onemap_bounded::Error::Io)
                .and_then(|()| zip.extract_entry(index, &to));
            if let Err(error) = unpacked {
                self.skip(&entry_name, error.to_string(), "pack the archive again");
            }
        }
        folder.path().clone_into(&mut self.root);
        self.unpacked = Some(Arc::clone(&folder));
        self.folder(folder.path(), name, 0)
    }
}

/// The first bytes of a file, unpacked if it is gzipped.
struct Head {
    bytes: Vec<u8>,
    gzipped: bool,
}

impl Head {
    fn read(path: &Path) -> io::Result<Self> {
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
        Ok(Self { bytes, gzipped })
    }

    fn is_zip(&self) -> bool {
        !self.gzipped
            && (self.bytes.starts_with(b"PK\x03\x04") || self.bytes.starts_with(b"PK\x05\x06"))
    }
}

/// Splits a file name into stem and lower-case extension, without a `.gz` at the end and a `.city` before it.
fn stem_and_extension(file_name: &str) -> (&str, String) {
    let (inner, last) = file_name.rsplit_once('.').unwrap_or((file_name, ""));
    if last.eq_ignore_ascii_case("gz") && inner.contains('.') {
        return stem_and_extension(inner);
    }
    if inner.is_empty() || last.chars().count() > 12 {
        return (file_name, String::new());
    }
    let stem = inner
        .rsplit_once('.')
        .filter(|(stem, middle)| middle.eq_ignore_ascii_case("city") && !stem.is_empty());
    (stem.map_or(inner, |(stem, _)| stem), last.to_ascii_lowercase())
}

fn is_hidden(name: &str) -> bool {
    let system = ["thumbs.db", "desktop.ini", "__macosx"];
    name.starts_with('.') || system.iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn io_error(name: &str, source: io::Error) -> Error {
    Error::Io { source_name: name.to_owned(), source }
}

#[cfg(test)]
mod tests;
