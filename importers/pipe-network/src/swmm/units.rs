//! Units of the file, and what offsets of links are measured from.

use crate::input::{self, Line, short};

/// Metres of a foot.
const FOOT: f64 = 0.3048;

/// Hectares of an acre.
const ACRE: f64 = 0.404_685_642_24;

/// What the numbers of a file mean.
#[derive(Debug, Clone)]
pub(super) struct Units {
    /// The unit of flow as the file has it, which decides about all others.
    flow: &'static str,
    /// Whether offsets are heights, not depths above the bottom of the node.
    pub(super) offsets_are_heights: bool,
}

impl Default for Units {
    fn default() -> Self {
        Self { flow: "CFS", offsets_are_heights: false }
    }
}

impl Units {
    /// Reads a line of the options; those of the solver are not looked at.
    pub(super) fn option(&mut self, line: &Line<'_>) -> Result<(), String> {
        let (Some(name), Some(value)) = (line.word(0), line.word(1)) else { return Ok(()) };
        if name.eq_ignore_ascii_case("FLOW_UNITS") {
            let known = ["CFS", "GPM", "MGD", "CMS", "LPS", "MLD"];
            self.flow = known
                .into_iter()
                .find(|unit| input::begins(value, unit))
                .ok_or_else(|| format!("'{}' is none of SWMM's units of flow", short(value)))?;
        } else if name.eq_ignore_ascii_case("LINK_OFFSETS") {
            self.offsets_are_heights = if input::begins(value, "ELEV") {
                true
            } else if input::begins(value, "DEPTH") {
                false
            } else {
                return Err(format!("'{}' is neither DEPTH nor ELEVATION", short(value)));
            };
        }
        Ok(())
    }

    /// Tells whether lengths are feet.
    fn is_us(&self) -> bool {
        matches!(self.flow, "CFS" | "GPM" | "MGD")
    }

    /// Changes a length to metres.
    pub(super) fn metres(&self, length: f64) -> f64 {
        if self.is_us() { length * FOOT } else { length }
    }

    /// Changes the area of a subcatchment to hectares.
    pub(super) fn hectares(&self, area: f64) -> f64 {
        if self.is_us() { area * ACRE } else { area }
    }

    /// Says what was taken.
    pub(super) fn note(&self) -> String {
        let lengths = if self.is_us() { "feet and changed to metres" } else { "metres" };
        format!(
            "the unit of flow is {}: lengths, heights and sizes are {lengths}; coordinates stay as they are",
            self.flow
        )
    }
}
