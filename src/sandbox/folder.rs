//! The sandbox of a demo: a folder, a supervisor, and a private Redis if there is no other.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStdin};
use tokio::time::{Instant, timeout};

use super::error::SandboxError;
use super::leftover;
use super::process::{self, Process, RedisAt};
use super::server;
use crate::units::without_path;

/// Time limit for the start of the server.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// Time limit for the end of the supervisor, once there is nothing left to supervise.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Name of the processes' profile, in the folder.
const PROFILE: &str = "profile.toml";

/// Everything that a demo has started. Whatever is left when this process ends, however it ends, the supervisor ends.
#[derive(Debug)]
pub(crate) struct Sandbox {
    supervisor: Child,
    /// Ends with this process, which tells the supervisor.
    stdin: Option<ChildStdin>,
    redis: RedisAt,
    /// Name of the program that serves the private Redis.
    program: Option<&'static str>,
    folder: TempDir,
}

impl Sandbox {
    /// Starts the supervisor, and a private Redis unless `redis` is the user's own; waits until that listens.
    ///
    /// `profile` is the profile of the processes, and `arguments` are those of the supervisor.
    pub(crate) async fn start(
        redis: Option<RedisAt>,
        profile: &str,
        arguments: impl FnOnce(&Path, Option<&Path>) -> Vec<String>,
    ) -> Result<Self, SandboxError> {
        let found = match &redis {
            Some(_) => None,
            None => Some(server::program().ok_or(SandboxError::NoServer)?),
        };
        leftover::remove(&std::env::temp_dir());
        let folder = folder(profile).map_err(|error| SandboxError::NoFolder(without_path(error)))?;
        let redis = redis.unwrap_or_else(|| RedisAt::Private(server::socket(folder.path())));
        let path = found.as_ref().map(|(_, path)| path.as_path());
        let arguments = with_profile(folder.path(), arguments(folder.path(), path));
        let started = process::command(&redis).and_then(|mut command| {
            let log = process::locked(&folder.path().join(process::SUPERVISOR_LOG))?;
            // Not killed when dropped: it ends by itself, after everything else.
            command.args(arguments).stdout(Stdio::null()).stderr(log).spawn()
        });
        let mut supervisor = started.map_err(SandboxError::NoSupervisor)?;
        let (stdin, program) = (supervisor.stdin.take(), found.map(|(name, _)| name));
        let mut sandbox = Self { supervisor, stdin, redis, program, folder };
        if let Some(program) = program {
            let failed = |reason| SandboxError::ServerFailed { program: program.to_owned(), reason };
            sandbox.listening().await.map_err(failed)?;
        }
        Ok(sandbox)
    }

    /// Returns the name of the program that serves the private Redis.
    pub(crate) fn program(&self) -> Option<&'static str> {
        self.program
    }

    /// Starts a qscale process.
    pub(crate) fn spawn(&self, name: &str, arguments: &[String]) -> io::Result<Process> {
        let arguments = with_profile(self.folder.path(), arguments.to_vec());
        Process::start(name, &arguments, &self.redis, self.folder.path())
    }

    /// Returns the path of the private Redis' socket.
    pub(crate) fn socket(&self) -> PathBuf {
        server::socket(self.folder.path())
    }

    /// Ends the private Redis, and deletes the folder. The processes must have ended.
    pub(crate) async fn stop(mut self) {
        if let Some(mut stdin) = self.stdin.take() {
            // Tells the supervisor that nothing is left but the server and the folder. Fails only if it was killed.
            let _ = stdin.write_all(b"done\n").await;
        }
        if !matches!(timeout(STOP_TIMEOUT, self.supervisor.wait()).await, Ok(Ok(status)) if status.success()) {
            // The supervisor was killed itself.
            leftover::kill_server(self.folder.path());
        }
    }

    async fn listening(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            if UnixStream::connect(self.socket()).await.is_ok() {
                return Ok(());
            }
            let ended = self.supervisor.try_wait().map_err(|error| error.to_string())?;
            if ended.is_some() || Instant::now() > deadline {
                let log = fs::read_to_string(server::log(self.folder.path())).unwrap_or_default();
                return Err(log.lines().last().unwrap_or("its log is empty").to_owned());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Creates the folder, which only its owner can read, with the profile in it.
fn folder(profile: &str) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    let folder = builder.prefix(leftover::PREFIX).permissions(Permissions::from_mode(0o700)).tempdir()?;
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(folder.path().join(PROFILE))?;
    file.write_all(profile.as_bytes())?;
    Ok(folder)
}

fn with_profile(folder: &Path, arguments: Vec<String>) -> Vec<String> {
    let profile = folder.join(PROFILE).display().to_string();
    ["--quiet".to_owned(), "--profile".to_owned(), profile].into_iter().chain(arguments).collect()
}
