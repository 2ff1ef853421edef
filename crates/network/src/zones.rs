//! Valve segments.

/// Placeholder.
#[derive(Debug, Default)]
pub(crate) struct Zones;
