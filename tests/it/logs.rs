//! Log entries of `consume` about its items, as text and as JSON, and its status on a terminal.
#![cfg(target_os = "linux")]

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Finished, Qscale, RedisServer, SOON, wait_until};

/// `qscale --log json consume words -- sh -c line`.
fn shell(server: &RedisServer, words: &[&str], line: &str) -> Qscale {
    let consume = ["--log", "json", "consume", "--redis", &server.url()];
    Qscale::new(consume).args(words).args(["--", "sh", "-c", line])
}

/// Entries of a JSON log.
#[track_caller]
fn entries(run: &Finished) -> Vec<Value> {
    run.stderr.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

/// Entries with this `event`.
#[track_caller]
fn events(run: &Finished, event: &str) -> Vec<Value> {
    entries(run).into_iter().filter(|entry| entry["event"] == event).collect()
}

#[test]
fn item_entry_has_the_facts_as_fields_and_not_the_payload() {
    let server = RedisServer::start();
    server.push("mylist", ["0 confidential", "3 confidential", "65 confidential"]);
    let words = ["--max-items", "3", "--backoff", "1h..2h"];
    let run = shell(&server, &words, "read status rest; exit $status").output().exits(0);
    let facts = |entry: &Value| ["level", "attempt", "outcome", "reason", "list"].map(|field| entry[field].clone());
    let ended: Vec<Value> = entries(&run).into_iter().filter(|entry| entry["outcome"].is_string()).collect();
    let expected = [
        [json!("INFO"), json!(1), json!("acknowledged"), Value::Null, json!("mylist")],
        [json!("WARN"), json!(1), json!("retried"), json!("exit status 3"), json!("mylist")],
        [json!("ERROR"), json!(1), json!("dead"), json!("exit status 65"), json!("mylist")],
    ];
    assert_eq!(ended.iter().map(facts).collect::<Vec<_>>(), expected);
    let consumer = &events(&run, "consumer_started")[0]["consumer"];
    for entry in &ended {
        assert!(entry["item"].as_str().is_some_and(|id| !id.is_empty()) && entry["seconds"].is_f64(), "{entry}");
        assert!(consumer.is_string() && entry["consumer"] == *consumer, "{entry}");
    }
    let due = humantime::parse_rfc3339(ended[1]["next_retry"].as_str().expect("a time")).expect("RFC 3339");
    assert!(due > std::time::SystemTime::now() + std::time::Duration::from_secs(600), "{due:?}");
    assert!(!run.stderr.contains("confidential"), "{}", run.stderr);

    server.push("mylist", ["0 confidential"]);
    let run = shell(&server, &["--verbose", "--once"], "read status rest; exit 65").output().exits(0);
    assert!(run.stderr.contains(r#""payload":"0 confidential""#), "{}", run.stderr);
}

#[test]
fn simulated_work_logs_successes_only_in_detail() {
    let server = RedisServer::start();
    for (words, entries) in [(&["consume"][..], 0), (&["--verbose", "consume"], 5)] {
        server.push("mylist", (0..5).map(|number| format!("item {number}")));
        let run = Qscale::new(words).args(["--redis", &server.url(), "--work", "1ms", "--max-items", "5"]).output();
        assert_eq!(run.exits(0).stderr.matches("item processed").count(), entries);
    }
}

#[test]
fn handler_line_that_is_json_stays_json() {
    let server = RedisServer::start();
    server.push("mylist", ["a"]);
    let said = r#"{"level":"warn","message":"low","id":12345678901234567890123}"#;
    let run = shell(&server, &["--once"], &format!("echo '{said}'; echo '[1]' >&2")).output().exits(0);
    let lines = events(&run, "handler_output");
    let find = |stream: &str| lines.iter().find(|line| line["stream"] == stream).expect("a line of this stream");
    assert_eq!((&find("stdout")["handler"]["level"], &find("stdout")["level"]), (&json!("warn"), &json!("INFO")));
    assert_eq!((&find("stderr")["message"], &find("stderr")["handler"]), (&json!("[1]"), &Value::Null));
    assert!(run.stderr.contains(said), "{}", run.stderr);
    for line in &lines {
        assert_eq!((&line["list"], &line["attempt"]), (&json!("mylist"), &json!(1)), "{line}");
        assert_eq!(line["item"], events(&run, "item_processed")[0]["item"]);
    }
}

#[test]
fn handler_that_writes_too_much_is_cut_and_processed() {
    let server = RedisServer::start();
    server.push("mylist", ["a", "b"]);
    let lines = 400_000;
    let line = format!("read item; if [ $item = a ]; then seq {lines}; fi; echo end of $item");
    let run = shell(&server, &["--max-items", "2"], &line).output().exits(0);
    assert!(run.stderr.len() < 1_200_000, "{}", run.stderr.len());
    assert_eq!(events(&run, "item_processed").len(), 2);
    let passed_on = events(&run, "handler_output");
    let left_out = &events(&run, "output_left_out")[0];
    // The quota is that of an attempt: the other item has its own.
    assert_eq!(passed_on.len() as u64 + left_out["left_out_lines"].as_u64().expect("a count"), lines + 2);
    assert!(left_out["left_out_bytes"].as_u64() > Some(1_000_000), "{left_out}");
    assert!(passed_on.iter().any(|line| line["message"] == "end of b"), "{left_out}");
    assert_eq!(events(&run, "output_cut").len(), 1);
}

#[test]
fn outage_and_its_end_are_events() {
    let mut server = RedisServer::start();
    let words = ["--log", "json", "consume", "--redis", &server.url(), "--work", "none", "--max-items", "1"];
    let consumer = Qscale::new(words).spawn();
    wait_until("the consumer waits", SOON, || server.blocked_clients() > 0);
    server.kill();
    consumer.wait_for_line(r#""event":"redis_unavailable""#, SOON);
    server.restart();
    server.push("mylist", ["a"]);
    let run = consumer.wait().exits(0);
    let [lost, back] = ["redis_unavailable", "redis_available"].map(|event| events(&run, event).remove(0));
    assert_eq!((&lost["level"], &back["level"]), (&"WARN".into(), &"INFO".into()));
    assert!(lost["error"].as_str().is_some_and(|error| error.contains("connection")), "{lost}");
}

#[test]
fn stop_names_the_signal_the_items_and_the_time_they_have() {
    let server = RedisServer::start();
    server.push("mylist", ["a"]);
    let words = ["--drain", "20s", "--kill-after", "3s"];
    let run = shell(&server, &words, "echo begun; until [ -e stop ]; do sleep 0.05; done").spawn();
    run.wait_for_line("begun", SOON);
    run.terminate();
    run.wait_for_line("stopping", SOON);
    run.terminate();
    let run = run.finish(SOON).exits(0);
    let stopping = &events(&run, "stopping")[0];
    let facts = ["reason", "in_flight", "drain", "kill_after"].map(|field| stopping[field].clone());
    assert_eq!(facts, [json!("SIGTERM"), json!(1), json!("20s"), json!("3s")]);
    let interrupted = &events(&run, "item_interrupted")[0];
    assert_eq!((&interrupted["outcome"], &interrupted["item"]), (&json!("requeued"), &stopping["items"]));

    let run = shell(&server, &[], "read item; exit 0").args(["idle"]).spawn();
    run.wait_for_line("item_processed", SOON);
    run.terminate();
    let run = run.finish(SOON).exits(0);
    assert_eq!(events(&run, "stopping")[0]["in_flight"], 0);
}

#[test]
fn terminal_shows_the_state_of_a_consumer() {
    let server = RedisServer::start();
    server.push("mylist", (0..7).map(|number| number.to_string()));
    let words = ["consume", "--redis", &server.url(), "--concurrency", "2", "--drain", "1h"];
    let line = "read item; [ $item -lt 2 ] || until [ -e stop ]; do sleep 0.05; done";
    let mut terminal = Qscale::new(words).args(["--", "sh", "-c", line]).on_terminal("");
    for part in ["mylist:", "2 processed", "2 in flight", "0 failed", "3 waiting"] {
        terminal.wait_for(part, SOON);
    }
    terminal.signal(Signal::INT);
    terminal.wait_for("stopping, 35", SOON);
    terminal.signal(Signal::INT);
    assert_eq!(terminal.finish(SOON).code(), Some(0));
}
