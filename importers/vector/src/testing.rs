//! A sink that keeps everything, for the tests of the readers.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use onemap_model::{Field, LayerSlot, Note, Record, Reject, Sink, SourceLayer, Stopped, Value};

use crate::{Error, Format, Options, Source};

/// A layer as a reader emitted it.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    /// The layer; its fields include those that came later, with promoted types.
    pub(crate) layer: SourceLayer,
    /// Records kept.
    pub(crate) records: Vec<Record>,
    /// Records rejected.
    pub(crate) rejects: Vec<Reject>,
}

impl Collected {
    /// Returns a value of a record by the field's name; null where there is none.
    pub(crate) fn value(&self, record: usize, field: &str) -> Value {
        let position = self.layer.fields.iter().position(|f| f.name == field);
        position.and_then(|i| self.records.get(record)?.values.get(i)).cloned().unwrap_or_default()
    }

    /// Returns the names of the fields with their types.
    pub(crate) fn fields(&self) -> BTreeMap<&str, &'static str> {
        let fields = self.layer.fields.iter();
        fields.map(|f| (f.name.as_str(), f.kind.name())).collect()
    }

    /// Returns how many vertices the records have.
    pub(crate) fn vertices(&self) -> usize {
        let shapes = self.records.iter().filter_map(|r| r.geometry.as_ref());
        shapes.map(onemap_model::Geometry::vertex_count).sum()
    }
}

/// Keeps all that a reader emits, and checks the rules of the contract on the way.
#[derive(Debug, Default)]
pub(crate) struct CollectSink {
    /// The layers in the order of their slots.
    pub(crate) layers: Vec<Collected>,
    /// All notes.
    pub(crate) notes: Vec<Note>,
    /// Last progress told: bytes done and bytes in all.
    pub(crate) progress: (u64, u64),
    /// Count records, keep none: for large files.
    pub(crate) count_only: bool,
    /// Records kept, over all layers.
    pub(crate) kept: u64,
    /// Records rejected, over all layers.
    pub(crate) rejected: u64,
}

impl CollectSink {
    /// Returns the layer with this name.
    pub(crate) fn layer_named(&self, name: &str) -> &Collected {
        let found = self.layers.iter().find(|l| l.layer.name == name);
        found.unwrap_or_else(|| panic!("no layer '{name}' among {:?}", self.names()))
    }

    /// Returns the names of the layers.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.layers.iter().map(|l| l.layer.name.as_str()).collect()
    }

    /// Tells whether some note contains the text.
    pub(crate) fn noted(&self, text: &str) -> bool {
        self.notes.iter().any(|n| n.text.contains(text))
    }
}

impl Sink for CollectSink {
    fn layer(&mut self, layer: SourceLayer) -> Result<LayerSlot, Stopped> {
        self.layers.push(Collected { layer, ..Collected::default() });
        Ok(LayerSlot(self.layers.len() - 1))
    }

    fn field(&mut self, layer: LayerSlot, field: Field) -> Result<usize, Stopped> {
        let fields = &mut self.layers[layer.0].layer.fields;
        if let Some(i) = fields.iter().position(|f| f.name == field.name) {
            fields[i].kind = fields[i].kind.promote(field.kind);
            return Ok(i);
        }
        fields.push(field);
        Ok(fields.len() - 1)
    }

    fn record(&mut self, layer: LayerSlot, record: Record) -> Result<(), Stopped> {
        self.kept += 1;
        let layer = &mut self.layers[layer.0];
        assert!(
            record.values.len() <= layer.layer.fields.len(),
            "record {} has more values than the layer has fields",
            record.number
        );
        if let Some(geometry) = &record.geometry {
            assert!(geometry.is_well_formed(), "record {}", record.number);
        }
        if !self.count_only {
            layer.records.push(record);
        }
        Ok(())
    }

    fn reject(&mut self, layer: LayerSlot, reject: Reject) -> Result<(), Stopped> {
        self.rejected += 1;
        self.layers[layer.0].rejects.push(reject);
        Ok(())
    }

    fn note(&mut self, _layer: Option<LayerSlot>, note: Note) {
        self.notes.push(note);
    }

    fn blob(&mut self, _: &[u8]) -> Result<onemap_model::BlobRef, Stopped> {
        Err(Stopped)
    }

    fn progress(&mut self, done_bytes: u64, total_bytes: u64) {
        assert!(done_bytes >= self.progress.0 || total_bytes != self.progress.1);
        self.progress = (done_bytes, total_bytes);
    }
}

/// Opens what `name` names and reads every source in it into one sink.
pub(crate) fn read_all(name: &str, options: &Options) -> Result<CollectSink, Error> {
    let mut sink = CollectSink::default();
    for source in crate::open(name)? {
        crate::read(&source, options, &mut sink)?;
        sink.progress = (0, 0);
    }
    Ok(sink)
}

/// Writes a file into a temporary folder and reads it. `name` gives stem and extension.
pub(crate) fn read_bytes(
    name: &str,
    bytes: &[u8],
    options: &Options,
) -> Result<CollectSink, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read_all(path.to_str().unwrap(), options)
}

/// Returns a file of the real test data; says loudly when there is none.
pub(crate) fn data(path: &str) -> Option<PathBuf> {
    let found = std::env::var_os("ONEMAP_TEST_DATA").map(|root| PathBuf::from(root).join(path));
    let found = found.filter(|path| path.exists());
    if found.is_none() {
        eprintln!("SKIPPED: {path} is not there, set ONEMAP_TEST_DATA");
    }
    found
}

/// Reads a file as this format, whatever its name says.
pub(crate) fn read_as(
    format: Format,
    path: &Path,
    options: &Options,
) -> Result<CollectSink, Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem = name.split('.').next().unwrap_or_default().to_owned();
    let gzipped = path.extension().is_some_and(|extension| extension == "gz");
    let path = path.to_owned();
    let source = Source { format, path, name, stem, gzipped, url: None, _unpacked: None };
    let mut sink = CollectSink::default();
    crate::read(&source, options, &mut sink).map(|()| sink)
}

/// Reads bytes as this format.
pub(crate) fn read_bytes_as(
    format: Format,
    bytes: &[u8],
    options: &Options,
) -> Result<CollectSink, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.bin");
    std::fs::write(&path, bytes).unwrap();
    read_as(format, &path, options)
}

/// Reads what is left of a file when it is cut off at 1, 10, 50 and 99 %, and when single bytes of it are
/// damaged: nothing may panic, and a cut must be an error.
pub(crate) fn survives_damage(format: Format, path: &Path) {
    let mut whole = std::fs::read(path).unwrap();
    let is_gzip = path.extension().is_some_and(|extension| extension == "gz");
    if is_gzip {
        let mut unpacked = Vec::new();
        onemap_bounded::Gunzip::new(whole.as_slice()).read_to_end(&mut unpacked).unwrap();
        whole = unpacked;
    }
    let options = Options::default();
    for percent in [1, 10, 50, 99] {
        let cut = whole.get(..whole.len() * percent / 100).unwrap();
        let read = read_bytes_as(format, cut, &options);
        assert!(read.is_err(), "{} at {percent} %", path.display());
    }
    let step = (whole.len() / 200).max(1);
    for at in (0..whole.len()).step_by(step) {
        let kept = std::mem::replace(&mut whole[at], 0xff);
        let _ = read_bytes_as(format, &whole, &options);
        whole[at] = kept;
    }
}
