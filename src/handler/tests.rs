//! Commands as they are run: real processes of `sh` and its like.

use std::ffi::OsString;
use std::path::Path;
use std::sync::{Mutex as StdMutex, mpsc};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process};

use super::*;
use crate::profile::{ExitMap, Profile};
use crate::screen::LogFormat;

/// Longer than anything here takes, where all is well.
const LONG: Duration = Duration::from_secs(20);

const MEGABYTE: usize = 1024 * 1024;

fn spec(program: impl Into<OsString>, arguments: &[&str]) -> CommandSpec {
    CommandSpec {
        program: program.into(),
        arguments: arguments.iter().map(OsString::from).collect(),
        timeout: None,
        kill_after: LONG,
        exit: ExitMap::default(),
    }
}

fn shell(script: &str) -> CommandSpec {
    spec("sh", &["-c", script])
}

fn assignment(item: impl Into<Bytes>) -> Assignment {
    let (list, consumer) = (Arc::from("mylist"), Arc::from("pod-1"));
    Assignment { item: Item(item.into()), id: "17".to_owned(), attempt: 2, list, consumer }
}

/// What was passed on.
#[derive(Clone, Default)]
struct Heard(Arc<StdMutex<Vec<u8>>>);

impl Heard {
    fn echo(&self) -> Echo {
        let heard = self.clone();
        Echo::new(LogFormat::Text, move |lines| heard.0.lock().expect("no test panics here").extend_from_slice(lines))
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("no test panics here").clone()
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes()).expect("the command of this test prints text")
    }

    /// Waits until `count` lines were passed on; returns each without the id.
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

async fn work(spec: CommandSpec, item: impl Into<Bytes>) -> Verdict {
    work_heard(spec, item, &Heard::default()).await
}

async fn work_heard(spec: CommandSpec, item: impl Into<Bytes>, heard: &Heard) -> Verdict {
    let handler = Handler::command(spec, heard.echo());
    let (assignment, abort) = (assignment(item), CancellationToken::new());
    let work = handler.work(&assignment, &abort);
    tokio::time::timeout(LONG, work).await.expect("a command came to no end")
}

/// The verdict in a word, for tables.
fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Done => "done",
        Verdict::Retry { spend: true, .. } => "spent",
        Verdict::Retry { spend: false, .. } => "free",
        Verdict::Bury { .. } => "buried",
        Verdict::Interrupted => "interrupted",
        Verdict::Unrunnable(_) => "unrunnable",
        Verdict::Closed(_) => "closed",
    }
}

/// Whether a process does anything any more; one that only waits for its status to be taken does not.
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

#[tokio::test]
async fn the_item_comes_on_stdin_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("item");
    for item in [b"".to_vec(), b"\0a\n\0\xff".to_vec(), random(10 * MEGABYTE)] {
        let spec = spec("sh", &["-c", "cat > \"$0\"", file.to_str().unwrap()]);
        assert_eq!(word(&work(spec, item.clone()).await), "done");
        assert!(std::fs::read(&file).unwrap() == item, "{} bytes", item.len());
    }
}

#[tokio::test]
async fn a_command_that_does_not_read_its_item_is_free_to() {
    for script in ["true", "head -c 3 > /dev/null", "exec 0<&-"] {
        assert_eq!(word(&work(shell(script), random(10 * MEGABYTE)).await), "done", "{script}");
    }
}

#[tokio::test]
async fn a_command_may_write_as_much_as_it_is_fed_while_it_is_fed() {
    let line = [b'x'; 99];
    let item: Vec<u8> = [&line[..], b"\n"].concat().repeat(MEGABYTE / 20);
    let heard = Heard::default();
    assert_eq!(word(&work_heard(shell("tee /dev/stderr"), item.clone(), &heard).await), "done");
    assert!(heard.bytes() == [b"[17] ", &line[..], b"\n"].concat().repeat(2 * item.len() / 100));
}

#[tokio::test]
async fn what_is_known_of_the_item_is_in_the_environment() {
    let heard = Heard::default();
    let script = "echo $QSCALE_ITEM_ID $QSCALE_ATTEMPT $QSCALE_LIST $QSCALE_CONSUMER; test -n \"$PATH\"";
    assert_eq!(word(&work_heard(shell(script), "x", &heard).await), "done");
    assert_eq!(heard.text(), "[17] 17 2 mylist pod-1\n");
}

