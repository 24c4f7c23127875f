//! Processing of items: simulated work, a command per item, or persistent processes.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

use super::super::Context;
use super::args::{HandlerArgs, SimulatedWorkArgs};
use crate::delivery::defaults::DEFAULT_KILL_AFTER;
use crate::delivery::exit_map::{ExitMap, ExitRule};
use crate::delivery::protocol::{HandlerProtocol, ItemSeparator};
use crate::delivery::status_map::StatusMap;
use crate::handler::{CommandSpec, HttpSpec, PoolSpec, TimeLimit};
use crate::units::{HumanDuration, Origin, Setting, SettingError, counted};
use crate::workload::Work;

/// Processing of an item.
#[derive(Debug, Clone)]
pub(super) enum Job {
    /// Simulated work, or printing.
    Work { work: Work, speed: f64, seed: Option<u64> },
    /// A command.
    Command(CommandSpec),
    /// Persistent processes of a command.
    Lines(PoolSpec),
    /// An endpoint that items are posted to.
    Http(HttpSpec),
}

/// Arguments that say how items are processed.
pub(super) struct JobArgs {
    pub(super) work: Option<Work>,
    pub(super) command: Vec<OsString>,
    pub(super) handler: HandlerArgs,
    pub(super) simulated: SimulatedWorkArgs,
}

impl JobArgs {
    /// Merges the arguments with the profile; an argument has precedence.
    pub(super) fn resolve(
        self,
        concurrency: u32,
        stamp_field: Option<String>,
        context: &Context,
    ) -> Result<Job, SettingError> {
        let Self { work, command, handler: given, simulated } = self;
        let usual = &context.profile.consume;
        let from = context.precedence("consume");
        let timeout = from.option("timeout", given.timeout, usual.timeout).map(Setting::positive).transpose()?;
        let field = from.option("timeout-field", given.timeout_field.clone(), usual.timeout_field.clone());
        let limit =
            TimeLimit { longest: timeout.map(|timeout| timeout.value.0), field: field.map(|field| field.value) };
        let kill_after = from.or("kill-after", given.kill_after, usual.kill_after, HumanDuration(DEFAULT_KILL_AFTER));
        let command = if command.is_empty() && work.is_none() {
            usual_command(context)
        } else {
            Some(command).filter(|words| !words.is_empty())
        };
        let protocol = given.handler.map(HandlerProtocol::from);
        // Next to a handler, the work of a profile is the time that a simulation assumes.
        let is_simulated =
            usual.work.is_some() && usual.handler.is_none_or(|handler| handler == HandlerProtocol::Command);
        let is_by_handler = given.handler.is_some() || (work.is_none() && !is_simulated && command.is_none());
        if is_by_handler && protocol.or(usual.handler) == Some(HandlerProtocol::Http) {
            return self::http(&given, limit, stamp_field, command.is_some(), context);
        }
        let Some(mut words) = command.map(VecDeque::from) else {
            if is_by_handler && let Some(protocol) = from.option("handler", protocol, usual.handler) {
                return Err(SettingError::new(protocol.origin, "needs a command: append `-- COMMAND`"));
            }
            // Unless work was asked for, items would be acknowledged that no handler has seen.
            if work.is_none()
                && let Some((name, protocol)) = given.first_of_a_protocol()
            {
                let message = format!("has no effect without `--handler {protocol}`");
                return Err(SettingError::new(from.given(name), message));
            }
            if is_by_handler && usual.url.is_some() {
                let origin = context.profile.origin(&["consume", "url"]);
                return Err(SettingError::new(origin, "has no effect without `handler = \"http\"`"));
            }
            let SimulatedWorkArgs { speed, seed } = simulated;
            return Ok(Job::Work { work: from.or("work", work, usual.work.clone(), Work::None).value, speed, seed });
        };
        if words.front().is_some_and(|program| program.is_empty()) {
            return Err(SettingError::new(Origin::flag("COMMAND"), "is empty: expected a program and its arguments"));
        }
        let command = CommandSpec {
            program: words.pop_front().unwrap_or_default(),
            arguments: words.into(),
            limit,
            kill_after: kill_after.value.0,
            exit: exit_map(context, &given.exit)?,
            separator: ItemSeparator::default(),
            pass_redis_env: from.flag("pass-redis-env", given.pass_redis_env, usual.pass_redis_env).value,
        };
        let protocol = from.or("handler", protocol, usual.handler, HandlerProtocol::default());
        if let Some(name) = given.first_of_http() {
            return Err(SettingError::new(from.given(name), "has no effect without `--handler http`"));
        }
        if protocol.value != HandlerProtocol::Lines
            && let Some(name) = given.first_of_lines()
        {
            return Err(SettingError::new(from.given(name), "has no effect without `--handler lines`"));
        }
        match protocol.value {
            // A command that was typed comes before the endpoint of the profile.
            HandlerProtocol::Command | HandlerProtocol::Http => Ok(Job::Command(command)),
            HandlerProtocol::Lines => {
                let per_process = from.option("per-process", given.per_process, usual.per_process);
                let per_process = per_process.map_or(1, |setting| setting.value.get());
                let ready_within = from.option("ready-within", given.ready_within, usual.ready_within);
                let ready_within = ready_within.map(Setting::positive).transpose()?;
                let restart_after = from.option("restart-after", given.restart_after, usual.restart_after);
                Ok(Job::Lines(PoolSpec {
                    command,
                    processes: concurrency.div_ceil(per_process) as usize,
                    per_process: per_process as usize,
                    batch: None,
                    gives_up: false,
                    ready_within: ready_within.map(|setting| setting.value.0),
                    restart_after: restart_after.map(|setting| setting.value.get()),
                    stamp_field,
                }))
            }
        }
    }
}

