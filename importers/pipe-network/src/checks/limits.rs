//! Limits that a city may set otherwise.

use serde::{Deserialize, Serialize};

/// Limits of the checks. Where one is not met, a finding is reported; nothing is changed. As JSON, those that are left out
/// have their default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Greatest depth below the ground, metres.
    pub depth_m: f64,
    /// Greatest height above the ground of what lies overhead, metres.
    pub overhead_m: f64,
    /// Greatest length between two points, metres: CJJ 61 wants a point at least every 75 m.
    pub length_m: f64,
    /// Least length between two points, metres.
    pub short_m: f64,
    /// Greatest slope of a pipe that is not upright, metre per metre.
    pub slope: f64,
    /// How much a gravity pipe may rise in the direction of its flow, metres.
    pub back_fall_m: f64,
    /// How much ground height may differ from depth and pipe height together, and heights of one point among lines, metres.
    pub level_sum_m: f64,
    /// Points nearer than this in all three dimensions are the same place, metres.
    pub same_place_m: f64,
    /// Least angle between two pipes that meet, degrees.
    pub angle_degrees: f64,
    /// Greatest and least size of a section, metres.
    pub section_m: (f64, f64),
    /// Earliest and latest year of building.
    pub years: (i32, i32),
    /// A part of a network with fewer links than this share of the greatest part is taken for one that was cut off.
    pub component_share: f64,
    /// Greatest distance of a point from the middle of all, metres (for coordinates in metres).
    pub reach_m: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth_m: 10.0,
            overhead_m: 30.0,
            length_m: 75.0,
            short_m: 0.05,
            slope: 1.0,
            back_fall_m: 0.2,
            level_sum_m: 0.015,
            same_place_m: 0.01,
            angle_degrees: 10.0,
            section_m: (0.01, 10.0),
            years: (1850, 2100),
            component_share: 0.1,
            reach_m: 200_000.0,
        }
    }
}
