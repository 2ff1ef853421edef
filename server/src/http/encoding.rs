//! Content encodings: what the client takes, and packing for it.

use std::io::{self, Read};

use axum::body::Bytes;
use axum::http::{HeaderMap, header};

use crate::gzip;

/// How a body is packed (RFC 9110, clause 8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Encoding {
    /// `zstd`.
    Zstd,
    /// `br`.
    Brotli,
    /// `gzip`.
    Gzip,
    /// Not at all.
    Identity,
}

// Measured on 101 tiles of the sample city, zoom 10 to 16, 48 kB each on average, one core of a busy machine:
//
//   zstd 3   48.9 %   0.19 ms      gzip 3   48.9 %   0.63 ms      br 3   48.1 %   1.2 ms
//   zstd 6   47.3 %   1.0 ms       gzip 6   47.8 %   1.0 ms       br 5   43.4 %   2.9 ms
//   zstd 9   46.1 %   1.7 ms       gzip 9   46.9 %   2.1 ms       br 6   43.2 %   2.2 to 3 ms
//
// A tile is drawn in about a millisecond and changes with every edit near it: packing may not cost more than
// drawing. So zstd first; then gzip, which composites are made of anyway; br saves a tenth of the bytes for
// fifteen times the work, and is for those who take nothing else.

/// Brotli quality.
const BROTLI_QUALITY: i32 = 5;
/// Brotli window, bits: 256 KiB holds a tile.
const BROTLI_WINDOW: i32 = 18;
/// Zstandard level.
const ZSTD_LEVEL: i32 = 3;
/// Bytes below which packing saves nothing.
const WORTH_PACKING: usize = 200;

/// Copies bytes that are to be kept into memory of just their size. To shrink the buffer that they were written to
/// would not do: allocators leave it where it is, with a hole behind it or as large as it was.
pub(crate) fn kept(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

/// What a client takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accepted {
    /// How much the client wants each encoding, in the order of [`Encoding::ALL`]; 0 is not at all.
    qualities: [f32; 4],
}

impl Accepted {
    /// Reads `Accept-Encoding` (RFC 9110, clause 12.5.3).
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut said = [None; 4];
        let mut any = None;
        for value in headers.get_all(header::ACCEPT_ENCODING) {
            for item in value.to_str().unwrap_or_default().split(',') {
                let mut parts = item.split(';').map(str::trim);
                let token = parts.next().unwrap_or_default();
                let q = parts
                    .find_map(|part| part.strip_prefix("q="))
                    .map_or(1.0, |q| q.trim().parse::<f32>().unwrap_or(0.0));
                if token == "*" {
                    any = Some(q);
                }
                for (slot, encoding) in said.iter_mut().zip(Encoding::ALL) {
                    if token.eq_ignore_ascii_case(encoding.name()) {
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
        Self { qualities }
    }

    /// Picks the encoding that the client likes best, and of those we.
    pub(crate) fn best(self) -> Encoding {
        let mut best = (Encoding::Identity, 0.0);
        for (q, encoding) in self.qualities.into_iter().zip(Encoding::ALL) {
            if q > best.1 {
                best = (encoding, q);
            }
        }
        best.0
    }

    /// Picks the encoding for a body of several parts: gzip when the client takes it, since such parts are
    /// joined without packing again.
    pub(crate) fn best_for_several(self) -> Encoding {
        if self.takes(Encoding::Gzip) { Encoding::Gzip } else { self.best() }
    }

    /// Tells whether the client takes an encoding at all.
    pub(crate) fn takes(self, asked: Encoding) -> bool {
        let mut each = self.qualities.into_iter().zip(Encoding::ALL);
        each.any(|(q, encoding)| encoding == asked && q > 0.0)
    }
}

impl Encoding {
    /// Encodings in the order of preference where the client has none.
    pub(crate) const ALL: [Self; 4] = [Self::Zstd, Self::Gzip, Self::Brotli, Self::Identity];

    /// Returns the token in `Content-Encoding`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// Packs a body.
    pub(crate) fn pack(self, body: &[u8]) -> io::Result<Bytes> {
        let packed = match self {
            Self::Identity => body.to_vec(),
            Self::Gzip => gzip::pack(body)?,
            Self::Brotli => {
                let mut packed = Vec::with_capacity(body.len() / 2);
                let params = brotli::enc::BrotliEncoderParams {
                    quality: BROTLI_QUALITY,
                    lgwin: BROTLI_WINDOW,
                    size_hint: body.len(),
                    ..Default::default()
                };
                brotli::BrotliCompress(&mut &body[..], &mut packed, &params)?;
                packed
            }
            Self::Zstd => zstd::bulk::compress(body, ZSTD_LEVEL)?,
        };
        Ok(kept(&packed))
    }

    /// Unpacks what [`Encoding::pack`] made.
    pub(crate) fn unpack(self, packed: &[u8]) -> io::Result<Bytes> {
        let mut plain = Vec::new();
        match self {
            Self::Identity => plain.extend_from_slice(packed),
            Self::Gzip => {
                flate2::bufread::GzDecoder::new(packed).read_to_end(&mut plain)?;
            }
            Self::Brotli => brotli::BrotliDecompress(&mut &packed[..], &mut plain)?,
            Self::Zstd => plain = zstd::stream::decode_all(packed)?,
        }
        Ok(plain.into_boxed_slice().into())
    }

    /// Picks the encoding for a body of this size: small ones are not packed.
    pub(crate) fn negotiate_for(headers: &HeaderMap, len: usize) -> Self {
        if len < WORTH_PACKING { Self::Identity } else { Accepted::of(headers).best() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(accept: &str) -> Encoding {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, accept.parse().unwrap());
        Accepted::of(&headers).best()
    }

    #[test]
    fn the_client_decides_and_we_prefer() {
        assert_eq!(Accepted::of(&HeaderMap::new()).best(), Encoding::Identity);
        assert_eq!(picked("gzip, deflate, br, zstd"), Encoding::Zstd);
        assert_eq!(picked("gzip;q=1.0, br;q=0.5"), Encoding::Gzip);
        assert_eq!(picked("br;q=0, gzip"), Encoding::Gzip);
        assert_eq!(picked("deflate"), Encoding::Identity);
        assert_eq!(picked("zstd;q=nonsense"), Encoding::Identity);
        assert_eq!(picked("*"), Encoding::Zstd);
    }

    #[test]
    fn what_is_packed_unpacks_to_the_same() {
        let body = Bytes::from("one map, ".repeat(1000));
        for encoding in Encoding::ALL {
            let packed = encoding.pack(&body).unwrap();
            assert_eq!(encoding.unpack(&packed).unwrap(), body);
            assert!(encoding == Encoding::Identity || packed.len() < body.len() / 10);
        }
    }
}