#[tokio::test]
async fn the_exit_status_decides() {
    for (script, verdict, reason) in [
        ("exit 0", "done", ""),
        ("exit 1", "spent", "exit status 1"),
        ("exit 65", "buried", "exit status 65"),
        ("exit 75", "free", "exit status 75"),
        ("exit 255", "spent", "exit status 255"),
        ("kill -9 $$", "spent", "ended by signal 9"),
        ("exit 126", "unrunnable", "`sh` says that what it runs is not executable"),
        ("no-such-command-here", "unrunnable", "`sh` says that what it runs was not found"),
    ] {
        let found = work(shell(script), "x").await;
        assert_eq!(word(&found), verdict, "{script}");
        let said = match found {
            Verdict::Retry { reason, .. } | Verdict::Bury { reason, .. } | Verdict::Unrunnable(reason) => reason,
            _ => String::new(),
        };
        assert!(said.starts_with(reason), "{script}: {said}");
    }
}

#[tokio::test]
async fn the_profile_can_change_what_a_status_means() {
    let text = "[consume.exit]\ndead = [3]\nretry = [65]\nother = \"ack\"";
    let table = Profile::parse("test", text).unwrap().consume.exit.unwrap();
    for (status, verdict) in [(3, "buried"), (65, "free"), (75, "done"), (1, "done")] {
        let spec = CommandSpec { exit: ExitMap::from(&table), ..shell(&format!("exit {status}")) };
        assert_eq!(word(&work(spec, "x").await), verdict, "{status}");
    }
}

#[tokio::test]
async fn the_item_is_an_argument_only_where_it_is_asked_for() {
    let heard = Heard::default();
    let spec = spec("printf", &["%s|", "{}", "<{}{}>", "; echo $HOME"]);
    assert_eq!(word(&work_heard(spec, "a 'b", &heard).await), "done");
    assert_eq!(heard.text(), "[17] a 'b|<a 'ba 'b>|; echo $HOME|\n");
}

#[tokio::test]
async fn an_item_that_cannot_be_an_argument_is_a_dead_letter() {
    for (item, reason) in [(b"a\0b".to_vec(), "NUL"), (vec![b'x'; MEGABYTE], "too long")] {
        let Verdict::Bury { reason: said, .. } = work(spec("true", &["{}"]), item).await else { panic!("{reason}") };
        assert!(said.contains(reason), "{said}");
    }
}

#[tokio::test]
async fn a_command_that_cannot_be_run_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let [text, script] = ["text", "script"].map(|name| folder.path().join(name));
    std::fs::write(&text, "x").unwrap();
    std::fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for (program, reason) in [
        (Path::new("no-such-command-here"), "command not found"),
        (Path::new("/no/such/command"), "command not found"),
        (&text, "Permission denied"),
        (folder.path(), "Permission denied"),
        (&script, "interpreter"),
    ] {
        let Verdict::Unrunnable(said) = work(spec(program, &[]), "x").await else { panic!("{reason}") };
        assert!(said.contains(reason) && said.contains(&*program.to_string_lossy()), "{said}");
    }
}

#[tokio::test]
async fn out_of_time_nothing_of_the_group_lives_on() {
    // One that its parent waits for, one whose parent is gone; and the same where nobody heeds SIGTERM.
    let script = "sleep 1000 & echo $!; (sleep 1000 & echo $!); echo $$; wait";
    for (prefix, kill_after) in [("", LONG), ("trap '' TERM; ", Duration::from_millis(100))] {
        let (start, heard) = (Instant::now(), Heard::default());
        let timeout = Some(Duration::from_secs(1));
        let spec = CommandSpec { timeout, kill_after, ..shell(&format!("{prefix}{script}")) };
        let Verdict::Retry { reason, spend: true, .. } = work_heard(spec, "x", &heard).await else { panic!() };
        assert_eq!(reason, "took longer than 1s");
        assert!(start.elapsed() < LONG / 2);
        let pids = heard.lines(3).await;
        assert_eq!(pids.iter().filter(|pid| lives(pid)).count(), 0, "{prefix}{pids:?}");
    }
}

#[tokio::test]
async fn a_handler_that_ends_well_when_told_to_was_out_of_time_all_the_same() {
    let timeout = Some(Duration::from_secs(1));
    let spec = CommandSpec { timeout, ..shell("trap 'echo bye; exit 0' TERM; while :; do sleep 0.01; done") };
    let heard = Heard::default();
    assert_eq!(word(&work_heard(spec, "x", &heard).await), "spent");
    assert!(heard.text().contains("[17] bye\n"), "{}", heard.text());
}

#[tokio::test]
async fn abort_ends_the_group_and_puts_the_item_down() {
    for prefix in ["", "trap '' TERM; "] {
        let (heard, abort) = (Heard::default(), CancellationToken::new());
        let script = format!("{prefix}sleep 1000 & echo $!; echo $$; wait");
        let handler =
            Handler::command(CommandSpec { kill_after: Duration::from_millis(300), ..shell(&script) }, heard.echo());
        let assignment = assignment("x");
        let (verdict, pids) = tokio::join!(handler.work(&assignment, &abort), async {
            let pids = heard.lines(2).await;
            abort.cancel();
            pids
        });
        assert_eq!(word(&verdict), "interrupted");
        assert_eq!(pids.iter().filter(|pid| lives(pid)).count(), 0, "{prefix}{pids:?}");
        // And nothing more is begun.
        let verdict = handler.work(&assignment, &abort).await;
        assert_eq!((word(&verdict), heard.lines(0).await.len()), ("interrupted", 2));
    }
}

