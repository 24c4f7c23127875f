//! Precedence of flags over variables, and the origin of every value.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::boolean;
use crate::endpoint::redaction::{redacted, without_password};
use crate::units::{Environment, Origin, SettingError};

/// A value as it was typed, set or built in.
#[derive(Debug, Clone)]
struct Given {
    name: String,
    /// Text without passwords.
    text: String,
    origin: Origin,
}

/// Origin of every value of a command line, by the id of its argument.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origins(BTreeMap<String, Given>);

impl Origins {
    /// Collects the origins of the values in `matches` of `command`.
    pub(super) fn of(command: &Command, matches: &ArgMatches) -> Self {
        let ids: BTreeSet<&str> = matches.ids().map(clap::Id::as_str).collect();
        let given = |arg: &Arg| {
            let id = arg.get_id().as_str();
            let source = ids.contains(id).then(|| matches.value_source(id)).flatten()?;
            let origin = match source {
                ValueSource::CommandLine => Origin::flag(shown(arg)),
                ValueSource::EnvVariable => Origin::variable(variable(arg)?),
                _ => Origin::Default,
            };
            let values = matches.get_raw(id).into_iter().flatten();
            let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
            let name = arg.get_long().map_or_else(|| id.to_owned(), str::to_owned);
            Some((id.to_owned(), Given { name, text: redacted(&values.join(" "), None), origin }))
        };
        Self(command.get_arguments().filter_map(given).collect())
    }

    /// Returns where the value of an argument came from, unless it is a default.
    pub(crate) fn get(&self, id: &str) -> Option<&Origin> {
        self.0.get(id).map(|given| &given.origin).filter(|origin| **origin != Origin::Default)
    }

    /// Returns name, value and origin of all values, passwords hidden.
    pub(crate) fn explain(&self) -> impl Iterator<Item = (&str, &str, &Origin)> {
        // The profile is logged when it is read, and flags that are not set by who reads them.
        let is_logged =
            |given: &&Given| given.name != "profile" && !(given.origin == Origin::Default && given.text == "false");
        self.0.values().filter(is_logged).map(|Given { name, text, origin }| (name.as_str(), text.as_str(), origin))
    }
}

/// Returns `command` with the values of variables hidden in its help: a URL may hold a password.
pub(crate) fn hide_values(command: Command) -> Command {
    everywhere(command, &|arg| arg.hide_env_values(true))
}

/// Returns `command` with its variables hidden, for the short help.
pub(crate) fn hide_variables(command: Command) -> Command {
    everywhere(command, &|arg| arg.hide_env(true))
}

/// Returns `command` with all of its help, for man pages: their generator leaves out what is not part of the short help.
pub(crate) fn unabridged(command: Command) -> Command {
    everywhere(command, &|arg| arg.hide_short_help(false))
}

/// Parses a command line; what is not typed is read from its variable. An empty variable counts as absent, and so does one
/// that conflicts with a flag. The variables of the arguments `layered` are not read, and their origins left out: they are a
/// layer of their own.
///
/// # Errors
///
/// Fails as clap does; an error about a variable names it in place of the flag. Help is without the names of the variables.
pub(super) fn parse(
    command: &dyn Fn() -> Command,
    words: &[OsString],
    environment: &Environment,
    layered: &BTreeSet<String>,
) -> Result<(ArgMatches, Origins), clap::Error> {
    let known = command();
    // Seldom: all the rest is only for the variables.
    let any_is_set = any(&known, &|arg| {
        !layered.contains(arg.get_id().as_str()) && variable(arg).is_some_and(|name| environment.is_set(&name))
    });
    let mut parsed = everywhere(known, &|arg| arg.env(Resettable::Reset));
    let mut matches = parsed.try_get_matches_from_mut(words)?;
    let path = path(&matches);
    if any_is_set {
        let (leaf, typed) = descend(&parsed, Some(&matches), &path);
        (parsed, matches) = completed(command(), words, environment, layered, &path, leaf, typed)?;
    }
    let (leaf, matches_of_leaf) = descend(&parsed, Some(&matches), &path);
    let mut origins = matches_of_leaf.map(|matches| Origins::of(leaf, matches)).unwrap_or_default();
    origins.0.retain(|id, _| !layered.contains(id));
    Ok((matches, origins))
}

