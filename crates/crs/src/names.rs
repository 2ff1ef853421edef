//! The many ways in which files and people name a coordinate system.

/// What a text asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// The offset system of Chinese web maps.
    Gcj02,
    /// Baidu's offset system.
    Bd09,
    /// An authority and its code, as `EPSG:4548`.
    Code(String),
    /// WKT, PROJJSON or a PROJ string, for PROJ to read.
    Definition(String),
    /// A name to look up.
    Name(String),
}

/// Sorts a text. Nothing is looked up here.
///
/// # Errors
/// The reason, when the text can be none of them or is not safe to hand to PROJ.
pub(crate) fn sort(text: &str) -> Result<Request, String> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
    if text.is_empty() {
        return Err("it is empty".into());
    }
    if text.starts_with('{') {
        return json(text);
    }
    if text.contains('+') && text.contains('=') {
        return proj_string(text);
    }
    if text.contains('[') && !text.starts_with('[') {
        return Ok(Request::Definition(text.to_owned()));
    }
    let text = text.trim_start_matches('[').trim_end_matches(']');
    if let Some(code) = code(text) {
        return Ok(Request::Code(code));
    }
    if let Some(request) = alias(text) {
        return Ok(request);
    }
    Ok(Request::Name(text.to_owned()))
}

/// Reads `4548`, `EPSG:4548`, `urn:ogc:def:crs:EPSG:6.9:4548`, `http://www.opengis.net/def/crs/EPSG/0/4548`,
/// `http://www.opengis.net/gml/srs/epsg.xml#4548` and `CRS84`.
fn code(text: &str) -> Option<String> {
    let is_code = |code: &str| {
        !code.is_empty() && code.len() <= 7 && code.bytes().all(|c| c.is_ascii_digit())
    };
    if is_code(text) {
        return Some(epsg(text));
    }
    let lower = text.to_ascii_lowercase();
    if let Some(code) =
        lower.strip_prefix("http://www.opengis.net/gml/srs/epsg.xml#").filter(|code| is_code(code))
    {
        return Some(epsg(code));
    }
    let rest = lower
        .strip_prefix("urn:ogc:def:crs:")
        .or_else(|| lower.strip_prefix("urn:x-ogc:def:crs:"))
        .or_else(|| lower.strip_prefix("http://www.opengis.net/def/crs/"))
        .or_else(|| lower.strip_prefix("https://www.opengis.net/def/crs/"));
    let mut parts = rest.unwrap_or(&lower).split([':', '/']).map(str::trim);
    let (authority, last) = match (parts.next(), parts.next_back()) {
        (Some(only), None) => ("", only),
        (Some(authority), Some(code)) => (authority, code),
        (None, _) => return None,
    };
    // At most the version stands between the authority and its code.
    if parts.count() > 1 {
        return None;
    }
    match (authority, last) {
        ("" | "ogc", "crs84") => Some("OGC:CRS84".into()),
        ("ogc", "crs84h") => Some("OGC:CRS84h".into()),
        ("epsg", code) if is_code(code) => Some(epsg(code)),
        ("esri", code) if is_code(code) => Some(format!("ESRI:{code}")),
        // Compound systems are written as EPSG:4490+5737.
        ("epsg", codes) if codes.split('+').count() == 2 && codes.split('+').all(is_code) => {
            Some(format!("EPSG:{codes}"))
        }
        _ => None,
    }
}

fn epsg(code: &str) -> String {
    match code.trim_start_matches('0') {
        // What web maps called their projection before it had a code.
        "900913" | "3785" => "EPSG:3857".into(),
        code => format!("EPSG:{code}"),
    }
}

/// Reads names that are common in China, and ESRI's names of CGCS2000 zones.
fn alias(text: &str) -> Option<Request> {
    let plain: String = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    let code = match plain.as_str() {
        "gcj02" | "火星坐标系" | "火星坐标" | "国测局坐标" => {
            return Some(Request::Gcj02);
        }
        "bd09" | "bd09ll" | "百度坐标系" | "百度坐标" => return Some(Request::Bd09),
        "cgcs2000"
        | "gcscgcs2000"
        | "gcschinageodeticcoordinatesystem2000"
        | "chinageodeticcoordinatesystem2000"
        | "2000国家大地坐标系"
        | "国家2000"
        | "国家2000坐标系"
        | "国家2000大地坐标系"
        | "大地2000" => 4490,
        "wgs84" | "wgs1984" | "gcswgs1984" | "lonlat" | "latlon" => 4326,
        "webmercator"
        | "wgs84webmercator"
        | "wgs1984webmercatorauxiliarysphere"
        | "sphericalmercator" => 3857,
        "beijing54"
        | "beijing1954"
        | "gcsbeijing1954"
        | "北京54"
        | "北京1954"
        | "1954北京坐标系"
        | "北京54坐标系" => 4214,
        "xian80"
        | "xian1980"
        | "gcsxian1980"
        | "西安80"
        | "西安1980"
        | "1980西安坐标系"
        | "西安80坐标系" => 4610,
        _ => cgcs2000_zone(&plain)?,
    };
    Some(Request::Code(format!("EPSG:{code}")))
}

