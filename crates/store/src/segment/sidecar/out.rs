//! A file whose header is written last.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use super::HEADER;
use crate::Result;
use crate::error::Doing;
use crate::map::BlockSums;

pub(super) struct Out {
    file: std::io::BufWriter<NamedTempFile>,
    pub(super) sums: BlockSums,
    pub(super) len: u64,
}

impl Out {
    pub(super) fn new(tmp: &Path) -> Result<Self> {
        let file = NamedTempFile::new_in(tmp).doing("create a file in", tmp)?;
        let mut file = std::io::BufWriter::with_capacity(1 << 18, file);
        file.write_all(&[0; HEADER]).doing("write a file in", tmp)?;
        Ok(Self { file, sums: BlockSums::default(), len: HEADER as u64 })
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.sums.update(bytes);
        self.len += bytes.len() as u64;
        let Err(error) = self.file.write_all(bytes) else { return Ok(()) };
        Err(error).doing("write", self.file.get_ref().path())
    }

    pub(super) fn finish(self, header: &[u8]) -> Result<NamedTempFile> {
        let path = self.file.get_ref().path().to_owned();
        let mut file = self
            .file
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)
            .doing("write", &path)?;
        file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(header)).doing("write", &path)?;
        Ok(file)
    }
}
