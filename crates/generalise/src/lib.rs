//! What to leave out at small scales.
