//! Bytes for a peer that may be slow to take them: long banners, late refusals.
//!
//! The descriptor's blocking mode is left alone: it belongs to the open socket, which the monitor
//! may go on to give to a service.

use crate::watched::watch;
use portreeve_sys::socket::{Discard, discard, send_once, shutdown_write};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::timeout;

/// Bytes of a file that are held at once.
const CHUNK: usize = 16 * 1024;

/// How long a closed connection is lingered on: a peer that spoke first would otherwise get a
/// reset, and lose what it was told (linux-mechanisms, 8).
const LINGER: Duration = Duration::from_secs(1);

/// What is to be written.
#[derive(Debug)]
pub(crate) struct Text {
    /// First these.
    pub(crate) bytes: Vec<u8>,
    /// Then all of this file.
    pub(crate) file: Option<File>,
}

/// A connection that is written to.
#[derive(Debug)]
pub(crate) struct Writer(AsyncFd<OwnedFd>);

impl Writer {
    /// Takes a connection; a runtime must be running.
    pub(crate) fn new(connection: OwnedFd) -> io::Result<Self> {
        watch(connection).map(Self)
    }

    /// Writes all of `text` within `limit`; tells whether the kernel took all.
    pub(crate) async fn write(&self, text: Text, limit: Duration) -> bool {
        matches!(timeout(limit, self.write_text(text)).await, Ok(Ok(())))
    }

    async fn write_text(&self, text: Text) -> io::Result<()> {
        self.write_all(&text.bytes).await?;
        let Some(file) = text.file else { return Ok(()) };
        let mut offset = 0;
        loop {
            let chunk = read_chunk(&file, offset)?;
            if chunk.is_empty() {
                return Ok(());
            }
            self.write_all(&chunk).await?;
            offset = offset.saturating_add(chunk.len().try_into().unwrap_or(u64::MAX));
        }
    }

    async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let taken = self.0.async_io(Interest::WRITABLE, |fd| send_once(fd, bytes)).await?;
            bytes = bytes.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// Closes in order: says that nothing more comes, then throws away what the peer still says,
    /// until it has ended too or [`LINGER`] is over.
    pub(crate) async fn close(self) {
        if shutdown_write(&self.0).is_ok() {
            // Whether the peer ended in time does not matter: the connection closes now.
            let _ = timeout(LINGER, self.discard_all()).await;
        }
    }

    async fn discard_all(&self) -> io::Result<()> {
        let once = |fd: &OwnedFd| match discard(fd)? {
            Discard::WouldBlock => Err(io::ErrorKind::WouldBlock.into()),
            Discard::Data(_) => Ok(true),
            Discard::End => Ok(false),
        };
        while self.0.async_io(Interest::READABLE, once).await? {}
        Ok(())
    }
}

fn read_chunk(file: &File, offset: u64) -> io::Result<Vec<u8>> {
    let mut chunk = vec![0; CHUNK];
    let length = file.read_at(&mut chunk, offset)?;
    chunk.truncate(length);
    Ok(chunk)
}
