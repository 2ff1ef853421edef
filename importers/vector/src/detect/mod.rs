//! Finds out by content what a path holds.

mod archive;
mod identify;
mod json;
mod text;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use onemap_bounded::{BoundedRead, Gunzip, limits as guards};
use tempfile::TempDir;

use crate::{Error, Format, Source, limits};
use identify::Found;

/// What a name turned out to hold.
#[derive(Debug, Default)]
pub struct Survey {
    /// What can be read, sorted by name.
    pub sources: Vec<Source>,
    /// What was found in a folder or archive and can not be read. Files that belong to a source (`.dbf`,
    /// `.prj`, ...), hidden ones and those of the operating system are not mentioned.
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

/// Finds the sources in what the user named: a file, a folder, a zip, `-` for standard input, or a
/// `postgres://` address.
///
/// # Errors
/// When there is nothing that can be read. The error says what is there instead.
pub fn open(name: &str) -> Result<Vec<Source>, Error> {
    survey(name).map(|survey| survey.sources)
}

/// Finds the sources as [`open`] does, and what stands beside them in a folder or archive.
///
/// # Errors
/// As [`open`].
pub fn survey(name: &str) -> Result<Survey, Error> {
    if let Some((scheme, _)) = name.split_once("://") {
        return address(name, scheme);
    }
    let mut finder = Finder::default();
    if name == "-" {
        finder.standard_input()?;
    } else {
        let path = Path::new(name);
        let metadata = std::fs::metadata(path).map_err(|error| io_error(name, error))?;
        let result = if metadata.is_dir() {
            finder.folder(path, name, 0)
        } else {
            let file_name = path.file_name().unwrap_or_default().to_string_lossy();
            finder.file(&Named::new(path, name, &file_name))
        };
        result?;
    }
    finder.finish(name)
}

/// Makes the source of an address.
fn address(name: &str, scheme: &str) -> Result<Survey, Error> {
    let remedy = match scheme.to_ascii_lowercase().as_str() {
        "postgres" | "postgresql" => {
            let source = Source {
                format: Format::Postgis,
                path: std::path::PathBuf::new(),
                name: without_password(name),
                stem: "postgis".into(),
                gzipped: false,
                url: Some(name.to_owned()),
                _unpacked: None,
            };
            return Ok(Survey { sources: vec![source], skipped: Vec::new() });
        }
        "http" | "https" | "ftp" => "download the file first and import the copy",
        "file" => "give the path without 'file://'",
        _ => "give a file, a folder, a zip archive or a postgres:// address",
    };
    Err(unknown(&without_password(name), format!("'{scheme}://' addresses are not read"), remedy))
}

/// Replaces the password of an address, so that it may stand in messages.
fn without_password(address: &str) -> String {
    let hidden = || {
        let (scheme, rest) = address.split_once("://")?;
        let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at_checked(authority_end)?;
        let (user, host) = authority.rsplit_once('@')?;
        let (user, _) = user.split_once(':')?;
        Some(format!("{scheme}://{user}:***@{host}{tail}"))
    };
    hidden().unwrap_or_else(|| address.to_owned())
}

/// A file to look at.
#[derive(Debug, Clone)]
struct Named<'a> {
    /// Where it lies.
    path: &'a Path,
    /// What to call it in messages.
    name: &'a str,
    /// Its name without folders, from which stem and extension come.
    file_name: &'a str,
    /// The copy that it lies in, if it was unpacked.
    unpacked: Option<Arc<TempDir>>,
    /// How many archives it lies in.
    nesting: u32,
    /// Another file may only be read with this one: it is found by its own name.
    alone: bool,
}

impl<'a> Named<'a> {
    fn new(path: &'a Path, name: &'a str, file_name: &'a str) -> Self {
        Self { path, name, file_name, unpacked: None, nesting: 0, alone: true }
    }

    fn stem_and_extension(&self) -> (&'a str, String) {
        stem_and_extension(self.file_name)
    }

    fn source(&self, format: Format, gzipped: bool) -> Source {
        let (stem, _) = self.stem_and_extension();
        Source {
            format,
            path: self.path.to_owned(),
            name: self.name.to_owned(),
            stem: stem.to_owned(),
            gzipped,
            url: None,
            _unpacked: self.unpacked.clone(),
        }
    }
}

/// Splits a file name into stem and lower-case extension, without a `.gz` at the end. `.osm.pbf` is one
/// extension.
fn stem_and_extension(file_name: &str) -> (&str, String) {
    let (inner, last) = file_name.rsplit_once('.').unwrap_or((file_name, ""));
    if last.eq_ignore_ascii_case("gz") && !inner.is_empty() {
        return stem_and_extension(inner);
    }
    if inner.is_empty() || last.chars().count() > 12 {
        return (file_name, String::new());
    }
    let doubled = inner.rsplit_once('.').filter(|(stem, middle)| {
        last.eq_ignore_ascii_case("pbf") && middle.eq_ignore_ascii_case("osm") && !stem.is_empty()
    });
    (doubled.map_or(inner, |(stem, _)| stem), last.to_ascii_lowercase())
}

