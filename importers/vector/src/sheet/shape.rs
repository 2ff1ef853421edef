//! Geometries that stand in one cell: WKT, GeoJSON, or WKB in hexadecimal digits.

use crate::geojson;
use crate::json::{Fault, Lexer};
use crate::wkb_sink::{self, ReadGeometry};

/// Tells whether a text looks like a geometry.
pub(crate) fn looks_like_shape(text: &str) -> bool {
    let text = text.trim();
    is_wkt(text) || is_hex(text) || (text.starts_with('{') && text.contains("\"type\""))
}

fn is_wkt(text: &str) -> bool {
    let text = match text.split_once(';') {
        Some((srid, rest)) if srid.get(..5).is_some_and(|s| s.eq_ignore_ascii_case("SRID=")) => {
            rest.trim_start()
        }
        _ => text,
    };
    let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (word, rest) = text.split_at_checked(length).unwrap_or_default();
    let rest = rest.trim_start();
    let word = word.to_ascii_uppercase();
    // `Point 5` is an address; a geometry goes on with a bracket, a dimension or EMPTY.
    let goes_on = rest.starts_with('(')
        || rest.split(|c: char| !c.is_ascii_alphabetic()).next().is_some_and(|next| {
            ["Z", "M", "ZM", "EMPTY"].iter().any(|known| next.eq_ignore_ascii_case(known))
        });
    let is_kind = |kind: &str| {
        [kind, kind.trim_end_matches('M'), kind.trim_end_matches('Z'), kind.trim_end_matches("ZM")]
            .iter()
            .any(|kind| {
                matches!(
                    *kind,
                    "POINT"
                        | "LINESTRING"
                        | "LINEARRING"
                        | "POLYGON"
                        | "TRIANGLE"
                        | "MULTIPOINT"
                        | "MULTILINESTRING"
                        | "MULTIPOLYGON"
                        | "GEOMETRYCOLLECTION"
                        | "CIRCULARSTRING"
                        | "COMPOUNDCURVE"
                        | "CURVEPOLYGON"
                        | "MULTICURVE"
                        | "MULTISURFACE"
                        | "POLYHEDRALSURFACE"
                        | "TIN"
                )
            })
    };
    goes_on && is_kind(&word)
}

fn is_hex(text: &str) -> bool {
    text.len() >= 18
        && text.len().is_multiple_of(2)
        && (text.starts_with("00") || text.starts_with("01"))
        && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Reads a geometry; the error says what is wrong with it.
pub(super) fn read(text: &str) -> Result<ReadGeometry, String> {
    let text = text.trim();
    if text.starts_with('{') {
        return from_geojson(text);
    }
    if is_hex(text) {
        return wkb_sink::from_wkb(&bytes_of_hex(text)).map_err(|error| error.to_string());
    }
    wkb_sink::from_wkt(text).map_err(|error| error.to_string())
}

fn from_geojson(text: &str) -> Result<ReadGeometry, String> {
    let read = geojson::read_geometry(&mut Lexer::new(text.as_bytes()));
    let read = read.map_err(|fault| match *fault {
        Fault::Read(error) => error.to_string(),
        Fault::Syntax { offset, reason, .. } => format!("GeoJSON at byte {offset}: {reason}"),
    })?;
    let (shape, closed) = read.ok_or("the GeoJSON holds no geometry")?;
    let repairs = if closed { vec![wkb_sink::CLOSED_RING] } else { Vec::new() };
    Ok(ReadGeometry { geometry: shape?, srid: None, repairs })
}

fn bytes_of_hex(text: &str) -> Vec<u8> {
    let digit = |b: u8| char::from(b).to_digit(16).unwrap_or(0) as u8;
    text.as_bytes()
        .chunks_exact(2)
        .filter_map(|pair| <[u8; 2]>::try_from(pair).ok())
        .map(|[high, low]| digit(high) << 4 | digit(low))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_spellings_give_the_same_point() {
        let hex = "0101000000000000000000F03F0000000000000040";
        for text in [
            "POINT(1 2)",
            " Point (1 2) ",
            "SRID=4490;POINT(1 2)",
            hex,
            r#"{"type":"Point","coordinates":[1,2]}"#,
        ] {
            assert!(looks_like_shape(text), "{text}");
            assert_eq!(read(text).unwrap().geometry.xy, [[1.0, 2.0]], "{text}");
        }
        for text in [
            "POINT EMPTY",
            "PointZ (1 2 3)",
            "MULTIPOLYGONZM(((0 0 1 1,1 0 1 1,1 1 1 1,0 0 1 1)))",
            "tin z empty",
        ] {
            assert!(looks_like_shape(text), "{text}");
        }
        for text in ["Point 5", "Polygon", "pointless (x)", "003", "010203", "{}", "0101"] {
            assert!(!looks_like_shape(text), "{text}");
        }
        assert!(read("POINT(1)").is_err() && read("{\"type\":\"Point\"}").is_err());
    }
}
