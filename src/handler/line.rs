//! Printing an item as a line.

use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::Disposition;
use crate::delivery::item::Item;

/// Writes the item to `out` as a line, and flushes it before the item counts as processed.
pub(super) async fn write<W: AsyncWrite + Unpin>(
    out: &Mutex<W>,
    item: &Item,
    abort: &CancellationToken,
) -> Disposition {
    let written = async {
        let mut out = out.lock().await;
        let mut line = Vec::with_capacity(item.0.len() + 1);
        line.extend_from_slice(&item.0);
        line.push(b'\n');
        out.write_all(&line).await?;
        out.flush().await
    };
    tokio::select! {
        biased;
        written = written => match written {
            Ok(()) => Disposition::Ack,
            Err(error) => Disposition::Closed(error),
        },
        () = abort.cancelled() => Disposition::Interrupted,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::io::{AsyncReadExt as _, BufWriter};

    use super::*;

    fn item() -> Item {
        Item(Bytes::from_static(b"a\0b"))
    }

    #[tokio::test]
    async fn line_is_flushed_before_the_item_counts() {
        let (near, mut far) = tokio::io::duplex(64);
        let out = Mutex::new(BufWriter::new(near));
        assert!(matches!(write(&out, &item(), &CancellationToken::new()).await, Disposition::Ack));
        let mut line = [0; 4];
        far.read_exact(&mut line).await.unwrap();
        assert_eq!(&line, b"a\0b\n");
    }

    #[tokio::test]
    async fn line_reports_a_closed_pipe() {
        let (near, far) = tokio::io::duplex(64);
        drop(far);
        let disposition = write(&Mutex::new(near), &item(), &CancellationToken::new()).await;
        assert!(matches!(disposition, Disposition::Closed(error) if error.kind() == std::io::ErrorKind::BrokenPipe));
    }

    #[tokio::test]
    async fn line_does_not_wait_for_a_blocked_reader_on_abort() {
        let (near, _far) = tokio::io::duplex(1);
        let (out, abort) = (Mutex::new(near), CancellationToken::new());
        let item = item();
        let (disposition, ()) = tokio::join!(write(&out, &item, &abort), async { abort.cancel() });
        assert!(matches!(disposition, Disposition::Interrupted));
    }
}
