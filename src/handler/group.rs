//! Process group of a command: terminated as a whole.

use std::io;
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, test_kill_process_group, waitpgid};
use tokio::process::{Child, Command};

use super::guard;

/// First and longest pause between two checks of a group whose leader has exited. There is no notification of the exit of
/// processes that are not children.
const PAUSES: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(100)];

/// Time to wait for a killed group. Only a process that hangs in the kernel takes longer.
const KILL_TIMEOUT: Duration = Duration::from_secs(1);

/// Processes of one item. Killed when dropped, so that none outlives the handler.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) leader: Child,
    /// Id of the group, which is that of its leader; `None` once it is empty. Until then the system does not reuse the id, so
    /// that a signal cannot reach other processes.
    id: Option<GroupId>,
}

/// Id of a group, listed in [`RUNNING`] until it is dropped.
#[derive(Debug)]
struct GroupId(Pid);

/// Groups that may have processes.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// Kills the groups of all handlers: for an exit that drops none of them.
pub(crate) fn kill_all() {
    for id in running().iter() {
        // Fails if the group has exited meanwhile.
        let _ = kill_process_group(*id, Signal::KILL);
    }
}

fn running() -> MutexGuard<'static, Vec<Pid>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

impl GroupId {
    fn new(id: Pid) -> Self {
        guard::began(id);
        running().push(id);
        Self(id)
    }
}

impl Drop for GroupId {
    fn drop(&mut self) {
        running().retain(|id| *id != self.0);
        guard::ended(self.0);
    }
}

impl Group {
    /// Starts `command` as the leader of a new group.
    ///
    /// Blocks until the new process runs its program.
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        let leader = command.process_group(0).kill_on_drop(true).spawn()?;
        let id = leader.id().and_then(|id| Pid::from_raw(id.cast_signed())).map(GroupId::new);
        Ok(Self { leader, id })
    }

    /// Waits for the exit of the leader. Cancel-safe.
    pub(super) async fn leader_exit(&mut self) -> io::Result<ExitStatus> {
        self.leader.wait().await
    }

    /// Returns true if the group had processes at the last check.
    pub(super) fn has_processes(&self) -> bool {
        self.id.is_some()
    }

    /// Waits until the group is empty. Cancel-safe.
    pub(super) async fn gone(&mut self) {
        // The leader first: from then on no other code needs an exit status of the group, see `reap`.
        let _ = self.leader_exit().await;
        let [mut pause, longest] = PAUSES;
        while let Some(GroupId(id)) = self.id {
            reap(id);
            if !is_there(id) {
                self.id = None;
            } else if is_alive(id) {
                tokio::time::sleep(pause).await;
                pause = (2 * pause).min(longest);
            } else {
                // A process started during the check may have been missed; zombies keep the id from being reused.
                self.signal(Signal::KILL);
                self.id = None;
            }
        }
    }

    /// Terminates the group: SIGTERM, and SIGKILL after `kill_after`.
    pub(super) async fn terminate(&mut self, kill_after: Duration) {
        self.signal(Signal::TERM);
        // A stopped process does not receive SIGTERM until it continues.
        self.signal(Signal::CONT);
        if tokio::time::timeout(kill_after, self.gone()).await.is_ok() {
            return;
        }
        self.signal(Signal::KILL);
        if tokio::time::timeout(KILL_TIMEOUT, self.gone()).await.is_err() {
            tracing::error!("killed handler does not exit: a process hangs in the kernel");
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(GroupId(id)) = self.id {
            // Fails if the group has exited meanwhile.
            let _ = kill_process_group(id, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

fn is_there(group: Pid) -> bool {
    test_kill_process_group(group) != Err(Errno::SRCH)
}

/// Returns true if a process of the group is not a zombie. A zombie remains while its parent has not taken its status.
fn is_alive(group: Pid) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else { return true };
    let mut stats = processes.filter_map(|process| std::fs::read(process.ok()?.path().join("stat")).ok());
    stats.any(|stat| is_living_member(&stat, group))
}

/// Parses `1 (name) S 0 7 …`: id, name, state, parent and group; a name may contain any character.
fn is_living_member(stat: &[u8], group: Pid) -> bool {
    let name_end = stat.iter().rposition(|byte| *byte == b')').unwrap_or(0);
    let rest = String::from_utf8_lossy(&stat[name_end..]);
    let mut fields = rest.split_ascii_whitespace().skip(1);
    let (state, member_of) = (fields.next(), fields.nth(1));
    !matches!(state, None | Some("Z" | "X")) && member_of == Some(&group.to_string())
}

/// Reaps processes of the group that were re-parented to qscale when their parents exited.
///
/// In a container qscale is the init process; without this they would stay zombies. Must not be called before the exit
/// status of the leader was taken.
fn reap(group: Pid) {
    while let Ok(Some(_)) = waitpgid(group, WaitOptions::NOHANG) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_member_is_recognized_whatever_its_name() {
        let group = Pid::from_raw(7).unwrap();
        for (stat, lives) in [
            ("9 (sh) S 1 7 7 0", true),
            ("9 (a) Z 1 7 ) R 1 7 7", true),
            ("9 (sh) Z 1 7 7 0", false),
            ("9 (sh) S 7 8 7 7", false),
            ("9 (sh", false),
            ("", false),
        ] {
            assert_eq!(is_living_member(stat.as_bytes(), group), lives, "{stat}");
        }
    }
}
