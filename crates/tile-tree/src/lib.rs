//! The quadtree of 3D tiles.
