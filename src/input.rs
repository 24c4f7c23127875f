//! Items that come from a file or a pipe: one a line, or separated by NUL, byte for byte.

use std::io;
use std::path::Path;

use bytes::Bytes;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

/// How much is read at a time.
const BUFFER: usize = 256 * 1024;

/// Reads items as they come.
pub(crate) struct Input {
    reader: BufReader<Box<dyn AsyncRead + Send + Unpin>>,
    separator: u8,
    /// What has been read of an item whose end has not come yet.
    partial: Vec<u8>,
    batch: Vec<Bytes>,
}

impl Input {
    /// Opens a file, or stdin for `-`.
    pub(crate) async fn open(path: &Path, separator: u8) -> io::Result<Self> {
        let source: Box<dyn AsyncRead + Send + Unpin> =
            if path == Path::new("-") { Box::new(tokio::io::stdin()) } else { Box::new(File::open(path).await?) };
        Ok(Self { reader: BufReader::with_capacity(BUFFER, source), separator, partial: Vec::new(), batch: Vec::new() })
    }

    /// Waits for an item, and returns it with those that are there already, up to `items` and about `bytes`. Empty at
    /// the end. Nothing is lost when this is dropped half-way: the next call goes on.
    pub(crate) async fn next(&mut self, items: usize, bytes: usize) -> io::Result<Vec<Bytes>> {
        let mut size = self.batch.iter().map(Bytes::len).sum::<usize>();
        while self.batch.len() < items && size < bytes {
            if !self.batch.is_empty() && !self.reader.buffer().contains(&self.separator) {
                break;
            }
            self.reader.read_until(self.separator, &mut self.partial).await?;
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
