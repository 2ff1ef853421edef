//! The GEODATA object: where on earth the drawing is (DXF Reference, "GEODATA").

use std::io::BufRead;

use onemap_bounded::Result;

use super::affine::{Affine, Point};
use super::pairs::Pairs;

/// What the object says.
#[derive(Debug, Default)]
pub(super) struct GeoData {
    version: i64,
    /// 1: a local grid, 2: a projected one, 3: longitude and latitude.
    coordinate_type: i64,
    /// In the drawing.
    design: Point,
    /// The same point in the CRS.
    reference: Point,
    /// Units of the CRS in one unit of the drawing.
    scale: [f64; 2],
    /// Where north is in the drawing.
    north: [f64; 2],
    definition: Vec<u8>,
}

/// What can be made of it.
#[derive(Debug, PartialEq)]
pub(super) enum Georeference {
    /// The drawing's coordinates become those of an EPSG code.
    Known {
        /// The code.
        epsg: u32,
        /// From the drawing to easting, northing, height.
        map: Box<Affine>,
    },
    /// It can not be used, and why.
    Unknown(String),
}

/// The longest definition of a CRS, bytes; real ones have about 10,000.
const MAX_DEFINITION: usize = 1 << 20;

impl GeoData {
    /// Reads the object whose kind was read last.
    pub(super) fn read<R: BufRead>(pairs: &mut Pairs<R>) -> Result<Self> {
        let mut data = Self { scale: [1.0; 2], north: [0.0, 1.0], ..Self::default() };
        // Groups 13 and on are repeated in the list of control points, after group 93.
        let mut in_points = false;
        while let Some(pair) = pairs.next()? {
            let real = pair.value.real();
            match (pair.code, real) {
                (0, _) => {
                    pairs.put_back(pair);
                    break;
                }
                (93, _) => in_points = true,
                (301 | 303, _) if data.definition.len() < MAX_DEFINITION => {
                    data.definition.extend_from_slice(pair.value.text());
                }
                _ if in_points => {}
                (90, Some(n)) => data.version = n as i64,
                (70, Some(n)) => data.coordinate_type = n as i64,
                (10, Some(x)) => data.design[0] = x,
                (20, Some(y)) => data.design[1] = y,
                (30, Some(z)) => data.design[2] = z,
                (11, Some(x)) => data.reference[0] = x,
                (21, Some(y)) => data.reference[1] = y,
                (31, Some(z)) => data.reference[2] = z,
                (40, Some(s)) => data.scale[0] = s,
                (41, Some(s)) => data.scale[1] = s,
                (12, Some(x)) => data.north[0] = x,
                (22, Some(y)) => data.north[1] = y,
                _ => {}
            }
        }
        Ok(data)
    }

    /// Finds out where the drawing is.
    pub(super) fn georeference(&self) -> Georeference {
        if self.version < 2 {
            return Georeference::Unknown(
                "it is written by AutoCAD 2009, in a form of its own".to_owned(),
            );
        }
        if !matches!(self.coordinate_type, 1 | 2) {
            return Georeference::Unknown(
                "it gives no grid, but longitude and latitude or nothing".to_owned(),
            );
        }
        let definition = String::from_utf8_lossy(&self.definition);
        let Some(epsg) = epsg_of(&definition) else {
            let name = between(&definition, "<Name>", "</Name>").unwrap_or("without a name");
            return Georeference::Unknown(format!(
                "its coordinate system '{name}' has no EPSG code"
            ));
        };
        let [horizontal, vertical] = self.scale;
        let usable =
            horizontal.is_finite() && horizontal > 0.0 && vertical.is_finite() && vertical > 0.0;
        if !usable || self.north == [0.0; 2] {
            return Georeference::Unknown("its scale or its north is not usable".to_owned());
        }
        // North in the drawing must become north on the map.
        let turn = 90.0 - libm::atan2(self.north[1], self.north[0]).to_degrees();
        let map = Affine::translation(self.reference)
            .after(&Affine::rotation(turn))
            .after(&Affine::scaling([horizontal, horizontal, vertical]))
            .after(&Affine::translation(self.design.map(|c| -c)));
        Georeference::Known { epsg, map: Box::new(map) }
    }
}

/// Finds the EPSG code of the coordinate system in MapGuide's XML:
/// `<Alias id="3395" type="CoordinateSystem">...<Namespace>EPSG Code</Namespace>`.
fn epsg_of(definition: &str) -> Option<u32> {
    definition.split("<Alias ").skip(1).find_map(|alias| {
        let alias = alias.split("</Alias>").next()?;
        let is_epsg = alias.contains("type=\"CoordinateSystem\"") && alias.contains("EPSG Code");
        if is_epsg { between(alias, "id=\"", "\"")?.parse().ok() } else { None }
    })
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}
