//! The style fragments of `styles/`, embedded: what the portal draws a layer with.

use serde_json::Value;

include!(concat!(env!("OUT_DIR"), "/styles.rs"));

/// Returns the names of the fragments, sorted.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    STYLES.iter().map(|(name, _)| *name)
}

/// Returns a fragment by name.
pub(crate) fn fragment(name: &str) -> Option<Value> {
    let index = STYLES.binary_search_by(|(candidate, _)| (*candidate).cmp(name)).ok()?;
    serde_json::from_str(STYLES.get(index)?.1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_style_is_json() {
        assert!(names().count() > 0);
        assert!(names().all(|name| fragment(name).is_some()));
        assert_eq!(fragment("no-such-style"), None);
    }
}
