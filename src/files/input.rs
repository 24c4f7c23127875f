//! Input from a file or stdin: items separated by newline or NUL, byte for byte; or a whole text.

use std::io;
use std::path::Path;

use bytes::Bytes;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

use crate::units::{MIB, text_within};

/// Size of the read buffer, in bytes.
const BUFFER: usize = 256 * 1024;

/// Limit of an item, in bytes; Redis takes 512 MB at most.
const MAX_ITEM: u64 = 256 * MIB;

/// Reads items as they arrive.
pub(crate) struct Input {
    reader: BufReader<Box<dyn AsyncRead + Send + Unpin>>,
    separator: u8,
    /// Beginning of an item whose end has not been read.
    partial: Vec<u8>,
    batch: Vec<Bytes>,
}

impl Input {
    /// Opens a file, or stdin for `-`.
    pub(crate) async fn open(path: &Path, separator: u8) -> io::Result<Self> {
        let reader = BufReader::with_capacity(BUFFER, source(path).await?);
        Ok(Self { reader, separator, partial: Vec::new(), batch: Vec::new() })
    }

    /// Waits for an item, and returns it with those already buffered, up to `items` and about `bytes`. Empty at the end.
    ///
    /// Cancel-safe: the next call continues where a dropped one stopped.
    pub(crate) async fn next(&mut self, items: usize, bytes: usize) -> io::Result<Vec<Bytes>> {
        let mut size = self.batch.iter().map(Bytes::len).sum::<usize>();
        while self.batch.len() < items && size < bytes {
            if !self.batch.is_empty() && !self.reader.buffer().contains(&self.separator) {
                break;
            }
            // Cut off, an item that never ends would be pushed in parts.
            let left = MAX_ITEM + 1 - (self.partial.len() as u64).min(MAX_ITEM);
            (&mut self.reader).take(left).read_until(self.separator, &mut self.partial).await?;
            if self.partial.len() as u64 > MAX_ITEM && self.partial.last() != Some(&self.separator) {
                let message = format!("an item is larger than {} MiB, the limit", MAX_ITEM / MIB);
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
            }
            let mut item = std::mem::take(&mut self.partial);
            if item.pop_if(|last| *last == self.separator).is_none() && item.is_empty() {
                break;
            }
            size += item.len();
            self.batch.push(Bytes::from(item));
        }
        Ok(std::mem::take(&mut self.batch))
    }
}

/// Reads a whole file, or stdin for `-`, as text of at most `limit` bytes.
pub(crate) async fn text(path: &Path, limit: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    source(path).await?.take(limit + 1).read_to_end(&mut bytes).await?;
    text_within(bytes, limit)
}

/// Reads stdin to its end, on this thread.
pub(crate) fn drain() {
    // An error is an end, too.
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
}

async fn source(path: &Path) -> io::Result<Box<dyn AsyncRead + Send + Unpin>> {
    Ok(if path == Path::new("-") { Box::new(tokio::io::stdin()) } else { Box::new(File::open(path).await?) })
}
