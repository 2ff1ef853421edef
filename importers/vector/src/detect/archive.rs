//! Finds the sources in a zip archive and unpacks those, and nothing else.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;

use onemap_bounded::ZipArchive;
use onemap_source::{Error, is_hidden, temporary_folder};

use super::identify::{self, Found};
use super::{Finder, Named, stem_and_extension};
use crate::{Format, limits};

/// What a zip archive is, besides an archive.
enum Kind {
    Source(Format),
    Plain,
    Other { reason: &'static str, remedy: &'static str },
}

impl Finder {
    /// Looks into a zip archive.
    pub(super) fn archive(&mut self, file: &Named<'_>) -> Result<(), Error> {
        let opened = File::open(file.path).map_err(|error| Error::unread(file.name, error))?;
        let mut zip = match ZipArchive::open_nested(BufReader::new(opened), file.nesting) {
            Ok(zip) => zip,
            Err(error) => {
                let reason = format!("it is a zip archive that is refused: {error}");
                self.skip(file.name, reason, "pack it again or unpack it by hand");
                return Ok(());
            }
        };
        let (_, extension) = file.stem_and_extension();
        match kind(&zip, &extension) {
            Kind::Source(format) => self.found.sources.push(file.source(format, false)),
            Kind::Other { reason, remedy } => self.skip(file.name, reason, remedy),
            Kind::Plain => self.entries(file, &mut zip)?,
        }
        Ok(())
    }

    /// Unpacks the entries that are sources, or belong to one, and looks at them as files.
    fn entries(
        &mut self,
        file: &Named<'_>,
        zip: &mut ZipArchive<BufReader<File>>,
    ) -> Result<(), Error> {
        let folder = Arc::new(temporary_folder(file.name)?);
        let mut groups = Groups::default();
        // Entries of one group keep one stem in the copy, so that side files are found beside theirs.
        let mut unpacked: Vec<(String, String, PathBuf)> = Vec::new();
        let mut geodatabase = false;
        for index in 0..zip.entries().len() {
            let Some(entry) = zip.entries().get(index).filter(|entry| !entry.is_folder()) else {
                continue;
            };
            let file_name = entry.file_name().to_owned();
            let inside = entry.name().to_owned();
            if inside.split('/').any(is_hidden) {
                continue;
            }
            let name = format!("{}/{inside}", file.name);
            let (stem, extension) = stem_and_extension(&file_name);
            if extension == "gdbtable" {
                geodatabase = true;
                continue;
            }
            if inside.split('/').any(|part| part.to_ascii_lowercase().ends_with(".gdb")) {
                continue;
            }
            match self.entry_is_wanted(zip, index, &name, stem, &extension) {
                Wanted::No => continue,
                Wanted::Yes | Wanted::Beside => {}
            }
            let path = folder.path().join(groups.file_name(&inside, &file_name));
            if let Err(error) = zip.extract_entry(index, &path) {
                self.skip(&name, error.to_string(), "pack the archive again");
                continue;
            }
            unpacked.push((name, file_name, path));
        }
        if geodatabase {
            self.skip(
                file.name,
                "it holds an Esri file geodatabase, which is not read",
                "export its layers as GeoPackage: ogr2ogr out.gpkg in.gdb",
            );
        }
        for (name, file_name, path) in unpacked {
            self.file(&Named {
                path: &path,
                name: &name,
                file_name: &file_name,
                unpacked: Some(Arc::clone(&folder)),
                nesting: file.nesting + 1,
                alone: false,
            })?;
        }
        Ok(())
    }

    /// Looks at the beginning of an entry. Tells of what it is not wanted for.
    fn entry_is_wanted(
        &mut self,
        zip: &mut ZipArchive<BufReader<File>>,
        index: usize,
        name: &str,
        stem: &str,
        extension: &str,
    ) -> Wanted {
        let size = zip.entries().get(index).map_or(0, onemap_bounded::ZipEntry::size);
        let mut head = Vec::new();
        let read = zip
            .stream(index)
            .and_then(|entry| Ok(entry.take(limits::HEAD_BYTES as u64).read_to_end(&mut head)?));
        if let Err(error) = read {
            self.skip(name, error.to_string(), "pack the archive again");
            return Wanted::No;
        }
        if head.starts_with(&[0x1f, 0x8b]) {
            return Wanted::Yes;
        }
        match identify::identify(&head, head.len() as u64 == size, stem, extension) {
            Found::Source(_) | Found::Zip => Wanted::Yes,
            Found::SideFile(_) => Wanted::Beside,
            Found::Other { reason, remedy } => {
                self.skip(name, reason, remedy);
                Wanted::No
            }
        }
    }
}

enum Wanted {
    Yes,
    Beside,
    No,
}

/// Gives entries of one folder and stem one stem in the copy.
#[derive(Default)]
struct Groups {
    numbers: HashMap<String, usize>,
    taken: HashMap<(usize, String), usize>,
}

impl Groups {
    /// Returns the file name to use: number, and the extensions of the entry in lower case.
    fn file_name(&mut self, inside: &str, file_name: &str) -> String {
        let folder = inside.strip_suffix(file_name).unwrap_or_default();
        let (stem, extension) = stem_and_extension(file_name);
        let key = format!("{folder}{}", stem.to_lowercase());
        let next = self.numbers.len();
        let number = *self.numbers.entry(key).or_insert(next);
        let extension: String = extension.chars().filter(char::is_ascii_alphanumeric).collect();
        // `Roads.shp` beside `roads.shp`, or `a.csv` beside `a.csv.gz`, must not overwrite each other.
        let times = self.taken.entry((number, extension.clone())).or_default();
        *times += 1;
        match *times {
            1 => format!("{number}.{extension}"),
            again => format!("{number}-{again}.{extension}"),
        }
    }
}

fn kind(zip: &ZipArchive<BufReader<File>>, extension: &str) -> Kind {
    let has = |name: &str| zip.find(name).is_some();
    let any =
        |end: &str| zip.entries().iter().any(|e| e.name().to_ascii_lowercase().ends_with(end));
    if has("xl/workbook.xml") || has("xl/workbook.bin") {
        return Kind::Source(Format::Xlsx);
    }
    if has("content.xml") && has("META-INF/manifest.xml") && (extension == "ods" || has("mimetype"))
    {
        if matches!(extension, "odt" | "odp" | "odg") {
            return Kind::Other {
                reason: "it is an OpenDocument text",
                remedy: "import a table or map file",
            };
        }
        return Kind::Source(Format::Xlsx);
    }
    if has("word/document.xml") || has("ppt/presentation.xml") {
        return Kind::Other {
            reason: "it is an Office text or slide document",
            remedy: "copy its tables into a spreadsheet and import that",
        };
    }
    let doc_at_root = zip.entries().iter().any(|e| e.name().eq_ignore_ascii_case("doc.kml"));
    if any(".kml") && (extension == "kmz" || doc_at_root) {
        return Kind::Source(Format::Kml);
    }
    if has("3dSceneLayer.json.gz") || extension == "slpk" {
        return Kind::Other {
            reason: "it is an Esri scene layer package (SLPK)",
            remedy: "3D scenes come with a later version",
        };
    }
    if extension == "3tz" || has("tileset.json") {
        return Kind::Other {
            reason: "it is a 3D Tiles tileset",
            remedy: "3D tilesets come with a later version",
        };
    }
    Kind::Plain
}
