//! The last way through a file: a record for every city object.

use onemap_model::{
    Field, LayerSlot, Note, Record, Reject, Sink, SourceId, SourceLayer, Stopped, Value,
};
use onemap_source::Progress;

use super::attributes::{Attribute, attributes};
use super::codelists::CodeLists;
use super::crs::Frame;
use super::element::{Element, ObjectReader};
use super::library::Library;
use super::objects::{Draft, drafts};
use super::scan::Scan;
use super::scene::{Scene, Trail};
use super::shape::{Ids, collect_ids};
use super::shaper::Shaper;
use super::{Xml, each_object};
use crate::build::ModelBuilder;
use crate::columns::Columns;
use crate::fault::Fault;
use crate::object::{self, Facts, is_taken};
use crate::texture::Textures;
use crate::{Error, Options, Source};

/// Emits the objects of a file.
pub(super) fn emit(
    source: &Source,
    options: &Options,
    scan: &Scan,
    library: &Library,
    reader: &mut ObjectReader,
    (xml, mut progress): (&mut Xml, Progress),
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let (frame, note) = Frame::of(scan.crs.as_deref(), options.crs.as_deref(), scan.place);
    let fields = object::fields();
    let columns = Columns::new(&fields);
    let slot = sink.layer(SourceLayer {
        name: source.stem.clone(),
        format: source.format.name(),
        crs: frame.crs.clone(),
        axis_order: frame.order,
        fields,
        title: scan.title.clone(),
        has_models: true,
        ..SourceLayer::default()
    })?;
    if let Some(note) = note {
        sink.note(Some(slot), note);
    }
    if scan.has_other_crs {
        let crs = scan.crs.as_deref().unwrap_or_default();
        let text = format!("the file names several CRSs; all coordinates were read in {crs}");
        sink.note(Some(slot), Note::assumed(text));
    }
    let library_ids = library.ids();
    let mut emitter = Emitter {
        options,
        slot,
        frame,
        scan,
        library,
        library_ids: &library_ids,
        columns,
        build: ModelBuilder::default(),
        images: Textures::new(source),
        lists: CodeLists::new(source),
        trail: Trail::default(),
        number: 0,
        dropped: 0,
        surfaces_with_attributes: 0,
    };
    let read = each_object(xml, reader, &mut |reader, element| {
        progress.tell(sink);
        Ok(emitter.top_level(element, reader, sink)?)
    });
    match read {
        Ok(()) => {}
        Err(Failure::Stopped(stopped)) => return Err(stopped.into()),
        Err(Failure::Xml(error)) => return Err(Error::bounded(source, None, error)),
    }
    emitter.finish(reader, sink);
    Ok(())
}

/// Why a reading ended.
enum Failure {
    Stopped(Stopped),
    Xml(onemap_bounded::Error),
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

impl From<onemap_bounded::Error> for Failure {
    fn from(error: onemap_bounded::Error) -> Self {
        Self::Xml(error)
    }
}

struct Emitter<'a> {
    options: &'a Options,
    slot: LayerSlot,
    frame: Frame,
    scan: &'a Scan,
    library: &'a Library,
    library_ids: &'a Ids<'a>,
    columns: Columns,
    build: ModelBuilder,
    images: Textures,
    lists: CodeLists,
    trail: Trail,
    number: u64,
    dropped: usize,
    surfaces_with_attributes: usize,
}

impl Emitter<'_> {
    /// Emits a top-level object and those inside it.
    fn top_level(
        &mut self,
        element: &Element,
        reader: &ObjectReader,
        sink: &mut dyn Sink,
    ) -> Result<(), Stopped> {
        let mut ids = Ids::default();
        element.for_each_shape(&mut |shape| collect_ids(shape, &reader.arena, &mut ids));
        let scene = Scene {
            arena: &reader.arena,
            ids: &ids,
            library: &self.library.arena,
            library_ids: self.library_ids,
            looks: [&reader.appearances, &self.scan.appearances],
        };
        for draft in drafts(element) {
            self.object(draft, &scene, sink)?;
        }
        Ok(())
    }

    fn object<'s>(
        &mut self,
        draft: Draft<'s>,
        scene: &Scene<'s>,
        sink: &mut dyn Sink,
    ) -> Result<(), Stopped> {
        self.number += 1;
        self.surfaces_with_attributes += draft.surfaces_with_attributes;
        let options = self.options;
        let mut shaper = Shaper {
            build: &mut self.build,
            images: &mut self.images,
            sink: &mut *sink,
            frame: &self.frame,
            trail: &mut self.trail,
            wants: &|level| options.wants_lod(level),
            flat: None,
            levels: Vec::new(),
        };
        let added = shaper.add(&draft, scene);
        let (flat, levels) = (shaper.flat, shaper.levels);
        let model = self.build.finish();
        self.dropped += self.build.take_dropped();
        match added {
            Err(Fault::Stopped) => return Err(Stopped),
            Err(Fault::Reason(reason)) => {
                let reject = Reject { number: self.number, id: draft.id, reason };
                return sink.reject(self.slot, reject);
            }
            Ok(()) => {}
        }
        let finest = object::finest(model.as_ref(), levels);
        let geometry = flat.filter(|_| model.is_none());
        let id = draft.id.clone().map(SourceId::Text);
        let values = self.values(draft, finest, sink)?;
        sink.record(
            self.slot,
            Record {
                number: self.number,
                id,
                geometry,
                model: model.map(Box::new),
                values,
                repairs: Vec::new(),
            },
        )
    }

    fn values(
        &mut self,
        draft: Draft<'_>,
        finest: Option<String>,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Value>, Stopped> {
        let facts = Facts {
            kind: draft.element.name.to_string(),
            parent: draft.parent,
            children: draft.children,
            finest,
        };
        let mut values = facts.values();
        for attribute in attributes(draft.element, &mut self.lists) {
            let Attribute { mut name, value, unit } = attribute;
            if is_taken(&name) {
                name.push('_');
            }
            let Some(kind) = value.kind() else { continue };
            let field = Field { unit, ..Field::new(name, kind) };
            self.columns.set_as(self.slot, field, value, &mut values, sink)?;
        }
        Ok(values)
    }

    fn finish(&self, reader: &ObjectReader, sink: &mut dyn Sink) {
        self.images.finish(sink);
        let themes = &reader.themes;
        let notes = [
            (self.dropped, "surfaces or holes have no area and were left out"),
            (self.columns.left_out, "values were left out: there are too many attribute names"),
            (
                self.surfaces_with_attributes,
                "boundary surfaces have attributes, which were left out: only objects keep theirs",
            ),
            (self.trail.missing, "references lead to geometries that are not in the file"),
            (
                self.trail.library_files,
                "objects are shapes in files of their own, which are not read; import those with a place",
            ),
            (
                themes.georeferenced,
                "images laid over the earth (GeoreferencedTexture) are not shown",
            ),
            (themes.generated, "images are projected by a matrix (TexCoordGen) and not shown"),
        ];
        for (count, text) in notes.into_iter().filter(|(count, _)| *count > 0) {
            sink.note(Some(self.slot), Note::warning(format!("{count} {text}")));
        }
    }
}
