//! A Redis for one demonstration: on a unix socket in a temporary folder, and gone with it.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::LocalError;

/// The servers that will do; Valkey is the one whose licence is free everywhere.
const PROGRAMS: [&str; 2] = ["valkey-server", "redis-server"];

/// How long the server may take to listen.
const START: Duration = Duration::from_secs(10);

/// A running server; ended when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    folder: TempDir,
    program: &'static str,
}

impl Server {
    /// Starts the first server that the path offers, and waits until it listens.
    pub(crate) async fn start() -> Result<Self, LocalError> {
        let (program, path) =
            PROGRAMS.iter().find_map(|name| Some((*name, on_path(name)?))).ok_or(LocalError::NoServer)?;
        let failed = |reason: String| LocalError::ServerFailed { program: program.to_owned(), reason };
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
            // The Ctrl-C of a terminal goes to a whole group; the server is to outlive who uses it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let mut server = Self { process, folder, program };
        server.listening().await.map_err(failed)?;
        Ok(server)
    }

    /// The program's name.
    pub(crate) fn program(&self) -> &'static str {
        self.program
    }

    /// The socket it listens on.
    pub(crate) fn socket(&self) -> PathBuf {
        socket(&self.folder)
    }

    /// Ends the server and deletes its folder.
    pub(crate) async fn stop(mut self) {
        // Nothing of what it holds is wanted any more.
        let _ = self.process.kill().await;
    }

    async fn listening(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + START;
        loop {
            if UnixStream::connect(self.socket()).await.is_ok() {
                return Ok(());
            }
            let ended = self.process.try_wait().map_err(|error| error.to_string())?;
            if ended.is_some() || Instant::now() > deadline {
                let log = std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default();
                return Err(log.lines().last().unwrap_or("it said nothing").to_owned());
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
