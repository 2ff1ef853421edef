//! Copies of what lies in archives.

use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use onemap_bounded::ZipArchive;
use tempfile::TempDir;

use crate::Error;

/// Makes a folder for the unpacked copy of what the user named; it is deleted with the last that holds it.
///
/// # Errors
/// When it can not be made.
pub fn temporary_folder(name: &str) -> Result<TempDir, Error> {
    let folder = tempfile::Builder::new().prefix("onemap-").tempdir();
    folder.map_err(|error| Error::unread(name, error))
}

/// Unpacks an entry of a zip archive to where it stands below a folder, and returns its path.
///
/// # Errors
/// When there is no such entry, it is damaged, or its file exists or can not be written.
pub fn unpack_entry<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    index: usize,
    folder: &Path,
) -> Result<PathBuf, onemap_bounded::Error> {
    // The archive's reader has made sure that names are relative and do not climb.
    let inside = zip.entries().get(index).map(|entry| entry.name().to_owned()).unwrap_or_default();
    let path = folder.join(inside);
    std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
    zip.extract_entry(index, &path)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    #[test]
    fn entries_are_unpacked_into_the_folders_they_stand_in() {
        let mut zip = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("a/b/c.txt", ::zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(b"text").unwrap();
        let mut zip = ZipArchive::open(zip.finish().unwrap()).unwrap();
        let folder = temporary_folder("all").unwrap();
        let path = unpack_entry(&mut zip, 0, folder.path()).unwrap();
        assert_eq!(path, folder.path().join("a/b/c.txt"));
        assert_eq!(std::fs::read(&path).unwrap(), b"text");
        assert!(unpack_entry(&mut zip, 0, folder.path()).is_err(), "it exists");
        assert!(unpack_entry(&mut zip, 1, folder.path()).is_err(), "there is none");
    }
}
