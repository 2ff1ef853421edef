//! The store as its users see it.
#![allow(clippy::unwrap_used, missing_docs)]

mod crash;
mod damage;
mod drawing;
mod edits;
mod imports;
mod interop;
mod model;
mod speed;
mod support;
mod versions;
