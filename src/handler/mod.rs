//! How one item is worked: waiting in place of work, or handing it on as a line.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::item::Item;
use crate::workload::Work;

/// Works items; cheap to clone, and may work several at a time.
#[derive(Debug, Clone)]
pub(crate) struct Handler {
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// Wait as long as the work takes.
    Simulated {
        work: Work,
        /// How many times faster than the work says.
        speed: f64,
    },
    /// Write the item to stdout as a line.
    Line(Arc<Mutex<tokio::io::Stdout>>),
}

pub(crate) struct Assignment {
    pub(crate) item: Item,
    pub(crate) id: String,
    pub(crate) attempt: u32,
    pub(crate) list: Arc<str>,
    pub(crate) consumer: Arc<str>,
}

/// What became of an item.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It was worked.
    Done,
    Retry {
        reason: String,
        tail: Vec<u8>,
        spend: bool,
    },
    Bury {
        reason: String,
        tail: Vec<u8>,
    },
    /// It was put down unfinished.
    Interrupted,
    Unrunnable(String),
    /// Nobody takes what this handler gives out: no item can be worked any more.
    Closed(std::io::Error),
}

impl Handler {
    /// Makes the handler for `work`, `speed` times as fast as it says.
    pub(crate) fn new(work: Work, speed: f64) -> Self {
        let kind = match work {
            Work::None => Kind::Line(Arc::new(Mutex::new(tokio::io::stdout()))),
            work => Kind::Simulated { work, speed },
        };
        Self { kind }
    }

    /// Works `item` until it is done, or until `abort` insists.
    pub(crate) async fn work(&self, assignment: &Assignment, abort: &CancellationToken) -> Verdict {
        let item = &assignment.item;
        match &self.kind {
            Kind::Simulated { work, speed } => {
                let duration = work.duration(&item.0, &mut rand::rng());
                match duration {
                    Ok(duration) => simulate(item, duration.div_f64(*speed), abort).await,
                    Err(reason) => Verdict::Bury { reason, tail: vec![] },
                }
            }
            Kind::Line(stdout) => write_line(item, stdout, abort).await,
        }
    }
}

async fn simulate(item: &Item, duration: Duration, abort: &CancellationToken) -> Verdict {
    let shown = Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    tracing::info!("working {item}: sleeping {}", humantime::format_duration(shown));
    tokio::select! {
        biased;
        () = tokio::time::sleep(duration) => {}
        () = abort.cancelled() => return Verdict::Interrupted,
    }
    tracing::info!("processed item {item} (done)");
    Verdict::Done
}

/// Writes the item, and knows that it left: stdout is flushed before the item counts as worked.
async fn write_line(item: &Item, stdout: &Mutex<tokio::io::Stdout>, abort: &CancellationToken) -> Verdict {
    let written = async {
        let mut stdout = stdout.lock().await;
        let mut line = Vec::with_capacity(item.0.len() + 1);
        line.extend_from_slice(&item.0);
        line.push(b'\n');
        stdout.write_all(&line).await?;
        stdout.flush().await
    };
    tokio::select! {
        biased;
        written = written => match written {
            Ok(()) => Verdict::Done,
            Err(error) => Verdict::Closed(error),
        },
        () = abort.cancelled() => Verdict::Interrupted,
    }
}
