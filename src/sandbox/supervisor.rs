//! The supervisor of a demo: a process that outlives it, and ends what it has left behind.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;

use super::process;
use super::server::Server;

/// Time to wait for the processes of a demo that is gone. They exit by themselves.
const PROCESS_TIMEOUT: Duration = Duration::from_secs(10);

/// A folder, and the private Redis in it if there is one.
#[derive(Debug)]
pub(crate) struct Supervised<'a> {
    folder: &'a Path,
    server: Option<Server>,
}

impl<'a> Supervised<'a> {
    /// Starts `server`, if given, in `folder`.
    ///
    /// # Errors
    ///
    /// Fails when the program cannot be started.
    pub(crate) fn start(folder: &'a Path, server: Option<&Path>) -> io::Result<Self> {
        Ok(Self { folder, server: server.map(|program| Server::start(program, folder)).transpose()? })
    }

    /// Waits until the server fails to start; forever if it has started, or there is none. Cancel-safe.
    pub(crate) async fn failed(&mut self) {
        match &mut self.server {
            Some(server) => server.failed().await,
            None => std::future::pending().await,
        }
    }

    /// Waits until the processes of the demo have exited.
    pub(crate) async fn ended(&self) {
        let _ = timeout(PROCESS_TIMEOUT, process::ended(self.folder)).await;
    }

    /// Kills the server and deletes the folder.
    ///
    /// # Errors
    ///
    /// Fails when the folder cannot be deleted.
    pub(crate) async fn remove(self) -> io::Result<()> {
        if let Some(server) = self.server {
            server.kill().await;
        }
        match fs::remove_dir_all(self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
