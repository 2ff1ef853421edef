//! Tiles on their way into an archive, kept so that the work survives a kill.
//!
//! Beside the output stand two files while it is being made. `FILE.part` holds the contents, one behind the
//! other. `FILE.part.index` begins with 16 bytes of magic and the BLAKE3 of the key (32 bytes), followed by one
//! record of 40 bytes for each tile:
//!
//! ```text
//! 0   tile id       u64, little-endian
//! 8   offset        u64, of the content in FILE.part
//! 16  length        u32
//! 20  BLAKE3        first 16 bytes, of the content
//! 36  CRC-32        of the bytes before
//! ```
//!
//! Whatever a kill or a power cut leaves of them, the longest run of whole records with whole contents is taken
//! up again, and the rest is cut off. The finished archive is a function of the tiles alone.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use onemap_model::{Bounds, MAX_ZOOM, TileCoord};
use rustc_hash::FxHashMap;

use crate::error::{Doing, Error, Result};
use crate::limits::{MAX_ENTRIES, MAX_SHARED_BYTES, MAX_TILE_PACKED};
use crate::pmtiles::{Draft, Entry};
use crate::source::read_exact_at;
use crate::{About, Format, TileId, ZoomStats, mbtiles, pmtiles};

const MAGIC: &[u8; 16] = b"onemap tiles 1\0\0";
const HEAD_BYTES: u64 = 48;
const RECORD_BYTES: usize = 40;

/// Time after which what was pushed is surely on the disk.
const SYNC_EVERY: Duration = Duration::from_secs(10);
/// Time after which it survives a kill of the process.
const FLUSH_EVERY: Duration = Duration::from_millis(500);

type Hash = [u8; 16];

/// Tiles on their way into an archive.
#[derive(Debug)]
pub struct Spool {
    output: PathBuf,
    paths: Paths,
    contents: BufWriter<File>,
    index: BufWriter<File>,
    /// Bytes of contents.
    len: u64,
    tiles: u64,
    /// Contents written.
    distinct: u64,
    last: Option<TileId>,
    /// Whether ids were ascending.
    ordered: bool,
    /// Where small contents are.
    shared: FxHashMap<Hash, (u64, u32)>,
    flushed: Instant,
    synced: Instant,
}

/// How a spool began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// There was nothing.
    New,
    /// So many tiles were there already; the last is [`Spool::last`].
    Resumed(u64),
    /// What was there was of another key, and was thrown away.
    Anew,
}

/// A finished archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Tiles.
    pub tiles: u64,
    /// Different contents, as far as equal ones were recognised.
    pub contents: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Tiles by zoom.
    pub zooms: BTreeMap<u8, ZoomStats>,
}

#[derive(Debug)]
struct Paths {
    contents: PathBuf,
    index: PathBuf,
    finished: PathBuf,
}

impl Paths {
    fn of(output: &Path) -> Self {
        let with = |suffix: &str| {
            let mut name = output.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        Self { contents: with(".part"), index: with(".part.index"), finished: with(".part.out") }
    }

    fn remove(&self) -> Result<()> {
        // The index last: without it the others are worth nothing.
        for path in [&self.finished, &self.contents, &self.index] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).doing("remove", path);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Removes what an unfinished [`Spool`] for `output` has left.
pub fn discard_part(output: &Path) -> Result<()> {
    Paths::of(output).remove()
}

impl Spool {
    /// Begins an archive, or goes on with one that was begun with the same `key`: a text that says all that the
    /// tiles depend on. While it is open, no other process can open one for the same `output`.
    pub fn open(output: &Path, key: &str) -> Result<(Self, Start)> {
        let paths = Paths::of(output);
        let open = |path: &Path| {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            options.open(path).doing("open", path)
        };
        let (contents, mut index) = (open(&paths.contents)?, open(&paths.index)?);
        match index.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Busy(output.to_owned())),
            Err(TryLockError::Error(error)) => return Err(error).doing("lock", &paths.index),
        }
        let mut head = [0; HEAD_BYTES as usize];
        head[..16].copy_from_slice(MAGIC);
        head[16..].copy_from_slice(blake3::hash(key.as_bytes()).as_bytes());
        let mut found = Vec::new();
        (&index).take(HEAD_BYTES).read_to_end(&mut found).doing("read", &paths.index)?;
        let same = found == head;
        let start = if same || found.is_empty() { Start::New } else { Start::Anew };
        if !same {
            index.set_len(0).doing("cut", &paths.index)?;
            contents.set_len(0).doing("cut", &paths.contents)?;
            index.seek(SeekFrom::Start(0)).doing("write", &paths.index)?;
            index.write_all(&head).doing("write", &paths.index)?;
        }
        let mut spool = Self {
            output: output.to_owned(),
            contents: BufWriter::with_capacity(1 << 20, contents),
            index: BufWriter::with_capacity(1 << 16, index),
            paths,
            len: 0,
            tiles: 0,
            distinct: 0,
            last: None,
            ordered: true,
            shared: FxHashMap::default(),
            flushed: Instant::now(),
            synced: Instant::now(),
        };
        if !same {
            return Ok((spool, start));
        }
        spool.take_up()?;
        let start = if spool.tiles > 0 { Start::Resumed(spool.tiles) } else { Start::New };
        Ok((spool, start))
    }

