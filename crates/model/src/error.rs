//! The one error of this crate: an outside value that is not what it claims to be.

/// A value that does not fit the type it was meant for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A layer id has other characters than `a-z 0-9 _ -`, or is empty, or too long.
    #[error(
        "'{0}' is not a layer id: use 1 to 64 of a-z, 0-9, '_' and '-', starting with a letter or digit"
    )]
    LayerId(String),
    /// A feature id is outside the integers that every client can hold exactly.
    #[error("{0} is not a feature id: it must be an integer from 0 to 2^53 - 1")]
    FeatureId(String),
    /// A time could not be read.
    #[error(
        "'{0}' is not a time: use an RFC 3339 date such as 2026-05-01 or date-time such as 2026-05-01T08:00:00+08:00"
    )]
    Time(String),
    /// An interval ends before it begins.
    #[error("'{0}' is not an interval: it ends before it begins")]
    Interval(String),
    /// A lifecycle state is unknown.
    #[error("'{0}' is not a state: use planned, building, existing or retired")]
    State(String),
    /// A layer kind is unknown.
    #[error(
        "'{0}' is not a kind: use vector, imagery, elevation, model, network, pointcloud or tileset"
    )]
    Kind(String),
    /// A bounding box is not four finite numbers in order.
    #[error("'{0}' is not a bounding box: use west,south,east,north in degrees")]
    Bounds(String),
    /// A tile address lies outside its grid.
    #[error("tile {z}/{x}/{y} does not exist: zoom is 0 to 30 and x, y are below 2^zoom")]
    Tile {
        /// Zoom level asked for.
        z: u64,
        /// Column asked for.
        x: u64,
        /// Row asked for.
        y: u64,
    },
}
