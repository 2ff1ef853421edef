//! The `crs` member of GeoJSON 2008 (clause 3), which later editions dropped and files still have.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use onemap_source::Input;

use crate::json::{Lexer, Result};
use crate::{Error, Source, limits};

/// CRS that RFC 7946 prescribes.
pub(crate) const DEFAULT: &str = "OGC:CRS84";

/// What a `crs` member says: a name to look up, or that none can be assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Crs {
    /// A code, URN or link.
    Named(String),
    /// `null`, or a form that names nothing.
    Unknown,
}

/// Reads the value of the member; `None` when it names nothing.
pub(crate) fn read_name<R: Read>(lexer: &mut Lexer<R>) -> Result<Option<String>> {
    Ok(match read(lexer)? {
        Crs::Named(name) => Some(name),
        Crs::Unknown => None,
    })
}

/// Reads the value of the member.
pub(super) fn read<R: Read>(lexer: &mut Lexer<R>) -> Result<Crs> {
    let json = match lexer.value()? {
        onemap_model::Value::Json(json) => json,
        onemap_model::Value::Text(name) => return Ok(Crs::Named(name)),
        _ => return Ok(Crs::Unknown),
    };
    Ok(parse(&json).unwrap_or(Crs::Unknown))
}

fn parse(json: &str) -> Option<Crs> {
    let value: serde_json::Value = serde_json::from_str(json).ok()?;
    let properties = value.get("properties")?;
    for key in ["name", "href", "url"] {
        if let Some(name) = properties.get(key).and_then(|name| name.as_str()) {
            return Some(Crs::Named(name.to_owned()));
        }
    }
    let code = properties.get("code")?;
    let code = code.as_u64().map(|n| n.to_string()).or_else(|| code.as_str().map(str::to_owned))?;
    let authority = value.get("type").and_then(|kind| kind.as_str()).unwrap_or("EPSG");
    Some(Crs::Named(format!("{}:{code}", authority.to_ascii_uppercase())))
}

/// Looks for a `crs` member behind the features: in the last bytes of the file.
///
/// A layer's CRS must be known before its first record. Something that looks like the member but belongs
/// to a feature is found out when the member itself is met, or not met.
pub(super) fn read_behind_features(source: &Source) -> std::result::Result<Option<Crs>, Error> {
    let tail = tail(source)?;
    let text = String::from_utf8_lossy(&tail);
    for (at, _) in text.rmatch_indices("\"crs\"") {
        let Some(after) = text.get(at + 5..).map(str::trim_start) else { continue };
        let Some(value) = after.strip_prefix(':').map(str::trim_start) else { continue };
        // An attribute of this name holds a text, the member an object.
        if !value.starts_with('{') {
            continue;
        }
        let mut lexer = Lexer::new(value.as_bytes());
        let Ok(crs @ Crs::Named(_)) = read(&mut lexer) else { continue };
        return Ok(Some(crs));
    }
    Ok(None)
}

/// Returns the last bytes of the unpacked file. A part that can not be unpacked is for the reader to tell.
fn tail(source: &Source) -> std::result::Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    if !source.gzipped {
        let mut file = File::open(&source.path).map_err(|error| Error::io(source, error))?;
        let length = file.metadata().map_err(|error| Error::io(source, error))?.len();
        let start = length.saturating_sub(limits::HEAD_BYTES as u64);
        file.seek(SeekFrom::Start(start)).map_err(|error| Error::io(source, error))?;
        file.read_to_end(&mut bytes).map_err(|error| Error::io(source, error))?;
        return Ok(bytes);
    }
    let mut last: VecDeque<Vec<u8>> = VecDeque::new();
    let mut input = Input::open(source)?;
    loop {
        let mut block = Vec::with_capacity(limits::HEAD_BYTES);
        let read = (&mut input).take(limits::HEAD_BYTES as u64).read_to_end(&mut block);
        let ended = read.is_err() || block.is_empty();
        last.push_back(block);
        if last.len() > 3 {
            last.pop_front();
        }
        if ended {
            return Ok(last.into_iter().flatten().collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_member_is_understood() {
        for (json, expected) in [
            (
                r#"{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4490"}}"#,
                Some("urn:ogc:def:crs:EPSG::4490"),
            ),
            (r#"{"type":"EPSG","properties":{"code":4326}}"#, Some("EPSG:4326")),
            (r#"{"type":"link","properties":{"href":"http://x/y"}}"#, Some("http://x/y")),
            (r#""EPSG:3857""#, Some("EPSG:3857")),
            ("null", None),
            ("{}", None),
        ] {
            let expected = expected.map_or(Crs::Unknown, |name| Crs::Named(name.into()));
            assert_eq!(read(&mut Lexer::new(json.as_bytes())).unwrap(), expected, "{json}");
        }
    }
}
