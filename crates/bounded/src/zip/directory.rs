//! Reads and checks a zip archive's directory (PKWARE APPNOTE 6.3.10, clauses 4.3.7, 4.3.12 to 4.3.16).

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{Read, Seek, SeekFrom};

use encoding_rs::GB18030;

use super::ZipEntry;
use crate::{ByteReader, Error, Result, gzip::check_ratio, limits};

const WHAT: &str = "zip archive";
const LOCAL_HEADER: u32 = 0x0403_4b50;
const DIRECTORY_HEADER: u32 = 0x0201_4b50;
const DIRECTORY_END: u32 = 0x0605_4b50;
const DIRECTORY_END_64: u32 = 0x0606_4b50;
const DIRECTORY_LOCATOR_64: u32 = 0x0706_4b50;
const DIRECTORY_END_SIZE: usize = 22;
const LOCATOR_SIZE: usize = 20;
const LOCAL_HEADER_SIZE: u64 = 30;

/// Where the directory stands.
struct Place {
    entries: u64,
    size: u64,
    offset: u64,
    /// Bytes before the archive itself (a self-extracting program), to be added to every offset.
    shift: u64,
}

/// An entry as its directory states it.
struct Stated {
    entry: ZipEntry,
    header_offset: u64,
    raw_name: Vec<u8>,
}

/// Reads the directory and every entry's own header.
pub(super) fn read(reader: &mut (impl Read + Seek)) -> Result<Vec<ZipEntry>> {
    let length = reader.seek(SeekFrom::End(0))?;
    let place = find_directory(reader, length)?;
    if place.entries > limits::MAX_ZIP_ENTRIES {
        return Err(Error::Limit { what: WHAT, limit: limits::MAX_ZIP_ENTRIES, unit: "entries" });
    }
    if place.size > limits::MAX_ZIP_DIRECTORY_BYTES {
        return Err(Error::Limit {
            what: "zip directory",
            limit: limits::MAX_ZIP_DIRECTORY_BYTES,
            unit: "bytes",
        });
    }
    let start = place.offset.saturating_add(place.shift);
    let directory = read_at(reader, length, start, place.size)?;
    let mut bytes = ByteReader::new("zip directory", &directory);
    let count = bytes.counted(place.entries, 46)?;
    let mut stated = Vec::with_capacity(count);
    for _ in 0..count {
        stated.push(read_entry(&mut bytes)?);
    }
    check_names(&stated)?;
    let unpacked = stated.iter().fold(0u64, |sum, stated| sum.saturating_add(stated.entry.size));
    check_ratio(WHAT, unpacked, length)?;
    place_entries(reader, &mut stated, &place, start)?;
    Ok(stated.into_iter().map(|stated| stated.entry).collect())
}

fn find_directory(reader: &mut (impl Read + Seek), length: u64) -> Result<Place> {
    let missing = || {
        Error::malformed(
            WHAT,
            length,
            "it has no directory at its end; it is cut off, or no zip archive",
        )
    };
    // The end record is followed by a comment of at most 65,535 bytes.
    let tail_length = length.min((DIRECTORY_END_SIZE + LOCATOR_SIZE + 0xffff) as u64);
    let tail_start = length - tail_length;
    let tail = read_at(reader, length, tail_start, tail_length)?;
    let at = tail
        .windows(DIRECTORY_END_SIZE)
        .rposition(|window| window.starts_with(&DIRECTORY_END.to_le_bytes()))
        .ok_or_else(missing)?;
    let mut bytes = ByteReader::new(WHAT, tail.get(at..).unwrap_or_default());
    bytes.skip(4)?;
    let (disk, directory_disk) = (bytes.u16_le()?, bytes.u16_le()?);
    bytes.skip(2)?;
    let entries = bytes.u16_le()?;
    let (size, offset) = (bytes.u32_le()?, bytes.u32_le()?);
    let end = tail_start + at as u64;
    let locator = at.checked_sub(LOCATOR_SIZE).and_then(|from| tail.get(from..at));
    if let Some(place) = read_end_64(reader, length, locator, end)? {
        return Ok(place);
    }
    if disk != 0 || directory_disk != 0 {
        return Err(Error::Unsupported {
            what: WHAT,
            detail: "archives split over several files; pack it as one".into(),
        });
    }
    let (size, offset) = (u64::from(size), u64::from(offset));
    let shift = end.checked_sub(size + offset).ok_or_else(missing)?;
    Ok(Place { entries: entries.into(), size, offset, shift })
}