    /// Reads the records that are whole, and cuts off the rest.
    fn take_up(&mut self) -> Result<()> {
        let contents = self.contents.get_ref();
        let there = contents.metadata().doing("look at", &self.paths.contents)?.len();
        let index = self.index.get_ref();
        let mut records = BufReader::with_capacity(1 << 16, index);
        records.seek(SeekFrom::Start(HEAD_BYTES)).doing("read", &self.paths.index)?;
        let mut record = [0; RECORD_BYTES];
        let mut content = Vec::new();
        while records.read_exact(&mut record).is_ok() {
            let Some((id, offset, len, hash)) = parse(&record) else { break };
            let end = offset + u64::from(len);
            if offset == self.len && end <= there {
                content.resize(len as usize, 0);
                read_exact_at(contents, &mut content, offset)
                    .doing("read", &self.paths.contents)?;
                if hash_of(&content) != hash {
                    break;
                }
                self.len = end;
                self.distinct += 1;
                if content.len() <= MAX_SHARED_BYTES {
                    self.shared.insert(hash, (offset, len));
                }
            } else if self.shared.get(&hash) != Some(&(offset, len)) {
                break;
            }
            self.ordered &= self.last.is_none_or(|last| last < id);
            self.last = Some(id);
            self.tiles += 1;
        }
        let index_len = HEAD_BYTES + self.tiles * RECORD_BYTES as u64;
        for (file, path, len) in [
            (self.index.get_mut(), &self.paths.index, index_len),
            (self.contents.get_mut(), &self.paths.contents, self.len),
        ] {
            file.set_len(len).doing("cut", path)?;
            file.seek(SeekFrom::Start(len)).doing("write", path)?;
        }
        Ok(())
    }

    /// Adds a tile. Ascending ids make the fastest work; an address must come only once. Content without bytes
    /// is no tile and is left out.
    pub fn push(&mut self, tile: TileCoord, content: &[u8]) -> Result<()> {
        if content.is_empty() {
            return Ok(());
        }
        let too_large = |what: String, limit: u64| {
            Err(Error::TooLarge { path: self.output.clone(), what, limit })
        };
        if content.len() as u64 > MAX_TILE_PACKED {
            let what = format!("tile {tile} of {} bytes", content.len());
            return too_large(what, MAX_TILE_PACKED);
        }
        if self.tiles == MAX_ENTRIES as u64 {
            return too_large("so many tiles".into(), MAX_ENTRIES as u64);
        }
        let id = TileId::of(tile);
        let len = content.len() as u32;
        let hash = hash_of(content);
        let offset = if let Some((offset, _)) = self.shared.get(&hash) {
            *offset
        } else {
            let offset = self.len;
            self.contents.write_all(content).doing("write", &self.paths.contents)?;
            if content.len() <= MAX_SHARED_BYTES {
                self.shared.insert(hash, (offset, len));
            }
            self.len += u64::from(len);
            self.distinct += 1;
            offset
        };
        self.index.write_all(&record(id, offset, len, hash)).doing("write", &self.paths.index)?;
        self.ordered &= self.last.is_none_or(|last| last < id);
        self.last = Some(id);
        self.tiles += 1;
        if self.synced.elapsed() > SYNC_EVERY {
            return self.sync();
        }
        if self.flushed.elapsed() > FLUSH_EVERY {
            self.flush()?;
        }
        Ok(())
    }

    /// Returns the tile that was pushed last, in this run or an earlier one.
    pub fn last(&self) -> Option<TileId> {
        self.last
    }

    /// Returns the number of tiles.
    pub fn tiles(&self) -> u64 {
        self.tiles
    }

    /// Returns the bytes of all contents.
    pub fn bytes(&self) -> u64 {
        self.len
    }

    /// Makes sure that what was pushed survives a power cut.
    pub fn sync(&mut self) -> Result<()> {
        self.flush()?;
        self.contents.get_ref().sync_data().doing("sync", &self.paths.contents)?;
        self.index.get_ref().sync_data().doing("sync", &self.paths.index)?;
        self.synced = Instant::now();
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.contents.flush().doing("write", &self.paths.contents)?;
        self.index.flush().doing("write", &self.paths.index)?;
        self.flushed = Instant::now();
        Ok(())
    }

