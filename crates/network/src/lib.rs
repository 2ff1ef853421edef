//! Pipe networks as graphs: who is connected to whom, what flows where, which valves to close, and what lies below a line.
//!
//! Features in, answers out: nothing here knows of storage. Positions are `[lon, lat]` in degrees, heights and lengths
//! metres.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod analysis;
mod build;
mod columns;
mod device;
mod edit;
mod index;
mod keys;
mod metric;
mod network;
mod rows;
mod scratch;
mod supply;
mod text;
mod valves;
mod wall;
mod zones;

pub use analysis::{
    AgeLevel, AgeReport, AgeRow, AgeRules, Alternative, Ambiguous, Connection, Group, GroupBy,
    IsolateQuery, Isolation, LengthBy, NetworkError, Overlap, Part, Path, PathLink, PathQuery,
    Segment, Trace, TraceDirection, TraceEnd, TraceQuery,
};
pub use build::{NetworkBuilder, Options};
pub use device::{Stub, Valve};
pub use edit::Change;
pub use network::{
    Direction, DirectionBy, Level, Link, LinkIx, Network, Node, NodeIx, Section, Shape,
};
pub use wall::wall_allowance;
pub use zones::Sums;
