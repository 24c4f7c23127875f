//! qscale as a child process, as it runs in a pod.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStdin, Command};

/// Variable of a process that exits when its stdin ends: when the process that started it is gone, however that ended.
pub(crate) const SUPERVISED: &str = "QSCALE_SUPERVISED";

/// Name of the supervisor's log, in the folder of a demo.
pub(super) const SUPERVISOR_LOG: &str = "supervisor.log";

/// Pause between two checks whether a process has ended.
const PAUSE: Duration = Duration::from_millis(20);

/// Redis that a process connects to.
#[derive(Debug)]
pub(crate) enum RedisAt {
    /// The private one at this socket, regardless of `REDIS_*` variables.
    Private(PathBuf),
    /// The user's own; credentials missing from its URL come from the environment.
    Given(SecretString),
}

/// A running qscale; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Open as long as this process lives.
    _stdin: Option<ChildStdin>,
    log: PathBuf,
}

impl Process {
    /// Starts qscale with `arguments`; its log goes to `name`.log in `folder`.
    pub(crate) fn start(name: &str, arguments: &[String], redis: &RedisAt, folder: &Path) -> io::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let mut command = command(redis)?;
        command.args(arguments).env(SUPERVISED, "true").stderr(locked(&log)?).kill_on_drop(true);
        let mut child = command.spawn()?;
        Ok(Self { _stdin: child.stdin.take(), child, log })
    }

    /// Sends SIGTERM, as Kubernetes does.
    pub(crate) fn terminate(&self) {
        if let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            // Fails if the process has ended meanwhile.
            let _ = kill_process(pid, Signal::TERM);
        }
    }

    /// Sends SIGKILL, as the kernel does when memory runs out.
    pub(crate) fn kill(&mut self) {
        // Fails if the process has ended meanwhile.
        let _ = self.child.start_kill();
    }

    /// Returns true if the process is still running.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end and returns its stdout. Not cancel-safe: dropping this future can lose output.
    pub(crate) async fn output(&mut self) -> io::Result<(ExitStatus, String)> {
        let mut text = String::new();
        if let Some(mut stdout) = self.child.stdout.take() {
            stdout.read_to_string(&mut text).await?;
        }
        Ok((self.child.wait().await?, text))
    }

    /// Returns the last lines of its log.
    pub(crate) fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(3).collect();
        last.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// Returns the command of a qscale that connects to `redis`, with pipes as stdin and stdout.
pub(super) fn command(redis: &RedisAt) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    // Settings of the surroundings are not those of the demo: its processes are told theirs as arguments.
    let is_foreign = |name: &str| {
        name.starts_with("QSCALE_") || (matches!(redis, RedisAt::Private(_)) && name.starts_with("REDIS_"))
    };
    for (variable, _) in std::env::vars_os().filter(|(name, _)| is_foreign(&name.to_string_lossy())) {
        command.env_remove(variable);
    }
    // Not an argument: a URL may contain a password, and arguments are visible to all users.
    match redis {
        RedisAt::Private(socket) => command.env("REDIS_URL", format!("unix://{}", socket.display())),
        RedisAt::Given(url) => command.env("REDIS_URL", url.expose_secret()),
    };
    // A terminal sends Ctrl-C to the whole process group; the demo stops its processes itself, in order.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
    Ok(command)
}

/// Creates a log, locked as long as a process has it open.
pub(super) fn locked(path: &Path) -> io::Result<File> {
    let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.lock_shared()?;
    Ok(file)
}

/// Waits until no process but the supervisor has a log in `folder` open.
pub(super) async fn ended(folder: &Path) {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    for log in files.filter(|path| path.extension().is_some_and(|end| end == "log") && !path.ends_with(SUPERVISOR_LOG))
    {
        while File::open(&log).is_ok_and(|log| log.try_lock().is_err()) {
            tokio::time::sleep(PAUSE).await;
        }
    }
}
