//! Pipe networks as graphs: who is connected to whom, what flows where, which valves to close, and what lies below a line.
//!
//! Features in, answers out: nothing here knows of storage. Positions are `[lon, lat]` in degrees, heights and lengths
//! metres.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod analysis;
mod build;
mod clearance;
mod columns;
mod cover;
mod device;
mod drawing;
mod edit;
mod excavation;
mod geojson;
mod ground;
mod index;
mod keys;
mod metric;
mod network;
mod profile;
mod rows;
mod scratch;
mod section;
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
pub use clearance::{
    Check, CheckState, ClearanceOptions, ClearanceReport, Limit, LimitKind, Limits, Neighbour,
    PlannedPipe, Subject, Surface, clearance,
};
pub use cover::{Cover, CoverReport, ShallowStretch, SurfaceAt, cover, cover_report};
pub use device::{Stub, Valve};
pub use drawing::{
    DrawingOptions, Language, cross_section_csv, cross_section_svg, profile_csv, profile_svg,
};
pub use edit::Change;
pub use excavation::{Excavation, PitBottom, PitHit, PitNode, PitOwner, PitPipe, excavation};
pub use ground::{Ground, LevelGround, SurveyGround};
pub use network::{
    Direction, DirectionBy, Level, Link, LinkIx, Network, Node, NodeIx, Section, Shape,
};
pub use profile::{Crossing, Profile, Reach, Station, profile};
pub use section::{
    Alongside, CrossSection, Cut, Layer, Levels, NetworkIndex, PipeFacts, UndergroundError,
    cross_section,
};
pub use wall::wall_allowance;
pub use zones::Sums;
