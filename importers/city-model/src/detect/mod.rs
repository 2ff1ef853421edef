//! Finds out by content what a path holds.

mod identify;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use onemap_bounded::{Gunzip, ZipArchive};
use onemap_source::limits::{HEAD_BYTES, MAX_FOLDER_DEPTH};
use onemap_source::{
    Error, FolderEntry, Head, folder_entries, is_hidden, temporary_folder, unpack_entry,
};
use tempfile::TempDir;

use crate::Source;
use identify::identify;

/// What a name turned out to hold. Files that belong to a source are images, `.mtl`, `.bin` and code lists.
pub type Survey = onemap_source::Survey<Source>;

/// Endings of files that belong to a city model, or may be one.
const WANTED: [&str; 25] = [
    "json", "jsonl", "ndjson", "jsonseq", "cityjson", "gml", "xml", "citygml", "obj", "mtl",
    "gltf", "glb", "bin", "png", "jpg", "jpeg", "jpe", "webp", "tif", "tiff", "bmp", "tga", "gif",
    "rgb", "dds",
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
    let metadata = std::fs::metadata(path).map_err(|error| Error::unread(name, error))?;
    let mut finder = Finder::default();
    if metadata.is_dir() {
        path.clone_into(&mut finder.root);
        finder.folder(path, name, 0)?;
    } else {
        let is_bare = path.parent().is_none_or(|parent| parent.as_os_str().is_empty());
        let parent = path.parent().filter(|_| !is_bare).unwrap_or(Path::new("."));
        parent.clone_into(&mut finder.root);
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let head = Head::read_unpacked(path).map_err(|error| Error::unread(name, error))?;
        if head.is_zip() {
            finder.archive(path, name)?;
        } else if !finder.file(path, name, &file_name) {
            let reason = "it is neither CityJSON, CityGML, OBJ nor glTF".to_owned();
            finder.skip(name, reason, "name a city model, or a folder or zip with some");
        }
    }
    let nothing = (
        "there is no city model in it",
        "name a folder or zip with CityJSON, CityGML, OBJ or glTF files",
    );
    finder.found.finish(name, nothing)
}

/// Tells whether a file, a folder or a zip holds a city model. False for a folder or zip that is a 3D Tiles tileset, and
/// where it can not be told.
pub fn is_city_model(name: &str) -> bool {
    let path = Path::new(name);
    if path.is_dir() {
        return !path.join("tileset.json").is_file() && folder_has_model(path, 0, &mut 0);
    }
    let Ok(head) = Head::read_unpacked(path) else { return false };
    if head.is_zip() {
        return zip_has_model(path).unwrap_or(false);
    }
    let (_, extension) =
        stem_and_extension(&path.file_name().unwrap_or_default().to_string_lossy());
    identify(&head.bytes, &extension).is_some()
}

fn folder_has_model(folder: &Path, depth: usize, seen: &mut usize) -> bool {
    let Ok(entries) = folder_entries(folder, "", seen) else { return false };
    let mut folders = Vec::new();
    for FolderEntry { path, file_name, .. } in entries {
        if path.is_dir() {
            if depth < MAX_FOLDER_DEPTH && !path.is_symlink() {
                folders.push(path);
            }
            continue;
        }
        let (_, extension) = stem_and_extension(&file_name);
        let is_model = MODELS.contains(&extension.as_str())
            && Head::read_unpacked(&path)
                .is_ok_and(|head| identify(&head.bytes, &extension).is_some());
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
        let limit = HEAD_BYTES as u64;
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
    fn skip(&mut self, name: &str, reason: impl Into<String>, remedy: impl Into<String>) {
        self.found.skip(name, reason, remedy);
    }

    /// Looks through a folder and its subfolders.
    fn folder(&mut self, folder: &Path, name: &str, depth: usize) -> Result<(), Error> {
        for entry in self.found.search(folder, name, depth, &mut self.files_seen)? {
            let FolderEntry { path, file_name, name } = entry;
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
        let head = match Head::read_unpacked(path) {
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
        let opened = File::open(path).map_err(|error| Error::unread(name, error))?;
        let mut zip = match ZipArchive::open(BufReader::new(opened)) {
            Ok(zip) => zip,
            Err(error) => {
                let reason = format!("it is a zip archive that is refused: {error}");
                self.skip(name, reason, "pack it again or unpack it by hand");
                return Ok(());
            }
        };
        let folder = Arc::new(temporary_folder(name)?);
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
            if let Err(error) = unpack_entry(&mut zip, index, folder.path()) {
                self.skip(&entry_name, error.to_string(), "pack the archive again");
            }
        }
        folder.path().clone_into(&mut self.root);
        self.unpacked = Some(Arc::clone(&folder));
        self.folder(folder.path(), name, 0)
    }
}

/// Splits a file name into stem and lower-case extension, without a `.gz` at the end and a `.city` before it.
fn stem_and_extension(file_name: &str) -> (&str, String) {
    onemap_source::stem_and_extension(file_name, &[("city", "")])
}

#[cfg(test)]
mod tests;
