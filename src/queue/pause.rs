//! Pausing of a list: a key that any client may set, with an expiry if the pause is to end by itself.

use super::claims::Claims;
use super::connection::{COMMAND_TIMEOUT, Connection};
use super::error::{Fault, QueueError};
use super::inspector::Inspector;
use super::keys::Keys;
use super::list::List;
use crate::delivery::pause::PauseState;

/// Returns whether the list is paused; `None` if Redis does not say so now. A user who may not read the key is never paused.
async fn is_paused(connection: &mut Connection, keys: &Keys) -> Result<Option<bool>, QueueError> {
    connection.refresh().await?;
    let key = keys.paused();
    let exists = connection.send::<u64>("EXISTS", vec![key.as_str().into()]);
    Ok(match connection.once(COMMAND_TIMEOUT, &key, exists).await {
        Ok(count) => Some(count > 0),
        Err(Fault::NotPermitted { .. }) => Some(false),
        // The next call finds out, and reconnects.
        Err(fault) => {
            tracing::debug!(error = %fault, "cannot tell whether the list is paused");
            None
        }
    })
}

impl Claims {
    /// Returns whether the list is paused; `None` if Redis does not say so now.
    ///
    /// # Errors
    ///
    /// Fails when a lost connection cannot be made again.
    pub async fn is_paused(&mut self) -> Result<Option<bool>, QueueError> {
        is_paused(&mut self.connection, &self.keys).await
    }
}

impl Inspector {
    /// Returns the pause of the list, if it is paused and Redis says so.
    pub(super) async fn pause(&mut self) -> Option<PauseState> {
        let key = self.keys.paused();
        let left = self.connection.send::<i64>("PTTL", vec![key.as_str().into()]);
        let left = self.connection.once(COMMAND_TIMEOUT, &key, left).await.ok()?;
        let pause = PauseState::of(left, String::new())?;
        let reason = self.connection.send::<Option<String>>("GET", vec![key.as_str().into()]);
        let reason = self.connection.once(COMMAND_TIMEOUT, &key, reason).await.ok().flatten();
        Some(PauseState { reason: reason.unwrap_or_default(), ..pause })
    }
}

impl List {
    /// Returns whether the list is paused; `None` if Redis does not say so now.
    ///
    /// # Errors
    ///
    /// Fails when a lost connection cannot be made again.
    pub async fn is_paused(&mut self) -> Result<Option<bool>, QueueError> {
        is_paused(&mut self.connection, &Keys::of(&self.key)).await
    }
}
