//! Flags and value parsers that several subcommands share, and their precedence over the environment.

mod consumers;
mod environment;
mod lists;
mod redis;

use std::ffi::OsString;
use std::str::FromStr;
use std::time::Duration;

pub(crate) use self::consumers::{Consumers, ConsumersArgs};
pub(crate) use self::environment::{Origins, hide_values, hide_variables, unabridged};
pub(crate) use self::lists::ListsArgs;
pub(crate) use self::redis::RedisArgs;
use crate::units::{Environment, HumanDuration};

/// Parses a command line; what is not typed is read from its variable.
///
/// The variables of the Redis connection are not read here: they are a layer of their own, for a URL in the environment
/// gives its password to a host that was typed.
///
/// # Errors
///
/// Fails as clap does; an error about a variable names it in place of the flag. Help is without the names of the variables.
pub(crate) fn parse(
    command: &dyn Fn() -> clap::Command,
    words: &[OsString],
    environment: &Environment,
) -> Result<(clap::ArgMatches, Origins), clap::Error> {
    let redis = RedisArgs::table().get_arguments().map(|arg| arg.get_id().to_string()).collect();
    environment::parse(command, words, environment, &redis)
}

/// Reads a factor: from a thousandth to a million.
pub(crate) fn positive_factor(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if (1e-3..=1e6).contains(&factor) => Ok(factor),
        _ => Err("is not a factor from 0.001 to 1000000".to_owned()),
    }
}

/// Reads a whole number.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    text.trim().parse().map_err(|_| too_large(text).unwrap_or_else(|| "must be a whole number".to_owned()))
}

/// Reads a whole number that may not be zero.
pub(crate) fn positive_count<N: FromStr>(text: &str) -> Result<N, String> {
    let error = |_| too_large(text).unwrap_or_else(|| "must be a whole number of at least 1".to_owned());
    text.trim().parse().map_err(error)
}

/// Returns the error about a whole number that is too large for its type.
fn too_large(text: &str) -> Option<String> {
    let digits = text.trim();
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_whole && digits.bytes().any(|byte| byte != b'0')).then(|| "is too large".to_owned())
}

/// Reads a share in percent, with or without the sign, as a fraction.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').unwrap_or(text.trim()).trim_end().parse::<f64>();
    let percent = number.ok().filter(|percent| (0.0..=100.0).contains(percent));
    percent.map(|percent| percent / 100.0).ok_or_else(|| "must be a percentage from 0% to 100%".to_owned())
}

/// Reads a duration that may not be zero.
pub(crate) fn positive_duration(text: &str) -> Result<Duration, String> {
    match text.parse::<HumanDuration>().map_err(|error| error.to_string())?.0 {
        Duration::ZERO => Err("must be more than 0s".to_owned()),
        duration => Ok(duration),
    }
}

/// Reads a name, which may not be empty.
pub(crate) fn name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("is empty: set a name, or remove it for the default".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// Reads the key of the one list of a run.
pub(crate) fn list_key(text: &str) -> Result<String, String> {
    if text.contains(',') {
        return Err("names several lists: name the one to push to".to_owned());
    }
    name(text)
}

/// Reads the key of one of several lists.
pub(crate) fn one_of_lists(text: &str) -> Result<String, String> {
    if text.contains(',') {
        let keys = text.split(',').map(str::trim).filter(|key| !key.is_empty());
        let each = keys.map(|key| format!("--list {key}")).collect::<Vec<_>>().join(" ");
        return Err(format!("names several lists: repeat the flag, as in `{each}`, or set QSCALE_LISTS"));
    }
    name(text)
}

/// Reads a port.
pub(crate) fn port(text: &str) -> Result<u16, String> {
    text.trim().parse().ok().filter(|port| *port != 0).ok_or_else(|| "is not a port from 1 to 65535".to_owned())
}

/// Reads a boolean of an environment variable.
pub(crate) fn boolean(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("is neither `true` nor `false`".to_owned()),
    }
}

/// Reads a value without the spaces around it, which variables from files often have.
pub(crate) fn trimmed<T: FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|error: T::Err| error.to_string())
}