/// Parses `words` as the subcommand at the end of `path`, together with the variables of what was not `typed`.
fn completed(
    command: Command,
    words: &[OsString],
    environment: &Environment,
    layered: &BTreeSet<String>,
    path: &[String],
    leaf: &Command,
    typed: Option<&ArgMatches>,
) -> Result<(Command, ArgMatches), clap::Error> {
    let is_typed = |id: &str| {
        let matches = typed.filter(|matches| matches.ids().any(|known| known.as_str() == id));
        matches.and_then(|matches| matches.value_source(id)) == Some(ValueSource::CommandLine)
    };
    let conflicts = conflicts(leaf);
    let conflicts_with = |id: &str, other: &dyn Fn(&str) -> bool| {
        conflicts.iter().any(|(one, two)| (one == id && other(two)) || (two == id && other(one)))
    };
    let is_read = |arg: &Arg| !layered.contains(arg.get_id().as_str()) && !is_typed(arg.get_id().as_str());
    let read = leaf.get_arguments().filter(|arg| is_read(arg)).map(|arg| arg.get_id().to_string());
    check_text(&command, path, &read.collect(), environment)?;
    let is_silent = |arg: &Arg| {
        let id = arg.get_id().as_str();
        let Some(name) = variable(arg).filter(|name| environment.is_set(name)) else { return true };
        // Switched off, it excludes nothing.
        let off = matches!(arg.get_action(), ArgAction::SetTrue)
            && environment.get(&name).is_some_and(|value| boolean(&value) == Ok(false));
        layered.contains(id) || conflicts_with(id, &is_typed) || (off && conflicts_with(id, &|_| true))
    };
    let mut ready = everywhere(command, &|arg| if is_silent(&arg) { arg.env(Resettable::Reset) } else { arg });
    match ready.try_get_matches_from_mut(words) {
        Ok(matches) => Ok((ready, matches)),
        Err(error) => Err(name_variables(error, &variables(ready, path, &is_typed))),
    }
}

/// Fails when the variable of an argument among `read` is not text; paths may be any bytes.
fn check_text(
    command: &Command,
    path: &[String],
    read: &BTreeSet<String>,
    environment: &Environment,
) -> Result<(), clap::Error> {
    let (leaf, _) = descend(command, None, path);
    for arg in command.get_arguments().chain(leaf.get_arguments()) {
        let is_path = arg.get_value_parser().type_id() == TypeId::of::<PathBuf>();
        if let Some(name) = variable(arg).filter(|_| !is_path && read.contains(arg.get_id().as_str())) {
            environment
                .check_text(&name)
                .map_err(|error| clap::Error::raw(ErrorKind::InvalidUtf8, format!("{error}\n")))?;
        }
    }
    Ok(())
}

/// Turns an error about a variable of `command` into one that names it.
pub(super) fn setting_error(command: &Command, error: &clap::Error) -> SettingError {
    let variables = variables(command.clone(), &[], &|_| false);
    let arg = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    let name = variables.get(&arg).cloned().unwrap_or(arg);
    SettingError::new(Origin::variable(name), reason(error).unwrap_or_else(|| error.kind().to_string()))
}

/// Returns what a value parser said of a value, without passwords.
fn reason(error: &clap::Error) -> Option<String> {
    let reason = error.source()?.to_string();
    match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(value)) if !reason.contains(value.as_str()) => {
            Some(format!("`{}` {reason}", without_password(value)))
        }
        _ => Some(reason),
    }
}

