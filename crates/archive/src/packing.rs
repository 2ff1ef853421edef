//! Packing and unpacking.

use std::io::{self, Write};

use flate2::GzBuilder;
use onemap_bounded::{Gunzip, read_to_vec_bounded};

use crate::Compression;

/// Gzip level. On 646 tiles of the Tokyo buildings (41 MB) 9 is 1.3 % smaller and takes 2.7 times as long.
const LEVEL: u32 = 6;

/// Packs with gzip: equal bytes give equal bytes, on every day and machine.
pub fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let out = Vec::with_capacity(bytes.len() / 2 + 32);
    let level = flate2::Compression::new(LEVEL);
    let mut encoder = GzBuilder::new().mtime(0).operating_system(255).write(out, level);
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Unpacks at most `limit` bytes; says in words what is wrong.
pub(crate) fn unpack(
    what: &'static str,
    bytes: &[u8],
    compression: Compression,
    limit: u64,
) -> Result<Vec<u8>, String> {
    match compression {
        Compression::Gzip => {
            read_to_vec_bounded(what, Gunzip::new(bytes), limit).map_err(|error| error.to_string())
        }
        Compression::None if bytes.len() as u64 <= limit => Ok(bytes.to_vec()),
        Compression::None => Err(format!("{what} is larger than the limit of {limit} bytes")),
        other => Err(format!("{what} is packed with {}, which is not read here", other.name())),
    }
}
