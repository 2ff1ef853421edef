//! Folding edits into their layers' segments while the server runs, so that reading stays fast and starting
//! again is quick.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use onemap_store::{Store, StoreError};

/// How often is looked whether a layer has many edits.
const LOOK: Duration = Duration::from_secs(10);
/// Name under which the log remembers who folded.
const ACTOR: &str = "server";

/// A thread that folds; dropping this tells it to end after the layer at hand.
pub(crate) struct Folding {
    _end: Sender<()>,
}

impl Folding {
    /// Begins to look after a store.
    pub(crate) fn start(store: Store) -> Self {
        let (end, ended) = mpsc::channel::<()>();
        let work = move || {
            while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                for layer in store.wants_compaction() {
                    let begin = Instant::now();
                    match store.compact(&layer, ACTOR) {
                        Ok(Some(done)) => tracing::info!(
                            %layer, revision = done.revision.0, seconds = begin.elapsed().as_secs_f64(),
                            "edits were folded"
                        ),
                        // Somebody imports into it: the next look will see.
                        Ok(None) | Err(StoreError::Busy(_)) => {}
                        Err(error) => tracing::warn!(%layer, %error, "edits cannot be folded"),
                    }
                }
            }
        };
        if let Err(error) = thread::Builder::new().name("folding".into()).spawn(work) {
            tracing::warn!(%error, "edits are not folded while the server runs");
        }
        Self { _end: end }
    }
}
