//! Tests with real processes.

mod output;
mod process;
mod termination;

use std::ffi::OsString;
use std::path::Path;
use std::sync::Mutex as StdMutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process};

use super::*;
use crate::delivery::exit_map::{ExitMap, ExitMeaning};
use crate::delivery::protocol::ItemSeparator;
use crate::terminal::LogFormat;

/// Longer than any step of a passing test.
const LONG: Duration = Duration::from_secs(20);

const MEGABYTE: usize = 1024 * 1024;

fn spec(program: impl Into<OsString>, arguments: &[&str]) -> CommandSpec {
    CommandSpec {
        program: program.into(),
        arguments: arguments.iter().map(OsString::from).collect(),
        limit: TimeLimit::default(),
        separator: ItemSeparator::Newline,
        kill_after: LONG,
        exit: ExitMap::default(),
        pass_redis_env: false,
    }
}

fn shell(script: &str) -> CommandSpec {
    spec("sh", &["-c", script])
}

fn assignment(item: impl Into<Bytes>) -> Assignment {
    let (list, consumer) = (Arc::from("mylist"), Arc::from("pod-1"));
    Assignment { item: Item(item.into()), id: "17".to_owned(), attempt: 2, list, consumer }
}

/// Output that was forwarded.
#[derive(Clone, Default)]
struct Heard(Arc<StdMutex<Vec<u8>>>);

impl Heard {
    fn echo(&self) -> Echo {
        let heard = self.clone();
        Echo::new(LogFormat::Text, move |lines| {
            heard.0.lock().expect("no test panics here").extend(lines);
            std::future::ready(())
        })
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("no test panics here").clone()
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes()).expect("the command of this test prints text")
    }

    /// Waits until `count` lines were forwarded; returns each without the id.
    async fn lines(&self, count: usize) -> Vec<String> {
        let deadline = Instant::now() + LONG;
        loop {
            let lines: Vec<_> = self.text().lines().map(|line| line.trim_start_matches("[17] ").to_owned()).collect();
            if lines.len() >= count {
                return lines;
            }
            assert!(Instant::now() < deadline, "only {lines:?} came");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn process(spec: CommandSpec, item: impl Into<Bytes>) -> Disposition {
    process_heard(spec, item, &Heard::default()).await
}

async fn process_heard(spec: CommandSpec, item: impl Into<Bytes>, heard: &Heard) -> Disposition {
    let handler = Handler::command(spec, heard.echo());
    let (assignment, abort) = (assignment(item), CancellationToken::new());
    let work = handler.process(&assignment, &abort);
    tokio::time::timeout(LONG, work).await.expect("a command did not exit")
}

/// The disposition in a word, for tables.
fn word(disposition: &Disposition) -> &'static str {
    match disposition {
        Disposition::Ack => "done",
        Disposition::Retry { spend: true, .. } => "spent",
        Disposition::Retry { spend: false, .. } => "free",
        Disposition::DeadLetter { .. } => "dead",
        Disposition::Interrupted => "interrupted",
        Disposition::Unrunnable(_) => "unrunnable",
        Disposition::Closed(_) => "closed",
        Disposition::Expired { .. } => "expired",
    }
}

/// Returns true if a process is running and not a zombie.
fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

fn random(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}
