//! Views: the only way to read the store.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use onemap_model::{
    Bounds, Feature, FeatureId, FeatureRef, Interval, Layer, LayerId, Revision, State, StateSet,
    TileCoord, Timestamp, ViewId, ViewSpec, When,
};

use crate::Result;
use crate::segment::Find;
use crate::state::{self, LayerEntry, Lens};

/// The store as of one revision. Holding one costs nothing and blocks nobody.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub(crate) state: Arc<state::State>,
    /// Folder of the store.
    pub(crate) root: Arc<Path>,
}

impl Snapshot {
    /// Returns the revision.
    pub fn revision(&self) -> Revision {
        self.state.revision
    }
}

/// What one kind of viewer may see of a snapshot.
#[derive(Debug, Clone)]
pub struct View {
    snapshot: Snapshot,
    spec: ViewSpec,
    id: ViewId,
    now: Timestamp,
}

impl View {
    /// Looks at a snapshot by a specification.
    pub fn new(snapshot: Snapshot, spec: ViewSpec) -> Self {
        let id = spec.id();
        Self { snapshot, spec, id, now: Timestamp::now() }
    }

    /// Returns the name of the view, the same in every process and for every snapshot.
    pub fn id(&self) -> ViewId {
        self.id
    }

    /// Returns what the view was made of.
    pub fn spec(&self) -> &ViewSpec {
        &self.spec
    }

    /// Returns the revision of the snapshot.
    pub fn revision(&self) -> Revision {
        self.snapshot.revision()
    }

    /// Returns the layers, in the order of their ids.
    pub fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.snapshot.state.layers.values().map(|entry| &entry.layer)
    }

    /// Looks at one layer.
    pub fn layer(&self, id: &LayerId) -> Option<LayerView<'_>> {
        let entry = self.snapshot.state.layers.get(id)?;
        let fields = self.spec.fields.as_ref().map(|names| {
            let shown = |f: &onemap_model::Field| names.contains(&f.name);
            entry.layer.schema.fields.iter().map(shown).collect()
        });
        Some(LayerView { view: self, entry, fields })
    }
}

/// Which features of a layer to visit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query {
    /// Only features whose box meets this one, `[lon, lat]` degrees. Whether the shape itself meets it
    /// is for the caller to tell.
    pub bounds: Option<Bounds>,
    /// Only features that show at this zoom, by the layer's drop order.
    pub zoom: Option<u8>,
    /// At most so many.
    pub limit: Option<usize>,
}

impl Query {
    /// Asks for what a tile shows: features whose box meets the tile's box grown by `buffer` (a fraction of
    /// its width), by the drop order of the tile's zoom.
    pub fn tile(tile: TileCoord, buffer: f64) -> Self {
        Self { bounds: Some(tile.bounds(buffer)), zoom: Some(tile.z()), limit: None }
    }
}

/// One layer, as a view shows it.
#[derive(Debug)]
pub struct LayerView<'a> {
    view: &'a View,
    entry: &'a LayerEntry,
    /// Which fields are shown; `None` for all.
    fields: Option<Vec<bool>>,
}

impl<'a> LayerView<'a> {
    /// Returns what the catalogue knows of the layer.
    pub fn layer(&self) -> &'a Layer {
        &self.entry.layer
    }

    /// Visits features until there are no more, the limit is reached or `visit` breaks.
    ///
    /// A feature lives only during its visit. The order is the same each time: features of the segments as
    /// they are stored (with a zoom: those that show first come first), then the edited ones by id.
    /// Features without a shape are visited only when neither box nor zoom is asked for.
    pub fn for_each(
        &self,
        query: &Query,
        visit: &mut dyn FnMut(FeatureRef<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        self.visit(query, true, visit)
    }

    /// Counts the features that [`LayerView::for_each`] would visit.
    pub fn count(&self, query: &Query) -> Result<u64> {
        let mut count = 0;
        self.visit(query, false, &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        })?;
        Ok(count)
    }

    /// Returns a feature, if there is one and the view shows it.
    pub fn feature(&self, id: FeatureId) -> Result<Option<Feature>> {
        let at = self.view.revision();
        let found = self.entry.content.feature(id, at, self.field_count())?;
        let Some((mut feature, _)) = found else { return Ok(None) };
        if !self.lens(true).shows(feature.valid, feature.state) {
            return Ok(None);
        }
        if let Some(shown) = &self.fields {
            for (value, _) in feature.values.iter_mut().zip(shown).filter(|(_, shown)| !**shown) {
                *value = onemap_model::Value::Null;
            }
        }
        Ok(Some(feature))
    }

    /// Returns the revision after which a feature was surely not changed; `None` when the view does not
    /// show it.
    pub fn feature_revision(&self, id: FeatureId) -> Result<Option<Revision>> {
        if self.feature(id)?.is_none() {
            return Ok(None);
        }
        self.entry.content.feature_revision(id, self.view.revision())
    }

    /// Returns the version of a tile of this layer: while it is the same, so is the tile's content in every
    /// view with the same id. Holds for buffers up to [`crate::MAX_TILE_BUFFER`].
    pub fn tile_version(&self, tile: TileCoord) -> Revision {
        self.entry.tile_version(tile, self.view.revision())
    }

    pub(crate) fn root(&self) -> &Path {
        &self.view.snapshot.root
    }

    fn visit(
        &self,
        query: &Query,
        geometry: bool,
        visit: &mut dyn FnMut(FeatureRef<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        let mut left = query.limit.unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(());
        }
        let find = Find { bounds: query.bounds, zoom: query.zoom };
        let lens = self.lens(geometry);
        let at = self.view.revision();
        let content = &self.entry.content;
        let flow = content.for_each(at, self.field_count(), find, &lens, &mut |feature| {
            left -= 1;
            let flow = visit(feature);
            if left == 0 { ControlFlow::Break(()) } else { flow }
        });
        flow.map(|_| ())
    }

    fn field_count(&self) -> usize {
        self.entry.layer.schema.fields.len()
    }

    fn lens(&self, geometry: bool) -> ViewLens<'_> {
        ViewLens {
            when: self.view.spec.when,
            now: self.view.now,
            states: self.view.spec.states.unwrap_or(self.entry.layer.states),
            fields: self.fields.as_deref(),
            geometry,
        }
    }
}

struct ViewLens<'a> {
    when: When,
    now: Timestamp,
    states: StateSet,
    fields: Option<&'a [bool]>,
    geometry: bool,
}

impl Lens for ViewLens<'_> {
    fn shows(&self, valid: Interval, state: State) -> bool {
        self.when.sees(valid, self.now) && self.states.contains(state)
    }

    fn shows_field(&self, i: usize) -> bool {
        self.fields.is_none_or(|shown| shown.get(i).copied().unwrap_or(false))
    }

    fn wants_geometry(&self) -> bool {
        self.geometry
    }
}
