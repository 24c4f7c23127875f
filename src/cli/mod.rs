//! What can be typed.

mod tip;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgAction, ArgMatches, Args as _, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::args::{self, Origins};
use crate::commands::{completions, consume, dead, demo, doctor, health, init, produce, render, simulate, watch};
use crate::exit;
use crate::terminal::{LogFormat, Verbosity};
use crate::units::Environment;

/// Fill a Redis List, process its items, watch the backlog, and scale the consumers with KEDA.
#[derive(Debug, Parser)]
#[command(name = "qscale", version, disable_help_subcommand = true, styles = styles())]
#[command(after_help = PRECEDENCE, after_long_help = format!("{PRECEDENCE}\n\n{}", exit::TABLE))]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Text of `--version` after the name; man pages have the first line alone, and are the same for every build.
const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit: ",
    env!("QSCALE_COMMIT"),
    "\nfeatures: ",
    env!("QSCALE_FEATURES"),
    "\ntarget: ",
    env!("QSCALE_TARGET")
);

/// Precedence of the sources of a setting.
const PRECEDENCE: &str = "\
Precedence: flag > environment > profile > default. An empty variable counts as absent.";

/// Options of every subcommand.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Profile of the workload (TOML) [default: ./qscale.toml if present, else built in]
    #[arg(long, short, global = true, value_name = "FILE", env = "QSCALE_PROFILE")]
    pub(crate) profile: Option<PathBuf>,

    /// Profile overlay: apply the tables under [env.NAME]
    #[arg(long, global = true, value_name = "NAME", env = "QSCALE_ENV", value_parser = args::name)]
    pub(crate) env: Option<String>,

    /// Format of the log on stderr
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text", hide_short_help = true)]
    pub(crate) log: LogFormat,

    /// When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_short_help = true)]
    pub(crate) color: Color,

    /// Log more: the origin of each setting, every connection attempt
    #[arg(long, short, global = true, action = ArgAction::SetTrue)]
    pub(crate) verbose: bool,

    /// Log only warnings and errors
    #[arg(long, short, global = true, action = ArgAction::SetTrue, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl Global {
    pub(crate) fn verbosity(&self) -> Verbosity {
        match (self.verbose, self.quiet) {
            (true, _) => Verbosity::Verbose,
            (_, true) => Verbosity::Quiet,
            _ => Verbosity::Normal,
        }
    }

    pub(crate) fn color_choice(&self) -> anstream::ColorChoice {
        match self.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Produce(produce::Args),
    Consume(Box<consume::Args>),
    Watch(watch::Args),
    Dead(dead::Args),
    Render(render::Args),
    Simulate(simulate::Args),
    Demo(demo::Args),
    Init(init::Args),
    Doctor(doctor::Args),
    Completions(completions::Args),
    Health(health::Args),
}

/// Returns the command line, with the values of variables hidden.
pub(crate) fn command() -> clap::Command {
    args::hide_values(Cli::command())
}

/// Parses a command line; what is not typed is read from its variable.
///
/// # Errors
///
/// Fails with the help that was asked for, or with what is wrong.
pub(crate) fn parse(words: &[OsString], environment: &Environment) -> Result<(Cli, Origins), clap::Error> {
    let (matches, origins) = matches(words, environment).map_err(|error| tip::with_tip(error, words))?;
    Ok((Cli::from_arg_matches(&matches)?, origins))
}

/// Matches the command line of one subcommand, which is soon built; help and errors come from all of it.
fn matches(words: &[OsString], environment: &Environment) -> Result<(ArgMatches, Origins), clap::Error> {
    let command = || command().long_version(VERSION);
    let asks_help = match subcommand(words) {
        None => true,
        Some((name, augment)) => {
            let alone = || global().subcommand(augment(clap::Command::new(name)));
            match args::parse(&alone, words, environment) {
                Ok(parsed) => return Ok(parsed),
                Err(error) => is_help(&error),
            }
        }
    };
    let is_long = words.iter().any(|word| word == "--help");
    let help = || if is_long { command() } else { args::hide_variables(command()) };
    if asks_help
        && let Err(error) = help().try_get_matches_from(words)
        && is_help(&error)
    {
        return Err(error);
    }
    args::parse(&command, words, environment)
}

/// Adds the arguments of a subcommand.
type Augment = fn(clap::Command) -> clap::Command;

/// Subcommands that can be built alone.
const SUBCOMMANDS: [(&str, Augment); 11] = [
    ("produce", produce::Args::augment_args),
    ("consume", consume::Args::augment_args),
    ("watch", watch::Args::augment_args),
    ("dead", dead::Args::augment_args),
    ("render", render::Args::augment_args),
    ("simulate", simulate::Args::augment_args),
    ("demo", demo::Args::augment_args),
    ("init", init::Args::augment_args),
    ("doctor", doctor::Args::augment_args),
    ("completions", completions::Args::augment_args),
    ("health", health::Args::augment_args),
];

/// Returns the subcommand that was typed, if it can be built alone.
fn subcommand(words: &[OsString]) -> Option<(&'static str, Augment)> {
    let any = global().disable_help_flag(true).allow_external_subcommands(true);
    let matches = any.try_get_matches_from(words).ok()?;
    let typed = matches.subcommand_name()?;
    SUBCOMMANDS.into_iter().find(|(name, _)| *name == typed)
}

/// Returns a command line without subcommands.
fn global() -> clap::Command {
    Global::augment_args(clap::Command::new("qscale"))
}