/// Reads `cgcs20003degreegausskrugercm117e`, `cgcs20003degreegkzone39`, `cgcs20003度带39带`,
/// `cgcs2000gausskrugercm117e` and the like into an EPSG code.
fn cgcs2000_zone(plain: &str) -> Option<u32> {
    let rest = plain.strip_prefix("cgcs2000")?;
    let three_degrees = rest.strip_prefix("3degree").or_else(|| rest.strip_prefix("3度带"));
    let six_degrees =
        || rest.strip_prefix("6degree").or_else(|| rest.strip_prefix("6度带")).unwrap_or(rest);
    let (width, rest) = three_degrees.map_or_else(|| (6, six_degrees()), |rest| (3, rest));
    let rest = rest.strip_prefix("gausskruger").or_else(|| rest.strip_prefix("gk")).unwrap_or(rest);
    let number = |digits: &str| digits.parse::<u32>().ok();
    if let Some(meridian) = rest.strip_prefix("cm").unwrap_or(rest).strip_suffix('e') {
        let steps =
            number(meridian)?.checked_sub(75).filter(|degrees| degrees % width == 0)? / width;
        return match width {
            3 if steps <= 20 => Some(4534 + steps),
            6 if steps <= 10 => Some(4502 + steps),
            _ => None,
        };
    }
    let zone = number(rest.strip_prefix("zone").unwrap_or_else(|| rest.trim_end_matches('带')))?;
    match (width, zone) {
        (3, 25..=45) => Some(4513 + zone - 25),
        (6, 13..=23) => Some(4491 + zone - 13),
        _ => None,
    }
}

/// Reads PROJJSON, or the `crs` member of an old GeoJSON file.
fn json(text: &str) -> Result<Request, String> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    match value.pointer("/properties/name").and_then(serde_json::Value::as_str) {
        Some(name) if !name.starts_with('{') => sort(name),
        _ => Ok(Request::Definition(text.to_owned())),
    }
}

/// Reads a PROJ string, and makes sure that it names no files.
fn proj_string(text: &str) -> Result<Request, String> {
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        let word = word.trim_start_matches('+');
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        match key.to_ascii_lowercase().as_str() {
            "init" => {
                let code = value.to_ascii_lowercase();
                return match code.strip_prefix("epsg:") {
                    Some(code) => Ok(Request::Code(epsg(code))),
                    None => Err(format!("+init={value} names a file, which is not read")),
                };
            }
            "nadgrids" | "geoidgrids" | "grids" if value.contains(['/', '\\']) => {
                return Err(format!("+{key} names a file, which is not read"));
            }
            "proj" if value.eq_ignore_ascii_case("pipeline") => {
                return Err("it is a pipeline of operations, not a coordinate system".into());
            }
            "type" => continue,
            _ => {}
        }
        words.push(format!("+{word}"));
    }
    words.push("+type=crs".into());
    Ok(Request::Definition(words.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_in_every_spelling() {
        for text in [
            "4548",
            "EPSG:4548",
            " epsg:4548\r\n",
            "EPSG::4548",
            "[EPSG:4548]",
            "urn:ogc:def:crs:EPSG::4548",
            "urn:ogc:def:crs:EPSG:6.9:4548",
            "urn:x-ogc:def:crs:EPSG:4548",
            "http://www.opengis.net/def/crs/EPSG/0/4548",
            "http://www.opengis.net/gml/srs/epsg.xml#4548",
            "+init=epsg:4548",
            r#"{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4548"}}"#,
            "CGCS2000 / 3-degree Gauss-Kruger CM 117E",
            "CGCS2000_3_Degree_GK_CM_117E",
            "CGCS2000 3度带 117E",
        ] {
            assert_eq!(sort(text), Ok(Request::Code("EPSG:4548".into())), "{text}");
        }
        for text in [
            "CRS84",
            "OGC:CRS84",
            "urn:ogc:def:crs:OGC:1.3:CRS84",
            "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        ] {
            assert_eq!(sort(text), Ok(Request::Code("OGC:CRS84".into())), "{text}");
        }
        assert_eq!(sort("EPSG:4490+5737"), Ok(Request::Code("EPSG:4490+5737".into())));
    }

    #[test]
    fn chinese_and_esri_names_are_known() {
        for (text, code) in [
            ("CGCS2000", 4490),
            ("国家2000", 4490),
            ("西安80", 4610),
            ("北京54", 4214),
            ("CGCS2000_3_Degree_GK_Zone_39", 4527),
            ("CGCS2000 / 3-degree Gauss-Kruger zone 25", 4513),
            ("CGCS2000_3度带_39带", 4527),
            ("CGCS2000 / 3-degree Gauss-Kruger CM 75E", 4534),
            ("CGCS2000 / 3-degree Gauss-Kruger CM 135E", 4554),
            ("CGCS2000 / Gauss-Kruger CM 117E", 4509),
            ("CGCS2000_GK_Zone_20", 4498),
            ("WGS 84", 4326),
            ("EPSG:900913", 3857),
        ] {
            assert_eq!(sort(text), Ok(Request::Code(format!("EPSG:{code}"))), "{text}");
        }
        assert_eq!(sort("GCJ-02"), Ok(Request::Gcj02));
        assert_eq!(sort("bd09"), Ok(Request::Bd09));
        assert!(matches!(sort("CGCS2000 / 3-degree Gauss-Kruger CM 118E"), Ok(Request::Name(_))));
    }

    #[test]
    fn proj_strings_become_coordinate_systems_and_name_no_files() {
        assert_eq!(
            sort("+proj=tmerc  +lon_0=118 +ellps=GRS80 +no_defs"),
            Ok(Request::Definition(
                "+proj=tmerc +lon_0=118 +ellps=GRS80 +no_defs +type=crs".into()
            ))
        );
        assert!(sort("+proj=longlat +nadgrids=/etc/passwd").is_err());
        assert!(sort("+init=/etc/passwd:1").is_err());
        assert!(sort("  ").is_err());
    }
}
