//! qscale as a child process, as it runs in a pod.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

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
    log: PathBuf,
}

impl Process {
    /// Starts qscale with `arguments`; its log goes to `name`.log in `folder`.
    pub(crate) fn start(name: &str, arguments: &[String], redis: &RedisAt, folder: &Path) -> io::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let mut command = Command::new(std::env::current_exe()?);
        // Not an argument: a URL may contain a password, and arguments are visible to all users.
        match redis {
            RedisAt::Private(socket) => {
                for (variable, _) in std::env::vars_os() {
                    if variable.to_string_lossy().starts_with("REDIS_") {
                        command.env_remove(variable);
                    }
                }
                command.env("REDIS_URL", format!("unix://{}", socket.display()));
            }
            RedisAt::Given(url) => {
                command.env("REDIS_URL", url.expose_secret());
            }
        }
        // Settings of the surroundings are not those of the demo: its processes are told theirs as arguments.
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("QSCALE_") {
                command.env_remove(variable);
            }
        }
        let child = command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log)?)
            // A terminal sends Ctrl-C to the whole process group; the demo stops its processes itself, in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { child, log })
    }

    /// Sends SIGTERM, as Kubernetes does.
    pub(crate) fn terminate(&self) {
        if let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            // Fails if the process has ended meanwhile.
            let _ = kill_process(pid, Signal::TERM);
        }
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
