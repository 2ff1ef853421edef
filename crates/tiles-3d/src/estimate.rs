//! How many bytes things take in a tile, roughly, so that the tree can decide what fits into one.
//!
//! Measured on compact tiles of Tokyo's buildings and of the sample city, packed by nothing else.

/// Bytes of a footprint of so many vertices, raised.
pub(crate) fn solid_bytes(vertices: usize) -> usize {
    // Five vertices of walls and roof for each corner, position, normal, colour and feature; the rest are properties.
    70 + 34 * vertices
}

/// Bytes of a model with so many positions and triangles in its finest level.
pub(crate) fn model_bytes(positions: u64, triangles: u64) -> usize {
    let bytes = 100 + positions.saturating_mul(9).saturating_add(triangles.saturating_mul(3));
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Bytes of so many symbols.
pub(crate) fn symbol_bytes(count: usize) -> usize {
    60 + 24 * count
}

/// Bytes of a link whose centre lines have so many corners.
pub(crate) fn pipe_bytes(corners: usize, has_casing: bool) -> usize {
    150 + if has_casing { 435 } else { 145 } * corners
}

/// Bytes of so many devices, which are instances: mostly those of their properties.
pub(crate) fn device_bytes(count: usize) -> usize {
    100 + 30 * count
}