fn is_help(error: &clap::Error) -> bool {
    use ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};
    matches!(error.kind(), DisplayHelp | DisplayHelpOnMissingArgumentOrSubcommand | DisplayVersion)
}

fn styles() -> clap::builder::Styles {
    use anstyle::AnsiColor::{Cyan, Green};
    clap::builder::Styles::styled()
        .header(Green.on_default().bold())
        .usage(Green.on_default().bold())
        .literal(Cyan.on_default().bold())
        .placeholder(Cyan.on_default())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Variables of every flag of the visible subcommands, by variable.
    fn variables() -> BTreeMap<String, Vec<String>> {
        fn collect(command: &clap::Command, found: &mut BTreeMap<String, Vec<String>>) {
            for arg in command.get_arguments() {
                if let (Some(name), Some(long)) = (arg.get_env(), arg.get_long()) {
                    assert!(arg.is_hide_env_values_set(), "--{long} shows the value of its variable in help");
                    found.entry(name.to_string_lossy().into_owned()).or_default().push(long.to_owned());
                }
            }
            command.get_subcommands().for_each(|subcommand| collect(subcommand, found));
        }
        let mut found = BTreeMap::new();
        collect(&command(), &mut found);
        for flags in found.values_mut() {
            flags.sort_unstable();
            flags.dedup();
        }
        found
    }

    #[test]
    fn subcommand_can_be_built_alone() {
        let all = command();
        let names = all.get_subcommands().map(clap::Command::get_name);
        assert!(names.eq(SUBCOMMANDS.iter().map(|(name, _)| *name)), "the names and their order are the same");
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        for (line, typed) in [
            ("qscale --env watch --quiet render", Some("render")),
            ("qscale watch --help", Some("watch")),
            ("qscale --version", None),
            ("qscale --help watch", None),
            ("qscale wach", None),
        ] {
            assert_eq!(subcommand(&words(line)).map(|(name, _)| name), typed, "{line}");
        }
    }

    /// Calls `check` with each subcommand, and with theirs.
    fn for_each(command: &clap::Command, check: &mut dyn FnMut(&clap::Command)) {
        check(command);
        command.get_subcommands().for_each(|subcommand| for_each(subcommand, check));
    }

    #[test]
    fn text_below_help_is_not_broken_twice() {
        // clap breaks lines at 100 columns.
        for_each(&command(), &mut |command| {
            let text = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            for (line, next) in lines.iter().zip(lines.iter().skip(1).chain([&""])) {
                let is_paragraph = !line.starts_with(' ') && (next.is_empty() || next.starts_with(' '));
                assert!(is_paragraph || line.chars().count() <= 100, "{}: {line}", command.get_name());
            }
        });
    }

    #[test]
    fn heading_ends_before_flags_of_another_subject() {
        let all = command();
        for (name, flags) in [
            ("watch", &["stamp-field", "serve"][..]),
            ("simulate", &["svg", "play", "chart", "from", "target-wait", "against"]),
        ] {
            let command = all.find_subcommand(name).unwrap();
            for flag in flags {
                let arg = command.get_arguments().find(|arg| arg.get_long() == Some(flag)).unwrap();
                assert_eq!(arg.get_help_heading(), None, "{name} --{flag}");
            }
        }
    }

    #[test]
    fn variable_sets_one_flag_and_is_named_after_it() {
        for (variable, flags) in variables() {
            let [flag] = &flags[..] else { panic!("{variable} sets {flags:?}") };
            let name = flag.to_uppercase().replace('-', "_");
            // `--rate` of a producer is another setting: both may be set in one environment.
            let of_consume = format!("QSCALE_CONSUME_{name}");
            let known =
                [format!("QSCALE_{name}"), of_consume, format!("REDIS_{name}"), "REDIS_URL".into(), "LIST_NAME".into()];
            assert!(known.contains(&variable), "{variable} sets --{flag}");
        }
    }

    #[test]
    fn key_of_produce_and_consume_has_a_flag_and_a_variable() {
        let schema = crate::profile::schema();
        for (table, definition) in [("produce", "ProduceTable"), ("consume", "ConsumeTable")] {
            let properties = ["definitions", "$defs"].map(|within| &schema[within][definition]["properties"]);
            let keys = properties.iter().find_map(|keys| keys.as_object()).expect("the schema has the table");
            let command = command();
            let subcommand = command.find_subcommand(table).expect("a subcommand of that name");
            // Pods that start are simulated, so `simulate` has the flags.
            let others = ["command", "start-time", "boot-time"];
            for key in keys.keys().filter(|key| !others.contains(&key.as_str())) {
                let arg = subcommand.get_arguments().find(|arg| arg.get_long() == Some(key));
                let arg = arg.unwrap_or_else(|| panic!("{table}.{key} has no flag"));
                assert!(arg.get_env().is_some(), "{table}.{key} has no variable");
            }
        }
    }

    #[test]
    fn help_names_every_variable() {
        let mut command = command();
        command.build();
        for name in ["produce", "consume", "watch"] {
            let subcommand = command.find_subcommand_mut(name).expect("a subcommand of that name");
            let help = subcommand.render_long_help().to_string();
            for arg in subcommand.get_arguments().filter(|arg| !arg.is_hide_set()) {
                if let Some(variable) = arg.get_env() {
                    assert!(help.contains(&format!("[env: {}", variable.to_string_lossy())), "{name}: {variable:?}");
                }
            }
        }
    }
}
