//! A command and all that it started: one process group, ended as one.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, test_kill_process_group, waitpgid};
use tokio::process::{Child, Command};

/// When a group whose leader has ended is looked at again: at first, and at last. Nobody tells of the end of processes
/// that are not our own.
const LOOK: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(100)];

/// How long a killed group is waited for. Only a process that hangs in the kernel takes longer.
const DEATH: Duration = Duration::from_secs(1);

/// The processes of one item. Killed when dropped, so that none of them outlives who waits for it.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) leader: Child,
    /// The group's number, which is its leader's; `None` once nothing of it is left. Until then the system gives the
    /// number to nobody else, so that a signal cannot hit strangers.
    id: Option<Pid>,
}

impl Group {
    /// Starts `command` as the leader of a group of its own.
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        let leader = command.process_group(0).kill_on_drop(true).spawn()?;
        let id = leader.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Ok(Self { leader, id })
    }

    /// Waits for the leader's end. May be dropped and asked again.
    pub(super) async fn leader_exit(&mut self) -> io::Result<ExitStatus> {
        self.leader.wait().await
    }

    /// Whether something of the group was left when it was looked at last.
    pub(super) fn is_left(&self) -> bool {
        self.id.is_some()
    }

    /// Waits until nothing of the group is left. May be dropped and asked again.
    pub(super) async fn gone(&mut self) {
        // First the leader: from then on, no status of the group is of use to anyone else, see `reap`.
        let _ = self.leader_exit().await;
        let [mut pause, longest] = LOOK;
        while let Some(id) = self.id {
            reap(id);
            if !is_there(id) {
                self.id = None;
            } else if lives(id) {
                tokio::time::sleep(pause).await;
                pause = (2 * pause).min(longest);
            } else {
                // One that was begun while we looked was not seen; the dead keep the number from going to strangers.
                self.signal(Signal::KILL);
                self.id = None;
            }
        }
    }

    /// Ends the whole group: asks, and after `kill_after` insists. Nothing of it is left then.
    pub(super) async fn end(&mut self, kill_after: Duration) {
        self.signal(Signal::TERM);
        // A process that was stopped hears nothing until it goes on.
        self.signal(Signal::CONT);
        if tokio::time::timeout(kill_after, self.gone()).await.is_ok() {
            return;
        }
        self.signal(Signal::KILL);
        if tokio::time::timeout(DEATH, self.gone()).await.is_err() {
            tracing::error!("a handler does not end, though it was killed: it hangs in the kernel");
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(id) = self.id {
            // One that has ended meanwhile needs no signal.
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

/// Whether one of a group does anything any more. Those whose new parent is slow to take their status are there, but dead.
fn lives(group: Pid) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else { return true };
    let mut stats = processes.filter_map(|process| std::fs::read(process.ok()?.path().join("stat")).ok());
    stats.any(|stat| is_living_member(&stat, group))
}

/// Reads `1 (name) S 0 7 …`: number, name, state, parent and group; a name may hold anything.
fn is_living_member(stat: &[u8], group: Pid) -> bool {
    let name_end = stat.iter().rposition(|byte| *byte == b')').unwrap_or(0);
    let rest = String::from_utf8_lossy(&stat[name_end..]);
    let mut fields = rest.split_ascii_whitespace().skip(1);
    let (state, member_of) = (fields.next(), fields.nth(1));
    !matches!(state, None | Some("Z" | "X")) && member_of == Some(&group.to_string())
}

/// Takes the statuses of those of the group that became our children when their parents died.
///
/// As the first process of a container we are the one to do so; their numbers stay taken otherwise. Must not be called
/// before the leader's status was taken.
fn reap(group: Pid) {
    while let Ok(Some(_)) = waitpgid(group, WaitOptions::NOHANG) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_told_by_its_group_and_its_state_whatever_its_name() {
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
