//! Back to the list with what was not finished.

use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr as _};
use tokio::time::Instant;

use crate::item::Item;
use crate::queue::{List, QueueError, Redis};
use crate::tally::Tally;

/// How long to try to give back where Redis does not answer; Kubernetes waits a little longer than `drain`.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two tries of that.
const PAUSE: Duration = Duration::from_millis(250);

/// Puts unfinished items back where they were taken.
pub(super) async fn give_back(unfinished: Vec<Item>, redis: &Redis, key: &str, mut tally: Tally) -> Result<Tally> {
    if unfinished.is_empty() {
        return Ok(tally);
    }
    let mut list = match connect_again(redis, key).await {
        Ok(list) => list,
        Err(error) => {
            for item in &unfinished {
                tracing::error!("cannot give back {item}");
            }
            return Err(error).wrap_err("cannot give back unfinished items");
        }
    };
    let mut failed = None;
    for item in unfinished {
        match list.give_back(item.clone()).await {
            Ok(()) => tally.given_back += 1,
            Err(error) => {
                tracing::error!("cannot give back {item}");
                failed.get_or_insert(error);
            }
        }
    }
    list.close().await;
    if tally.given_back > 0 {
        tracing::info!("gave back {} unfinished items", tally.given_back);
    }
    match failed {
        Some(error) => Err(error).wrap_err("cannot give back unfinished items"),
        None => Ok(tally),
    }
}

/// Makes a new connection: the one that items came by may have been lost while they were in work, and only their
/// return would show it.
async fn connect_again(redis: &Redis, key: &str) -> Result<List, QueueError> {
    let start = Instant::now();
    loop {
        match List::connect(redis, key).await {
            Err(error) if start.elapsed() < PATIENCE => {
                tracing::debug!("cannot give back yet: {error}");
                tokio::time::sleep(PAUSE).await;
            }
            connected => return connected,
        }
    }
}
