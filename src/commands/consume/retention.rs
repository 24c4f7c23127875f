//! Items that are given up without an attempt: those that have expired, and dead letters beyond a limit.

use std::time::SystemTime;

use super::super::Context;
use crate::delivery::expiry::ExpiredOutcome;
use crate::delivery::item::Item;
use crate::units::{HumanDuration, SettingError};
use crate::workload::made_at;

/// Options about items that are given up without an attempt.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct RetentionArgs {
    /// Age, counted from --stamp-field, from which an item is not begun any more
    #[arg(long, value_name = "DURATION", env = "QSCALE_EXPIRE_AFTER")]
    pub(super) expire_after: Option<HumanDuration>,

    /// Outcome of an item that has expired [default: dead]
    #[arg(long, value_name = "OUTCOME", env = "QSCALE_EXPIRED", value_parser = clap::builder::EnumValueParser::<ExpiredArg>::new())]
    pub(super) expired: Option<ExpiredArg>,
}

/// Outcome of an expired item on the command line.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum ExpiredArg {
    /// The item is dead-lettered
    Dead,
    /// The item is removed
    Drop,
}

impl From<ExpiredArg> for ExpiredOutcome {
    fn from(typed: ExpiredArg) -> Self {
        match typed {
            ExpiredArg::Dead => Self::Dead,
            ExpiredArg::Drop => Self::Drop,
        }
    }
}

/// Items that are given up without an attempt.
#[derive(Debug, Clone)]
pub(super) struct Retention {
    pub(super) expiry: Option<Expiry>,
    pub(super) expired: ExpiredOutcome,
}

/// Age from which an item is not begun any more.
#[derive(Debug, Clone)]
pub(super) struct Expiry {
    after: HumanDuration,
    /// Field of a JSON item with its creation time.
    field: String,
}

impl RetentionArgs {
    /// Merges the arguments with the profile; an argument has precedence.
    pub(super) fn resolve(self, stamp_field: Option<&str>, context: &Context) -> Result<Retention, SettingError> {
        let Self { expire_after, expired } = self;
        let (usual, from) = (&context.profile.consume, context.precedence("consume"));
        let is_typed = expired.is_some();
        let after = from.option("expire-after", expire_after, usual.expire_after);
        let expired = from.or("expired", expired.map(Into::into), usual.expired, ExpiredOutcome::default());
        let expiry = match (after, stamp_field) {
            (None, _) if is_typed => {
                return Err(SettingError::new(expired.origin, "has no effect without `--expire-after`"));
            }
            (None, _) => None,
            (Some(after), Some(field)) => Some(Expiry { after: after.value, field: field.to_owned() }),
            (Some(after), None) => {
                let message = "needs the creation time of items: add `--stamp-field FIELD`";
                return Err(SettingError::new(after.origin, message));
            }
        };
        Ok(Retention { expiry, expired: expired.value })
    }
}

impl Expiry {
    /// Returns the reason not to begin `item`; `None` while it has not expired, or does not say when it was made.
    pub(super) fn reason(&self, item: &Item, now: SystemTime) -> Option<String> {
        // Made in the future by a clock that is ahead: not expired.
        let age = now.duration_since(made_at(item, &self.field)?).ok()?;
        (age >= self.after.0).then(|| format!("expired {} after its creation", self.after))
    }
}