    /// Writes the archive and puts it in the place of the output at once; then removes the spool's own files.
    /// Zooms, and bounds where `about` has none, are found out from the tiles. Takes 24 bytes of memory for each
    /// tile.
    pub fn finish(mut self, format: Format, about: &About) -> Result<Written> {
        self.flush()?;
        if self.tiles == 0 {
            self.paths.remove()?;
            return Err(Error::Empty(self.output));
        }
        let entries = self.entries()?;
        let about = found_out(about, &entries);
        let mut zooms: BTreeMap<u8, ZoomStats> = BTreeMap::new();
        for (tile, len) in entries.iter().filter_map(|e| Some((TileId::new(e.id)?, e.len))) {
            zooms.entry(tile.zoom()).or_default().add(tile.coord(), 1, len);
        }
        let draft = Draft {
            entries,
            contents: self.contents.get_ref(),
            contents_path: &self.paths.contents,
            about: &about,
        };
        let finished = &self.paths.finished;
        match format {
            Format::PmTiles => pmtiles::write(draft, finished)?,
            Format::MbTiles => mbtiles::write(&draft, finished)?,
        }
        let bytes = finished.metadata().doing("look at", finished)?.len();
        std::fs::rename(finished, &self.output).doing("put in place", &self.output)?;
        sync_folder(&self.output)?;
        self.paths.remove()?;
        Ok(Written { tiles: self.tiles, contents: self.distinct, bytes, zooms })
    }

    /// Returns the tiles in the order of their ids.
    fn entries(&self) -> Result<Vec<Entry>> {
        let mut records = BufReader::with_capacity(1 << 16, self.index.get_ref());
        records.seek(SeekFrom::Start(HEAD_BYTES)).doing("read", &self.paths.index)?;
        let mut entries = Vec::with_capacity(self.tiles as usize);
        let mut record = [0; RECORD_BYTES];
        for _ in 0..self.tiles {
            records.read_exact(&mut record).doing("read", &self.paths.index)?;
            let (id, offset, len, _) = parse(&record)
                .ok_or_else(|| Error::damaged(&self.paths.index, "a record was changed"))?;
            entries.push(Entry { id: id.get(), offset, len, run: 1 });
        }
        if !self.ordered {
            entries.sort_unstable_by_key(|entry| entry.id);
            let twice = entries.windows(2).find(|pair| match pair {
                [a, b] => a.id == b.id,
                _ => false,
            });
            if let Some(twice) = twice.and_then(|pair| TileId::new(pair.first()?.id)) {
                return Err(Error::tile(&self.output, twice.coord(), "it comes twice"));
            }
        }
        Ok(entries)
    }
}

/// Fills in what only the tiles tell.
fn found_out(about: &About, entries: &[Entry]) -> About {
    let zoom = |entry: Option<&Entry>| {
        entry.and_then(|entry| TileId::new(entry.id)).map_or(0, TileId::zoom)
    };
    let mut about = about.clone();
    about.minzoom = zoom(entries.first());
    about.maxzoom = zoom(entries.last());
    if about.bounds.is_none() {
        let last = entries.iter().rev().map_while(|entry| TileId::new(entry.id));
        let last = last.take_while(|tile| tile.zoom() == about.maxzoom);
        about.bounds = last.map(|tile| tile.coord().bounds(0.0)).reduce(Bounds::union);
    }
    if let (None, Some(bounds)) = (about.center, about.bounds) {
        let [lon, lat] = bounds.center();
        about.center = Some((lon, lat, zoom_of(&bounds).clamp(about.minzoom, about.maxzoom)));
    }
    about
}

/// Returns the last zoom at which a box is no wider than a tile.
fn zoom_of(bounds: &Bounds) -> u8 {
    let width = (bounds.east - bounds.west).max(bounds.north - bounds.south);
    let fits = |zoom: &u8| width * f64::from(1_u32 << zoom) <= 360.0;
    (0..=MAX_ZOOM).take_while(fits).last().unwrap_or(0)
}

/// Makes a rename in the folder of a file durable.
fn sync_folder(path: &Path) -> Result<()> {
    if cfg!(windows) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).doing("sync", folder)
}

fn hash_of(content: &[u8]) -> Hash {
    let mut hash = [0; 16];
    hash.copy_from_slice(&blake3::hash(content).as_bytes()[..16]);
    hash
}

fn record(id: TileId, offset: u64, len: u32, hash: Hash) -> [u8; RECORD_BYTES] {
    let mut record = [0; RECORD_BYTES];
    record[..8].copy_from_slice(&id.get().to_le_bytes());
    record[8..16].copy_from_slice(&offset.to_le_bytes());
    record[16..20].copy_from_slice(&len.to_le_bytes());
    record[20..36].copy_from_slice(&hash);
    let sum = crc32fast::hash(&record[..36]);
    record[36..].copy_from_slice(&sum.to_le_bytes());
    record
}

/// Reads a record; `None` when it is not whole.
fn parse(record: &[u8; RECORD_BYTES]) -> Option<(TileId, u64, u32, Hash)> {
    let number = |at: usize| record.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
    let short = |at: usize| record.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    if short(36)? != crc32fast::hash(&record[..36]) {
        return None;
    }
    let (offset, len) = (number(8)?, short(16)?);
    offset.checked_add(len.into())?;
    let hash = record.get(20..36)?.try_into().ok()?;
    (len > 0 && u64::from(len) <= MAX_TILE_PACKED).then_some((
        TileId::new(number(0)?)?,
        offset,
        len,
        hash,
    ))
}
