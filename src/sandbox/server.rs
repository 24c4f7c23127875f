//! A private Redis, on a Unix socket in a folder.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, Command};

/// Supported programs, in order of preference; Valkey has the open licence.
const PROGRAMS: [&str; 2] = ["valkey-server", "redis-server"];

/// A running server; killed when dropped.
#[derive(Debug)]
pub(super) struct Server {
    process: Child,
    socket: PathBuf,
}

impl Server {
    /// Starts `program` in `folder`.
    pub(super) fn start(program: &Path, folder: &Path) -> io::Result<Self> {
        let socket = socket(folder);
        let process = Command::new(program)
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--daemonize", "no"])
            .arg("--unixsocket")
            .arg(&socket)
            .args(["--unixsocketperm", "700"])
            .arg("--dir")
            .arg(folder)
            .arg("--pidfile")
            .arg(pid_file(folder))
            .stdin(Stdio::null())
            .stdout(File::options().write(true).create(true).truncate(true).mode(0o600).open(log(folder))?)
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { process, socket })
    }

    /// Waits until the server exits before it listens; forever otherwise. Cancel-safe.
    pub(super) async fn failed(&mut self) {
        let _ = self.process.wait().await;
        if self.socket.exists() {
            std::future::pending::<()>().await;
        }
    }

    /// Kills the server: its data is not needed any more.
    pub(super) async fn kill(mut self) {
        // Fails if it has exited meanwhile.
        let _ = self.process.kill().await;
    }
}

/// Returns name and path of the first program found in `PATH`.
pub(super) fn program() -> Option<(&'static str, PathBuf)> {
    PROGRAMS.iter().find_map(|name| Some((*name, on_path(name)?)))
}

/// Path of the socket of a server in `folder`.
pub(super) fn socket(folder: &Path) -> PathBuf {
    folder.join("redis.sock")
}

/// Path of the file with the process id of a server in `folder`.
pub(super) fn pid_file(folder: &Path) -> PathBuf {
    folder.join("redis.pid")
}

/// Path of the output of a server in `folder`.
pub(super) fn log(folder: &Path) -> PathBuf {
    folder.join("redis.out")
}

fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}
