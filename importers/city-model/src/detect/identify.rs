//! Tells by its first bytes what a file is.

use std::borrow::Cow;

use encoding_rs::Encoding;

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

/// What the first bytes of a JSON file show of its outermost object.
#[derive(Debug, Default)]
struct Outline {
    keys: Vec<String>,
    kind: Option<String>,
    /// Another object follows the first one.
    is_sequence: bool,
}

fn json(text: &[u8], extension: &str) -> Option<Format> {
    let outline = Outline::of(text);
    let has = |key: &str| outline.keys.iter().any(|k| k == key);
    let is_city = match outline.kind.as_deref() {
        Some("CityJSONFeature") => return Some(Format::CityJsonSeq),
        Some(kind) => kind == "CityJSON",
        None => has("CityObjects"),
    };
    if is_city {
        let named = matches!(extension, "jsonl" | "ndjson" | "jsonseq");
        let format =
            if outline.is_sequence || named { Format::CityJsonSeq } else { Format::CityJson };
        return Some(format);
    }
    let parts = ["meshes", "scenes", "nodes", "buffers", "accessors", "bufferViews", "materials"];
    let is_gltf = has("asset")
        && !has("geometricError")
        && !has("root")
        && parts.iter().any(|part| has(part));
    (is_gltf || extension == "gltf").then_some(Format::Gltf)
}

impl Outline {
    fn of(text: &[u8]) -> Self {
        let mut outline = Self::default();
        let mut depth = 0_usize;
        let mut at = 0;
        // The key whose value comes next, at the first level.
        let mut key: Option<String> = None;
        while let Some(&byte) = text.get(at) {
            at += 1;
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        outline.is_sequence = next_byte(text, at) == Some(b'{');
                        break;
                    }
                }
                b'"' => {
                    let start = at;
                    while text.get(at).is_some_and(|&b| b != b'"') {
                        at += if text.get(at) == Some(&b'\\') { 2 } else { 1 };
                    }
                    let string = text.get(start..at.min(text.len())).unwrap_or_default();
                    at += 1;
                    if depth != 1 {
                        continue;
                    }
                    let string = String::from_utf8_lossy(string).into_owned();
                    if next_byte(text, at) == Some(b':') {
                        outline.keys.push(string.clone());
                        key = Some(string);
                    } else if key.take().as_deref() == Some("type") {
                        outline.kind.get_or_insert(string);
                    }
                }
                b',' if depth == 1 => key = None,
                _ => {}
            }
        }
        outline
    }
}

fn next_byte(text: &[u8], from: usize) -> Option<u8> {
    let rest = text.get(from..)?;
    rest.iter().copied().find(|b| !b.is_ascii_whitespace() && *b != 0x1e)
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
