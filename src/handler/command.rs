//! Working an item by running a command.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::io::Errno;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::group::Group;
use super::output::Streams;
use super::{Assignment, Disposition, argument};
use crate::delivery::exit_map::{ExitMap, ExitMeaning};
use crate::terminal::Echo;

/// How long processes that a command leaves behind may live on after it.
const LINGER: Duration = Duration::from_secs(1);

/// What is run for each item.
///
/// The item comes on stdin, byte for byte, and as an argument only where `{}` is written; no shell looks at either. What
/// is known of the item comes in `QSCALE_ITEM_ID`, `QSCALE_ATTEMPT`, `QSCALE_LIST` and `QSCALE_CONSUMER`. All other
/// variables are as qscale got them, with `REDIS_URL` and `REDIS_PASSWORD` among them: a command that needs Redis finds
/// it as any program beside it does. Nothing secret is ever an argument, which all users of a machine can see.
///
/// An item ends with its command: what that leaves behind in its process group is ended a second later.
#[derive(Debug, Clone)]
pub(crate) struct CommandSpec {
    /// A path, or a name to be looked up in `PATH`; `{}` has no meaning in it.
    pub(crate) program: OsString,
    /// Its arguments; `{}` stands for the item.
    pub(crate) arguments: Vec<OsString>,
    /// How long it may take; for ever where nothing is said.
    pub(crate) timeout: Option<Duration>,
    /// How long it may take to end after it was told to (SIGTERM), before it is killed.
    pub(crate) kill_after: Duration,
    /// What its exit status says of the item.
    pub(crate) exit: ExitMap,
}

/// How the wait for a command ended.
enum Ending {
    Exit(io::Result<ExitStatus>),
    OutOfTime,
    Aborted,
}

impl CommandSpec {
    /// Runs the command for an item, and leaves nothing of it running.
    pub(super) async fn work(&self, assignment: &Assignment, echo: &Echo, abort: &CancellationToken) -> Disposition {
        if abort.is_cancelled() {
            return Disposition::Interrupted;
        }
        let arguments = match argument::fill(&self.arguments, &assignment.item) {
            Ok(arguments) => arguments,
            Err(reason) => return Disposition::dead_letter(format!("the item cannot be an argument: {reason}")),
        };
        let mut group = match Group::start(&mut self.command(arguments, assignment)) {
            Ok(group) => group,
            Err(error) => return self.not_started(&error),
        };
        let mut streams = Streams::start(&mut group.leader, assignment.item.0.clone(), &assignment.id, echo);
        let ending = self.wait(&mut group, abort).await;
        match &ending {
            Ending::Exit(_) => {
                let rest = async { tokio::join!(streams.ended(), group.gone()) };
                if tokio::time::timeout(LINGER, rest).await.is_err() {
                    self.end_rest(&mut group, &assignment.id).await;
                }
            }
            Ending::OutOfTime | Ending::Aborted => group.end(self.kill_after).await,
        }
        let tail = streams.finish(abort).await;
        self.disposition(ending, tail)
    }

    /// Ends what the command left behind in its group; what left the group as well is not ours to end.
    async fn end_rest(&self, group: &mut Group, id: &str) {
        if group.is_left() {
            tracing::warn!("[{id}] left processes behind: they are ended");
            group.end(self.kill_after).await;
        } else {
            tracing::warn!("[{id}] left a process behind in a group of its own: its output is not waited for");
        }
    }

    fn command(&self, arguments: Vec<OsString>, assignment: &Assignment) -> Command {
        let Assignment { item: _, id, attempt, list, consumer } = assignment;
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("QSCALE_ITEM_ID", id)
            .env("QSCALE_ATTEMPT", attempt.to_string())
            .env("QSCALE_LIST", list.as_ref())
            .env("QSCALE_CONSUMER", consumer.as_ref())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    async fn wait(&self, group: &mut Group, abort: &CancellationToken) -> Ending {
        let out_of_time = async {
            match self.timeout {
                Some(timeout) => tokio::time::sleep(timeout).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            status = group.leader_exit() => Ending::Exit(status),
            () = abort.cancelled() => Ending::Aborted,
            () = out_of_time => Ending::OutOfTime,
        }
    }

    fn disposition(&self, ending: Ending, tail: Vec<u8>) -> Disposition {
        let status = match ending {
            Ending::Exit(Ok(status)) => status,
            Ending::Exit(Err(error)) => {
                return Disposition::Retry {
                    reason: format!("cannot wait for the command: {error}"),
                    tail,
                    spend: true,
                };
            }
            Ending::OutOfTime => {
                let timeout = humantime::format_duration(self.timeout.unwrap_or_default());
                return Disposition::Retry { reason: format!("took longer than {timeout}"), tail, spend: true };
            }
            Ending::Aborted => return Disposition::Interrupted,
        };
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        let Some(code) = code else {
            return Disposition::Retry { reason: ended_by_signal(status), tail, spend: true };
        };
        let reason = format!("exit status {code}");
        match self.exit.meaning(code) {
            ExitMeaning::Ack => Disposition::Ack,
            ExitMeaning::Dead => Disposition::DeadLetter { reason, tail },
            ExitMeaning::Retry => Disposition::Retry { reason, tail, spend: false },
            ExitMeaning::Fail => Disposition::Retry { reason, tail, spend: true },
            ExitMeaning::Stop => Disposition::Unrunnable(match code {
                126 => format!("`{}` says that what it runs is not executable ({reason})", self.name()),
                127 => format!("`{}` says that what it runs was not found ({reason})", self.name()),
                _ => format!("`{}` says that it cannot go on ({reason})", self.name()),
            }),
        }
    }

    /// What it means that the command could not be started.
    fn not_started(&self, error: &io::Error) -> Disposition {
        let name = self.name();
        let short_of = [Errno::AGAIN, Errno::NOMEM, Errno::MFILE, Errno::NFILE, Errno::TXTBSY, Errno::INTR];
        match Errno::from_io_error(error) {
            Some(errno) if short_of.contains(&errno) => {
                Disposition::Retry { reason: format!("cannot start `{name}`: {error}"), tail: Vec::new(), spend: false }
            }
            Some(Errno::TOOBIG) if argument::ask_for_item(&self.arguments) => Disposition::dead_letter(
                "the item cannot be an argument: it is too long, have the command read it from stdin",
            ),
            // It is there: what is missing is the interpreter that its first line names.
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

fn ended_by_signal(status: ExitStatus) -> String {
    match status.signal() {
        Some(signal) => format!("ended by signal {signal}"),
        None => status.to_string(),
    }
}
