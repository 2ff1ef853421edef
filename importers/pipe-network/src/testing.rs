//! A sink that keeps everything, for the tests of the readers.

use std::path::PathBuf;

use onemap_model::{
    BlobRef, Field, Finding, LayerSlot, Note, Record, Reject, Sink, SourceId, SourceLayer, Stopped,
    Value,
};

use crate::{Error, Options, Source};

/// Keeps all that a reader emits, and checks the rules of the contract on the way.
#[derive(Debug, Default)]
pub(crate) struct CollectSink {
    pub(crate) layers: Vec<SourceLayer>,
    pub(crate) records: Vec<Record>,
    pub(crate) rejects: Vec<Reject>,
    pub(crate) notes: Vec<Note>,
    pub(crate) findings: Vec<Finding>,
}

impl CollectSink {
    /// Returns the record with this id.
    pub(crate) fn record_of(&self, id: &str) -> &Record {
        let wanted = SourceId::Text(id.to_owned());
        let found = self.records.iter().find(|record| record.id.as_ref() == Some(&wanted));
        found.unwrap_or_else(|| panic!("no record '{id}'"))
    }

    /// Returns a value of a record by the field's name; null where there is none.
    pub(crate) fn value(&self, id: &str, field: &str) -> Value {
        self.value_in(self.record_of(id), field)
    }

    /// Returns a value of a record.
    pub(crate) fn value_in(&self, record: &Record, field: &str) -> Value {
        let position = self.layers[0].fields.iter().position(|f| f.name == field);
        position.and_then(|i| record.values.get(i)).cloned().unwrap_or_default()
    }

    /// Returns how many records are lines, by their shape.
    pub(crate) fn links(&self) -> usize {
        let kind = onemap_model::GeometryKind::LineString;
        self.records.iter().filter(|r| r.geometry.as_ref().is_some_and(|g| g.kind == kind)).count()
    }

    /// Returns how many findings have this code.
    pub(crate) fn count(&self, code: &str) -> usize {
        self.findings.iter().filter(|finding| finding.code == code).count()
    }

    /// Returns the codes of all findings, each once.
    pub(crate) fn codes(&self) -> Vec<&str> {
        let mut codes: Vec<&str> =
            self.findings.iter().map(|finding| finding.code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

impl Sink for CollectSink {
    fn layer(&mut self, layer: SourceLayer) -> Result<LayerSlot, Stopped> {
        assert!(layer.is_network);
        self.layers.push(layer);
        Ok(LayerSlot(self.layers.len() - 1))
    }

    fn field(&mut self, layer: LayerSlot, field: Field) -> Result<usize, Stopped> {
        self.layers[layer.0].fields.push(field);
        Ok(self.layers[layer.0].fields.len() - 1)
    }

    fn record(&mut self, layer: LayerSlot, record: Record) -> Result<(), Stopped> {
        assert!(record.values.len() <= self.layers[layer.0].fields.len());
        assert!(record.geometry.as_ref().is_none_or(onemap_model::Geometry::is_well_formed));
        self.records.push(record);
        Ok(())
    }

    fn reject(&mut self, _: LayerSlot, reject: Reject) -> Result<(), Stopped> {
        self.rejects.push(reject);
        Ok(())
    }

    fn note(&mut self, _: Option<LayerSlot>, note: Note) {
        self.notes.push(note);
    }

    fn finding(&mut self, _: LayerSlot, finding: Finding) -> Result<(), Stopped> {
        self.findings.push(finding);
        Ok(())
    }

    fn blob(&mut self, _: &[u8]) -> Result<BlobRef, Stopped> {
        Err(Stopped)
    }

    fn progress(&mut self, _: u64, _: u64) {}
}

/// Reads a source into a new sink.
pub(crate) fn collect(source: &Source, options: &Options) -> Result<CollectSink, Error> {
    let mut sink = CollectSink::default();
    crate::read(source, options, &mut sink)?;
    Ok(sink)
}

/// Reads the only network of a path.
pub(crate) fn read_path(path: &str, options: &Options) -> CollectSink {
    let survey = crate::survey(path, options.map.as_ref()).unwrap();
    assert_eq!(survey.sources.len(), 1, "{survey:?}");
    collect(&survey.sources[0], options).unwrap()
}

/// Returns a folder of the shared test data; `None`, said loudly, where there is none.
pub(crate) fn data(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("ONEMAP_TEST_DATA").map(PathBuf::from);
    let found = root.map(|root| root.join(folder)).filter(|path| path.exists());
    if found.is_none() {
        eprintln!("SKIPPED: ONEMAP_TEST_DATA is not set or has no '{folder}'");
    }
    found
}
