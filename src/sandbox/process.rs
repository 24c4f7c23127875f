//! qscale itself as a process of its own, as it would run in a pod.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

/// Which Redis a process is pointed to.
#[derive(Debug)]
pub(crate) enum RedisAt {
    /// The one at this socket, whatever the surroundings say.
    Private(PathBuf),
    /// The user's own; credentials that its URL leaves open come from the environment.
    Given(SecretString),
}

/// A running qscale; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts qscale with `arguments`; what it logs goes to `name`.log in `folder`.
    pub(crate) fn start(name: &str, arguments: &[String], redis: &RedisAt, folder: &Path) -> io::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let mut command = Command::new(std::env::current_exe()?);
        // Not an argument: a URL may hold a password, and arguments are for all to see.
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
        // Several would serve their figures at one address, and touch one file; and their profile has no overlays.
        command.env_remove("QSCALE_METRICS").env_remove("QSCALE_HEARTBEAT").env_remove("QSCALE_ENV");
        let child = command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log)?)
            // The Ctrl-C of a terminal goes to a whole group; here it is passed on in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { child, log })
    }

    /// Asks it to stop, as Kubernetes does.
    pub(crate) fn terminate(&self) {
        if let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            // One that has ended meanwhile needs no asking.
            let _ = kill_process(pid, Signal::TERM);
        }
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end; what it wrote to stdout. Must not be dropped half-way by who wants the whole of it.
    pub(crate) async fn output(&mut self) -> io::Result<(ExitStatus, String)> {
        let mut text = String::new();
        if let Some(mut stdout) = self.child.stdout.take() {
            stdout.read_to_string(&mut text).await?;
        }
        Ok((self.child.wait().await?, text))
    }

    /// What it logged last, for when it failed.
    pub(crate) fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(3).collect();
        last.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}
