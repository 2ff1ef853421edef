//! Reads pipe networks, checks them, and emits them as layers of nodes, links and areas.
//!
//! A reader of a format makes a draft of the network; the checks look at the draft; then it is emitted with the field
//! names of [`onemap_model::network_field`]. Nothing here knows of storage, nor transforms coordinates.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod draft;
