//! Views: the only way to read the store.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use onemap_model::{
    Bounds, Feature, FeatureId, FeatureRef, GeoCell, Interval, Layer, LayerId, Revision, State,
    StateSet, TileCoord, Timestamp, Value, ValueRef, ViewId, ViewSpec, When,
};

use onemap_filter::{Bound, FilterError};

use crate::Result;
use crate::error::StoreError;
use crate::mass::{Mass, MassAsk};
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
        let filter = self.spec.filter.as_ref();
        let filter = filter.map(|filter| Bound::new(filter, &entry.layer.schema));
        Some(LayerView { view: self, entry, fields, filter })
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

/// What a tile shows.
#[derive(Debug, Clone, Copy)]
pub enum Drawn<'a> {
    /// A feature.
    Feature(FeatureRef<'a>),
    /// Polygons that are too small or too many to be drawn one by one: the best-ranked of them, without its
    /// shape, and what they are together.
    Mass(FeatureRef<'a>, Mass),
}

/// A span of time in which a layer does not change, as a view with a valid time sees it: two views of the same
/// kind in the same slice show the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slice {
    /// Begin of the span that the instant, or the interval's begin, lies in; microseconds.
    pub from: i64,
    /// Begin of the span that the interval's end lies in.
    pub to: i64,
}

/// One layer, as a view shows it.
#[derive(Debug)]
pub struct LayerView<'a> {
    view: &'a View,
    entry: &'a LayerEntry,
    /// Which fields are shown; `None` for all.
    fields: Option<Vec<bool>>,
    /// Which features are shown; an error where the filter does not fit the layer.
    filter: Option<std::result::Result<Bound, FilterError>>,
}

impl<'a> LayerView<'a> {
    /// Tells whether the view's filter fits the layer. Every way to read the layer fails when it does not.
    pub fn check_filter(&self) -> Result<()> {
        self.filter().map(drop)
    }

    fn filter(&self) -> Result<Option<&Bound>> {
        let Some(filter) = &self.filter else { return Ok(None) };
        let layer = || self.entry.layer.id.clone();
        let wrong =
            |source: &FilterError| StoreError::Filter { layer: layer(), source: source.clone() };
        filter.as_ref().map(Some).map_err(wrong)
    }

