//! Reads the formats of city models, and emits records with shapes in 3D.
