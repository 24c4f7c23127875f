//! Input from a file or stdin: items separated by newline or NUL, byte for byte; or a whole text.

use std::io;
use std::path::Path;

use bytes::{Buf as _, Bytes, BytesMut};
use memchr::memchr;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::units::{MIB, float, text_within};

/// Number of bytes that are read at once. Items are slices of them, so that no item is copied or allocated.
const CHUNK: usize = 256 * 1024;

/// Limit of an item, in bytes; Redis takes 512 MB at most.
const MAX_ITEM: u64 = 256 * MIB;

/// Reads items as they arrive.
pub(crate) struct Input {
    reader: Box<dyn AsyncRead + Send + Unpin>,
    separator: u8,
    /// Bytes that have been read and not returned.
    unread: BytesMut,
    /// Number of those, from the first, that hold no separator.
    searched: usize,
    /// Number of bytes that were returned, with their separators.
    returned: u64,
    /// Size of the file; `None` for what is no file.
    size: Option<u64>,
}

impl Input {
    /// Opens a file, or stdin for `-`.
    pub(crate) async fn open(path: &Path, separator: u8) -> io::Result<Self> {
        let reader = source(path).await?;
        let size = match tokio::fs::metadata(path).await {
            Ok(file) if file.is_file() => Some(file.len()),
            // It opens, but cannot be read.
            Ok(file) if file.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            _ => None,
        };
        Ok(Self { reader, separator, unread: BytesMut::new(), searched: 0, returned: 0, size })
    }

    /// Returns the part of the file that was returned, from 0 to 1; `None` for what is no file.
    pub(crate) fn share(&self) -> Option<f64> {
        self.size.map(|size| (float(self.returned) / float(size.max(1))).min(1.0))
    }

    /// Waits for an item, and returns it with those already read, up to `items` and about `bytes`. Empty at the end.
    ///
    /// Cancel-safe: the next call continues where a dropped one stopped.
    pub(crate) async fn next(&mut self, items: usize, bytes: usize) -> io::Result<Vec<Bytes>> {
        loop {
            let batch = self.take(items, bytes);
            if !batch.is_empty() {
                return Ok(batch);
            }
            // Cut off, an item that never ends would be pushed in parts.
            if self.unread.len() as u64 > MAX_ITEM {
                let message = format!("an item is larger than {} MiB, the limit", MAX_ITEM / MIB);
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
            }
            self.unread.reserve(CHUNK);
            if self.reader.read_buf(&mut self.unread).await? == 0 {
                self.searched = 0;
                let last = std::mem::take(&mut self.unread).freeze();
                return Ok(if last.is_empty() { Vec::new() } else { vec![last] });
            }
        }
    }

    /// Takes the items that have been read whole.
    fn take(&mut self, items: usize, bytes: usize) -> Vec<Bytes> {
        let mut batch = Vec::new();
        let mut size = 0;
        while batch.len() < items && size < bytes {
            let Some(end) = memchr(self.separator, &self.unread[self.searched..]) else {
                self.searched = self.unread.len();
                break;
            };
            let item = self.unread.split_to(self.searched + end).freeze();
            self.unread.advance(1);
            self.searched = 0;
            // Items after a large one would keep the memory of both.
            if item.len() > CHUNK {
                self.unread = BytesMut::from(&self.unread[..]);
            }
            size += item.len();
            self.returned += item.len() as u64 + 1;
            batch.push(item);
        }
        batch
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

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    fn input(reader: impl AsyncRead + Send + Unpin + 'static) -> Input {
        Input {
            reader: Box::new(reader),
            separator: b'\n',
            unread: BytesMut::new(),
            searched: 0,
            returned: 0,
            size: None,
        }
    }

    /// Reads `text` to its end, at most `at_once` bytes at once.
    async fn items(text: Vec<u8>, at_once: usize) -> Vec<Bytes> {
        let (mut writer, reader) = tokio::io::duplex(at_once);
        tokio::spawn(async move { writer.write_all(&text).await });
        let (mut input, mut items) = (input(reader), Vec::new());
        loop {
            let batch = input.next(7, CHUNK).await.expect("memory can be read");
            assert!(batch.len() <= 7);
            if batch.is_empty() {
                return items;
            }
            items.extend(batch);
        }
    }

    #[tokio::test]
    async fn items_are_whole_wherever_reads_end() {
        let long = "x".repeat(2 * CHUNK + 1);
        let texts = ["", "\n", "\n\n", "a", "a\n", "a\r\nbc\n\ndef\n\n", "\na\nb", &format!("a\n{long}\n\nb\n{long}")];
        for text in texts {
            let sizes = if text.len() > CHUNK { &[4096, 10 * CHUNK][..] } else { &[1, 2, 3, 4096] };
            for &at_once in sizes {
                let mut expected: Vec<&str> = text.split('\n').collect();
                // A separator ends an item and begins none.
                expected.pop_if(|last| last.is_empty());
                assert!(items(text.into(), at_once).await == expected, "{} bytes, {at_once} at once", text.len());
            }
        }
    }

    #[tokio::test]
    async fn items_are_returned_before_more_is_read() {
        let (mut writer, reader) = tokio::io::duplex(64);
        let mut input = input(reader);
        writer.write_all(b"a\nb\nc").await.expect("there is room");
        assert_eq!(input.next(10, CHUNK).await.expect("two items"), ["a", "b"]);
        // Dropped while it waits for the rest.
        tokio::select! {
            biased;
            _ = input.next(10, CHUNK) => panic!("there is no whole item"),
            () = std::future::ready(()) => {}
        }
        writer.write_all(b"d\n").await.expect("there is room");
        assert_eq!(input.next(10, CHUNK).await.expect("an item"), ["cd"]);
    }

    #[tokio::test]
    async fn batch_ends_at_its_size_in_bytes() {
        let mut input = input(&b"aaaa\nbbbb\ncccc\n"[..]);
        assert_eq!(input.next(10, 5).await.expect("items"), ["aaaa", "bbbb"]);
        assert_eq!(input.next(10, 5).await.expect("items"), ["cccc"]);
    }

    #[tokio::test]
    async fn large_item_does_not_keep_its_memory_for_those_after_it() {
        let text = format!("{}\nb\nc\n", "a".repeat(20 * CHUNK));
        let mut input = input(std::io::Cursor::new(text));
        drop(input.next(1, CHUNK).await.expect("the large item"));
        let small = input.next(1, CHUNK).await.expect("a small item");
        assert!(small == ["b"] && input.unread.capacity() < 2 * CHUNK, "{} bytes", input.unread.capacity());
    }
}
