//! Content encodings: what the client takes, and packing for it.

use std::io::{self, Write};

use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use flate2::Compression;
use flate2::write::GzEncoder;

/// How a body is packed (RFC 9110, clause 8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Encoding {
    /// Not at all.
    Identity,
    /// `gzip`.
    Gzip,
    /// `br`.
    Brotli,
    /// `zstd`.
    Zstd,
}

/// Brotli quality: 5 packs tiles as tight as gzip 9 in a third of the time.
const BROTLI_QUALITY: i32 = 5;
/// Brotli window, bits: 256 KiB holds a tile.
const BROTLI_WINDOW: i32 = 18;
/// Zstandard level.
const ZSTD_LEVEL: i32 = 6;
/// Bytes below which packing saves nothing.
const WORTH_PACKING: usize = 200;

impl Encoding {
    /// Encodings in the order of preference where the client has none.
    const PREFERRED: [Self; 4] = [Self::Brotli, Self::Zstd, Self::Gzip, Self::Identity];

    /// Returns the token in `Content-Encoding`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// Picks the best encoding that `Accept-Encoding` allows (RFC 9110, clause 12.5.3).
    pub(crate) fn negotiate(headers: &HeaderMap) -> Self {
        let mut best = (Self::Identity, 0.0);
        for (q, encoding) in Self::qualities(headers).into_iter().zip(Self::PREFERRED) {
            if q > best.1 {
                best = (encoding, q);
            }
        }
        best.0
    }

    /// Tells whether the client takes gzip at all.
    pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
        let mut qualities = Self::qualities(headers).into_iter().zip(Self::PREFERRED);
        qualities.any(|(q, encoding)| encoding == Self::Gzip && q > 0.0)
    }

    /// Returns how much the client wants each encoding, in the order of `PREFERRED`; 0 is not at all.
    fn qualities(headers: &HeaderMap) -> [f32; 4] {
        let mut said = [None; 4];
        let mut any = None;
        for value in headers.get_all(header::ACCEPT_ENCODING) {
            for item in value.to_str().unwrap_or_default().split(',') {
                let mut parts = item.split(';').map(str::trim);
                let token = parts.next().unwrap_or_default().to_ascii_lowercase();
                let q = parts
                    .find_map(|part| part.strip_prefix("q="))
                    .map_or(1.0, |q| q.trim().parse::<f32>().unwrap_or(0.0));
                if token == "*" {
                    any = Some(q);
                }
                for (slot, encoding) in said.iter_mut().zip(Self::PREFERRED) {
                    if token == encoding.name() {
                        *slot = Some(q);
                    }
                }
            }
        }
        // Identity is always possible unless refused, but the last choice.
        let unsaid = [any, any, any, Some(any.unwrap_or(f32::MIN_POSITIVE))];
        let mut qualities = [0.0; 4];
        for ((quality, said), unsaid) in qualities.iter_mut().zip(said).zip(unsaid) {
            *quality = said.or(unsaid).unwrap_or(0.0);
        }
        qualities
    }

    /// Packs a body.
    pub(crate) fn pack(self, body: &Bytes) -> io::Result<Bytes> {
        let mut packed = Vec::with_capacity(body.len() / 2);
        match self {
            Self::Identity => return Ok(body.clone()),
            Self::Gzip => {
                let mut encoder = GzEncoder::new(packed, Compression::default());
                encoder.write_all(body)?;
                packed = encoder.finish()?;
            }
            Self::Brotli => {
                let params = brotli::enc::BrotliEncoderParams {
                    quality: BROTLI_QUALITY,
                    lgwin: BROTLI_WINDOW,
                    size_hint: body.len(),
                    ..Default::default()
                };
                brotli::BrotliCompress(&mut &body[..], &mut packed, &params)?;
            }
            Self::Zstd => packed = zstd::bulk::compress(body, ZSTD_LEVEL)?,
        }
        Ok(packed.into())
    }

    /// Picks the encoding for a body of this size: small ones are not packed.
    pub(crate) fn negotiate_for(headers: &HeaderMap, len: usize) -> Self {
        if len < WORTH_PACKING { Self::Identity } else { Self::negotiate(headers) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(accept: &str) -> Encoding {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, accept.parse().unwrap());
        Encoding::negotiate(&headers)
    }

    #[test]
    fn the_client_decides_and_we_prefer() {
        assert_eq!(Encoding::negotiate(&HeaderMap::new()), Encoding::Identity);
        assert_eq!(picked("gzip, deflate, br, zstd"), Encoding::Brotli);
        assert_eq!(picked("gzip;q=1.0, br;q=0.5"), Encoding::Gzip);
        assert_eq!(picked("br;q=0, gzip"), Encoding::Gzip);
        assert_eq!(picked("deflate"), Encoding::Identity);
        assert_eq!(picked("zstd;q=nonsense"), Encoding::Identity);
        assert_eq!(picked("*"), Encoding::Brotli);
    }

    #[test]
    fn what_is_packed_unpacks_to_the_same() {
        let body = Bytes::from("one map, ".repeat(1000));
        let gzip = Encoding::Gzip.pack(&body).unwrap();
        let mut out = Vec::new();
        io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&gzip[..]), &mut out).unwrap();
        assert_eq!(out, body);
        out.clear();
        let br = Encoding::Brotli.pack(&body).unwrap();
        brotli::BrotliDecompress(&mut &br[..], &mut out).unwrap();
        assert_eq!(out, body);
        let zst = Encoding::Zstd.pack(&body).unwrap();
        assert_eq!(zstd::bulk::decompress(&zst, 100_000).unwrap(), body);
    }
}
