//! Causes of dead letters, for the page.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::delivery::dead_letter::Filter;
use crate::queue::{DeadLetterOrder, DeadLetters, QueueError, Redis};
use crate::sample::DeadCause;

/// Newest dead letters that are read.
const NEWEST: u64 = 500;

/// Causes that are told apart.
const MOST: usize = 8;

/// Shortest time between two reads.
const PERIOD: Duration = Duration::from_secs(5);

/// Cause of elements that are not dead letters.
const FOREIGN: &str = "(not a dead letter)";

/// The dead letters of a list, read again when their number has changed.
pub(super) struct DeadReader {
    reader: DeadLetters,
    known: Option<u64>,
    read_at: Option<Instant>,
}

impl DeadReader {
    pub(super) async fn connect(redis: &Redis, list: &str) -> Result<Self, QueueError> {
        let reader =
            DeadLetters::connect(redis, list, Filter::default(), DeadLetterOrder::NewestFirst, Some(0)).await?;
        Ok(Self { reader, known: None, read_at: None })
    }

    /// Returns the causes of the newest of `number` dead letters, the most frequent first; `None` if they are known.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses.
    pub(super) async fn causes(&mut self, number: u64) -> Result<Option<Vec<DeadCause>>, QueueError> {
        if self.known == Some(number) || self.read_at.is_some_and(|at| at.elapsed() < PERIOD) {
            return Ok(None);
        }
        (self.known, self.read_at) = (Some(number), Some(Instant::now()));
        self.reader.rewind();
        let mut causes: BTreeMap<String, u64> = BTreeMap::new();
        let mut left = NEWEST;
        while left > 0 {
            let page = self.reader.next_page(left).await?;
            for dead_letter in &page.dead_letters {
                *causes.entry(dead_letter.cause().unwrap_or_else(|| FOREIGN.to_owned())).or_default() += 1;
            }
            left = left.saturating_sub(u64::try_from(page.dead_letters.len()).unwrap_or(u64::MAX));
            if page.over {
                break;
            }
        }
        let mut causes: Vec<DeadCause> =
            causes.into_iter().map(|(reason, count)| DeadCause { reason, count }).collect();
        causes.sort_by_key(|cause| std::cmp::Reverse(cause.count));
        let others: u64 = causes.iter().skip(MOST).map(|cause| cause.count).sum();
        causes.truncate(MOST);
        causes.extend((others > 0).then(|| DeadCause { reason: "(other reasons)".to_owned(), count: others }));
        Ok(Some(causes))
    }
}
