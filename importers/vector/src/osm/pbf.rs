//! Reads OSM PBF files: raw, zlib, LZ4 and zstd blobs, plain and dense nodes.
//!
//! Own decoding instead of the `osmpbf` crate: that one knows neither LZ4 nor zstd blobs, and panics on a
//! member type that it does not know. The format is five small messages, read here without copies.
//!
//! The first pass notes what every blob holds, so that later passes unpack only what they need.

mod blob;
mod block;
mod proto;

use onemap_bounded::Error as Guard;
use onemap_source::Input;

use self::blob::{BlobHeader, BlobKind};
use self::block::{Block, Ended, Scratch};
use self::proto::Message;
use super::element::{Kinds, Visitor};
use crate::{Error, Source};

const REMEDY: &str = "download it again, or check it with 'osmium fileinfo -e'";

/// What is known of a PBF file between the passes.
#[derive(Debug, Default)]
pub(super) struct Pbf {
    /// What the data blobs hold, in the order of the file; filled by the first pass.
    kinds: Vec<Kinds>,
}

impl Pbf {
    /// Goes over the file once.
    pub(super) fn scan(
        &mut self,
        source: &Source,
        wanted: Kinds,
        visitor: &mut dyn Visitor,
    ) -> Result<(), Error> {
        let mut reader = Input::open(source)?;
        let progress = reader.progress();
        let broken = |e: Guard| Error::bounded(source, None, e);
        let first_pass = self.kinds.is_empty();
        let mut scratch = Scratch::default();
        let mut has_header = false;
        let mut at = 0;
        let mut offset = 0;
        while let Some(header) = blob::read_header(&mut reader, offset).map_err(broken)? {
            let BlobHeader { kind, size, own_size } = header;
            offset += own_size;
            if !has_header && kind != BlobKind::Header {
                let reason = "it does not begin with a header blob";
                return Err(Error::broken(source, None, reason, REMEDY));
            }
            let known = if first_pass { None } else { self.kinds.get(at).copied() };
            let skip = kind == BlobKind::Other
                || (kind == BlobKind::Data && known.is_some_and(|known| !known.intersects(wanted)));
            at += usize::from(kind == BlobKind::Data);
            visitor.progress(progress.done());
            if skip {
                blob::skip(&mut reader, size, offset).map_err(broken)?;
                offset += size;
                continue;
            }
            let packed = blob::read_exactly(&mut reader, size, offset).map_err(broken)?;
            offset += size;
            let bytes = blob::unpack(&packed).map_err(broken)?;
            if kind == BlobKind::Header {
                has_header = true;
                check_features(source, &bytes)?;
                continue;
            }
            let block = Block::new(&bytes).map_err(broken)?;
            if first_pass {
                self.kinds.push(block.kinds().map_err(broken)?);
            }
            block.visit(wanted, &mut scratch, &mut |element| visitor.element(element)).map_err(
                |ended| match ended {
                    Ended::Broken(error) => broken(error),
                    Ended::Visitor(error) => error,
                },
            )?;
        }
        visitor.progress(progress.total());
        if has_header { Ok(()) } else { Err(Error::broken(source, None, "it is empty", REMEDY)) }
    }
}

/// Refuses a file that needs a reader to know more than this one does.
fn check_features(source: &Source, bytes: &[u8]) -> Result<(), Error> {
    let mut message = Message::new(bytes);
    while let Some((field, value)) = message.next().map_err(|e| Error::bounded(source, None, e))? {
        if field != 4 {
            continue;
        }
        match value.bytes() {
            b"OsmSchema-V0.6" | b"DenseNodes" => {}
            b"HistoricalInformation" => {
                let remedy = "cut one moment out of it with 'osmium time-filter'";
                return Err(Error::unsupported(
                    source,
                    "it holds the history of the objects, not a map",
                    remedy,
                ));
            }
            other => {
                let name: String = String::from_utf8_lossy(other).chars().take(60).collect();
                let reason = format!("it requires the feature '{name}', which is not known");
                return Err(Error::unsupported(
                    source,
                    reason,
                    "convert it with 'osmium cat in.pbf -o out.osm.pbf'",
                ));
            }
        }
    }
    Ok(())
}
