//! Tells by its first bytes what a file is.

use std::borrow::Cow;

use encoding_rs::Encoding;
use onemap_source::Outline;

use crate::Format;

/// Returns the format of a file that begins so; `None` when it is no city model.
pub(super) fn identify(head: &[u8], extension: &str) -> Option<Format> {
    if head.starts_with(b"glTF") {
        return Some(Format::Gltf);
    }
    let text = match Encoding::for_bom(head) {
        Some((encoding, _)) => encoding.decode_with_bom_removal(head).0,
        None => String::from_utf8_lossy(head),
    };
    let text = Cow::from(text.trim_start_matches(['\u{feff}', '\u{1e}']).trim_start());
    match text.as_bytes().first()? {
        b'{' => json(text.as_bytes(), extension),
        b'<' => is_city_gml(&text).then_some(Format::CityGml),
        _ => (extension == "obj" && is_obj(&text)).then_some(Format::Obj),
    }
}

fn json(text: &[u8], extension: &str) -> Option<Format> {
    let outline = Outline::of(text);
    let has = |key: &str| outline.has(key);
    let is_city = match outline.kind.as_deref() {
        Some("CityJSONFeature") => return Some(Format::CityJsonSeq),
        Some(kind) => kind == "CityJSON",
        None => has("CityObjects"),
    };
    if is_city {
        let named = matches!(extension, "jsonl" | "ndjson" | "jsonseq");
        let format =
            if outline.is_sequence() || named { Format::CityJsonSeq } else { Format::CityJson };
        return Some(format);
    }
    let parts = ["meshes", "scenes", "nodes", "buffers", "accessors", "bufferViews", "materials"];
    let is_gltf = has("asset")
        && !has("geometricError")
        && !has("root")
        && parts.iter().any(|part| has(part));
    (is_gltf || extension == "gltf").then_some(Format::Gltf)
}

/// Tells whether the root element is `CityModel`.
fn is_city_gml(text: &str) -> bool {
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(inside) = rest.strip_prefix('<') else { return false };
        let end = if inside.starts_with("!--") {
            rest.find("-->").map(|at| at + 3)
        } else if inside.starts_with('?') {
            rest.find("?>").map(|at| at + 2)
        } else if inside.starts_with('!') {
            match (rest.find('>'), rest.find('[')) {
                (Some(close), Some(open)) if open < close => rest.find("]>").map(|at| at + 2),
                (close, _) => close.map(|at| at + 1),
            }
        } else {
            let end = inside.find(|c: char| c.is_whitespace() || c == '>' || c == '/');
            let name = end.and_then(|end| inside.get(..end)).unwrap_or_default();
            return name.rsplit(':').next() == Some("CityModel");
        };
        let Some(after) = end.and_then(|end| rest.get(end..)) else { return false };
        rest = after;
    }
}

/// Tells whether the first statements are those of OBJ.
fn is_obj(text: &str) -> bool {
    let known = |word: &str| {
        matches!(word, "v" | "vt" | "vn" | "f" | "o" | "g" | "s" | "mtllib" | "usemtl" | "l" | "p")
    };
    let mut words = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| line.split_whitespace().next());
    match words.next() {
        Some(word) => known(word),
        None => text.starts_with('#'),
    }
}
