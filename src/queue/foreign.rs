//! Search for a key that another program has written: when a command fails, and before a consumer claims.

use bytes::Bytes;
use fred::prelude::LuaInterface as _;

use super::connection::{COMMAND_TIMEOUT, Connection};
use super::error::{Fault, QueueError};
use super::foreign_key::{ForeignKey, SCRIPT, keys_and_arguments};
use super::keys::Keys;
use crate::delivery::snapshot::Counters;

/// Counters without which no script fails: a push that cannot be counted is a push.
const OPTIONAL: [&str; 1] = ["pushed"];

impl Connection {
    /// Returns the error of a command, which names the companion key that another program has written if that is the cause.
    pub(super) async fn explained(&self, fault: Fault) -> QueueError {
        let fault = match fault {
            Fault::WrongType { .. } | Fault::Rejected(_) => Box::pin(self.foreign()).await.unwrap_or(fault),
            fault => fault,
        };
        self.redis().error(fault)
    }

    /// Fails if another program has written a companion key.
    pub(super) async fn check_companions(&self) -> Result<(), QueueError> {
        Box::pin(self.foreign()).await.map_or(Ok(()), |fault| Err(self.redis().error(fault)))
    }

    /// Returns the fault of a key that another program has written; `None` if there is none, or it cannot be looked for.
    async fn foreign(&self) -> Option<Fault> {
        let counters: Vec<&str> = Counters::NAMES.into_iter().filter(|name| !OPTIONAL.contains(name)).collect();
        let keys = Keys::of(&self.list);
        let [names, arguments] = keys_and_arguments(&keys, &counters);
        let found = Box::pin(self.client().eval::<Vec<Bytes>, _, _, _>(SCRIPT, names, arguments));
        let found = self.once(COMMAND_TIMEOUT, &self.list, found).await.ok()?;
        let found: Vec<_> = found.iter().map(|word| String::from_utf8_lossy(word)).collect();
        ForeignKey::of(&found, &keys).map(|foreign| match foreign {
            ForeignKey::OfType { key, .. } if key == self.list => Fault::WrongType { key },
            foreign => Fault::Foreign(foreign),
        })
    }
}