/// Reads the end record of archives beyond 4 GiB, when there is one.
fn read_end_64(
    reader: &mut (impl Read + Seek),
    length: u64,
    locator: Option<&[u8]>,
    end: u64,
) -> Result<Option<Place>> {
    let Some(locator) = locator else { return Ok(None) };
    let mut bytes = ByteReader::new(WHAT, locator);
    if bytes.u32_le()? != DIRECTORY_LOCATOR_64 {
        return Ok(None);
    }
    bytes.skip(4)?;
    let offset = bytes.u64_le()?;
    let record = read_at(reader, length, offset, 56)?;
    let mut bytes = ByteReader::new(WHAT, &record);
    if bytes.u32_le()? != DIRECTORY_END_64 {
        return Err(Error::malformed(WHAT, offset, "the 64-bit end record is missing"));
    }
    bytes.skip(28)?;
    let entries = bytes.u64_le()?;
    let (size, offset) = (bytes.u64_le()?, bytes.u64_le()?);
    if offset.saturating_add(size) > end {
        return Err(Error::malformed(WHAT, end, "the directory reaches beyond its end record"));
    }
    Ok(Some(Place { entries, size, offset, shift: 0 }))
}

fn read_entry(bytes: &mut ByteReader<'_>) -> Result<Stated> {
    let at = bytes.position() as u64;
    if bytes.u32_le()? != DIRECTORY_HEADER {
        return Err(Error::malformed(
            "zip directory",
            at,
            "an entry does not begin where it should",
        ));
    }
    let made_by = bytes.u16_le()?;
    bytes.skip(2)?;
    let flags = bytes.u16_le()?;
    let method = bytes.u16_le()?;
    bytes.skip(4)?;
    let crc32 = bytes.u32_le()?;
    let (packed_32, size_32) = (bytes.u32_le()?, bytes.u32_le()?);
    let (name_length, extra_length, comment_length) =
        (bytes.u16_le()?, bytes.u16_le()?, bytes.u16_le()?);
    bytes.skip(4)?;
    let attributes = bytes.u32_le()?;
    let offset_32 = bytes.u32_le()?;
    let raw_name = bytes.take(name_length.into())?;
    let extra = bytes.part("zip extra field", extra_length.into())?;
    bytes.skip(comment_length.into())?;

    let (size, packed_size, header_offset) = wide_sizes(extra, size_32, packed_32, offset_32)?;
    let name = decode_name(raw_name, flags);
    let refuse = |reason: &str| Err(Error::Archive { entry: name.clone(), reason: reason.into() });
    if flags & 0x2041 != 0 {
        return refuse("it is encrypted; unpack it with its password and import the files");
    }
    // Unix and macOS keep the file type in the upper half of the attributes.
    let unix_type = (attributes >> 16) & 0o170_000;
    if matches!(made_by >> 8, 3 | 19) && !matches!(unix_type, 0 | 0o100_000 | 0o040_000) {
        return refuse("it is a link or a device, not a file");
    }
    if !matches!(method, 0 | 8) {
        return refuse(&format!(
            "its compression method {method} is not supported; pack it again with deflate"
        ));
    }
    if method == 0 && packed_size != size {
        return refuse("it is stored, but its two sizes differ; the archive is damaged or hostile");
    }
    let Some(name) = safe_name(&name) else {
        return refuse("its name is absolute or leads out of its folder");
    };
    let is_folder = name.ends_with('/');
    let entry = ZipEntry {
        name,
        size,
        packed_size,
        is_folder,
        deflated: method == 8,
        crc32,
        data_start: 0,
    };
    Ok(Stated { entry, header_offset, raw_name: raw_name.to_vec() })
}

/// Takes the 64-bit sizes from the extra field where the 32-bit ones are full (clause 4.5.3).
fn wide_sizes(
    mut extra: ByteReader<'_>,
    size: u32,
    packed: u32,
    offset: u32,
) -> Result<(u64, u64, u64)> {
    let mut wide = [size.into(), packed.into(), offset.into()];
    while extra.left() >= 4 {
        let (kind, length) = (extra.u16_le()?, extra.u16_le()?);
        // Some writers end the extra field with less than they announce; what follows is then no concern.
        let Ok(mut field) = extra.part("zip extra field", length.into()) else { break };
        if kind != 1 {
            continue;
        }
        for (value, narrow) in wide.iter_mut().zip([size, packed, offset]) {
            if narrow == u32::MAX {
                *value = field.u64_le()?;
            }
        }
    }
    let [size, packed, offset] = wide;
    Ok((size, packed, offset))
}