#[derive(Debug, Default)]
struct Finder {
    found: Survey,
    files_seen: usize,
}

impl Finder {
    /// Ends the search: an error when nothing was found.
    fn finish(mut self, name: &str) -> Result<Survey, Error> {
        if !self.found.sources.is_empty() {
            self.found.sources.sort_by(|a, b| a.name.cmp(&b.name));
            self.found.skipped.sort_by(|a, b| a.name.cmp(&b.name));
            return Ok(self.found);
        }
        let [first, rest @ ..] = self.found.skipped.as_slice() else {
            return Err(unknown(
                name,
                "there is no file in it that can be imported",
                "name a folder or archive with vector files",
            ));
        };
        if first.name == name {
            return Err(unknown(name, first.reason.clone(), first.remedy.clone()));
        }
        let others = match rest.len() {
            0 => String::new(),
            n => format!(", nor can {n} other files"),
        };
        let reason = format!("'{}' can not be imported: {}{others}", first.name, first.reason);
        Err(unknown(name, reason, first.remedy.clone()))
    }

    fn skip(&mut self, name: &str, reason: impl Into<String>, remedy: impl Into<String>) {
        let (reason, remedy) = (reason.into(), remedy.into());
        self.found.skipped.push(Skipped { name: name.to_owned(), reason, remedy });
    }

    /// Copies standard input to a temporary file, because most formats are not read in one go.
    fn standard_input(&mut self) -> Result<(), Error> {
        let name = "standard input";
        let folder = temporary_folder(name)?;
        let path = folder.path().join("stdin");
        let stdin = BoundedRead::new(name, io::stdin().lock(), guards::MAX_UNPACKED_BYTES);
        copy(stdin, &path, name)?;
        let mut file = Named::new(&path, name, "stdin");
        file.unpacked = Some(Arc::new(folder));
        self.file(&file)
    }

    /// Looks through a folder and its subfolders.
    fn folder(&mut self, folder: &Path, name: &str, depth: usize) -> Result<(), Error> {
        if depth > limits::MAX_FOLDER_DEPTH {
            let reason = format!("it lies more than {} folders deep", limits::MAX_FOLDER_DEPTH);
            self.skip(name, reason, "import this folder by itself");
            return Ok(());
        }
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(|error| io_error(name, error))? {
            let entry = entry.map_err(|error| io_error(name, error))?;
            entries.push(entry.file_name());
            self.files_seen += 1;
            if self.files_seen > limits::MAX_FOLDER_FILES {
                return Err(unknown(
                    name,
                    format!("it holds more than {} files", limits::MAX_FOLDER_FILES),
                    "import its subfolders one by one",
                ));
            }
        }
        entries.sort();
        for entry in entries {
            let path = folder.join(&entry);
            let file_name = entry.to_string_lossy();
            if file_name.starts_with('.') || is_system_file(&file_name) {
                continue;
            }
            let name = format!("{}/{file_name}", name.trim_end_matches('/'));
            // A link to a folder could lead in circles; one to a file is as good as the file.
            let is_link = path.is_symlink();
            if path.is_dir() {
                if is_link {
                    self.skip(&name, "it is a link to a folder", "import that folder by itself");
                } else if let Some((reason, remedy)) = folder_format(&file_name) {
                    self.skip(&name, reason, remedy);
                } else {
                    self.folder(&path, &name, depth + 1)?;
                }
            } else if path.is_file() {
                let mut file = Named::new(&path, &name, &file_name);
                file.alone = false;
                self.file(&file)?;
            }
        }
        Ok(())
    }

    /// Looks at a file.
    fn file(&mut self, file: &Named<'_>) -> Result<(), Error> {
        let head = match Head::read(file) {
            Ok(head) => head,
            Err(error) if file.alone => return Err(error),
            Err(error) => {
                self.skip(file.name, error.to_string(), "get the file again");
                return Ok(());
            }
        };
        if let Some(problem) = &head.gzip_problem {
            self.skip(
                file.name,
                format!("it is gzipped and can not be unpacked: {problem}"),
                "get the file again",
            );
            return Ok(());
        }
        let (stem, extension) = file.stem_and_extension();
        match identify::identify(&head.bytes, head.is_whole, stem, &extension) {
            Found::Source(format) if head.gzipped && !is_stream(format) => self.unpack_gzip(file),
            Found::Source(Format::Shapefile) if extension == "dbf" && !head.gzipped => {
                match sibling(file.path, "shp") {
                    Some(shp) if file.alone => {
                        let reason = format!("it is the attribute table of '{shp}'");
                        self.skip(file.name, reason, format!("import '{shp}' instead"));
                    }
                    Some(_) => {}
                    None => self.found.sources.push(file.source(Format::Shapefile, false)),
                }
                Ok(())
            }
            Found::Source(format) => {
                self.found.sources.push(file.source(format, head.gzipped));
                Ok(())
            }
            Found::Zip if head.gzipped => self.unpack_gzip(file),
            Found::Zip => self.archive(file),
            Found::SideFile(of) => {
                if file.alone {
                    let remedy = match sibling(file.path, "shp") {
                        Some(shp) => format!("import '{shp}' instead"),
                        None => format!("import the {of} that it belongs to"),
                    };
                    self.skip(file.name, format!("it only belongs to a {of}"), remedy);
                }
                Ok(())
            }
            Found::Other { reason, remedy } => {
                self.skip(file.name, reason, remedy);
                Ok(())
            }
        }
    }

