//! Tips on mistyped command lines: what a word of KEDA, of Kubernetes or of another queue is called here.

use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{SUBCOMMANDS, subcommand};
use crate::commands::init;
use crate::profile;
use crate::units::synonym::{self, kebab};

/// Flags of `produce` that are one pattern in `simulate`.
const LOAD: [&str; 3] = ["every", "pattern", "rate"];

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
        ErrorKind::UnknownArgument => match (subcommand(words), extra.strip_prefix('-')) {
            (Some((name, _)), None) => on_value(name, &extra, words),
            (Some((name, _)), Some(flag)) => on_flag(name, flag.trim_start_matches('-')),
            (None, Some(flag)) => on_global_flag(flag.trim_start_matches('-')),
            (None, None) => None,
        },
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

/// Returns a tip on a `value` that belongs to no flag of a subcommand: the flag that takes it.
fn on_value(subcommand: &str, value: &str, words: &[OsString]) -> Option<String> {
    let rest: Vec<_> = words.iter().skip_while(|word| **word != *value).map(|word| word.to_string_lossy()).collect();
    let has_command = rest.iter().any(|word| word == "--");
    let extension = Path::new(value).extension().and_then(|extension| extension.to_str());
    let flag = match (subcommand, extension) {
        ("init", _) => return Some(format!("use '--from {value}'")).filter(|_| init::is_template(value)),
        ("consume", _) if !has_command => {
            return Some(format!("the command follows '--': 'qscale consume -- {}'", rest.join(" ")));
        }
        (_, Some("toml")) => "profile",
        ("render", Some("yaml" | "yml")) => "lint",
        ("watch", Some("jsonl")) => "replay",
        ("simulate", Some("jsonl")) => "against",
        ("simulate", _) => "produce",
        ("demo", _) => "pattern",
        ("produce", _) => "payload",
        ("consume" | "watch" | "doctor" | "dead", _) => "list",
        _ => return None,
    };
    Some(format!("use '--{flag} {value}'"))
}

/// Returns a tip on an unknown `flag` before the subcommand.
fn on_global_flag(flag: &str) -> Option<String> {
    let global = super::global();
    let is_global = |name: &&str| global.get_arguments().any(|arg| arg.get_long() == Some(name));
    synonym::settings(&kebab(flag)).find(is_global).map(|name| format!("use '--{name}'"))
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
    if subcommand == "simulate" && meant().any(|name| LOAD.contains(&name)) {
        return Some("use '--produce'".to_owned());
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
            ("watch", "lists", Some("use '--list'")),
            ("simulate", "rate", Some("use '--produce'")),
            ("simulate", "pattern", Some("use '--produce'")),
            ("demo", "rate", Some("use '--pattern'")),
            ("produce", "load", Some("use '--pattern'")),
            ("consume", "burst", Some("use '--idle-exit'")),
            ("simulate", "want", Some("use '--target-wait'")),
            ("simulate", "target", Some("use '--target-wait'")),
            ("simulate", "p95", Some("use '--target-wait'")),
            ("render", "target", Some("set `target` in [deploy] of the profile")),
        ] {
            assert_eq!(on_flag(subcommand, flag).as_deref(), tip, "{subcommand} --{flag}");
        }
    }

    #[test]
    fn value_without_a_flag_leads_to_the_flag() {
        for (line, tip) in [
            ("watch mylist", Some("use '--list mylist'")),
            ("watch run.jsonl", Some("use '--replay run.jsonl'")),
            ("doctor bull:mail:wait", Some("use '--list bull:mail:wait'")),
            ("dead ls mail", Some("use '--list mail'")),
            ("produce hello", Some("use '--payload hello'")),
            ("simulate 5m@3", Some("use '--produce 5m@3'")),
            ("simulate run.jsonl", Some("use '--against run.jsonl'")),
            ("simulate orders.toml", Some("use '--profile orders.toml'")),
            ("demo 5m@3", Some("use '--pattern 5m@3'")),
            ("render worker.yaml", Some("use '--lint worker.yaml'")),
            ("consume cat -n", Some("the command follows '--': 'qscale consume -- cat -n'")),
            ("consume --list a b -- cat", Some("use '--list b'")),
            ("health zebra", None),
        ] {
            let words: Vec<OsString> = ["qscale"].into_iter().chain(line.split(' ')).map(OsString::from).collect();
            let error = super::super::command().try_get_matches_from(&words).unwrap_err();
            let text = with_tip(error, &words).render().to_string();
            match tip {
                Some(tip) => assert!(text.contains(&format!("tip: {tip}\n")), "{line}: {text}"),
                None => assert!(!text.contains("tip:"), "{line}: {text}"),
            }
        }
    }

    #[test]
    fn flag_before_the_subcommand_leads_to_one_of_all() {
        for (flag, tip) in [("f", Some("use '--profile'")), ("config", Some("use '--profile'")), ("zebra", None)] {
            assert_eq!(on_global_flag(flag).as_deref(), tip, "{flag}");
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
