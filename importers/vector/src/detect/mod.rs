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
use onemap_source::{Error, FolderEntry, Head, temporary_folder};
use tempfile::TempDir;

use crate::{Format, Source};
use identify::Found;

/// What a name turned out to hold. Files that belong to a source are `.dbf`, `.prj` and others.
pub type Survey = onemap_source::Survey<Source>;

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
        let metadata = std::fs::metadata(path).map_err(|error| Error::unread(name, error))?;
        let result = if metadata.is_dir() {
            finder.folder(path, name, 0)
        } else {
            let file_name = path.file_name().unwrap_or_default().to_string_lossy();
            finder.file(&Named::new(path, name, &file_name))
        };
        result?;
    }
    let nothing = (
        "there is no file in it that can be imported",
        "name a folder or archive with vector files",
    );
    finder.found.finish(name, nothing)
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
    Err(Error::unknown(
        &without_password(name),
        format!("'{scheme}://' addresses are not read"),
        remedy,
    ))
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

/// Splits a file name into stem and lower-case extension, without a `.gz` at the end. `.osm.pbf` is one extension.
fn stem_and_extension(file_name: &str) -> (&str, String) {
    onemap_source::stem_and_extension(file_name, &[("osm", "pbf")])
}

#[derive(Debug, Default)]
struct Finder {
    found: Survey,
    files_seen: usize,
}

impl Finder {
    fn skip(&mut self, name: &str, reason: impl Into<String>, remedy: impl Into<String>) {
        self.found.skip(name, reason, remedy);
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
        for entry in self.found.search(folder, name, depth, &mut self.files_seen)? {
            let FolderEntry { path, file_name, name } = entry;
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
        let head = match Head::read(file.path).map_err(|error| Error::unread(file.name, error)) {
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
        let packed = File::open(file.path).map_err(|error| Error::unread(file.name, error))?;
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

/// Explains formats that are folders.
fn folder_format(name: &str) -> Option<(&'static str, &'static str)> {
    let (_, extension) = stem_and_extension(name);
    (extension == "gdb").then_some((
        "it is an Esri file geodatabase, which is not read",
        "export its layers as GeoPackage: ogr2ogr out.gpkg in.gdb",
    ))
}

fn copy(mut from: impl Read, path: &Path, name: &str) -> Result<u64, Error> {
    let mut file = File::create_new(path).map_err(|error| Error::unread(name, error))?;
    io::copy(&mut from, &mut file).map_err(|error| Error::unread(name, error))
}

#[cfg(test)]
mod tests;
