//! Processing of an item by a command.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bytes::Bytes;
use rustix::io::Errno;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::group::Group;
use super::launcher::Launcher;
use super::output::{Streams, input};
use super::{Assignment, BatchOutcome, Disposition, TimeLimit, argument, inheritance};
use crate::delivery::exit_map::{ExitMap, ExitMeaning};
use crate::delivery::protocol::ItemSeparator;
use crate::terminal::{Echo, Speaker};

/// Time that processes may outlive the command that started them.
const LINGER: Duration = Duration::from_secs(1);

/// Command that runs for each item.
///
/// The item is passed on stdin, byte for byte, and as an argument only in place of `{}`; no shell interprets either.
/// `QSCALE_ITEM_ID`, `QSCALE_ATTEMPT`, `QSCALE_LIST` and `QSCALE_CONSUMER` describe the item. Settings of the consumer (`QSCALE_*`)
/// are not inherited: a qscale that the command runs has its own. Variables with a password of Redis are only where that is
/// asked for. All others are. No secret is ever an argument, because all users of a machine can see those.
///
/// Processes that the command leaves behind in its process group are terminated a second after it exits.
#[derive(Debug, Clone)]
pub(crate) struct CommandSpec {
    /// Path, or name to look up in `PATH`; `{}` has no meaning here.
    pub(crate) program: OsString,
    /// Arguments; `{}` is replaced by the item.
    pub(crate) arguments: Vec<OsString>,
    pub(crate) limit: TimeLimit,
    /// Time between SIGTERM and SIGKILL.
    pub(crate) kill_after: Duration,
    /// Meaning of its exit statuses.
    pub(crate) exit: ExitMap,
    /// End of each item of a batch on stdin.
    pub(crate) separator: ItemSeparator,
    /// Inherits variables with a password of Redis.
    pub(crate) pass_redis_env: bool,
}

/// One run of the command.
struct CommandCall<'a> {
    /// The item, or the first one of a batch.
    first: &'a Assignment,
    /// True unless there are others.
    is_alone: bool,
    arguments: Vec<OsString>,
    variables: Vec<(&'static str, String)>,
    input: Bytes,
    limit: Option<Duration>,
}

impl<'a> CommandCall<'a> {
    /// Creates the call for one item.
    fn of(first: &'a Assignment, arguments: Vec<OsString>) -> Self {
        let variables = vec![
            ("QSCALE_ITEM_ID", first.id.clone()),
            ("QSCALE_ATTEMPT", first.attempt.to_string()),
            ("QSCALE_LIST", first.list.to_string()),
        ];
        Self { first, is_alone: true, arguments, variables, input: first.item.0.clone(), limit: None }
    }
}

/// End of the wait for a command.
enum CommandEnd {
    Exit(io::Result<ExitStatus>),
    TimedOut(Duration),
    Aborted,
}

impl CommandSpec {
    /// Returns true if an argument is to hold the item.
    pub(crate) fn has_placeholder(&self) -> bool {
        argument::contain_placeholder(&self.arguments)
    }

    /// Runs the command for an item; no process of it outlives the call.
    pub(super) async fn process(
        &self,
        assignment: &Assignment,
        echo: &Echo,
        launcher: &Launcher,
        abort: &CancellationToken,
    ) -> Disposition {
        let arguments = match argument::fill(&self.arguments, &assignment.item) {
            Ok(arguments) => arguments,
            Err(reason) => return Disposition::dead_letter(format!("item cannot be an argument: {reason}")),
        };
        let mut command = CommandCall::of(assignment, arguments);
        command.limit = self.limit.of(&assignment.item);
        self.run(&command, echo, launcher, abort).await
    }

    /// Runs the command for several items, which are on its stdin one after the other.
    pub(super) async fn process_batch(
        &self,
        batch: &[Assignment],
        echo: &Echo,
        launcher: &Launcher,
        abort: &CancellationToken,
    ) -> BatchOutcome {
        let end = self.separator.byte();
        let (parted, whole): (Vec<_>, Vec<_>) = batch.iter().partition(|assignment| assignment.item.0.contains(&end));
        let mut run = None;
        if let Some(first) = whole.first() {
            let mut call = CommandCall::of(first, self.arguments.clone());
            let ids = whole.iter().map(|assignment| assignment.id.as_str()).collect::<Vec<_>>();
            call.variables.push(("QSCALE_ITEM_IDS", ids.join(" ")));
            call.variables.push(("QSCALE_BATCH", whole.len().to_string()));
            call.input = whole.iter().flat_map(|assignment| assignment.item.0.iter().chain([&end])).copied().collect();
            call.limit = self.limit.longest;
            call.is_alone = whole.len() == 1;
            run = Some(self.run(&call, echo, launcher, abort).await.of_several(whole.len()));
        }
        match run {
            Some(outcome) if parted.is_empty() => BatchOutcome::All(outcome),
            run => {
                let of = |assignment: &Assignment| match &run {
                    Some(outcome) if !assignment.item.0.contains(&end) => outcome.copy(),
                    _ => Disposition::dead_letter("item contains the separator of a batch (use another --separator)"),
                };
                BatchOutcome::Each(batch.iter().map(of).collect())
            }
        }
    }

