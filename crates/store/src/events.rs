//! Telling subscribers of committed changes.

use std::sync::{Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use onemap_model::{Bounds, FeatureId, LayerId, Revision};

/// Events that a slow subscriber may leave unread.
const BACKLOG: usize = 1024;

/// A committed change of one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeEvent {
    /// Layer.
    pub layer: LayerId,
    /// Revision that the change made.
    pub revision: Revision,
    /// Box of what changed, degrees; `None` when it has no place or the layer is gone.
    pub bounds: Option<Bounds>,
    /// Features that were edited; empty when the layer changed as a whole.
    pub ids: Vec<FeatureId>,
}

/// The subscribers.
#[derive(Debug, Default)]
pub(crate) struct Events {
    senders: Mutex<Vec<Sender<ChangeEvent>>>,
}

impl Events {
    pub(crate) fn subscribe(&self) -> Receiver<ChangeEvent> {
        let (sender, receiver) = bounded(BACKLOG);
        self.senders.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    /// Sends to all; one whose backlog is full is cut off, and learns so by the end of its channel.
    pub(crate) fn send(&self, event: &ChangeEvent) {
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        senders.retain(|sender| match sender.try_send(event.clone()) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        });
    }
}
