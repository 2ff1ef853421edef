//! How flat features of a layer become solid.

use serde::{Deserialize, Serialize};

/// Which fields say how high a layer's features are, and how their roofs and colours look. What is not set is looked for
/// among the fields by the names that OpenStreetMap's Simple 3D Buildings and common city data use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Solid {
    /// Field with the height of the highest point above the base, metres.
    pub height: Option<String>,
    /// Field with the number of floors, used where there is no height.
    pub floors: Option<String>,
    /// Height of a floor, metres.
    pub floor_height: Option<f64>,
    /// Field with the ellipsoidal height of the base, metres; else the shape's own least height, else 0.
    pub base: Option<String>,
    /// Field with the height above the base at which the thing begins: bridges, upper parts of towers.
    pub min_height: Option<String>,
    /// Field with the roof's shape, by OpenStreetMap's names.
    pub roof_shape: Option<String>,
    /// Field with the height of the roof alone, metres.
    pub roof_height: Option<String>,
    /// Field whose true or non-empty values mark what stays visible from afar.
    pub landmark: Option<String>,
    /// Field whose values colour the walls, as text that CSS knows, such as `#c0a080` or `red`.
    pub colour: Option<String>,
    /// Field whose values colour the roofs.
    pub roof_colour: Option<String>,
    /// What stands at each point of a layer of points: `tree`, or nothing.
    pub symbol: Option<String>,
    /// Colour of walls without one of their own.
    pub wall_colour: Option<String>,
    /// Colour of roofs without one of their own.
    pub default_roof_colour: Option<String>,
}
