//! The portal's files, as `build.rs` put them into the binary.
//!
//! A pure lookup: what is sent over HTTP, and with which headers, is decided by the caller.

/// A file of the portal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asset {
    /// The content, compressed when `gzip` says so.
    pub(crate) bytes: &'static [u8],
    /// Whether `bytes` is gzip; a client that does not accept it needs them inflated.
    pub(crate) gzip: bool,
    /// The value of `Content-Type`.
    pub(crate) content_type: &'static str,
    /// A strong entity tag, quotes included, of the content before compression.
    pub(crate) etag: &'static str,
    /// Whether the name carries a hash of the content, so that it can be kept for ever.
    pub(crate) immutable: bool,
}

/// The `Content-Security-Policy` for every file of the portal: nothing comes from elsewhere, no
/// inline script or style, and only pages of the same origin may frame it. The decoders of 3D tiles are
/// WebAssembly.
pub(crate) const CSP: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; \
     style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// Sorted by name.
const ASSETS: &[(&str, Asset)] = include!(concat!(env!("OUT_DIR"), "/portal_assets.rs"));

/// Finds a file of the portal by its path below `/`; the empty path is the page itself.
pub(crate) fn asset(path: &str) -> Option<Asset> {
    let path = path.trim_start_matches('/');
    let name = if path.is_empty() { "index.html" } else { path };
    let index = ASSETS.binary_search_by_key(&name, |(name, _)| name).ok()?;
    ASSETS.get(index).map(|(_, asset)| *asset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_always_there_and_is_html() {
        let page = asset("/").unwrap();
        assert_eq!(page.content_type, "text/html; charset=utf-8");
        assert!(!page.immutable, "the page names the current assets and must be asked for again");
        assert_eq!(asset("index.html").unwrap().etag, page.etag);
    }

    #[test]
    fn a_path_that_is_no_asset_finds_nothing() {
        for path in ["../Cargo.toml", "assets", "assets/", "index.html/", "no-such-file.js"] {
            assert!(asset(path).is_none(), "{path}");
        }
    }

    #[test]
    fn the_table_is_sorted_so_that_every_asset_can_be_found() {
        for (name, _) in ASSETS {
            assert!(asset(name).is_some(), "{name}");
        }
    }

    #[test]
    fn gzip_assets_start_with_the_gzip_mark() {
        for (name, asset) in ASSETS {
            assert_eq!(asset.bytes.starts_with(&[0x1f, 0x8b]), asset.gzip, "{name}");
        }
    }
}