    /// Returns what the catalogue knows of the layer.
    pub fn layer(&self) -> &'a Layer {
        &self.entry.layer
    }

    /// Looks at the same layer without the view's filter: for what has to know that there is something where nothing is to
    /// be shown, such as a network that goes on. What it reads must not be told.
    #[must_use]
    pub fn unfiltered(&self) -> Self {
        Self { view: self.view, entry: self.entry, fields: None, filter: None }
    }

    /// Tells whether the view leaves features out by a filter.
    pub fn is_filtered(&self) -> bool {
        self.filter.is_some()
    }

    /// Visits features until there are no more, the limit is reached or `visit` breaks.
    ///
    /// A feature lives only during its visit. The order is the same each time: with a zoom as
    /// [`LayerView::draw`] has it, else features of the segments as they are stored, then the edited ones.
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

    /// Visits what a tile shows, `buffer` (a fraction of its width) beyond its edges included: first the features
    /// that show at its zoom, then, of polygons that do not, their mass.
    ///
    /// The order depends on the features alone, not on how they came into the store: first those that show first at
    /// zoom 0, then at 1 and so on, each along the layer's Hilbert curve, on equal places by id.
    pub fn draw(
        &self,
        tile: TileCoord,
        buffer: f64,
        visit: &mut dyn FnMut(Drawn<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        let (at, fields) = (self.view.revision(), self.field_count());
        let content = &self.entry.content;
        let lens = self.lens(true)?;
        let bounds = tile.bounds(buffer);
        let asked = (tile.z(), Some(&bounds));
        let flow = content.for_each_shown(at, fields, asked, &lens, &mut |feature| {
            visit(Drawn::Feature(feature))
        })?;
        if flow.is_break() {
            return Ok(());
        }
        let ask = MassAsk { at, fields, tile, buffer, lens: &lens, whole: self.is_whole()? };
        content.for_each_mass(ask, &mut |feature, mass| visit(Drawn::Mass(feature, mass)))
    }

    /// Tells whether the view shows every feature of the layer.
    fn is_whole(&self) -> Result<bool> {
        let content = &self.entry.content;
        let whole = self.view.spec.filter.is_none()
            && !content.has_times()?
            && self.states().contains_all(content.states()?);
        Ok(whole)
    }

    /// Returns the first zoom from which on tiles show features with all their vertices.
    pub fn exact_zoom(&self) -> u8 {
        let plan = self.entry.content.ruler.plan();
        plan.exact.min(self.entry.content.ruler.last_zoom())
    }

    /// Returns the positions of the fields whose equal values join features at small scales.
    pub fn merge_fields(&self) -> &[usize] {
        self.entry.content.ruler.merge()
    }

    /// Returns a feature, if there is one and the view shows it. Of several versions the one that holds now, or
    /// else the next one to come; of those that an interval shows the last.
    pub fn feature(&self, id: FeatureId) -> Result<Option<Feature>> {
        let mut versions = self.history(id)?;
        let now = self.view.now;
        let at = match self.view.spec.when {
            When::Now => {
                versions.iter().position(|version| version.valid.contains(now)).unwrap_or_default()
            }
            When::At(_) | When::Within(_) => versions.len().saturating_sub(1),
        };
        Ok((at < versions.len()).then(|| versions.swap_remove(at)))
    }

    /// Returns the versions of a feature that the view shows, oldest first.
    pub fn history(&self, id: FeatureId) -> Result<Vec<Feature>> {
        let at = self.view.revision();
        let lens = self.lens(true)?;
        let mut versions = Vec::new();
        for (mut feature, _) in self.entry.content.versions(id, at, self.field_count())? {
            let values: Vec<ValueRef<'_>> = feature.values.iter().map(Value::as_ref).collect();
            let seen = FeatureRef {
                id,
                geometry: feature.geometry.as_ref(),
                values: &values,
                valid: feature.valid,
                state: feature.state,
            };
            if !lens.shows(feature.valid, feature.state) || !lens.matches(&seen) {
                continue;
            }
            if let Some(shown) = &self.fields {
                for (value, _) in feature.values.iter_mut().zip(shown).filter(|(_, shown)| !**shown)
                {
                    *value = Value::Null;
                }
            }
            versions.push(feature);
        }
        Ok(versions)
    }

    /// Returns the revision after which a feature was surely not changed; `None` when the view does not
    /// show it.
    pub fn feature_revision(&self, id: FeatureId) -> Result<Option<Revision>> {
        if self.feature(id)?.is_none() {
            return Ok(None);
        }
        self.entry.content.feature_revision(id, self.view.revision())
    }

    /// Returns the revision of the snapshot.
    pub fn revision(&self) -> Revision {
        self.view.revision()
    }

    /// Returns the name of the view but for its instants and the fields that it shows: views with the same one and in the
    /// same slice show the same features.
    pub fn features_view(&self) -> ViewId {
        ViewSpec { fields: None, ..self.view.spec.clone() }.timeless_id()
    }

    /// Returns the version of a tile of this layer: while it is the same, so is the tile's content in every
    /// view with the same id and in the same slice. Holds for buffers up to [`crate::MAX_TILE_BUFFER`].
    pub fn tile_version(&self, tile: TileCoord) -> Revision {
        self.entry.tile_version(tile, self.view.revision())
    }

    /// Returns the version of what has its middle in a cell: while it is the same, so are those features in every view
    /// with the same id and in the same slice.
    pub fn owner_version(&self, cell: GeoCell) -> Revision {
        self.entry.owner_version(cell, self.view.revision())
    }

    /// Returns the features that were edited after a revision, each once; `None` when that is not known any more, because
    /// the layer was imported, drawn or folded anew since.
    pub fn edited_since(&self, since: Revision) -> Option<Vec<FeatureId>> {
        let content = &self.entry.content;
        let known = since >= self.entry.base && since >= content.folded;
        known.then(|| content.overlay.edited(since, self.view.revision()))
    }

    /// Returns the slice of time that the view looks at: between two instants at which a feature of the layer
    /// begins or ends, nothing changes.
    pub fn slice(&self) -> Result<Slice> {
        let content = &self.entry.content;
        if !content.has_times()? {
            return Ok(Slice { from: i64::MIN, to: i64::MIN });
        }
        let before = |time: Option<Timestamp>, open: i64| -> Result<i64> {
            let Some(time) = time else { return Ok(open) };
            Ok(content.change_before(time.as_micros())?.unwrap_or(i64::MIN))
        };
        Ok(match self.view.spec.when {
            When::Now => Slice { from: before(Some(self.view.now), 0)?, to: i64::MIN },
            When::At(at) => Slice { from: before(Some(at), 0)?, to: i64::MIN },
            When::Within(Interval { from, to }) => {
                let last = to.map(|to| Timestamp::from_micros(to.as_micros().saturating_sub(1)));
                Slice { from: before(from, i64::MIN)?, to: before(last, i64::MAX)? }
            }
        })
    }

    /// Returns when the slice ends that "now" lies in: the next instant at which a feature of the layer begins
    /// or ends.
    pub fn next_change(&self) -> Result<Option<Timestamp>> {
        let next = self.entry.content.change_after(self.view.now.as_micros())?;
        Ok(next.map(Timestamp::from_micros))
    }

    fn states(&self) -> StateSet {
        self.view.spec.states.unwrap_or(self.entry.layer.states)
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
        let lens = self.lens(geometry)?;
        let (at, fields) = (self.view.revision(), self.field_count());
        let content = &self.entry.content;
        let bounds = query.bounds.or_else(|| lens.filter.and_then(Bound::bounds));
        let bounds = bounds.as_ref();
        let mut visit = |feature: FeatureRef<'_>| {
            left -= 1;
            let flow = visit(feature);
            if left == 0 { ControlFlow::Break(()) } else { flow }
        };
        let flow = match query.zoom {
            Some(zoom) => content.for_each_shown(at, fields, (zoom, bounds), &lens, &mut visit),
            None => content.for_each(at, fields, bounds, &lens, &mut visit),
        };
        flow.map(|_| ())
    }

    fn field_count(&self) -> usize {
        self.entry.layer.schema.fields.len()
    }

    fn lens(&self, geometry: bool) -> Result<ViewLens<'_>> {
        Ok(ViewLens {
            when: self.view.spec.when,
            now: self.view.now,
            states: self.states(),
            fields: self.fields.as_deref(),
            filter: self.filter()?,
            geometry,
        })
    }
}

