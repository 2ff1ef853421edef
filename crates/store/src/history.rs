//! Reading the store as it was known at an old revision.

use std::sync::{Arc, PoisonError};

use onemap_model::{Revision, ViewSpec};

use crate::book::Book;
use crate::error::StoreError;
use crate::log::{self, Tip};
use crate::state::{Slot, State};
use crate::store::{Store, open};
use crate::{Result, Snapshot, View};

/// Old revisions that are kept open: a map of the past asks for one many times.
const KEPT: usize = 16;

impl Store {
    /// Looks at the store as it was at a revision. The first look at an old one reads the log up to it.
    ///
    /// Fails for a revision that is not there yet, and for one whose segments were forgotten
    /// ([`Store::forget`]).
    pub fn view_at(&self, revision: Revision, spec: ViewSpec) -> Result<View> {
        let now = self.inner.state();
        if revision == now.revision {
            return Ok(self.view(spec));
        }
        if revision > now.revision {
            return Err(StoreError::NoRevision { asked: revision, last: now.revision });
        }
        let root = self.inner.paths.root.as_path().into();
        Ok(View::new(Snapshot { state: self.past(revision)?, root }, spec))
    }

    fn past(&self, revision: Revision) -> Result<Arc<State>> {
        let mut kept = self.inner.past.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = kept.iter().position(|state| state.revision == revision)
            && let Some(state) = kept.remove(at)
        {
            kept.push_front(state.clone());
            return Ok(state);
        }
        let paths = &self.inner.paths;
        let mut book = Book::default();
        if revision.0 > 0 {
            log::scan(&paths.log, self.inner.id, Tip::start(), revision, |entry, at| {
                book.apply(&entry, at);
                Ok(())
            })?;
        }
        // Segments that were forgotten since are gone, and with them this revision.
        let forgotten = book
            .layers
            .values()
            .flat_map(|record| record.segments.iter().map(|name| (record.layer.uuid, name)));
        for (layer, name) in forgotten {
            if !crate::segment::segment_path(&paths.segments, layer, name).exists() {
                return Err(StoreError::ForgottenRevision(revision));
            }
        }
        let state = Arc::new(open::state(paths, &book, revision)?);
        let mut broken = state.layers.values().flat_map(|entry| &entry.content.segments);
        if let Some(why) = broken.find_map(Slot::broken) {
            tracing::warn!(revision = revision.0, why, "an old revision cannot be read in full");
        }
        kept.push_front(state.clone());
        kept.truncate(KEPT);
        Ok(state)
    }
}
