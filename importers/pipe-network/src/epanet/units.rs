//! Units: of flow in the file, from which EPANET derives all others.

use crate::input;

/// Cubic metres of a US gallon, an imperial gallon and a cubic foot, exactly.
const GALLON: f64 = 0.003_785_411_784;
const IMPERIAL_GALLON: f64 = 0.004_546_09;
const CUBIC_FOOT: f64 = 0.028_316_846_592;
const FOOT: f64 = 0.3048;
const INCH: f64 = 0.0254;
const DAY: f64 = 86_400.0;

/// The units of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Units {
    name: &'static str,
    is_us: bool,
    /// Litres per second of one unit of flow.
    pub(super) flow: f64,
}

impl Default for Units {
    /// Returns what a file has that says nothing: gallons per minute.
    fn default() -> Self {
        Self::new("GPM", true, GALLON / 60.0)
    }
}

impl Units {
    const fn new(name: &'static str, is_us: bool, cubic_metres_per_second: f64) -> Self {
        Self { name, is_us, flow: cubic_metres_per_second * 1000.0 }
    }

    /// Finds units by the word of the option `UNITS`.
    pub(super) fn find(word: &str) -> Option<Self> {
        const ALL: [Units; 12] = [
            Units::new("CFS", true, CUBIC_FOOT),
            Units::new("GPM", true, GALLON / 60.0),
            Units::new("AFD", true, 43_560.0 * CUBIC_FOOT / DAY),
            Units::new("MGD", true, 1e6 * GALLON / DAY),
            Units::new("IMGD", true, 1e6 * IMPERIAL_GALLON / DAY),
            Units::new("LPS", false, 0.001),
            Units::new("LPM", false, 0.001 / 60.0),
            Units::new("CMH", false, 1.0 / 3600.0),
            Units::new("CMD", false, 1.0 / DAY),
            Units::new("CMS", false, 1.0),
            Units::new("MLD", false, 1000.0 / DAY),
            Units::new("SI", false, 0.001),
        ];
        ALL.into_iter().find(|units| input::begins(word, units.name))
    }

    /// Metres of one unit of length, height or a tank's diameter.
    pub(super) fn length(&self) -> f64 {
        if self.is_us { FOOT } else { 1.0 }
    }

    /// Metres of one unit of a pipe's diameter.
    pub(super) fn diameter(&self) -> f64 {
        if self.is_us { INCH } else { 0.001 }
    }

    /// Cubic metres of one unit of volume.
    pub(super) fn volume(&self) -> f64 {
        if self.is_us { CUBIC_FOOT } else { 1.0 }
    }

    /// Tells what was converted.
    pub(super) fn note(&self) -> String {
        if self.is_us {
            format!(
                "the units are {}: feet, inches and flows were converted to metres, millimetres and litres per second",
                self.name
            )
        } else {
            format!("the units are {}: flows were converted to litres per second", self.name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_found_in_any_case_and_convert() {
        let of = |word: &str| Units::find(word).unwrap();
        assert!((of("gpm").flow - 0.063_090_2).abs() < 1e-6);
        assert!((of("MGD").flow - 43.812_636).abs() < 1e-5);
        assert!((of("IMGD").flow - 52.616_782).abs() < 1e-5);
        assert!((of("AFD").flow - 14.276_410).abs() < 1e-5);
        assert!((of("cmh").flow - 0.277_777_8).abs() < 1e-6);
        assert_eq!((of("LPS").length(), of("CFS").length()), (1.0, 0.3048));
        assert_eq!((of("MLD").diameter(), of("GPM").diameter()), (0.001, 0.0254));
        assert_eq!(Units::find("FOO"), None);
    }
}
