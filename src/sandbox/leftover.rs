//! Removes the rest of a demo that was killed together with its supervisor.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process};

use super::process::SUPERVISOR_LOG;
use super::server;

/// Prefix of the folders' names.
pub(super) const PREFIX: &str = "qscale-demo-";

/// Age from which a folder without a supervisor is not that of a demo that is just being started.
const MIN_AGE: Duration = Duration::from_secs(60);

/// Kills the servers and deletes the folders of demos that are gone, in `parent`.
pub(super) fn remove(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_abandoned(&entry.path()) {
            kill_server(&entry.path());
            // The next demo tries again.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Kills the server of the demo in `folder`, if it is still there.
pub(super) fn kill_server(folder: &Path) {
    let text = fs::read_to_string(server::pid_file(folder)).unwrap_or_default();
    let Some(pid) = text.trim().parse().ok().and_then(Pid::from_raw) else { return };
    // The number may be that of another process by now.
    let command = fs::read(format!("/proc/{pid}/cmdline", pid = pid.as_raw_nonzero())).unwrap_or_default();
    if String::from_utf8_lossy(&command).contains(&*server::socket(folder).to_string_lossy()) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Returns true if `folder` is one of this user's, and its supervisor has ended.
fn is_abandoned(folder: &Path) -> bool {
    let Ok(metadata) = folder.symlink_metadata() else { return false };
    let is_old = metadata.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age >= MIN_AGE));
    let is_ours = metadata.is_dir() && metadata.uid() == geteuid().as_raw();
    is_ours && is_old && File::open(folder.join(SUPERVISOR_LOG)).is_ok_and(|log| log.try_lock().is_ok())
}
