//! Limits of the readers: constants with units and reasons.
