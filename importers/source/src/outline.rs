//! The keys of a JSON file's outermost object, as far as its first bytes show them.

/// What the first bytes of a JSON file show of its outermost value.
#[derive(Debug, Default)]
pub struct Outline {
    /// The keys of the outermost object.
    pub keys: Vec<String>,
    /// The text that stands under its key `type`.
    pub kind: Option<String>,
    /// Whether the first value ends within the bytes.
    pub is_closed: bool,
    /// The first byte after it that is no white space.
    pub then: Option<u8>,
}

impl Outline {
    /// Looks through bytes that begin with `{` or `[`. They may break off anywhere.
    pub fn of(text: &[u8]) -> Self {
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
                        outline.is_closed = true;
                        outline.then = next_byte(text, at);
                        break;
                    }
                }
                b'"' => {
                    let start = at;
                    while text.get(at).is_some_and(|&b| b != b'"') {
                        at += if text.get(at) == Some(&b'\\') { 2 } else { 1 };
                    }
                    if at >= text.len() {
                        break;
                    }
                    let string = text.get(start..at).unwrap_or_default();
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

    /// Tells whether the outermost object has this key.
    pub fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known == key)
    }

    /// Tells whether another object follows the first value: the file is a sequence.
    pub fn is_sequence(&self) -> bool {
        self.then == Some(b'{')
    }
}

/// Returns the first byte from one on that is neither white space nor the separator of JSON text sequences (RFC 7464).
fn next_byte(text: &[u8], from: usize) -> Option<u8> {
    let rest = text.get(from..)?;
    rest.iter().copied().find(|b| !b.is_ascii_whitespace() && *b != 0x1e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_the_outermost_object_count() {
        let outline =
            Outline::of(br#"{"a\"b": {"inner": 1}, "type": "X", "c": ["d"], "type": "Y"} "#);
        assert_eq!(outline.keys, ["a\\\"b", "type", "c", "type"]);
        assert_eq!(outline.kind.as_deref(), Some("X"));
        assert!(outline.has("c") && !outline.has("inner") && !outline.has("d"));
        assert!(outline.is_closed && !outline.is_sequence());
    }

    #[test]
    fn objects_one_after_the_other_are_a_sequence() {
        assert!(Outline::of(b"{}\n\x1e{}").is_sequence());
        assert!(!Outline::of(b"{},[]").is_sequence());
    }

    #[test]
    fn what_breaks_off_is_not_closed() {
        for text in [&b"{"[..], b"{\"ty", b"{\"type\":\"Feat", b"{\"type\\", b"{\"a\":[}"] {
            let outline = Outline::of(text);
            assert!(!outline.is_closed && outline.kind.is_none(), "{}", text.escape_ascii());
        }
    }
}
