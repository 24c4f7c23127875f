//! A private Redis, on a Unix socket in a temporary folder.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::error::SandboxError;

/// Supported programs, in order of preference; Valkey has the open licence.
const PROGRAMS: [&str; 2] = ["valkey-server", "redis-server"];

/// Time limit for the start of the server.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// A running server; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    folder: TempDir,
    program: &'static str,
}

impl Server {
    /// Starts the first program found in `PATH`, and waits until it listens.
    pub(crate) async fn start() -> Result<Self, SandboxError> {
        let (program, path) =
            PROGRAMS.iter().find_map(|name| Some((*name, on_path(name)?))).ok_or(SandboxError::NoServer)?;
        let failed = |reason: String| SandboxError::ServerFailed { program: program.to_owned(), reason };
        let folder = tempfile::Builder::new().prefix("qscale-").tempdir().map_err(|error| failed(error.to_string()))?;
        let log = std::fs::File::create(folder.path().join("server.log")).map_err(|error| failed(error.to_string()))?;
        let process = Command::new(path)
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--daemonize", "no"])
            .arg("--unixsocket")
            .arg(socket(&folder))
            .args(["--unixsocketperm", "700"])
            .arg("--dir")
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(Stdio::null())
            // A terminal sends Ctrl-C to the whole process group; the server must outlive its clients.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let mut server = Self { process, folder, program };
        server.listening().await.map_err(failed)?;
        Ok(server)
    }

    /// Returns the name of the program.
    pub(crate) fn program(&self) -> &'static str {
        self.program
    }

    /// Returns the path of its socket.
    pub(crate) fn socket(&self) -> PathBuf {
        socket(&self.folder)
    }

    /// Kills the server and deletes its folder.
    pub(crate) async fn stop(mut self) {
        // Its data is not needed any more.
        let _ = self.process.kill().await;
    }

    async fn listening(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            if UnixStream::connect(self.socket()).await.is_ok() {
                return Ok(());
            }
            let ended = self.process.try_wait().map_err(|error| error.to_string())?;
            if ended.is_some() || Instant::now() > deadline {
                let log = std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default();
                return Err(log.lines().last().unwrap_or("its log is empty").to_owned());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn socket(folder: &TempDir) -> PathBuf {
    folder.path().join("redis.sock")
}

fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}
