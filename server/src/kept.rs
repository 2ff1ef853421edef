//! What is made of a layer's view once, and kept up with the edits: tile trees, networks.

use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use onemap_model::{FeatureId, LayerId, Revision, ViewId};
use onemap_store::{LayerView, Slice, StoreError, View};
use uuid::Uuid;

use crate::flights::Flights;
use crate::gate::Gate;
use crate::tile_service::TileError;

/// Things kept, and the memory that they may take in all; the last one asked for is always kept.
const MOST: usize = 64;
const MOST_BYTES: usize = 512 << 20;

/// Edits that whoever asks follows at once; more are work for a thread.
const FEW_EDITS: usize = 64;

/// Makings that may wait for their turn: each is of another view.
const LONGEST_QUEUE: usize = 32;

/// What can be made of a layer as a view shows it.
pub(crate) trait Made: Sized + Send + Sync {
    /// How many revisions of it are kept. With one, who looks at the snapshot before the last edit has to make it again; more
    /// are for things that share what they have in common.
    const REVISIONS: usize = 1;

    /// Makes it.
    fn make(layer: &LayerView<'_>) -> Result<Self, StoreError>;

    /// Makes it of what it was before some features were edited.
    fn follow(
        before: Arc<Self>,
        layer: &LayerView<'_>,
        ids: &[FeatureId],
    ) -> Result<Self, StoreError>;

    /// Returns the memory that it takes, bytes.
    fn memory(&self) -> usize;
}

/// What it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    layer: Uuid,
    view: ViewId,
    slice: Slice,
    /// For those of the past.
    revision: Option<Revision>,
}

impl Key {
    fn of(layer: &LayerView<'_>, past: Option<Revision>) -> Result<Self, StoreError> {
        Ok(Self {
            layer: layer.layer().uuid,
            view: layer.features_view(),
            slice: layer.slice()?,
            revision: past,
        })
    }
}

/// Something as of a revision.
struct Current<T> {
    revision: Revision,
    thing: Arc<T>,
}

/// The revisions of a thing that are kept, oldest first.
struct Revisions<T>(Vec<Current<T>>);

impl<T> Default for Revisions<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Made> Revisions<T> {
    /// Returns the thing as of the layer's revision if it is there, or is made of what is there by following at most so many
    /// edits.
    fn get(
        &mut self,
        layer: &LayerView<'_>,
        most_edits: usize,
    ) -> Result<Option<Arc<T>>, StoreError> {
        let now = layer.revision();
        let Some(before) = self.0.iter().rev().find(|current| current.revision <= now) else {
            return Ok(None);
        };
        if before.revision == now {
            return Ok(Some(Arc::clone(&before.thing)));
        }
        let thing = match layer.edited_since(before.revision) {
            Some(ids) if ids.is_empty() => Arc::clone(&before.thing),
            Some(ids) if ids.len() <= most_edits => {
                let before = match T::REVISIONS {
                    // It may take it apart if nobody else has it.
                    1 => self.0.pop().map(|current| current.thing),
                    _ => Some(Arc::clone(&before.thing)),
                };
                let Some(before) = before else { return Ok(None) };
                Arc::new(T::follow(before, layer, &ids)?)
            }
            _ => return Ok(None),
        };
        self.put(now, &thing);
        Ok(Some(thing))
    }

    fn put(&mut self, revision: Revision, thing: &Arc<T>) {
        let at = self.0.partition_point(|current| current.revision < revision);
        self.0.insert(at, Current { revision, thing: Arc::clone(thing) });
        let too_many = self.0.len().saturating_sub(T::REVISIONS);
        self.0.drain(..too_many);
    }
}

type Place<T> = Arc<Mutex<Revisions<T>>>;

