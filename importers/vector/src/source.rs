//! What is to be read, and how.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use onemap_bounded::Gunzip;
use onemap_model::Sink;

use crate::{Error, Format, limits};

/// One thing to read: a file, or a set of files that belong together.
#[derive(Debug, Clone)]
pub struct Source {
    /// What it is.
    pub format: Format,
    /// The file to read (for a Shapefile its `.shp`, or the `.dbf` alone). Files that belong to it stand
    /// beside it. For PostGIS empty.
    pub path: PathBuf,
    /// Name for messages: what the user typed, and the entry within a zip.
    pub name: String,
    /// Layer name when the format itself has none: the file's stem.
    pub stem: String,
    /// The file is gzipped. Only formats that are read as a stream come so; others were unpacked.
    pub gzipped: bool,
    /// `postgres://...` for PostGIS; may name a table or carry a query.
    pub url: Option<String>,
    /// Keeps the unpacked copy alive while it is read.
    pub(crate) _unpacked: Option<Arc<tempfile::TempDir>>,
}

/// What the user told about a source.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// CRS of the coordinates; needed to read tables with x/y columns.
    pub crs: Option<String>,
    /// Encoding of text, such as `GBK`; detected when not told.
    pub encoding: Option<String>,
    /// Only these layers of the source, by name; all when empty.
    pub layers: Vec<String>,
    /// Columns that hold x and y, in this order, when their names say nothing.
    pub xy_fields: Option<(String, String)>,
    /// Emit separated text and workbooks as they stand: every column is text, none makes a point.
    pub raw_tables: bool,
}

impl Options {
    /// Tells whether the user wants the layer with this name.
    pub(crate) fn wants(&self, layer: &str) -> bool {
        self.layers.is_empty() || self.layers.iter().any(|wanted| wanted == layer)
    }
}

impl Source {
    /// Opens the file as a stream, unpacked when it is gzipped.
    pub(crate) fn open(&self) -> Result<Input, Error> {
        let file = File::open(&self.path).map_err(|error| Error::io(self, error))?;
        let total = file.metadata().map_err(|error| Error::io(self, error))?.len();
        let done = Arc::new(AtomicU64::new(0));
        let file = Counted { file, done: Arc::clone(&done) };
        let stream: Box<dyn Read + Send> =
            if self.gzipped { Box::new(Gunzip::new(file)) } else { Box::new(file) };
        let inner = BufReader::with_capacity(limits::BUFFER_BYTES, stream);
        let progress = Progress { done, total, told: 0, part: (0, 1) };
        Ok(Input { inner, progress })
    }
}

/// A source's content as a stream.
pub(crate) struct Input {
    inner: BufReader<Box<dyn Read + Send>>,
    progress: Progress,
}

impl Input {
    /// Tells the sink how far the file is read; cheap enough for every record.
    pub(crate) fn tell(&mut self, sink: &mut dyn Sink) {
        self.progress.tell(sink);
    }

    /// Returns a teller that can be used after the stream went into a parser.
    pub(crate) fn progress(&self) -> Progress {
        self.progress.clone()
    }
}

impl Read for Input {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buf)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
    }
}

/// Tells a sink how much of a file has been read, in bytes of the file as it lies on disk.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    done: Arc<AtomicU64>,
    total: u64,
    told: u64,
    /// Which of how many readings of the file this is.
    part: (u64, u64),
}

impl Progress {
    /// Returns how many bytes of the file were read.
    pub(crate) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Returns the size of the file in bytes.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Makes this the progress of reading number `i`, from 0, of `n` readings of the file.
    pub(crate) fn part(mut self, i: u64, n: u64) -> Self {
        self.part = (i, n.max(1));
        self
    }

    /// Tells the sink when something was read since the last call.
    pub(crate) fn tell(&mut self, sink: &mut dyn Sink) {
        let done = self.done.load(Ordering::Relaxed);
        if done != self.told {
            self.told = done;
            let (i, n) = self.part;
            sink.progress(self.total / n * i + done.min(self.total) / n, self.total);
        }
    }
}

struct Counted {
    file: File,
    done: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buf)?;
        self.done.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}
