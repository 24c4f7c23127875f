//! What no flag says, from the environment.

use std::path::PathBuf;
use std::str::FromStr;

use super::args::Args;
use super::vitals::Shown;
use crate::args::positive_count;
use crate::units::{Environment, SettingError};

impl Args {
    /// Takes from the environment what was not typed.
    ///
    /// # Errors
    ///
    /// Names the variable that says what cannot be.
    pub(super) fn or_variables(mut self, environment: &Environment) -> Result<Self, SettingError> {
        let Self { timeout, kill_after, drain, lease, max_attempts, max_crashes, backoff, max_age, shown, .. } =
            &mut self;
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
        let Shown { metrics, stamp_field, heartbeat } = shown;
        if metrics.is_none() {
            *metrics = environment.parse("QSCALE_METRICS", read)?;
        }
        if stamp_field.is_none() {
            *stamp_field = environment.get("QSCALE_STAMP_FIELD");
        }
        if heartbeat.is_none() {
            *heartbeat = environment.get("QSCALE_HEARTBEAT").map(PathBuf::from);
        }
        Ok(self)
    }
}

fn read<T: FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}
