//! Why a section, profile, clearance, cover or excavation can not be computed.

use onemap_model::FeatureId;

/// Why a question about the underground can not be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UndergroundError {
    /// A line with less than two different places.
    #[error("the {what} needs at least {least} different places: draw it longer")]
    TooShort {
        /// What was drawn.
        what: &'static str,
        /// How many it needs.
        least: usize,
    },
    /// A place that is none.
    #[error(
        "the {what} has a place outside longitude ±180, latitude ±90, or a height that is no number"
    )]
    NoPlace {
        /// What was drawn.
        what: &'static str,
    },
    /// More than is computed at once.
    #[error(
        "the {what} is {length_m:.0} m long, at most {most_m:.0} m are computed at once: draw it shorter"
    )]
    TooLong {
        /// What was drawn.
        what: &'static str,
        /// How long it is, metres.
        length_m: f64,
        /// How long it may be, metres.
        most_m: f64,
    },
    /// More corners than are computed at once.
    #[error("the {what} has {count} corners, at most {most} are computed at once: simplify it")]
    TooManyCorners {
        /// What was drawn.
        what: &'static str,
        /// How many it has.
        count: usize,
        /// How many it may have.
        most: usize,
    },
    /// A link that the network does not have, or that the view hides.
    #[error("layer {layer} has no link {id}")]
    NoLink {
        /// Layer.
        layer: String,
        /// Feature.
        id: FeatureId,
    },
    /// A path that is not one.
    #[error("links {before} and {after} follow each other in the path but share no node")]
    Gap {
        /// The one before.
        before: FeatureId,
        /// The one after.
        after: FeatureId,
    },
    /// A number that can not be.
    #[error("{what} must be between {least} and {most}, not {value}")]
    OutOfRange {
        /// What.
        what: &'static str,
        /// What was given.
        value: f64,
        /// The least.
        least: f64,
        /// The most.
        most: f64,
    },
    /// A line of the table of limits.
    #[error("line {line} of the table of limits: {reason}")]
    Limits {
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

/// Most corners of a drawn shape.
pub(crate) const MOST_CORNERS: usize = 10_000;

/// Checks the corners of a drawn shape.
pub(crate) fn check_corners(
    what: &'static str,
    line: &[[f64; 2]],
    least: usize,
) -> Result<(), UndergroundError> {
    if line.len() > MOST_CORNERS {
        let (count, most) = (line.len(), MOST_CORNERS);
        return Err(UndergroundError::TooManyCorners { what, count, most });
    }
    let fits = |[x, y]: &[f64; 2]| x.abs() <= 180.0 && y.abs() <= 90.0;
    if !line.iter().all(fits) {
        return Err(UndergroundError::NoPlace { what });
    }
    let different = line.windows(2).filter(|pair| pair[0] != pair[1]).count() + 1;
    if line.is_empty() || different < least {
        return Err(UndergroundError::TooShort { what, least });
    }
    Ok(())
}
