//! `render --schema=markdown` and `--show-profile`: keys of the profile next to the flags and variables that override them.

use clap::Command;

use super::Context;
use crate::profile::{self, Alternative};
use crate::units::{Origin, Setting};

/// Opening of `docs/profile.md`.
const INTRODUCTION: &str = "\
# Profile reference

<!-- Written by `make regenerate` from the schema: edit the doc comments in src/profile/. -->

Every key of `qscale.toml`, by table. All keys are optional unless marked as required; precedence is flag > environment >
profile > default, see [Configuration](configuration.md). Editors complete and check these keys with
[qscale.schema.json](../config/qscale.schema.json).
";

/// Subcommands whose flags set the keys of a table.
const SUBCOMMANDS: [(&str, &str); 6] = [
    ("redis", "consume"),
    ("queue", "consume"),
    ("produce", "produce"),
    ("consume", "consume"),
    ("scale", "render"),
    ("deploy", "render"),
];

/// Returns the reference of all keys.
pub(super) fn reference(command: &Command) -> String {
    format!("{INTRODUCTION}{}", profile::reference(&|path| alternative(command, path)))
}

/// Returns the profile with the origin of every value: flags of `render` and variables override it.
pub(super) fn effective(command: &Command, context: &Context, flags: &[(&str, Option<String>)]) -> String {
    context.profile.effective(&|path| {
        let of_flag = flags.iter().find(|(key, value)| path.join(".") == *key && value.is_some());
        if let Some((key, Some(value))) = of_flag {
            let flag = key.rsplit('.').next().unwrap_or(key);
            return Some(Setting { value: value.clone(), origin: Origin::flag(format!("--{flag}")) });
        }
        let variable = alternative(command, path)?.variable?;
        let value = context.environment.get(&variable).filter(|value| !value.is_empty())?;
        Some(Setting { value, origin: Origin::variable(variable) })
    })
}

/// Returns the flag and the variable that set the key of a path.
fn alternative(command: &Command, path: &[&str]) -> Option<Alternative> {
    let [table, key] = *path else { return None };
    let (_, name) = SUBCOMMANDS.iter().find(|(known, _)| *known == table)?;
    // The flag is named after the whole of it.
    let long = if (table, key) == ("redis", "url") { "redis" } else { key };
    let arg = command.find_subcommand(name)?.get_arguments().find(|arg| arg.get_long() == Some(long))?;
    // All subcommands share the flags of the connection and the list.
    let shared = ["redis", "queue"].contains(&table);
    let flag = if shared { format!("--{long}") } else { format!("{name} --{long}") };
    let variable = arg.get_env().and_then(|name| name.to_str()).map(str::to_owned);
    Some(Alternative { flag, variable })
}
