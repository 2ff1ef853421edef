//! A sink that keeps everything, and measures of shapes, for the tests of the readers.

use std::path::{Path, PathBuf};

use onemap_model::{
    BlobRef, Field, LayerSlot, Mesh, Model, Note, Record, Reject, Sink, SourceId, SourceLayer,
    Stopped, Value,
};

use crate::{Format, Source};

/// Keeps all that a reader emits, and checks the rules of the contract on the way.
#[derive(Debug, Default)]
pub(crate) struct CollectSink {
    /// The layers in the order of their slots, with fields that came later.
    pub(crate) layers: Vec<SourceLayer>,
    /// Records kept, with their layers.
    pub(crate) records: Vec<(usize, Record)>,
    /// Records rejected.
    pub(crate) rejects: Vec<Reject>,
    /// All notes.
    pub(crate) notes: Vec<Note>,
    /// Different files kept.
    pub(crate) blobs: Vec<Vec<u8>>,
    /// Last progress told.
    pub(crate) progress: (u64, u64),
}

impl CollectSink {
    /// Returns the record with this id.
    pub(crate) fn record_of(&self, id: &str) -> &Record {
        let wanted = SourceId::Text(id.to_owned());
        let found = self.records.iter().find(|(_, record)| record.id.as_ref() == Some(&wanted));
        &found.unwrap_or_else(|| panic!("no record '{id}'")).1
    }

    /// Returns a value of a record by the field's name; null where there is none.
    pub(crate) fn value(&self, id: &str, field: &str) -> Value {
        let fields = &self.layers[0].fields;
        let position = fields.iter().position(|f| f.name == field);
        let record = self.record_of(id);
        position.and_then(|i| record.values.get(i)).cloned().unwrap_or_default()
    }

    /// Returns the models of all records.
    pub(crate) fn models(&self) -> impl Iterator<Item = &Model> {
        self.records.iter().filter_map(|(_, record)| record.model.as_deref())
    }

    /// Tells whether some note contains the text.
    pub(crate) fn noted(&self, text: &str) -> bool {
        self.notes.iter().any(|n| n.text.contains(text))
    }
}

impl Sink for CollectSink {
    fn layer(&mut self, layer: SourceLayer) -> Result<LayerSlot, Stopped> {
        self.layers.push(layer);
        Ok(LayerSlot(self.layers.len() - 1))
    }

    fn field(&mut self, layer: LayerSlot, field: Field) -> Result<usize, Stopped> {
        let fields = &mut self.layers[layer.0].fields;
        if let Some(i) = fields.iter().position(|f| f.name == field.name) {
            fields[i].kind = fields[i].kind.promote(field.kind);
            return Ok(i);
        }
        fields.push(field);
        Ok(fields.len() - 1)
    }

    fn record(&mut self, layer: LayerSlot, record: Record) -> Result<(), Stopped> {
        let fields = self.layers[layer.0].fields.len();
        assert!(record.values.len() <= fields, "record {} has too many values", record.number);
        if let Some(geometry) = &record.geometry {
            assert!(geometry.is_well_formed(), "record {}", record.number);
        }
        if let Some(model) = &record.model {
            assert!(self.layers[layer.0].has_models);
            assert!(model.is_well_formed(), "model of record {}", record.number);
        }
        self.records.push((layer.0, record));
        Ok(())
    }

    fn reject(&mut self, _: LayerSlot, reject: Reject) -> Result<(), Stopped> {
        self.rejects.push(reject);
        Ok(())
    }

    fn note(&mut self, _: Option<LayerSlot>, note: Note) {
        self.notes.push(note);
    }

    fn blob(&mut self, bytes: &[u8]) -> Result<BlobRef, Stopped> {
        let at = self.blobs.iter().position(|known| known == bytes).unwrap_or_else(|| {
            self.blobs.push(bytes.to_vec());
            self.blobs.len() - 1
        });
        Ok(BlobRef { hash: format!("{at:064x}"), bytes: bytes.len() as u64 })
    }

    fn progress(&mut self, done_bytes: u64, total_bytes: u64) {
        assert!(done_bytes <= total_bytes);
        self.progress = (done_bytes, total_bytes);
    }
}

/// Makes the source of a file.
pub(crate) fn source(path: &Path, format: Format) -> Source {
    Source {
        format,
        path: path.to_owned(),
        name: path.display().to_string(),
        stem: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        gzipped: false,
        root: path.parent().unwrap().to_owned(),
        _unpacked: None,
    }
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

/// Returns the volume that a closed mesh encloses: the sum of the tetrahedra between its triangles and one place.
pub(crate) fn volume(mesh: &Mesh) -> f64 {
    let Some(&o) = mesh.positions.first() else { return 0.0 };
    let at = |i: u32| {
        let p = mesh.positions[i as usize];
        [p[0] - o[0], p[1] - o[1], p[2] - o[2]]
    };
    let tetrahedron = |&[a, b, c]: &[u32; 3]| {
        let (a, b, c) = (at(a), at(b), at(c));
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0])
    };
    mesh.triangles.iter().map(tetrahedron).sum::<f64>() / 6.0
}

/// Returns the area of a mesh.
pub(crate) fn area(mesh: &Mesh) -> f64 {
    let doubled = |t: &[u32; 3]| {
        let [a, b, c] = t.map(|i| mesh.positions[i as usize]);
        let (u, v): ([f64; 3], [f64; 3]) =
            (std::array::from_fn(|i| b[i] - a[i]), std::array::from_fn(|i| c[i] - a[i]));
        let n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
        (n[0] * n[0] + n[1] * n[1] + n[2] * n[2]).sqrt()
    };
    mesh.triangles.iter().map(doubled).sum::<f64>() / 2.0
}

/// Returns the least and greatest coordinates of the finest levels of models.
pub(crate) fn extent<'a>(models: impl Iterator<Item = &'a Model>) -> ([f64; 3], [f64; 3]) {
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for at in models.filter_map(Model::finest).flat_map(|lod| &lod.mesh.positions) {
        for i in 0..3 {
            low[i] = low[i].min(at[i]);
            high[i] = high[i].max(at[i]);
        }
    }
    (low, high)
}
