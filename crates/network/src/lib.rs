//! Pipe networks as graphs: who is connected to whom, what flows where, which valves to close, and what lies below a line.
//!
//! Features in, answers out: nothing here knows of storage. Positions are `[lon, lat]` in degrees, heights and lengths
//! metres. A [`Network`] is made of the features that a view of a layer shows (fields:
//! [`onemap_model::network_field`]), follows edits by [`Network::apply`], and is asked: [`Network::connect`],
//! [`Network::trace`], [`Network::isolate`], [`Network::statistics`], [`Network::ages`]; [`cross_section`], [`profile`],
//! [`clearance`], [`cover`] and [`excavation`] look at it in space.
//!
//! Decisions:
//! * Ends of links find nodes by code, else by place; a node that is missing is made up. Columns and half-edge lists, no
//!   objects: a million pipes are 300 to 400 MB.
//! * Directions are given, or follow from inverts or the element; never from the drawing order. What is not known is
//!   *ambiguous*, and who traces says whether to pass it.
//! * What valves can separate is found beforehand by union-find (`zones.rs`), what runs dry with it by a dominator tree
//!   (`supply.rs`), so that a burst is answered in microseconds however much it dries.
//! * What a view hides joins the graph as stubs: an answer names the owner, never the feature.
//!
//! ```
//! use onemap_model::{FeatureId, FeatureRef, Field, FieldType, Geometry, Interval, Schema, State, ValueRef};
//! use onemap_network::{NetworkBuilder, TraceDirection, TraceQuery};
//!
//! let schema = Schema { fields: vec![Field::new("class", FieldType::Text)] };
//! let mut builder = NetworkBuilder::new(&schema);
//! // Two sewers, drawn towards each other; water falls through both.
//! for (id, line) in [(1, [[118.0, 33.0, 5.0], [118.001, 33.0, 4.0]]), (2, [[118.002, 33.0, 3.0], [118.001, 33.0, 4.0]])] {
//!     let mut shape = Geometry::line(line.map(|[x, y, _]| [x, y]).to_vec());
//!     shape.z = line.map(|corner| corner[2]).to_vec();
//!     let (geometry, values) = (Some(&shape), &[ValueRef::Text("PS")][..]);
//!     let (valid, state) = (Interval::ALWAYS, State::Existing);
//!     builder.push(&FeatureRef { id: FeatureId::new(id)?, geometry, values, valid, state });
//! }
//! let network = builder.finish();
//! let trace = network.trace(&TraceQuery::new(FeatureId::new(1)?, TraceDirection::Downstream))?;
//! assert_eq!(trace.links.iter().map(|id| id.get()).collect::<Vec<_>>(), [1, 2]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
