//! `render --schema=markdown`: the reference of profiles, with the flags of the command line.

use clap::Command;

use crate::profile::{self, Alternative};

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
    let alternative = |path: &[&str]| {
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
    };
    format!("{INTRODUCTION}{}", profile::reference(&alternative))
}
