//! Tips on mistyped command lines: what a word of KEDA, of Kubernetes or of another queue is called here.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{SUBCOMMANDS, subcommand};
use crate::commands::init;
use crate::profile;
use crate::units::synonym::{self, kebab};

/// Adds what was most likely meant to an error, where clap does not know it.
pub(super) fn with_tip(mut error: clap::Error, words: &[OsString]) -> clap::Error {
    if error.kind() == ErrorKind::ArgumentConflict {
        return with_typed_flags(error, words);
    }
    let typed = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => word.clone(),
        _ => String::new(),
    };
    let (unknown, extra) = (typed(ContextKind::InvalidSubcommand), typed(ContextKind::InvalidArg));
    let tip = match error.kind() {
        ErrorKind::InvalidSubcommand => on_command(&unknown, words),
        ErrorKind::UnknownArgument => subcommand(words).and_then(|(name, _)| match extra.strip_prefix('-') {
            None if name == "init" => Some(format!("use '--from {extra}'")).filter(|_| init::is_template(&extra)),
            None if name == "consume" => {
                let rest = words.iter().skip_while(|word| **word != *extra).map(|word| word.to_string_lossy());
                let command: Vec<_> = rest.collect();
                Some(format!("the command follows '--': 'qscale consume -- {}'", command.join(" ")))
            }
            None => None,
            Some(flag) => on_flag(name, flag.trim_start_matches('-')),
        }),
        _ => None,
    };
    let Some(tip) = tip else { return error };
    for kind in [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg] {
        error.remove(kind);
    }
    if extra.starts_with('-') {
        // It would show the flag that clap took for a similar one.
        error.remove(ContextKind::Usage);
    }
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    error
}

/// Names only flags that were typed: of a group of flags that exclude another one, clap names all.
fn with_typed_flags(mut error: clap::Error, words: &[OsString]) -> clap::Error {
    let Some(ContextValue::Strings(named)) = error.get(ContextKind::PriorArg) else { return error };
    let is_typed = |flag: &str| {
        let rest = |word: &OsString| word.to_string_lossy().strip_prefix(flag).map(str::to_owned);
        words.iter().filter_map(rest).any(|rest| rest.is_empty() || rest.starts_with('='))
    };
    let typed = named.iter().filter(|usage| usage.split(' ').next().is_some_and(is_typed));
    let value = match typed.cloned().collect::<Vec<_>>() {
        typed if typed.is_empty() => return error,
        mut typed if typed.len() == 1 => ContextValue::String(typed.remove(0)),
        typed => ContextValue::Strings(typed),
    };
    error.insert(ContextKind::PriorArg, value);
    error
}

fn on_command(unknown: &str, words: &[OsString]) -> Option<String> {
    if unknown == "help" {
        let asked = words.iter().skip_while(|word| **word != *unknown).nth(1).and_then(|word| word.to_str());
        if let Some((name, _)) = SUBCOMMANDS.iter().find(|(name, _)| asked == Some(name)) {
            return Some(format!("use 'qscale {name} --help'"));
        }
        return Some("help is a flag: 'qscale --help', and 'qscale consume --help' for a subcommand".to_owned());
    }
    let word = unknown.to_lowercase();
    if subcommand(words).is_some_and(|(name, _)| name == "dead") {
        return synonym::dead_command(&word).map(|command| format!("use 'qscale dead {command}'"));
    }
    synonym::command(&word).map(|command| format!("use 'qscale {command}'"))
}

/// Returns a tip on the unknown `flag` of a subcommand: its own flag, or the key of the profile that sets it.
fn on_flag(subcommand: &str, flag: &str) -> Option<String> {
    if ["version", "V"].contains(&flag) {
        return Some("the version is that of all subcommands: 'qscale --version'".to_owned());
    }
    if flag == "kubeconfig" {
        return Some("the variable KUBECONFIG names the file, as for kubectl".to_owned());
    }
    let word = kebab(flag);
    let others: Vec<&str> = synonym::settings(&word).collect();
    let meant = || std::iter::once(word.as_str()).chain(others.iter().copied());
    if let Some(own) = meant().find(|name| has_flag(subcommand, name)) {
        return Some(format!("use '--{own}'"));
    }
    let of_profile = meant().find_map(|key| Some((profile::table_of(key)?, key))).map(|(table, key)| {
        let known =
            if has_flag(table, key) { format!("'--{key}' is a flag of 'qscale {table}'; ") } else { String::new() };
        format!("{known}set `{key}` in [{table}] of the profile")
    });
    let elsewhere = || synonym::command(&word).filter(|command| *command != subcommand);
    of_profile.or_else(|| elsewhere().map(|command| format!("use 'qscale {command}'")))
}

