//! Cross sections: the shapes of SWMM's reference manual, volume II, table 5-1, and profiles that the file defines.

use rustc_hash::FxHashMap;

use super::units::Units;
use super::{Read, at_least, key};
use crate::draft::Section;
use crate::input::{self, Line, short};

/// Profiles that sections name, in metres.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    transects: FxHashMap<String, Extent>,
    /// Greatest width of shapes of height one.
    shapes: FxHashMap<String, f64>,
    streets: FxHashMap<String, [f64; 2]>,
    /// The transect whose lines are read.
    current: Option<String>,
    /// The kind of the last curve whose first line was read, and its id.
    last_curve: Option<(String, bool)>,
}

/// What a transect spans.
#[derive(Debug, Clone, Copy)]
struct Extent {
    low: [f64; 2],
    high: [f64; 2],
    /// By how much stations are multiplied.
    stretch: f64,
}

impl Profiles {
    /// Returns how many there are.
    pub(super) fn len(&self) -> usize {
        self.transects.len() + self.shapes.len() + self.streets.len()
    }

    /// Reads a line of a transect: `NC` roughness, `X1` id and factors, `GR` heights and stations.
    pub(super) fn transect(&mut self, line: &Line<'_>, units: &Units) -> Read {
        let kind = line.word(0).unwrap_or_default();
        if kind.eq_ignore_ascii_case("X1") {
            at_least(line, 10)?;
            let id = key(line.word(1).unwrap_or_default());
            let stretch = line.optional(8)?.filter(|stretch| *stretch > 0.0).unwrap_or(1.0);
            let (low, high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
            self.transects.insert(id.clone(), Extent { low, high, stretch });
            self.current = Some(id);
        } else if kind.eq_ignore_ascii_case("GR") {
            let extent = self.current.as_ref().and_then(|id| self.transects.get_mut(id));
            let Some(extent) = extent else { return Err("no transect begins above it".into()) };
            let mut at = 1;
            while line.word(at).is_some() {
                let point = [line.number(at + 1)?, line.number(at)?].map(|v| units.metres(v));
                for axis in 0..2 {
                    let ends = (extent.low.get_mut(axis), extent.high.get_mut(axis));
                    if let ((Some(low), Some(high)), Some(value)) = (ends, point.get(axis)) {
                        *low = low.min(*value);
                        *high = high.max(*value);
                    }
                }
                at += 2;
            }
        } else if !kind.eq_ignore_ascii_case("NC") {
            return Err(format!("'{}' is none of NC, X1 and GR", short(kind)));
        }
        Ok(())
    }

    /// Reads a line of a curve, of which only shapes matter: id, kind on the first line, then pairs of numbers.
    pub(super) fn curve(&mut self, line: &Line<'_>) -> Read {
        let id = key(line.word(0).unwrap_or_default());
        let has_kind = line.word(1).is_some_and(|word| input::number(word).is_none());
        if has_kind {
            let is_shape = line.word(1).is_some_and(|word| input::begins(word, "SHAPE"));
            self.last_curve = Some((id.clone(), is_shape));
        }
        let is_shape = self.last_curve.as_ref().is_some_and(|(last, shape)| *last == id && *shape);
        if !is_shape {
            return Ok(());
        }
        let widest = self.shapes.entry(id).or_insert(0.0);
        let mut at = if has_kind { 2 } else { 1 };
        while line.word(at).is_some() {
            *widest = widest.max(line.number(at + 1)?);
            at += 2;
        }
        Ok(())
    }

    /// Reads a street: id, width to the crown, height of the curb, cross slope, roughness, depth and width of the gutter,
    /// sides, width, slope and roughness of the bank.
    pub(super) fn street(&mut self, line: &Line<'_>, units: &Units) -> Read {
        at_least(line, 5)?;
        let sides = line.optional(7)?.filter(|sides| *sides > 0.0).unwrap_or(2.0);
        let bank = line.optional(8)?.unwrap_or(0.0);
        let rise = bank * line.optional(9)?.unwrap_or(0.0) / 100.0;
        let width = (line.number(1)? + bank) * sides;
        let size = [width, line.number(2)? + rise].map(|length| units.metres(length));
        self.streets.insert(key(line.word(0).unwrap_or_default()), size);
        Ok(())
    }

    /// Reads the shape and sizes of a cross section. Its text is as delivered.
    pub(super) fn section(
        &self,
        line: &Line<'_>,
        units: &Units,
    ) -> Result<(Option<Section>, String), String> {
        let word = line.word(1).unwrap_or_default();
        let shape = word.to_ascii_uppercase();
        let name = line.word(2).unwrap_or_default();
        let named = |what: &str| format!("the {what} '{}' is not defined", short(name));
        let text = format!("{shape} {name}");
        match shape.as_str() {
            "DUMMY" => return Ok((None, shape)),
            "IRREGULAR" => {
                let extent = self.transects.get(&key(name)).ok_or_else(|| named("transect"))?;
                return Ok((extent.section(), text));
            }
            "STREET" => {
                let size = self.streets.get(&key(name)).ok_or_else(|| named("street"))?;
                return Ok((open(*size), text));
            }
            "CUSTOM" => {
                at_least(line, 4)?;
                let height = units.metres(line.number(2)?);
                let curve = line.word(3).unwrap_or_default();
                let width = self
                    .shapes
                    .get(&key(curve))
                    .ok_or_else(|| format!("the curve '{}' is not defined", short(curve)))?;
                return Ok((sized("custom", width * height, height), format!("{text} {curve}")));
            }
            _ => {}
        }
        at_least(line, 6)?;
        let mut sizes = [0.0; 4];
        for (at, size) in (2..).zip(&mut sizes) {
            *size = line.number(at)?;
            // Only the first one has to be there.
            if *size < 0.0 || at == 2 && *size == 0.0 {
                let word = line.word(at).unwrap_or_default();
                return Err(format!("the size '{}' is not more than 0", short(word)));
            }
        }
        let section = shaped(&shape, sizes, units)?;
        let given = sizes.iter().rposition(|size| *size > 0.0).map_or(1, |last| last + 1);
        let words: Vec<&str> = (1..2 + given).filter_map(|at| line.word(at)).collect();
        Ok((section, words.join(" ")))
    }
}

impl Extent {
    fn section(&self) -> Option<Section> {
        let [width, height] = [self.high[0] - self.low[0], self.high[1] - self.low[1]];
        open([width * self.stretch, height])
    }
}

fn open([width, height]: [f64; 2]) -> Option<Section> {
    sized("open", width, height)
}

/// Makes a section of a box, if it has one.
fn sized(shape: &'static str, width: f64, height: f64) -> Option<Section> {
    let has_size = width.is_finite() && height.is_finite() && width > 0.0 && height > 0.0;
    has_size.then_some(Section::Box { shape, width, height })
}

/// Returns the section of one of SWMM's shapes: `None` where sizes are given by a code of a catalogue.
fn shaped(shape: &str, sizes: [f64; 4], units: &Units) -> Result<Option<Section>, String> {
    // Only the first two are always lengths.
    let [height, width] = [sizes[0], sizes[1]].map(|length| units.metres(length));
    // Widths of closed shapes that follow from the height, as SWMM takes them.
    let by_height = |shape, part: f64| sized(shape, height * part, height);
    Ok(match shape {
        "CIRCULAR" | "FORCE_MAIN" | "FILLED_CIRCULAR" => {
            (height > 0.0).then_some(Section::Round { diameter: height })
        }
        "RECT_CLOSED" => sized("rectangle", width, height),
        "RECT_TRIANGULAR" => sized("rectangle_triangle", width, height),
        "RECT_ROUND" => sized("rectangle_round", width, height),
        "MODBASKETHANDLE" => sized("arch", width, height),
        "RECT_OPEN" => open([width, height]),
        "TRAPEZOIDAL" => sized("trapezoid", width + height * (sizes[2] + sizes[3]), height),
        "TRIANGULAR" => sized("triangle", width, height),
        "PARABOLIC" | "POWER" => open([width, height]),
        "HORIZ_ELLIPSE" | "VERT_ELLIPSE" => sized("ellipse", width, height),
        "ARCH" => sized("arch", width, height),
        "EGG" => by_height("egg", 2.0 / 3.0),
        "HORSESHOE" => by_height("horseshoe", 1.0),
        "GOTHIC" => by_height("gothic", 0.84),
        "CATENARY" => by_height("catenary", 0.9),
        "SEMIELLIPTICAL" => by_height("semi_ellipse", 1.0),
        "BASKETHANDLE" => by_height("basket_handle", 0.944),
        "SEMICIRCULAR" => by_height("semicircle", 1.64),
        _ => return Err(format!("'{}' is none of SWMM's shapes", short(shape))),
    })
}
