//! Methods of pushing a batch: under a token, so that it may be sent again, or by a plain `LPUSH`.

use bytes::Bytes;
use fred::types::Value;

use super::connection::Connection;
use super::keys::Keys;
use super::pipeline::Reply;

const SCRIPT: &str = include_str!("scripts/push.lua");

/// Number of items from which a transaction takes less of the server's time than passing them through the script.
const TRANSACTION_FROM: usize = 128;

/// Lifetime of a producer's token in Redis, in seconds: longer than any time to reconnect.
pub(super) const TOKEN_LIFETIME: i64 = 24 * 60 * 60;

/// Method by which batches are sent.
pub(super) enum Method {
    /// Under a token, which a script checks: may be sent again.
    Once {
        /// The script. Sent whole every time: in a transaction, a server that does not know a digest says so too late.
        script: Bytes,
        /// Key of the token.
        token: String,
        /// Key of the counters.
        stats: String,
        /// True if an `LPUSH` and the script are sent in one transaction, so that the items do not pass through Lua.
        transactions: bool,
    },
    /// By a plain `LPUSH`, one at a time: if its reply is lost, the outcome is unknown.
    Plain,
}

impl Method {
    /// Creates a token, under which batches are pushed exactly once.
    pub(super) fn once(keys: &Keys, transactions: bool) -> Self {
        Self::Once { script: script(), token: keys.producer(rand::random()), stats: keys.stats(), transactions }
    }

    /// Sends a batch now, and returns the future of its reply: the length of the list.
    pub(super) fn send(&self, connection: &Connection, list: &str, number: i64, items: &[Bytes]) -> Reply<u64> {
        let values = items.iter().cloned().map(Value::Bytes);
        let list = || Value::from(list);
        let Method::Once { script, token, stats, transactions } = self else {
            return connection.send("LPUSH", std::iter::once(list()).chain(values).collect());
        };
        let mut check =
            vec![Value::Bytes(script.clone()), 3.into(), list(), token.as_str().into(), stats.as_str().into()];
        check.extend([number.into(), TOKEN_LIFETIME.into(), i64::try_from(items.len()).unwrap_or(i64::MAX).into()]);
        if !transactions || (1..TRANSACTION_FROM).contains(&items.len()) {
            check.extend(values);
            return connection.send("EVAL", check);
        }
        let begun = connection.send::<()>("MULTI", Vec::new());
        let pushed = (!items.is_empty())
            .then(|| connection.send::<()>("LPUSH", std::iter::once(list()).chain(values).collect()));
        let checked = connection.send::<()>("EVAL", check);
        let executed = connection.send::<Vec<u64>>("EXEC", Vec::new());
        Box::pin(async move {
            begun.await?;
            if let Some(pushed) = pushed {
                pushed.await?;
            }
            checked.await?;
            Ok(executed.await?.last().copied().unwrap_or_default())
        })
    }
}

/// Returns the script without its comments, since it is sent with each batch.
fn script() -> Bytes {
    let lines = SCRIPT.lines().map(str::trim_start).filter(|line| !line.starts_with("--"));
    lines.collect::<Vec<_>>().join("\n").into()
}
