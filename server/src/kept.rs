//! What is made of a layer's view once, and kept up with the edits: tile trees, networks.

use std::sync::{Arc, Mutex, PoisonError};

use onemap_model::{FeatureId, Revision, ViewId};
use onemap_store::{LayerView, Slice, StoreError};
use uuid::Uuid;

/// Things kept, and the memory that they may take in all; the last one asked for is always kept.
const MOST: usize = 64;
const MOST_BYTES: usize = 512 << 20;

/// What can be made of a layer as a view shows it.
pub(crate) trait Made: Sized + Send + Sync {
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
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    layer: Uuid,
    view: ViewId,
    slice: Slice,
    /// For those of the past.
    revision: Option<Revision>,
}

/// Something as of a revision.
struct Current<T> {
    revision: Revision,
    thing: Arc<T>,
}

type Place<T> = Arc<Mutex<Option<Current<T>>>>;

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
        let key = Key {
            layer: layer.layer().uuid,
            view: layer.features_view(),
            slice: layer.slice()?,
            revision: past,
        };
        let place = self.place(key);
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        let now = layer.revision();
        let next = match place.take() {
            Some(current) if current.revision == now => {
                let thing = Arc::clone(&current.thing);
                *place = Some(current);
                return Ok(thing);
            }
            // A reader of an older snapshot, just overtaken by another.
            Some(current) if current.revision > now => {
                *place = Some(current);
                return Ok(Arc::new(T::make(layer)?));
            }
            Some(current) => match layer.edited_since(current.revision) {
                Some(ids) if ids.is_empty() => current.thing,
                Some(ids) => Arc::new(T::follow(current.thing, layer, &ids)?),
                None => Arc::new(T::make(layer)?),
            },
            None => Arc::new(T::make(layer)?),
        };
        *place = Some(Current { revision: now, thing: Arc::clone(&next) });
        drop(place);
        self.limit();
        Ok(next)
    }

    fn place(&self, key: Key) -> Place<T> {
        let mut things = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = things.iter().position(|(other, _)| *other == key);
        let entry = match known {
            Some(at) => things.remove(at),
            None => (key, Place::default()),
        };
        let place = Arc::clone(&entry.1);
        things.push(entry);
        place
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
                let bytes = place.try_lock().ok().and_then(|p| Some(p.as_ref()?.thing.memory()));
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