/// Merges the arguments about an endpoint with the profile.
fn http(
    given: &HandlerArgs,
    limit: TimeLimit,
    stamp_field: Option<String>,
    has_command: bool,
    context: &Context,
) -> Result<Job, SettingError> {
    let (usual, from) = (&context.profile.consume, context.precedence("consume"));
    let origin = from.or("handler", given.handler.map(Into::into), usual.handler, HandlerProtocol::Http).origin;
    if has_command && given.handler.is_some() {
        return Err(SettingError::new(origin, "takes no command: remove it, or use `--handler lines`"));
    }
    if let Some(name) = given.first_of_lines() {
        return Err(SettingError::new(from.given(name), "has no effect without `--handler lines`"));
    }
    if let Some(name) = given.first_of_commands() {
        return Err(SettingError::new(from.given(name), "has no effect with `--handler http`"));
    }
    let Some(url) = from.option("handler-url", given.url.clone(), usual.url.clone()) else {
        return Err(SettingError::new(origin, "needs an endpoint: add `--url http://127.0.0.1:8080/`"));
    };
    // Those of the profile have been checked.
    let rules = if given.http_status.is_empty() { usual.http_status.clone() } else { Some(given.http_status.clone()) };
    let statuses = StatusMap::with(rules.unwrap_or_default())
        .map_err(|error| SettingError::new(from.given("http-status"), error.to_string()))?;
    Ok(Job::Http(HttpSpec { url: url.value, limit, statuses, stamp_field }))
}

impl Job {
    /// Returns the time between SIGTERM and SIGKILL for its processes, if it has any.
    pub(super) fn kill_after(&self) -> Option<Duration> {
        match self {
            Self::Work { .. } | Self::Http(_) => None,
            Self::Command(command) | Self::Lines(PoolSpec { command, .. }) => Some(command.kill_after),
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Work { work, .. } => write!(f, "work {work}"),
            Self::Http(http) => write!(f, "{}", http.url),
            Self::Command(command) => write!(f, "command {}", command.program.display()),
            Self::Lines(PoolSpec { command, processes, .. }) => {
                write!(
                    f,
                    "{} of {} with lines",
                    counted(*processes as u64, "process", "processes"),
                    command.program.display()
                )
            }
        }
    }
}

/// Returns the command of the profile, and logs where it is set; its arguments may hold secrets.
fn usual_command(context: &Context) -> Option<Vec<OsString>> {
    let words = context.profile.consume.command.clone()?;
    let program = words.first().map_or("", String::as_str);
    let arguments = counted(words.len().saturating_sub(1), "argument", "arguments");
    let origin = context.profile.origin(&["consume", "command"]);
    tracing::debug!("command: {program} with {arguments} (from {origin})");
    Some(words.into_iter().map(OsString::from).collect())
}

/// Returns the exit map of the profile with the rules of the command line, which must be no other than a profile may have.
fn exit_map(context: &Context, rules: &[ExitRule]) -> Result<ExitMap, SettingError> {
    let wrong = |message: String| Err(SettingError::new(context.precedence("consume").given("exit"), message));
    if let Some(rule) = ExitRule::repeated(rules) {
        return wrong(format!("`{rule}` is about a status that has a meaning already"));
    }
    let map = usual_exit(context).with(rules);
    if map.acknowledges() { Ok(map) } else { wrong("leaves no exit status that acknowledges an item".to_owned()) }
}

/// Returns the exit map of the profile, and logs where it is set.
fn usual_exit(context: &Context) -> ExitMap {
    let Some(table) = &context.profile.consume.exit else { return ExitMap::default() };
    let rules: Vec<String> = table.rules().iter().map(ToString::to_string).collect();
    tracing::debug!("exit: {} (from {})", rules.join(","), context.profile.origin(&["consume", "exit"]));
    ExitMap::from(table)
}
