//! The list of rejected records: a CSV file, made when the first record is rejected.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use crate::error::IngestError;
use crate::report::NamedReject;

/// Writes rejected records as they come.
pub(crate) struct Rejects {
    path: PathBuf,
    out: Option<BufWriter<File>>,
}

impl Rejects {
    /// Will write to `path`.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, out: None }
    }

    /// Adds a record.
    pub(crate) fn add(
        &mut self,
        source: &str,
        layer: &str,
        reject: &NamedReject,
    ) -> Result<(), IngestError> {
        self.write(source, layer, reject)
            .map_err(|error| IngestError::Rejects { path: self.path.display().to_string(), error })
    }

    fn write(&mut self, source: &str, layer: &str, reject: &NamedReject) -> std::io::Result<()> {
        let out = if let Some(out) = &mut self.out {
            out
        } else {
            if let Some(folder) = self.path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let out = self.out.insert(BufWriter::new(File::create(&self.path)?));
            writeln!(out, "source,layer,record,id,reason")?;
            out
        };
        let id = reject.id.as_deref().unwrap_or_default();
        let fields = [source, layer, &reject.record.to_string(), id, &reject.reason].map(quoted);
        writeln!(out, "{}", fields.join(","))
    }

    /// Ends the list; returns its path if anything was rejected.
    pub(crate) fn finish(mut self) -> Result<Option<String>, IngestError> {
        let Some(mut out) = self.out.take() else { return Ok(None) };
        let path = self.path.display().to_string();
        out.flush().map_err(|error| IngestError::Rejects { path: path.clone(), error })?;
        Ok(Some(path))
    }
}

/// Quotes a CSV field (RFC 4180) where it needs it; line breaks become spaces, so that one line is one record.
pub(crate) fn quoted(text: &str) -> String {
    let text = text.replace(['\r', '\n'], " ");
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
