//! What no flag says, from the environment.

use std::str::FromStr;

use super::Args;
use crate::cli::positive_count;
use crate::profile::{Environment, SettingError};

impl Args {
    /// Takes from the environment what was not typed.
    ///
    /// # Errors
    ///
    /// Names the variable that says what cannot be.
    pub(super) fn or_variables(mut self, environment: &Environment) -> Result<Self, SettingError> {
        let Self { timeout, kill_after, drain, lease, max_attempts, max_crashes, backoff, max_age, .. } = &mut self;
        let spans = [
            (timeout, "QSCALE_TIMEOUT"),
            (kill_after, "QSCALE_KILL_AFTER"),
            (drain, "QSCALE_DRAIN"),
            (lease, "QSCALE_LEASE"),
            (max_age, "QSCALE_MAX_AGE"),
        ];
        for (span, name) in spans {
            if span.is_none() {
                *span = environment.parse(name, read)?;
            }
        }
        for (count, name) in [(max_attempts, "QSCALE_MAX_ATTEMPTS"), (max_crashes, "QSCALE_MAX_CRASHES")] {
            if count.is_none() {
                *count = environment.parse(name, positive_count)?;
            }
        }
        if backoff.is_none() {
            *backoff = environment.parse("QSCALE_BACKOFF", read)?;
        }
        Ok(self)
    }
}

fn read<T: FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}
