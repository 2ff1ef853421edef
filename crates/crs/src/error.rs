//! What can go wrong with coordinate systems and coordinates.

/// The result of work with coordinate systems.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a coordinate system, a coordinate or a height was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is no coordinate system that is known.
    #[error(
        "coordinate system {input:?} is not understood: {reason}; give an EPSG code (EPSG:4548), WKT, a PROJ string, GCJ-02 or BD-09"
    )]
    Unknown {
        /// The text, shortened.
        input: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no way from the coordinate system to longitude and latitude.
    #[error("no transformation from {crs} to longitude and latitude: {reason}")]
    NoTransformation {
        /// The coordinate system.
        crs: String,
        /// What PROJ says.
        reason: String,
    },
    /// A coordinate is outside what its coordinate system covers.
    #[error("coordinate {x}, {y} (number {index}) cannot be transformed from {crs}: {reason}")]
    Coordinate {
        /// The coordinate's position in the slice, from 0.
        index: usize,
        /// Its first number as given.
        x: f64,
        /// Its second number as given.
        y: f64,
        /// The coordinate system.
        crs: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The coordinate system measures heights from a surface that is not known here.
    #[error(
        "heights of {crs} are measured from {datum}, and no way from there to the ellipsoid is known; state --heights ellipsoidal, --heights offset=M or --heights grid=FILE"
    )]
    HeightDatum {
        /// The coordinate system.
        crs: String,
        /// The name of the vertical datum.
        datum: String,
    },
    /// A heights policy that cannot be carried out.
    #[error("heights {input:?}: {reason}")]
    Heights {
        /// The policy as given.
        input: String,
        /// What is wrong with it, and the remedy.
        reason: String,
    },
    /// PROJ itself could not be started.
    #[error("PROJ cannot be started: {0}")]
    Proj(String),
}