/// Returns whether a subcommand has this flag, or all have it.
fn has_flag(subcommand: &str, name: &str) -> bool {
    let Some((subcommand, augment)) = SUBCOMMANDS.iter().find(|(known, _)| *known == subcommand) else { return false };
    let command = super::global().subcommand(augment(clap::Command::new(*subcommand)));
    let own = command.find_subcommand(subcommand);
    let mut all = own.into_iter().chain([&command]).flat_map(clap::Command::get_arguments);
    all.any(|arg| arg.get_long() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_of_others_leads_to_the_flag_or_the_key() {
        for (subcommand, flag, tip) in [
            ("consume", "grace", Some("use '--drain'")),
            ("consume", "prefetch", Some("use '--concurrency'")),
            ("consume", "visibility-timeout", Some("use '--lease'")),
            ("consume", "maxRetries", Some("use '--max-attempts'")),
            ("consume", "count", Some("use '--max-items'")),
            ("consume", "queue", Some("use '--list'")),
            ("produce", "url", Some("use '--redis'")),
            ("consume", "config", Some("use '--profile'")),
            ("consume", "replicas", Some("set `max-replica-count` in [scale] of the profile")),
            ("demo", "max-replicas", Some("use '--consumers'")),
            ("render", "maxReplicaCount", Some("set `max-replica-count` in [scale] of the profile")),
            ("render", "cooldown", Some("set `cooldown-period` in [scale] of the profile")),
            (
                "render",
                "every",
                Some("'--every' is a flag of 'qscale produce'; set `every` in [produce] of the profile"),
            ),
            ("render", "output-dir", Some("use '--out-dir'")),
            ("watch", "version", Some("the version is that of all subcommands: 'qscale --version'")),
            ("consume", "dead-letter-queue", Some("use 'qscale dead'")),
            ("produce", "dry-run", Some("use 'qscale simulate'")),
            ("render", "dry-run", Some("use '--check'")),
            ("produce", "size", Some("use 'qscale produce --payload {text:100}'")),
            ("produce", "file", Some("use '--input'")),
            ("produce", "value", Some("use '--payload'")),
            ("render", "value", Some("set `list-length` in [scale] of the profile")),
            ("consume", "priority", Some("use '--list'")),
            ("simulate", "days", Some("use '--duration'")),
            ("watch", "web", Some("use '--serve'")),
            ("watch", "dashboard", None),
            ("render", "memory", Some("set `resources` in [deploy] of the profile")),
            ("watch", "png", Some("use '--svg'")),
            ("consume", "autoscale", Some("set `max-replica-count` in [scale] of the profile")),
            ("init", "template", Some("use '--from'")),
            ("render", "f", Some("use '--profile'")),
            ("render", "o", Some("use '--out-dir'")),
            ("watch", "kubeconfig", Some("the variable KUBECONFIG names the file, as for kubectl")),
            ("watch", "zebra", None),
        ] {
            assert_eq!(on_flag(subcommand, flag).as_deref(), tip, "{subcommand} --{flag}");
        }
    }

    #[test]
    fn word_of_others_leads_to_the_command() {
        for (words, tip) in [
            (&["retry"][..], Some("use 'qscale dead requeue'")),
            (&["dead", "retry"], Some("use 'qscale dead requeue'")),
            (&["dead", "list"], Some("use 'qscale dead ls'")),
            (&["dead", "apply"], None),
            (&["list"], Some("use 'qscale watch'")),
        ] {
            let typed: Vec<OsString> = ["qscale"].iter().chain(words).map(OsString::from).collect();
            assert_eq!(on_command(words[words.len() - 1], &typed).as_deref(), tip, "{words:?}");
        }
    }

    #[test]
    fn every_synonym_leads_to_a_flag_a_key_or_a_command() {
        let (settings, commands) = synonym::own();
        for own in settings {
            let is_flag = SUBCOMMANDS.iter().any(|(subcommand, _)| has_flag(subcommand, own));
            assert!(is_flag || profile::table_of(own).is_some(), "{own} is neither a flag nor a key");
        }
        for command in &commands {
            let words: Vec<OsString> = ["qscale"].into_iter().chain(command.split(' ')).map(OsString::from).collect();
            let read = super::super::command().try_get_matches_from(&words);
            let kinds = [ErrorKind::DisplayVersion, ErrorKind::MissingRequiredArgument, ErrorKind::MissingSubcommand];
            let kind = read.err().map(|error| error.kind());
            let shows_help = Some(ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand);
            assert!(kind.is_none_or(|kind| kinds.contains(&kind)) || kind == shows_help, "{command}: {kind:?}");
        }
    }
}
