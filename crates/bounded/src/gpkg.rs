//! Reads the header that GeoPackage puts before each geometry (OGC 12-128r19, clause 2.1.3).

use crate::{ByteReader, Error, Result};

/// A GeoPackage geometry: its header, and the WKB behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GpkgBlob<'a> {
    /// Row of `gpkg_spatial_ref_sys`; 0 and -1 mean undefined.
    pub srs_id: i32,
    /// Whether the geometry says that it is empty.
    pub empty: bool,
    /// `[min x, max x, min y, max y]` in the layer's coordinates, when it is given.
    pub envelope: Option<[f64; 4]>,
    /// The geometry as ISO WKB, for [`crate::read_wkb`].
    pub wkb: &'a [u8],
}

/// Takes a GeoPackage geometry apart.
///
/// # Errors
/// When the magic bytes are missing, the blob is cut off or it is of an extended type.
pub fn parse_blob(blob: &[u8]) -> Result<GpkgBlob<'_>> {
    let what = "GeoPackage geometry";
    let mut bytes = ByteReader::new(what, blob);
    if bytes.take(2)? != b"GP" {
        return Err(Error::malformed(what, 0, "it does not begin with \"GP\""));
    }
    bytes.skip(1)?;
    let flags = bytes.u8()?;
    if flags & 0x20 != 0 {
        let detail = "extended geometry types; convert the layer with ogr2ogr first".into();
        return Err(Error::Unsupported { what, detail });
    }
    let little_endian = flags & 1 == 1;
    let srs_id = if little_endian { bytes.i32_le()? } else { bytes.i32_be()? };
    let numbers = match (flags >> 1) & 7 {
        0 => 0,
        1 => 4,
        2 | 3 => 6,
        4 => 8,
        other => {
            return Err(Error::malformed(
                what,
                3,
                format!("envelope kind {other}, expected 0 to 4"),
            ));
        }
    };
    let mut envelope = [0.0; 4];
    for i in 0..numbers {
        let number = if little_endian { bytes.f64_le()? } else { bytes.f64_be()? };
        if let Some(slot) = envelope.get_mut(i) {
            *slot = number;
        }
    }
    Ok(GpkgBlob {
        srs_id,
        empty: flags & 0x10 != 0,
        envelope: (numbers > 0).then_some(envelope),
        wkb: bytes.rest(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_is_passed_over_and_the_wkb_is_what_follows() {
        let mut blob = b"GP\0\x03".to_vec();
        blob.extend(4490i32.to_le_bytes());
        for v in [1.0f64, 2.0, 3.0, 4.0] {
            blob.extend(v.to_le_bytes());
        }
        blob.extend(b"wkb");
        let parsed = parse_blob(&blob).unwrap();
        assert_eq!(parsed.srs_id, 4490);
        assert_eq!(parsed.envelope, Some([1.0, 2.0, 3.0, 4.0]));
        assert_eq!(parsed.wkb, b"wkb");
        assert!(!parsed.empty);
        for end in 0..40 {
            assert!(parse_blob(&blob[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn an_empty_geometry_says_so() {
        let parsed = parse_blob(b"GP\0\x11\x0a\x11\0\0").unwrap();
        assert!(parsed.empty && parsed.srs_id == 4362 && parsed.wkb.is_empty());
    }
}
