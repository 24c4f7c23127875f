//! Termination of commands, and of processes they leave behind.

use super::*;

#[tokio::test]
async fn timeout_terminates_the_whole_group() {
    // One that its parent waits for, one whose parent is gone; and the same where SIGTERM is ignored.
    let script = "sleep 1000 & echo $!; (sleep 1000 & echo $!); echo $$; wait";
    for (prefix, kill_after) in [("", LONG), ("trap '' TERM; ", Duration::from_millis(100))] {
        let (start, heard) = (Instant::now(), Heard::default());
        let limit = TimeLimit { longest: Some(Duration::from_secs(1)), field: None };
        let spec = CommandSpec { limit, kill_after, ..shell(&format!("{prefix}{script}")) };
        let Disposition::Retry { reason, spend: true, .. } = process_heard(spec, "x", &heard).await else { panic!() };
        assert_eq!(reason, "timed out after 1s");
        assert!(start.elapsed() < LONG / 2);
        let pids = heard.lines(3).await;
        assert_eq!(pids.iter().filter(|pid| lives(pid)).count(), 0, "{prefix}{pids:?}");
    }
}

#[tokio::test]
async fn timeout_counts_even_if_the_handler_then_exits_with_0() {
    let limit = TimeLimit { longest: Some(Duration::from_secs(1)), field: None };
    let spec = CommandSpec { limit, ..shell("trap 'echo bye; exit 0' TERM; while :; do sleep 0.01; done") };
    let heard = Heard::default();
    assert_eq!(word(&process_heard(spec, "x", &heard).await), "spent");
    assert!(heard.text().contains("[17] bye\n"), "{}", heard.text());
}

#[tokio::test]
async fn abort_terminates_the_group_and_interrupts_the_item() {
    for prefix in ["", "trap '' TERM; "] {
        let (heard, abort) = (Heard::default(), CancellationToken::new());
        let script = format!("{prefix}sleep 1000 & echo $!; echo $$; wait");
        let handler =
            Handler::command(CommandSpec { kill_after: Duration::from_millis(300), ..shell(&script) }, heard.echo());
        let assignment = assignment("x");
        let (disposition, pids) = tokio::join!(handler.process(&assignment, &abort), async {
            let pids = heard.lines(2).await;
            abort.cancel();
            pids
        });
        assert_eq!(word(&disposition), "interrupted");
        assert_eq!(pids.iter().filter(|pid| lives(pid)).count(), 0, "{prefix}{pids:?}");
        // And nothing more is begun.
        let disposition = handler.process(&assignment, &abort).await;
        assert_eq!((word(&disposition), heard.lines(0).await.len()), ("interrupted", 2));
    }
}

#[tokio::test]
async fn abort_does_not_wait_for_a_blocked_reader() {
    let abort = CancellationToken::new();
    let told = abort.clone();
    let echo = Echo::new(LogFormat::Text, move |_| {
        told.cancel();
        std::future::pending()
    });
    let (handler, assignment) = (Handler::command(shell("yes"), echo), assignment("x"));
    let disposition = tokio::time::timeout(LONG, handler.process(&assignment, &abort)).await.unwrap();
    assert_eq!(word(&disposition), "interrupted");
}

#[tokio::test]
async fn drop_terminates_the_group() {
    let (heard, abort) = (Heard::default(), CancellationToken::new());
    let handler = Handler::command(shell("sleep 1000 & echo $!; echo $$; wait"), heard.echo());
    let assignment = assignment("x");
    let pids = tokio::select! {
        disposition = handler.process(&assignment, &abort) => panic!("{disposition:?}"),
        pids = heard.lines(2) => pids,
    };
    let deadline = Instant::now() + LONG;
    while pids.iter().any(|pid| lives(pid)) {
        assert!(Instant::now() < deadline, "{pids:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn processes_left_behind_do_not_delay_the_item() {
    for (script, redirected) in [("sleep 1000 & echo $!", false), ("sleep 1000 > /dev/null 2>&1 & echo $!", true)] {
        let (start, heard) = (Instant::now(), Heard::default());
        assert_eq!(word(&process_heard(shell(script), "x", &heard).await), "done");
        assert!(start.elapsed() < LONG / 2);
        let pids = heard.lines(1).await;
        assert!(!lives(&pids[0]), "redirected: {redirected}");
    }
}

#[tokio::test]
async fn processes_outside_the_group_do_not_delay_the_item() {
    // The id first: what follows may be cut.
    let writes = "f=$(mktemp -u); setsid sh -c 'until [ -e \"$0\" ]; do sleep 0.01; done; rm \"$0\"; exec yes' \"$f\" & \
                  echo $! >&2; touch \"$f\"; until [ ! -e \"$f\" ]; do sleep 0.01; done; sleep 0.1";
    for script in ["setsid sleep 1000 & echo $!", writes] {
        let (start, heard) = (Instant::now(), Heard::default());
        assert_eq!(word(&process_heard(shell(script), "x", &heard).await), "done");
        assert!(start.elapsed() < LONG / 2);
        let lines = heard.lines(1).await;
        let pid = lines.iter().find_map(|line| line.parse().ok()).and_then(Pid::from_raw).unwrap();
        // Ours to end, in a test; one that writes has got SIGPIPE by now.
        let _ = kill_process(pid, Signal::KILL);
    }
}