    async fn run(
        &self,
        call: &CommandCall<'_>,
        echo: &Echo,
        launcher: &Launcher,
        abort: &CancellationToken,
    ) -> Disposition {
        if abort.is_cancelled() {
            return Disposition::Interrupted;
        }
        let start = || {
            let mut command = self.program(&call.arguments, &call.first.consumer);
            command.envs(call.variables.iter().map(|(name, value)| (name, value)));
            let input_bytes = call.input.clone();
            move || {
                command.stdin(input(&input_bytes)?);
                Group::start(&mut command)
            }
        };
        let mut group = match launcher.launch(start, abort).await {
            Some(Ok(group)) => group,
            Some(Err(error)) => return self.not_started(&error),
            None => return Disposition::Interrupted,
        };
        let id = &call.first.id;
        let speaker = if call.is_alone {
            Speaker::Attempt { item: id.clone(), attempt: call.first.attempt }
        } else {
            Speaker::Process { pid: group.leader.id().unwrap_or_default() }
        };
        let mut streams = Streams::start(&mut group.leader, call.input.clone(), speaker, echo);
        let ending = wait(&mut group, call.limit, abort).await;
        match &ending {
            CommandEnd::Exit(_) => {
                let rest = async { tokio::join!(streams.ended(), group.gone()) };
                if tokio::time::timeout(LINGER, rest).await.is_err() {
                    self.terminate_rest(&mut group, id).await;
                }
            }
            CommandEnd::TimedOut(_) | CommandEnd::Aborted => group.terminate(self.kill_after).await,
        }
        let stderr = streams.finish(abort).await;
        self.disposition(ending, stderr)
    }

    /// Terminates processes left behind in the group; a process that has left the group is not terminated.
    async fn terminate_rest(&self, group: &mut Group, id: &str) {
        if group.has_processes() {
            tracing::warn!(event = "processes_left", item = %id, "handler left processes behind, terminating them");
            group.terminate(self.kill_after).await;
        } else {
            tracing::warn!(event = "processes_left", item = %id, "handler left a process behind in another process group, ignoring its output");
        }
    }

    /// Returns the program with `arguments`, and the environment that it has whatever item it processes.
    pub(super) fn program(&self, arguments: &[OsString], consumer: &str) -> Command {
        let mut command = Command::new(&self.program);
        inheritance::limit(&mut command, self.pass_redis_env);
        command.args(arguments).env("QSCALE_CONSUMER", consumer).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn disposition(&self, ending: CommandEnd, stderr: Vec<u8>) -> Disposition {
        let status = match ending {
            CommandEnd::Exit(Ok(status)) => status,
            CommandEnd::Exit(Err(error)) => {
                return Disposition::fail(format!("cannot wait for the command: {error}"), stderr);
            }
            CommandEnd::TimedOut(limit) => {
                let limit = humantime::format_duration(limit);
                return Disposition::fail(format!("timed out after {limit}"), stderr);
            }
            CommandEnd::Aborted => return Disposition::Interrupted,
        };
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        let Some(code) = code else {
            return Disposition::fail(exit_reason(status), stderr);
        };
        let reason = exit_reason(status);
        match self.exit.meaning(code) {
            ExitMeaning::Ack => Disposition::Ack,
            ExitMeaning::Dead => Disposition::DeadLetter { reason, stderr },
            ExitMeaning::Retry => Disposition::Retry { reason, stderr, spend: false, after: None },
            ExitMeaning::Fail => Disposition::fail(reason, stderr),
            ExitMeaning::Stop => Disposition::Unrunnable(self.stop_reason(code)),
        }
    }

    /// Returns the reason of a consumer to stop, given an exit status that asks for it.
    pub(super) fn stop_reason(&self, code: u8) -> String {
        let name = self.name();
        match code {
            126 => format!("`{name}` reports that its command is not executable (exit status 126)"),
            127 => format!("`{name}` reports that its command was not found (exit status 127)"),
            _ => format!("`{name}` reports that it cannot run (exit status {code})"),
        }
    }

    /// Returns the outcome when its processes have ended for too long, the last one for a `reason`, before one was ready.
    pub(super) fn not_ready(&self, reason: &str) -> Disposition {
        Disposition::Unrunnable(format!("no process of `{}` became ready: the last one {reason}", self.name()))
    }

    /// Returns the outcome when the command could not be started.
    pub(super) fn not_started(&self, error: &io::Error) -> Disposition {
        let name = self.name();
        match Errno::from_io_error(error) {
            Some(Errno::MFILE) => Disposition::Unrunnable(format!(
                "cannot run `{name}`: {error} (raise the limit of open files, `ulimit -n`, or lower --concurrency)"
            )),
            Some(Errno::TOOBIG) if argument::contain_placeholder(&self.arguments) => Disposition::dead_letter(
                "item cannot be an argument: it is too long (let the command read it from stdin)",
            ),
            // The file exists: the interpreter named in its first line does not.
            Some(Errno::NOENT) if self.program.as_bytes().contains(&b'/') && Path::new(&self.program).exists() => {
                Disposition::Unrunnable(format!("cannot run `{name}`: its interpreter was not found"))
            }
            Some(Errno::NOENT) => Disposition::Unrunnable(format!("cannot run `{name}`: command not found")),
            _ => Disposition::Unrunnable(format!("cannot run `{name}`: {error}")),
        }
    }

    fn name(&self) -> std::path::Display<'_> {
        Path::new(&self.program).display()
    }
}

/// Waits for the end of a command, for `limit` at most.
async fn wait(group: &mut Group, limit: Option<Duration>, abort: &CancellationToken) -> CommandEnd {
    let timed_out = async {
        match limit {
            Some(limit) => {
                tokio::time::sleep(limit).await;
                limit
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        status = group.leader_exit() => CommandEnd::Exit(status),
        () = abort.cancelled() => CommandEnd::Aborted,
        limit = timed_out => CommandEnd::TimedOut(limit),
    }
}

/// Returns the end of a process in words.
pub(super) fn exit_reason(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => status.to_string(),
    }
}
