//! Sections and profiles as drawings and tables.
//!
//! A drawing is one SVG page at stated scales, lengths in tenths of a millimetre of paper: print it at 100 % and a ruler
//! measures it. Pipes are drawn as their true sections in the class colours of CJJ 61, with darker outlines so that they
//! stand out on white; the table below is laid out as the field's drawings have it.

mod cross;
mod csv;
mod labels;
mod long;
mod sheet;
mod svg;
#[cfg(test)]
mod tests;
mod words;

use serde::{Deserialize, Serialize};

pub use cross::cross_section_svg;
pub use csv::{cross_section_csv, profile_csv};
pub use long::profile_svg;

/// Language of a drawing or table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

/// What a drawing says about itself, and its scales.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DrawingOptions {
    /// Language.
    pub language: Language,
    /// Title; else what kind of drawing it is.
    pub title: Option<String>,
    /// Project.
    pub project: Option<String>,
    /// Number of the drawing.
    pub number: Option<String>,
    /// Date.
    pub date: Option<String>,
    /// Height system, such as `1985国家高程基准`.
    pub datum: Option<String>,
    /// Denominator of the horizontal scale; else one that fits A3.
    pub horizontal: Option<f64>,
    /// Denominator of the vertical scale; else the horizontal one (sections) or a tenth of it (profiles).
    pub vertical: Option<f64>,
}

/// Denominators that drawings use (GB/T 14690).
const SCALES: [f64; 19] = [
    10.0, 20.0, 25.0, 50.0, 100.0, 150.0, 200.0, 250.0, 300.0, 400.0, 500.0, 1000.0, 1500.0,
    2000.0, 2500.0, 5000.0, 10_000.0, 20_000.0, 50_000.0,
];

/// Returns the largest usual scale, not larger than `least`, at which metres fit into millimetres.
fn scale_for(metres: f64, millimetres: f64, least: f64) -> f64 {
    let fits = |scale: &&f64| **scale >= least && metres * 1000.0 / **scale <= millimetres;
    SCALES.iter().find(fits).copied().unwrap_or(50_000.0)
}

/// Returns a scale that was asked for, if it is one.
fn asked(scale: Option<f64>) -> Option<f64> {
    scale.filter(|scale| (1.0..=100_000.0).contains(scale))
}
