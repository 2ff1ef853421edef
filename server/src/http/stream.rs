//! A connection that does not wait for ever for a client that does not read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// Time in which a client has to take [`LEAST`] bytes of what waits for it.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes that a client has to take in [`PATIENCE`]; a modem of 1990 takes ten times as many.
const LEAST: usize = 4096;

/// A TCP stream whose writes fail when the client takes nothing, or drop by drop.
pub(super) struct Patient {
    stream: TcpStream,
    /// Runs while something waits to be taken.
    limit: Option<Pin<Box<Sleep>>>,
    /// Bytes taken since the limit was set.
    taken: usize,
    patience: Duration,
}

impl Patient {
    pub(super) fn new(stream: TcpStream, patience: Duration) -> Self {
        Self { stream, limit: None, taken: 0, patience }
    }

    /// Watches over the outcome of a write of `len` bytes.
    fn watch(
        &mut self,
        cx: &mut Context<'_>,
        len: usize,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match outcome {
            Poll::Ready(Ok(written)) => {
                self.taken = self.taken.saturating_add(written);
                if written == len || self.taken >= LEAST {
                    self.limit = None;
                }
                outcome
            }
            Poll::Ready(Err(_)) => outcome,
            Poll::Pending => {
                let (taken, patience) = (&mut self.taken, self.patience);
                let limit = self.limit.get_or_insert_with(|| {
                    *taken = 0;
                    Box::pin(sleep(patience))
                });
                if limit.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                Poll::Pending
            }
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, room)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.watch(cx, bytes.len(), outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let len = bytes.iter().map(|slice| slice.len()).sum();
        let outcome = Pin::new(&mut this.stream).poll_write_vectored(cx, bytes);
        this.watch(cx, len, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (Patient, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        (Patient::new(server, Duration::from_millis(400)), client)
    }

    #[tokio::test]
    async fn who_reads_nothing_is_cut_off_and_who_reads_slowly_is_not() {
        let (mut server, client) = pair().await;
        let begun = std::time::Instant::now();
        let error = server.write_all(&vec![0; 64 << 20]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(begun.elapsed() < Duration::from_secs(5));
        drop(client);

        let (mut server, mut client) = pair().await;
        let reader = tokio::spawn(async move {
            let mut total = 0;
            let mut room = vec![0; 1 << 20];
            while let Ok(n @ 1..) = client.read(&mut room).await {
                total += n;
                sleep(Duration::from_millis(100)).await;
            }
            total
        });
        server.write_all(&vec![0; 16 << 20]).await.unwrap();
        drop(server);
        assert_eq!(reader.await.unwrap(), 16 << 20);
    }
}