/// Names are UTF-8 when flagged or valid so; Chinese Windows writes GBK without a flag.
fn decode_name(raw: &[u8], flags: u16) -> String {
    const UTF8_FLAG: u16 = 1 << 11;
    let utf8 = String::from_utf8_lossy(raw);
    if flags & UTF8_FLAG != 0 || matches!(utf8, Cow::Borrowed(_)) {
        return utf8.into_owned();
    }
    GB18030.decode_without_bom_handling(raw).0.into_owned()
}

/// Returns the name with `/` between folders and without `.`, or `None` when it is not below its root.
fn safe_name(name: &str) -> Option<String> {
    let name = name.replace('\\', "/");
    let has_drive = name.as_bytes().get(1) == Some(&b':');
    if name.is_empty() || name.starts_with('/') || has_drive || name.contains('\0') {
        return None;
    }
    let mut safe = String::with_capacity(name.len());
    for part in name.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." {
            return None;
        }
        if !safe.is_empty() {
            safe.push('/');
        }
        safe.push_str(part);
    }
    if name.ends_with('/') {
        safe.push('/');
    }
    (!safe.is_empty()).then_some(safe)
}

fn check_names(stated: &[Stated]) -> Result<()> {
    let mut seen = HashSet::with_capacity(stated.len());
    for Stated { entry, .. } in stated {
        if !seen.insert(entry.name.as_str()) {
            let reason = "the archive has two entries of this name".into();
            return Err(Error::Archive { entry: entry.name.clone(), reason });
        }
    }
    Ok(())
}

/// Finds where each entry's bytes begin, and refuses entries that share bytes or reach into the directory.
fn place_entries(
    reader: &mut (impl Read + Seek),
    stated: &mut [Stated],
    place: &Place,
    directory_start: u64,
) -> Result<()> {
    let mut spans = Vec::with_capacity(stated.len());
    for (index, Stated { entry, header_offset, raw_name }) in stated.iter_mut().enumerate() {
        let refuse =
            |reason: &str| Error::Archive { entry: entry.name.clone(), reason: reason.into() };
        let start = header_offset.saturating_add(place.shift);
        let header = read_at(reader, directory_start, start, LOCAL_HEADER_SIZE)
            .map_err(|_| refuse("it begins beyond the archive's end"))?;
        let mut bytes = ByteReader::new("zip entry header", &header);
        if bytes.u32_le()? != LOCAL_HEADER {
            return Err(refuse(
                "it does not begin where the directory says; the archive is damaged",
            ));
        }
        bytes.skip(22)?;
        let (name_length, extra_length) = (bytes.u16_le()?, bytes.u16_le()?);
        let name_start = start.saturating_add(LOCAL_HEADER_SIZE);
        let local_name = read_at(reader, directory_start, name_start, name_length.into())
            .map_err(|_| refuse("it begins beyond the archive's end"))?;
        if local_name != *raw_name {
            return Err(refuse(
                "its own header gives it another name; the archive is damaged or hostile",
            ));
        }
        entry.data_start = name_start + u64::from(name_length) + u64::from(extra_length);
        let end = entry.data_start.saturating_add(entry.packed_size);
        if end > directory_start {
            return Err(refuse("it reaches beyond the archive's end"));
        }
        spans.push((start, end, index));
    }
    spans.sort_unstable();
    for pair in spans.windows(2) {
        if let [(_, end, _), (start, _, index)] = pair
            && start < end
        {
            let entry =
                stated.get(*index).map(|stated| stated.entry.name.clone()).unwrap_or_default();
            let reason = "it overlaps another entry; the archive is damaged or hostile".into();
            return Err(Error::Archive { entry, reason });
        }
    }
    Ok(())
}

/// Reads `length` bytes at `offset`, all of them before `end`.
fn read_at(reader: &mut (impl Read + Seek), end: u64, offset: u64, length: u64) -> Result<Vec<u8>> {
    let left = end.saturating_sub(offset);
    if length > left {
        return Err(Error::Truncated { what: WHAT, offset, need: length, left });
    }
    reader.seek(SeekFrom::Start(offset))?;
    let mut bytes = vec![0; length as usize];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}
