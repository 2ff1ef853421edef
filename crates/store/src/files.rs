//! Small file operations that survive a power cut.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::Result;
use crate::error::Doing;

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(path: &Path) -> Result<()> {
    File::open(path).and_then(|dir| dir.sync_all()).doing("sync the folder", path)
}

/// Creates a folder and makes its name durable; one that exists is no error.
pub(crate) fn create_dir(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path).doing("create the folder", path)?;
    path.parent().filter(|p| !p.as_os_str().is_empty()).map_or(Ok(()), sync_dir)
}

/// Puts a finished temporary file in its place: synced, renamed, the folder synced.
pub(crate) fn put_in_place(file: tempfile::NamedTempFile, to: &Path) -> Result<()> {
    file.as_file().sync_all().doing("sync", to)?;
    file.persist(to).map_err(|e| e.error).doing("rename to", to)?;
    to.parent().map_or(Ok(()), sync_dir)
}

/// Writes a whole small file so that it is either there in full or not at all.
pub(crate) fn write_whole(tmp: &Path, to: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(tmp).doing("create a file in", tmp)?;
    file.write_all(bytes).doing("write", to)?;
    put_in_place(file, to)
}

/// Fills `bytes` from a position of a file.
#[cfg(unix)]
pub(crate) fn read_at(file: &File, bytes: &mut [u8], at: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

/// Fills `bytes` from a position of a file.
#[cfg(windows)]
pub(crate) fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> std::io::Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, at)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes = bytes.get_mut(read..).unwrap_or_default();
        at += read as u64;
    }
    Ok(())
}
