//! What can be typed.

use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue};
use clap::{ArgAction, CommandFactory as _, Parser, Subcommand};

use crate::args;
use crate::commands::{completions, consume, dead, demo, health, produce, render, simulate, watch};
use crate::endpoint::without_password;
use crate::exit;
use crate::terminal::{LogFormat, Verbosity};

/// Fill a Redis List, process its items, watch the backlog, and scale the consumers with KEDA.
#[derive(Debug, Parser)]
#[command(name = "qscale", version, disable_help_subcommand = true, styles = styles())]
#[command(after_help = format!("{PRECEDENCE}\n\n{}", exit::TABLE))]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

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
    #[arg(long, global = true, value_name = "NAME", env = "QSCALE_ENV")]
    pub(crate) env: Option<String>,

    /// Format of the log on stderr
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub(crate) log: LogFormat,

    /// When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
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
    Consume(consume::Args),
    Watch(watch::Args),
    Dead(dead::Args),
    Render(render::Args),
    Simulate(simulate::Args),
    Demo(demo::Args),
    Completions(completions::Args),
    // For probes, not for people.
    #[command(hide = true)]
    Health(health::Args),
}

/// Returns the command line, with the values of variables hidden.
pub(crate) fn command() -> clap::Command {
    args::command(Cli::command())
}

/// Hides the passwords in the parts of the command line that an error repeats.
pub(crate) fn hide_passwords(error: &mut clap::Error) {
    for kind in [ContextKind::InvalidValue, ContextKind::InvalidArg, ContextKind::InvalidSubcommand] {
        if let Some(ContextValue::String(typed)) = error.get(kind) {
            let shown = without_password(typed);
            error.insert(kind, ContextValue::String(shown));
        }
    }
}

fn styles() -> clap::builder::Styles {
    use anstyle::AnsiColor::{Cyan, Green};
    clap::builder::Styles::styled()
        .header(Green.on_default().bold())
        .usage(Green.on_default().bold())
        .literal(Cyan.on_default().bold())
        .placeholder(Cyan.on_default())
}
