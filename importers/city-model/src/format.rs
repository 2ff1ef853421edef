//! The formats.

use std::fmt;

/// A format of city models that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// CityJSON 1.0, 1.1 and 2.0.
    CityJson,
    /// CityJSON text sequences: a header, then one `CityJSONFeature` a line.
    CityJsonSeq,
    /// CityGML 1.0, 2.0 and 3.0.
    CityGml,
    /// Wavefront OBJ with its materials.
    Obj,
    /// glTF 2.0, text or binary.
    Gltf,
}

impl Format {
    /// Returns the name for reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::CityJson => "CityJSON",
            Self::CityJsonSeq => "CityJSONSeq",
            Self::CityGml => "CityGML",
            Self::Obj => "OBJ",
            Self::Gltf => "glTF",
        }
    }

    /// Tells whether it is only read with a place ([`crate::Options::place`]) or, for OBJ, a CRS.
    pub fn needs_place(self) -> bool {
        matches!(self, Self::Obj | Self::Gltf)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
