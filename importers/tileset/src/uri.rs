//! Addresses of contents, relative to the file that has them (RFC 3986, clause 5).

/// Where an address leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A path below the tileset's folder.
    File(String),
    /// The content itself (`data:`).
    Inline,
    /// Somewhere else; why.
    Outside(&'static str),
}

/// Resolves an address that a file at `from` (a path below the tileset's folder) has.
pub(crate) fn resolve(from: &str, uri: &str) -> Target {
    let scheme_end = uri.find([':', '/', '?', '#']);
    if scheme_end.is_some_and(|at| uri[at..].starts_with(':')) {
        let inline = uri.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
        let outside = "it is on another machine: load it there, and import it with the rest";
        return if inline { Target::Inline } else { Target::Outside(outside) };
    }
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    if path.starts_with('/') || path.starts_with('\\') {
        return Target::Outside("it begins at the root of a server: make it relative");
    }
    let Some(path) = unescaped(path) else {
        return Target::Outside("its escapes are no text");
    };
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Target::Outside("it leads out of the tileset's folder");
                }
            }
            part if part.contains('\0') => return Target::Outside("it has a zero byte"),
            part => parts.push(part),
        }
    }
    Target::File(parts.join("/"))
}

/// Undoes percent-encoding.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, more)) = rest.split_first() {
        rest = more;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> Target {
        Target::File(path.to_owned())
    }

    #[test]
    fn relative_addresses_stay_below_the_folder() {
        assert_eq!(resolve("tileset.json", "a/b.glb?x=1"), file("a/b.glb"));
        assert_eq!(resolve("a/tileset.json", "../c%20d.b3dm"), file("c d.b3dm"));
        assert_eq!(resolve("a/b/t.json", "./../x/../y.glb"), file("a/y.glb"));
        assert_eq!(resolve("tileset.json", "瓦片/根.glb"), file("瓦片/根.glb"));
    }

    #[test]
    fn others_lead_outside() {
        for uri in [
            "../x.glb",
            "a/../../x.glb",
            "/x.glb",
            "http://h/x.glb",
            "file:///x",
            "%2e%2e/x",
            "..\\x",
            "a%ff",
        ] {
            assert!(matches!(resolve("tileset.json", uri), Target::Outside(_)), "{uri}");
        }
        assert_eq!(resolve("tileset.json", "DATA:model/gltf-binary;base64,AA"), Target::Inline);
    }
}
