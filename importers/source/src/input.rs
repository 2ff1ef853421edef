//! A file as a stream that knows how far it is read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use onemap_bounded::Gunzip;
use onemap_model::Sink;

use crate::{Error, Origin, limits};

/// A source's content as a stream, unpacked when it is gzipped.
pub struct Input {
    inner: BufReader<Box<dyn Read + Send>>,
    progress: Progress,
}

impl Input {
    /// Opens the file of a source.
    ///
    /// # Errors
    /// When there is no such file, or it can not be opened.
    pub fn open(source: &dyn Origin) -> Result<Self, Error> {
        let file = File::open(source.path()).map_err(|error| Error::io(source, error))?;
        let total = file.metadata().map_err(|error| Error::io(source, error))?.len();
        let done = Arc::new(AtomicU64::new(0));
        let file = Counted { file, done: Arc::clone(&done) };
        let stream: Box<dyn Read + Send> =
            if source.is_gzipped() { Box::new(Gunzip::new(file)) } else { Box::new(file) };
        let inner = BufReader::with_capacity(limits::BUFFER_BYTES, stream);
        let progress = Progress { done, total, told: 0, part: (0, 1) };
        Ok(Self { inner, progress })
    }

    /// Tells the sink how far the file is read; cheap enough for every record.
    pub fn tell(&mut self, sink: &mut dyn Sink) {
        self.progress.tell(sink);
    }

    /// Returns a teller that can be used after the stream went into a parser.
    pub fn progress(&self) -> Progress {
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

/// Reads the whole content of a source, of at most `limit` bytes.
///
/// # Errors
/// When the file can not be read or unpacked, or holds more.
pub fn read_all(source: &dyn Origin, limit: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = Input::open(source)?.take(limit + 1).read_to_end(&mut bytes);
    read.map_err(|error| Error::read_failed(source, None, error))?;
    if bytes.len() as u64 > limit {
        let reason = format!("it is larger than {} MiB", limit >> 20);
        return Err(Error::unsupported(source, reason, "divide it into several files"));
    }
    Ok(bytes)
}

/// Tells a sink how much of a file has been read, in bytes of the file as it lies on disk.
#[derive(Debug, Clone)]
pub struct Progress {
    done: Arc<AtomicU64>,
    total: u64,
    told: u64,
    /// Which of how many readings of the file this is.
    part: (u64, u64),
}

impl Progress {
    /// Returns how many bytes of the file were read.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Returns the size of the file in bytes.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Makes this the progress of reading number `i`, from 0, of `n` readings of the file.
    #[must_use]
    pub fn part(mut self, i: u64, n: u64) -> Self {
        self.part = (i, n.max(1));
        self
    }

    /// Tells the sink when something was read since the last call; cheap enough for every record.
    pub fn tell(&mut self, sink: &mut dyn Sink) {
        let done = self.done();
        if done != self.told {
            self.told = done;
            let (i, n) = self.part;
            sink.progress(self.total / n * i + done.min(self.total) / n, self.total);
        }
    }
}

/// A file that counts what is read of it.
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::Path;

    use super::*;
    use crate::survey::tests::File as Plain;

    fn write(folder: &Path, bytes: &[u8]) -> Plain {
        let path = folder.join("x");
        std::fs::write(&path, bytes).unwrap();
        Plain { gzipped: bytes.starts_with(&[0x1f, 0x8b]), path, name: "x".to_owned() }
    }

    #[test]
    fn the_whole_of_a_file_is_read_up_to_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let file = write(folder.path(), b"0123456789");
        assert_eq!(read_all(&file, 10).unwrap(), b"0123456789");
        let error = read_all(&file, 9).unwrap_err().to_string();
        assert!(error.contains("'x' can not be imported: it is larger than"), "{error}");
    }

    #[test]
    fn progress_counts_the_bytes_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![b'x'; 100_000]).unwrap();
        let packed = packer.finish().unwrap();
        let file = write(folder.path(), &packed);
        let mut input = Input::open(&file).unwrap();
        let progress = input.progress();
        assert_eq!(progress.total(), packed.len() as u64);
        assert_eq!(input.read_to_end(&mut Vec::new()).unwrap(), 100_000);
        assert_eq!(progress.done(), progress.total());
    }

    #[test]
    fn a_gzip_stream_that_breaks_off_is_broken_content() {
        let folder = tempfile::tempdir().unwrap();
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        packer.write_all(b"abc").unwrap();
        let packed = packer.finish().unwrap();
        let file = write(folder.path(), &packed[..packed.len() - 6]);
        let error = read_all(&file, 10).unwrap_err();
        assert!(matches!(error, Error::Broken { .. }), "{error}");
        assert!(error.to_string().contains("gzip stream"), "{error}");
        std::fs::remove_file(&file.path).unwrap();
        assert!(matches!(read_all(&file, 10), Err(Error::Io { .. })));
    }
}