/// The things, least recently asked for first.
pub(crate) struct Kept<T>(Mutex<Vec<(Key, Place<T>)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Made> Kept<T> {
    /// Returns what belongs to a view. The first who asks makes it, others wait.
    pub(crate) fn of(
        &self,
        layer: &LayerView<'_>,
        past: Option<Revision>,
    ) -> Result<Arc<T>, StoreError> {
        let place = self.place(Key::of(layer, past)?);
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thing) = place.get(layer, usize::MAX)? {
            return Ok(thing);
        }
        let thing = Arc::new(T::make(layer)?);
        place.put(layer.revision(), &thing);
        drop(place);
        self.limit();
        Ok(thing)
    }

    /// Returns what belongs to a view if it is there or follows at once; does not wait.
    pub(crate) fn ready(
        &self,
        layer: &LayerView<'_>,
        past: Option<Revision>,
    ) -> Result<Option<Arc<T>>, StoreError> {
        let Some(place) = self.known(&Key::of(layer, past)?) else { return Ok(None) };
        let mut place = match place.try_lock() {
            Ok(place) => place,
            Err(TryLockError::Poisoned(place)) => place.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(None),
        };
        place.get(layer, FEW_EDITS)
    }

    /// Returns the slices of time of which there are things that else belong to the same view, last asked for first.
    pub(crate) fn slices(&self, layer: &LayerView<'_>, past: Option<Revision>) -> Vec<Slice> {
        let (uuid, view) = (layer.layer().uuid, layer.features_view());
        let things = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |key: &&Key| key.layer == uuid && key.view == view && key.revision == past;
        things.iter().rev().map(|(key, _)| key).filter(same).map(|key| key.slice).collect()
    }

    fn place(&self, key: Key) -> Place<T> {
        if let Some(place) = self.known(&key) {
            return place;
        }
        let mut things = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Another may have come first.
        if let Some((_, place)) = things.iter().find(|(other, _)| *other == key) {
            return Arc::clone(place);
        }
        let place = Place::default();
        things.push((key, Arc::clone(&place)));
        place
    }

    fn known(&self, key: &Key) -> Option<Place<T>> {
        let mut things = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = things.iter().position(|(other, _)| other == key)?;
        let entry = things.remove(at);
        let place = Arc::clone(&entry.1);
        things.push(entry);
        Some(place)
    }

    /// Lets go what is too much.
    fn limit(&self) {
        let mut things = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = MOST_BYTES;
        let mut kept = 0;
        let mut keep: Vec<bool> = things
            .iter()
            .rev()
            .map(|(_, place)| {
                // One that is being made counts when it is done.
                // Other revisions share nearly everything with the last.
                let bytes = place.try_lock().ok().and_then(|p| Some(p.0.last()?.thing.memory()));
                let bytes = bytes.unwrap_or(0);
                let fits = kept == 0 || (kept < MOST && bytes <= left);
                left = left.saturating_sub(bytes);
                kept += usize::from(fits);
                fits
            })
            .collect();
        keep.reverse();
        let mut keep = keep.into_iter();
        things.retain(|_| keep.next().unwrap_or(true));
    }
}

/// Things kept for requests, made at a gate of their own: who asks for what is being made waits for it without keeping a core
/// from others, and what would have to wait long is refused.
pub(crate) struct Makers<T> {
    kept: Arc<Kept<T>>,
    flights: Flights<Key, Result<(), TileError>>,
    gate: Arc<Gate>,
}

impl<T: Made + 'static> Makers<T> {
    /// Makes things on at most half of the cores.
    pub(crate) fn new(cores: usize) -> Self {
        let gate = Gate::new((cores / 2).max(1), LONGEST_QUEUE);
        Self { kept: Arc::default(), flights: Flights::default(), gate }
    }

    /// Returns what is kept.
    pub(crate) fn kept(&self) -> &Arc<Kept<T>> {
        &self.kept
    }

    /// Returns what belongs to a view of a layer.
    pub(crate) async fn of(
        &self,
        view: &View,
        id: &LayerId,
        past: Option<Revision>,
    ) -> Result<Arc<T>, TileError> {
        // What was made for others may be as of another revision: mostly a few edits away.
        for _ in 0..3 {
            let flight = {
                let layer = view.layer(id).ok_or_else(|| TileError::UnknownLayer(id.clone()))?;
                if let Some(thing) = self.kept.ready(&layer, past)? {
                    return Ok(thing);
                }
                let begin = || self.make(view.clone(), id.clone(), past);
                self.flights.join(&Key::of(&layer, past)?, || None, begin)
            };
            match flight {
                Ok(flight) => flight.await?,
                Err(known) => known?,
            }
        }
        let (kept, view, id) = (Arc::clone(&self.kept), view.clone(), id.clone());
        let done = self.gate.run(move || made(&kept, &view, &id, past)).await?;
        done.map_err(|error| TileError::Stopped(error.to_string()))?
    }

    fn make(
        &self,
        view: View,
        id: LayerId,
        past: Option<Revision>,
    ) -> impl Future<Output = Result<(), TileError>> + Send + 'static {
        let (gate, kept) = (Arc::clone(&self.gate), Arc::clone(&self.kept));
        async move {
            let done = gate.run(move || made(&kept, &view, &id, past).map(drop)).await?;
            done.map_err(|error| TileError::Stopped(error.to_string()))?
        }
    }
}

fn made<T: Made>(
    kept: &Kept<T>,
    view: &View,
    id: &LayerId,
    past: Option<Revision>,
) -> Result<Arc<T>, TileError> {
    let layer = view.layer(id).ok_or_else(|| TileError::UnknownLayer(id.clone()))?;
    Ok(kept.of(&layer, past)?)
}