/// Applies `change` to every argument of a command and its subcommands.
fn everywhere(command: Command, change: &dyn Fn(Arg) -> Arg) -> Command {
    command.mut_args(change).mut_subcommands(|subcommand| everywhere(subcommand, change))
}

/// Returns true if `is_meant` is true of any argument of a command and its subcommands.
fn any(command: &Command, is_meant: &dyn Fn(&Arg) -> bool) -> bool {
    command.get_arguments().any(is_meant) || command.get_subcommands().any(|subcommand| any(subcommand, is_meant))
}

/// Returns the subcommands that were typed, from the top down.
fn path(matches: &ArgMatches) -> Vec<String> {
    let mut path = Vec::new();
    let mut next = matches.subcommand();
    while let Some((name, matches)) = next {
        path.push(name.to_owned());
        next = matches.subcommand();
    }
    path
}

/// Returns the subcommand at the end of `path`, and its part of `matches`.
fn descend<'a>(
    command: &'a Command,
    matches: Option<&'a ArgMatches>,
    path: &[String],
) -> (&'a Command, Option<&'a ArgMatches>) {
    path.iter().fold((command, matches), |(command, matches), name| {
        let matches = matches.and_then(|matches| matches.subcommand_matches(name));
        (command.find_subcommand(name).unwrap_or(command), matches)
    })
}

/// Returns the pairs of arguments of `command` that exclude each other.
fn conflicts(command: &Command) -> Vec<(String, String)> {
    let own = command.get_arguments().filter(|arg| !arg.is_global_set());
    let pairs =
        |arg| command.get_arg_conflicts_with(arg).into_iter().map(|other| (id(arg), id(other))).collect::<Vec<_>>();
    own.flat_map(pairs).collect()
}

/// Returns the variables that are read at the end of `path`, by the flag as clap shows it.
fn variables(mut command: Command, path: &[String], is_typed: &dyn Fn(&str) -> bool) -> BTreeMap<String, String> {
    // An argument is shown in full only once it is built.
    command.build();
    let (leaf, _) = descend(&command, None, path);
    let all = command.get_arguments().chain(leaf.get_arguments());
    let read = all.filter(|arg| !is_typed(arg.get_id().as_str()));
    read.filter_map(|arg| Some((arg.to_string(), variable(arg)?))).collect()
}

/// Puts the names of variables in place of the flags in an error.
fn name_variables(mut error: clap::Error, variables: &BTreeMap<String, String>) -> clap::Error {
    let invalid = error.get(ContextKind::InvalidArg).map(ToString::to_string);
    if let (Some(name), Some(reason)) = (invalid.and_then(|arg| variables.get(&arg)), reason(&error)) {
        return clap::Error::raw(error.kind(), format!("{name}: {reason}\n"));
    }
    let named = |text: &String| variables.get(text).unwrap_or(text).clone();
    let mut is_variable = false;
    for kind in [ContextKind::InvalidArg, ContextKind::PriorArg] {
        let value = match error.get(kind) {
            Some(ContextValue::String(text)) => ContextValue::String(named(text)),
            Some(ContextValue::Strings(texts)) => ContextValue::Strings(texts.iter().map(named).collect()),
            _ => continue,
        };
        is_variable |= error.get(kind) != Some(&value);
        error.insert(kind, value);
    }
    if is_variable {
        // It would show flags that were not typed.
        error.remove(ContextKind::Usage);
    }
    error
}

fn id(arg: &Arg) -> String {
    arg.get_id().to_string()
}

/// Returns the name of an argument's variable.
fn variable(arg: &Arg) -> Option<String> {
    arg.get_env()?.to_str().map(str::to_owned)
}

/// Returns the name of an argument as it is typed.
fn shown(arg: &Arg) -> String {
    arg.get_long().map_or_else(|| "the command line".to_owned(), |long| format!("--{long}"))
}
