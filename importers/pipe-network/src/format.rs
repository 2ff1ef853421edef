//! The formats.

use std::fmt;

/// A format of pipe networks that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Tables of points and lines: survey tables (点表/线表) and GIS layers, in any format of `onemap-vector`.
    Tables,
    /// EPANET's input file.
    Epanet,
    /// SWMM's input file.
    Swmm,
    /// PLATEAU's `uro` utilities and the `UtilityNetworkADE` of `CityGML`.
    UtilityGml,
    /// A pandapipes network as JSON.
    Pandapipes,
}

impl Format {
    /// Returns the name for reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tables => "survey tables",
            Self::Epanet => "EPANET",
            Self::Swmm => "SWMM",
            Self::UtilityGml => "CityGML utilities",
            Self::Pandapipes => "pandapipes",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
