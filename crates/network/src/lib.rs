//! Pipe networks as graphs: who is connected to whom, what flows where, which valves to close, and what lies below a line.
//!
//! Features in, answers out: nothing here knows of storage. Positions are `[lon, lat]` in degrees, heights and lengths
//! metres.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