#[tokio::test]
async fn abort_does_not_wait_for_a_reader_who_sleeps() {
    let (abort, (wake, sleep)) = (CancellationToken::new(), mpsc::channel::<()>());
    let (sleep, told) = (StdMutex::new(sleep), abort.clone());
    let echo = Echo::new(LogFormat::Text, move |_| {
        told.cancel();
        // Ends when the other side is dropped.
        let _ = sleep.lock().expect("no test panics here").recv();
    });
    let (handler, assignment) = (Handler::command(shell("yes"), echo), assignment("x"));
    let verdict = tokio::time::timeout(LONG, handler.work(&assignment, &abort)).await.unwrap();
    drop(wake);
    assert_eq!(word(&verdict), "interrupted");
}

#[tokio::test]
async fn who_drops_the_work_leaves_nothing_running() {
    let (heard, abort) = (Heard::default(), CancellationToken::new());
    let handler = Handler::command(shell("sleep 1000 & echo $!; echo $$; wait"), heard.echo());
    let assignment = assignment("x");
    let pids = tokio::select! {
        verdict = handler.work(&assignment, &abort) => panic!("{verdict:?}"),
        pids = heard.lines(2) => pids,
    };
    let deadline = Instant::now() + LONG;
    while pids.iter().any(|pid| lives(pid)) {
        assert!(Instant::now() < deadline, "{pids:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn what_a_command_leaves_behind_does_not_hold_its_item() {
    for (script, redirected) in [("sleep 1000 & echo $!", false), ("sleep 1000 > /dev/null 2>&1 & echo $!", true)] {
        let (start, heard) = (Instant::now(), Heard::default());
        assert_eq!(word(&work_heard(shell(script), "x", &heard).await), "done");
        assert!(start.elapsed() < LONG / 2);
        let pids = heard.lines(1).await;
        assert!(!lives(&pids[0]), "redirected: {redirected}");
    }
}

#[tokio::test]
async fn who_left_the_group_does_not_hold_its_item_either() {
    for script in ["setsid sleep 1000 & echo $!", "setsid yes & echo $! >&2"] {
        let (start, heard) = (Instant::now(), Heard::default());
        assert_eq!(word(&work_heard(shell(script), "x", &heard).await), "done");
        assert!(start.elapsed() < LONG / 2);
        let lines = heard.lines(1).await;
        let pid = lines.iter().find_map(|line| line.parse().ok()).and_then(Pid::from_raw).unwrap();
        // Ours to end, in a test; one that writes has got SIGPIPE by now.
        let _ = kill_process(pid, Signal::KILL);
    }
}

#[tokio::test]
async fn lines_are_whole_however_many_write() {
    let heard = Heard::default();
    // Each line in two writes, and on both streams.
    let script =
        "i=0; while [ $i -lt 300 ]; do printf a; echo $i; printf b >&2; echo $i >&2; i=$((i+1)); done; printf end";
    let handler = Handler::command(shell(script), heard.echo());
    let abort = CancellationToken::new();
    let works = (0..6).map(|id| {
        let (handler, abort) = (handler.clone(), &abort);
        async move { handler.work(&Assignment { id: format!("i{id}"), ..assignment("x") }, abort).await }
    });
    let verdicts = futures_util::future::join_all(works).await;
    assert!(verdicts.iter().all(|verdict| word(verdict) == "done"));
    for id in 0..6 {
        for stream in ["a", "b"] {
            let prefix = format!("[i{id}] {stream}");
            let numbers: Vec<u32> =
                heard.text().lines().filter_map(|line| line.strip_prefix(&prefix)?.parse().ok()).collect();
            assert_eq!(numbers, (0..300).collect::<Vec<_>>(), "{prefix}");
        }
    }
    assert_eq!(heard.text().lines().count(), 6 * 601);
}

#[tokio::test]
async fn the_end_of_stderr_is_kept_with_a_failure() {
    let script = "echo not this; seq 1 100000 >&2; exit ";
    let all: Vec<u8> = (1..=100_000).flat_map(|number| format!("{number}\n").into_bytes()).collect();
    for status in [65, 75, 1] {
        let (Verdict::Bury { tail, .. } | Verdict::Retry { tail, .. }) =
            work(shell(&format!("{script}{status}")), "x").await
        else {
            panic!("{status}")
        };
        assert_eq!(tail.len(), 4096);
        assert!(all.ends_with(&tail));
    }
}
