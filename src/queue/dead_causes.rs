//! Causes of dead letters, for a page.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::connection::Redis;
use super::dead_letters::{DeadLetterOrder, DeadLetters};
use super::error::QueueError;
use crate::delivery::dead_letter::Filter;
use crate::sample::DeadCause;

/// Newest dead letters that are read.
const NEWEST: u64 = 500;

/// Causes that are told apart.
const MOST: usize = 8;

/// Shortest time between two reads.
const PERIOD: Duration = Duration::from_secs(5);

/// Cause of elements that are not dead letters.
const FOREIGN: &str = "(not a dead letter)";

/// Causes of the dead letters of a list, read again when their number has changed.
pub struct DeadCauses {
    /// `None` once Redis has refused.
    reader: Option<DeadLetters>,
    known: Option<u64>,
    read_at: Option<Instant>,
}

impl DeadCauses {
    /// Connects to `list`.
    ///
    /// # Errors
    ///
    /// Fails when Redis cannot be reached or refuses the connection.
    pub async fn connect(redis: &Redis, list: &str) -> Result<Self, QueueError> {
        let reader =
            DeadLetters::connect(redis, list, Filter::default(), DeadLetterOrder::NewestFirst, Some(0)).await?;
        Ok(Self { reader: Some(reader), known: None, read_at: None })
    }

    /// Returns the causes of the newest of `number` dead letters, the most frequent first; `None` if they are known, or
    /// cannot be read.
    pub async fn changed(&mut self, number: Option<u64>) -> Option<Vec<DeadCause>> {
        if self.known == number {
            return None;
        }
        if number == Some(0) {
            self.known = number;
            return Some(Vec::new());
        }
        if self.read_at.is_some_and(|at| at.elapsed() < PERIOD) {
            return None;
        }
        (self.known, self.read_at) = (number, Some(Instant::now()));
        match Self::causes(self.reader.as_mut()?).await {
            Ok(causes) => Some(causes),
            Err(error) => {
                tracing::debug!(%error, "cannot read dead letters");
                self.reader = None;
                None
            }
        }
    }

    async fn causes(reader: &mut DeadLetters) -> Result<Vec<DeadCause>, QueueError> {
        reader.rewind();
        let mut causes: BTreeMap<String, u64> = BTreeMap::new();
        let mut left = NEWEST;
        while left > 0 {
            let page = reader.next_page(left).await?;
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
        Ok(causes)
    }
}