struct ViewLens<'a> {
    when: When,
    now: Timestamp,
    states: StateSet,
    fields: Option<&'a [bool]>,
    filter: Option<&'a Bound>,
    geometry: bool,
}

impl Lens for ViewLens<'_> {
    fn shows(&self, valid: Interval, state: State) -> bool {
        self.when.sees(valid, self.now) && self.states.contains(state)
    }

    fn matches(&self, feature: &FeatureRef<'_>) -> bool {
        self.filter.is_none_or(|filter| filter.matches(feature))
    }

    fn shows_field(&self, i: usize) -> bool {
        self.fields.is_none_or(|shown| shown.get(i).copied().unwrap_or(false))
    }

    fn filters(&self) -> bool {
        self.filter.is_some()
    }

    fn filters_by(&self, i: usize) -> bool {
        self.filter.is_some_and(|filter| filter.fields().contains(&i))
    }

    fn hides_fields(&self) -> bool {
        let hidden = |filter: &&Bound| filter.fields().iter().any(|&i| !self.shows_field(i));
        self.filter.as_ref().is_some_and(hidden)
    }

    fn wants_geometry(&self) -> bool {
        self.geometry
    }

    fn filters_by_place(&self) -> bool {
        self.filter.is_some_and(Bound::needs_geometry)
    }
}