    /// Unpacks a gzipped file whose format is not read as a stream.
    fn unpack_gzip(&mut self, file: &Named<'_>) -> Result<(), Error> {
        let folder = temporary_folder(file.name)?;
        let (stem, extension) = file.stem_and_extension();
        let path = folder.path().join("unpacked");
        let packed = File::open(file.path).map_err(|error| io_error(file.name, error))?;
        if let Err(error) = copy(Gunzip::new(packed), &path, file.name) {
            self.skip(file.name, error.to_string(), "get the file again");
            return Ok(());
        }
        let file_name = format!("{stem}.{extension}");
        self.file(&Named {
            path: &path,
            file_name: &file_name,
            unpacked: Some(Arc::new(folder)),
            ..file.clone()
        })
    }
}

/// The first bytes of a file, unpacked if it is gzipped.
struct Head {
    bytes: Vec<u8>,
    /// The bytes are the whole file.
    is_whole: bool,
    gzipped: bool,
    gzip_problem: Option<String>,
}

impl Head {
    fn read(file: &Named<'_>) -> Result<Self, Error> {
        let open = || File::open(file.path).map_err(|error| io_error(file.name, error));
        let mut bytes = Vec::new();
        let limit = limits::HEAD_BYTES as u64;
        open()?
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| io_error(file.name, error))?;
        let gzipped = bytes.starts_with(&[0x1f, 0x8b]);
        let mut gzip_problem = None;
        if gzipped {
            bytes.clear();
            let result = Gunzip::new(open()?).take(limit + 1).read_to_end(&mut bytes);
            // A stream that breaks off later is for the reader to tell, with the place.
            gzip_problem = result.err().filter(|_| bytes.is_empty()).map(|error| error.to_string());
        }
        let is_whole = bytes.len() <= limits::HEAD_BYTES;
        bytes.truncate(limits::HEAD_BYTES);
        Ok(Self { bytes, is_whole, gzipped, gzip_problem })
    }
}

/// Tells which formats are read from a stream, and so straight from gzip.
fn is_stream(format: Format) -> bool {
    matches!(
        format,
        Format::GeoJson
            | Format::GeoJsonSeq
            | Format::TopoJson
            | Format::Csv
            | Format::Kml
            | Format::Gpx
            | Format::OsmXml
            | Format::Dxf
    )
}

/// Returns the name of the file with the same stem and this extension, in lower or upper case.
fn sibling(path: &Path, extension: &str) -> Option<String> {
    [extension.to_owned(), extension.to_ascii_uppercase()]
        .into_iter()
        .map(|extension| path.with_extension(extension))
        .find(|candidate| candidate.is_file())
        .and_then(|found| Some(found.file_name()?.to_string_lossy().into_owned()))
}

fn is_system_file(name: &str) -> bool {
    ["thumbs.db", "desktop.ini", "__macosx"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Explains formats that are folders.
fn folder_format(name: &str) -> Option<(&'static str, &'static str)> {
    let (_, extension) = stem_and_extension(name);
    (extension == "gdb").then_some((
        "it is an Esri file geodatabase, which is not read",
        "export its layers as GeoPackage: ogr2ogr out.gpkg in.gdb",
    ))
}

fn temporary_folder(name: &str) -> Result<TempDir, Error> {
    tempfile::Builder::new().prefix("onemap-").tempdir().map_err(|error| io_error(name, error))
}

fn copy(mut from: impl Read, path: &Path, name: &str) -> Result<u64, Error> {
    let mut file = File::create_new(path).map_err(|error| io_error(name, error))?;
    io::copy(&mut from, &mut file).map_err(|error| io_error(name, error))
}

fn io_error(name: &str, source: io::Error) -> Error {
    Error::Io { source_name: name.to_owned(), source }
}

fn unknown(name: &str, reason: impl Into<String>, remedy: impl Into<String>) -> Error {
    Error::Unknown { source_name: name.to_owned(), reason: reason.into(), remedy: remedy.into() }
}

#[cfg(test)]
mod tests;
