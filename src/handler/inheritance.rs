//! Variables of the consumer that the processes of handlers do not inherit.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::LazyLock;

use tokio::process::Command;

use crate::endpoint::secret::is_password_of_redis;

/// Settings of the consumer. The variables of this process do not change.
static SETTINGS: LazyLock<Vec<OsString>> = LazyLock::new(|| named(|name, _| name.as_bytes().starts_with(b"QSCALE_")));

/// Variables that hold a password of Redis.
static PASSWORDS: LazyLock<Vec<OsString>> = LazyLock::new(|| {
    named(|name, value| name.to_str().is_some_and(|name| is_password_of_redis(name, &value.to_string_lossy())))
});

fn named(is_wanted: impl Fn(&OsStr, &OsStr) -> bool) -> Vec<OsString> {
    std::env::vars_os().filter(|(name, value)| is_wanted(name, value)).map(|(name, _)| name).collect()
}

/// Takes from the environment of `command` what it does not inherit; passwords of Redis unless `pass_redis_env`.
pub(super) fn limit(command: &mut Command, pass_redis_env: bool) {
    let passwords: &[OsString] = if pass_redis_env { &[] } else { &PASSWORDS };
    for name in SETTINGS.iter().chain(passwords) {
        command.env_remove(name);
    }
}
