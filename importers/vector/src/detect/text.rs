//! Tells text formats apart: JSON, XML by its root element, DXF, WKT, tables.

use std::borrow::Cow;

use encoding_rs::Encoding;

use super::identify::Found;
use super::json;
use crate::{Format, csv};

/// Finds out what a text is; `None` when it is no text or says nothing.
pub(super) fn identify(head: &[u8], is_whole: bool, extension: &str) -> Option<Found> {
    let decoded = decode(head);
    let text = decoded.trim_start_matches(['\u{feff}', '\u{1e}']).trim_start();
    if text.is_empty() {
        return Some(Found::other("it holds only white space", "get the file again"));
    }
    match text.as_bytes().first() {
        Some(b'{' | b'[')
            if Encoding::for_bom(head).is_some_and(|(e, _)| e != encoding_rs::UTF_8) =>
        {
            return Some(Found::other("it is JSON in UTF-16", "save it as UTF-8"));
        }
        Some(b'{') if head.trim_ascii_start().first() == Some(&0x1e) => {
            return Some(Found::Source(Format::GeoJsonSeq));
        }
        Some(b'{' | b'[') => return Some(json::identify(text.as_bytes(), is_whole, extension)),
        Some(b'<') => return Some(xml(text, is_whole, extension)),
        _ => {}
    }
    if is_dxf(text) {
        return Some(Found::Source(Format::Dxf));
    }
    if !is_text(head) {
        return None;
    }
    if text.starts_with("GEOGCS[") || text.starts_with("PROJCS[") || text.starts_with("GEOGCRS[") {
        return Some(Found::SideFile("Shapefile"));
    }
    let named_table = matches!(extension, "csv" | "tsv" | "tab" | "psv");
    if named_table || csv::looks_like_table(text, is_whole) {
        return Some(Found::Source(Format::Csv));
    }
    if matches!(extension, "dxf" | "kml" | "gpx" | "osm" | "xml" | "geojson" | "json" | "topojson")
    {
        return None;
    }
    Some(Found::other(
        "it is text, but neither a table nor a map format",
        "a table needs a header line and the same separator in every line",
    ))
}

/// Decodes as far as is needed to see ASCII keywords.
fn decode(head: &[u8]) -> Cow<'_, str> {
    match Encoding::for_bom(head) {
        Some((encoding, _)) => encoding.decode_with_bom_removal(head).0,
        None => String::from_utf8_lossy(head),
    }
}

/// Tells whether bytes are text in any encoding: no control characters but white space.
fn is_text(head: &[u8]) -> bool {
    if Encoding::for_bom(head).is_some() {
        return true;
    }
    !head.iter().any(|b| *b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1a | 0x1e))
}

/// Group code 0 with `SECTION` comes first, after comments (999) at most.
fn is_dxf(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    for _ in 0..64 {
        match (lines.next(), lines.next()) {
            (Some("999"), Some(_)) => {}
            (Some("0"), Some("SECTION")) => return true,
            _ => return false,
        }
    }
    false
}

fn xml(text: &str, is_whole: bool, extension: &str) -> Found {
    let Some(root) = root_element(text) else {
        let by_name = match extension {
            "kml" => Some(Format::Kml),
            "gpx" => Some(Format::Gpx),
            "osm" => Some(Format::OsmXml),
            _ => None,
        };
        return match by_name {
            Some(format) => Found::Source(format),
            None if is_whole => {
                Found::other("it begins like XML and breaks off", "get the file again")
            }
            None => Found::other(
                "it is XML without a root element in sight",
                "import KML, GPX or OpenStreetMap XML",
            ),
        };
    };
    let (prefix, local) = root.split_once(':').unwrap_or(("", root));
    let start: &str = text.get(..text.floor_char_boundary(4096)).unwrap_or(text);
    let gml = || {
        let is_city = start.contains("citygml") || local == "CityModel";
        let what = if is_city { "CityGML" } else { "GML" };
        Found::other(
            format!("it is {what}"),
            if is_city {
                "3D city models come with a later version"
            } else {
                "convert it to GeoPackage: ogr2ogr out.gpkg in.gml"
            },
        )
    };
    match local {
        "kml" => Found::Source(Format::Kml),
        "gpx" => Found::Source(Format::Gpx),
        "osm" => Found::Source(Format::OsmXml),
        "osmChange" => Found::other(
            "it is a list of changes to OpenStreetMap",
            "import a whole extract (.osm or .osm.pbf)",
        ),
        "CityModel" => gml(),
        "html" | "HTML" | "head" => html(),
        _ if text.get(..9).is_some_and(|s| s.eq_ignore_ascii_case("<!doctype"))
            && start.to_ascii_lowercase().contains("<html") =>
        {
            html()
        }
        "ExceptionReport" | "ServiceExceptionReport" | "ServiceException" => Found::other(
            "it is an error message of a map service, not data",
            "open it in an editor to see what the service complains of, and ask again",
        ),
        "svg" => Found::other("it is an SVG drawing", "ask for the data that it was made of"),
        "COLLADA" => Found::other("it is a COLLADA model", "3D models come with a later version"),
        "LandXML" => Found::other("it is LandXML", "export its points and lines as DXF or CSV"),
        "qgis"
        | "WMS_Capabilities"
        | "WFS_Capabilities"
        | "Capabilities"
        | "StyledLayerDescriptor"
        | "MD_Metadata"
        | "metadata" => Found::other(
            format!("it is an XML document with the root <{root}>, which holds no features"),
            "import the data itself",
        ),
        _ if prefix == "gml" || prefix == "wfs" || start.contains("opengis.net/gml") => gml(),
        _ => Found::other(
            format!("it is XML with the root <{root}>, which is not read"),
            "import KML, GPX or OpenStreetMap XML, or convert it with ogr2ogr",
        ),
    }
}

fn html() -> Found {
    Found::other(
        "it is a web page, not data: the download link led to a page or a login",
        "download the file again and check it in a browser",
    )
}

/// Returns the name of the first element, after declaration, comments and document type.
fn root_element(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let inside = rest.strip_prefix('<')?;
        let end = if inside.starts_with("!--") {
            rest.find("-->")? + 3
        } else if inside.starts_with('?') {
            rest.find("?>")? + 2
        } else if inside.starts_with('!') {
            doctype_end(rest)?
        } else {
            let end = inside.find(|c: char| c.is_whitespace() || c == '>' || c == '/')?;
            return inside.get(..end).filter(|name| !name.is_empty());
        };
        rest = rest.get(end..)?;
    }
}

/// A document type may hold declarations in brackets.
fn doctype_end(text: &str) -> Option<usize> {
    let close = text.find('>')?;
    match text.find('[') {
        Some(open) if open < close => Some(text.find("]>")? + 2),
        _ => Some(close + 1),
    }
}
