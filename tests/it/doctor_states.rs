//! `doctor`: states of a server and of its certificate that pass, or will.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use qscale::diagnosis::FaultCode;
use qscale::lint::Rule;

use crate::doctor::{checks, codes, doctor, faults, warns};
use crate::support::{Certificates, Proxy, Qscale, RedisServer, SOON, wait_until};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn of(server: &RedisServer) -> Qscale {
    doctor().args(["--redis", &server.url()])
}

#[test]
fn server_that_refuses_for_now_is_told_by_its_reason() {
    let busy = RedisServer::builder().directive("lua-time-limit 50").start();
    thread::scope(|scope| {
        scope.spawn(|| busy.ask(&["EVAL", "while true do end", "0"]));
        let is_busy =
            || Qscale::new(["produce", "--count", "1", "--redis", &busy.url()]).output().stderr.contains("BUSY");
        wait_until("a script keeps the server busy", SOON, is_busy);
        faults(of(&busy), &[("redis-busy-script", "busy running a script (BUSY)", "SCRIPT KILL")]);
        busy.cli(&["SCRIPT", "KILL"]);
    });
    faults(of(&busy), &[]);

    let mut loading = RedisServer::builder().directive("save 3600 1000000").start();
    loading.cli(&["DEBUG", "POPULATE", "30000"]);
    loading.cli(&["SAVE"]);
    loading.kill();
    loading.configure("key-load-delay 1000");
    loading.configure("loading-process-events-interval-bytes 1024");
    loading.restart_loading();
    faults(of(&loading), &[("redis-loading", "loading its data", "wait until the server has loaded")]);

    let full = RedisServer::start();
    fs::create_dir_all(full.folder().join("dump.rdb/full")).expect("the temporary folder takes a folder");
    full.cli(&["CONFIG", "SET", "save", "3600 1000000"]);
    full.cli(&["BGSAVE"]);
    wait_until("the save has failed", SOON, || full.cli(&["INFO", "persistence"]).contains("bgsave_status:err"));
    let run = of(&full).output().exits(4);
    assert!(codes(&run, "fault").contains(&"redis-cannot-persist".to_owned()), "{}", run.stdout);
}

#[test]
fn server_that_is_about_to_refuse_or_lose_items_is_told() {
    let primary = RedisServer::builder().directive("repl-diskless-sync-delay 3600").start();
    let line = format!("replicaof 127.0.0.1 {}", primary.port());
    let _replica = RedisServer::builder().directive(&line).start();
    wait_until("the replica waits for its sync", SOON, || primary.cli(&["INFO", "replication"]).contains("slave0:"));
    warns(of(&primary), "redis-replica-link", "is not in sync");

    let server = RedisServer::start();
    // So much that a connection is little next to it.
    server.cli(&["SETRANGE", "large", "8000000", "x"]);
    let used: u64 = {
        let info = server.cli(&["INFO", "memory"]);
        let used = info.lines().find_map(|line| line.strip_prefix("used_memory:")).expect("the memory in use");
        used.trim().parse().expect("a number")
    };
    server.cli(&["CONFIG", "SET", "maxmemory", &(used + used / 20).to_string()]);
    warns(of(&server), "redis-memory-high", "of");
    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);

    let proxy = Proxy::before(server.port());
    proxy.delay(Duration::from_millis(30));
    warns(doctor().args(["--redis", &proxy.url()]), "redis-slow", "per round trip");

    server.cli(&["HSET", "{mylist}:items", "a:17", "an item"]);
    faults(of(&server), &[("items-orphaned", "1 delayed item without a due time", "`{mylist}:items`")]);
}

#[test]
fn password_for_another_host_is_not_sent_and_that_is_told() {
    let server = RedisServer::start();
    let port = server.port().to_string();
    let run = doctor().args(["--host", "127.0.0.1", "--port", &port]).env("REDIS_URL", "redis://:s3cret@elsewhere");
    warns(run, "password-withheld", "REDIS_URL is not sent");
}

#[test]
fn rights_that_only_watching_lacks_are_a_warning() {
    let server = RedisServer::builder().user("app", "x", "~* &* +@all -hgetall").start();
    let run = doctor().args(["--redis", &server.url_with("app:x")]);
    warns(run, "redis-rights-partial", "`watch` needs: it lacks +hgetall");
}

#[test]
fn certificate_is_told_by_its_time() {
    let certificates = Certificates::new();
    let now = SystemTime::now();
    let run = |file: &str, from: SystemTime, to: SystemTime| {
        let identity = certificates.valid(file, from, to);
        let server = RedisServer::builder().tls(&certificates, &identity).start();
        (of(&server).arg("--tls-ca").arg(&certificates.ca), server)
    };
    let (soon, _server) = run("soon", now - DAY, now + 10 * DAY);
    warns(soon, "certificate-expiring", "for 9 more days");
    let (expired, _server) = run("expired", now - 9 * DAY, now - DAY);
    faults(expired, &[("redis-certificate", "has expired", "renew")]);
    let (future, _server) = run("future", now + DAY, now + 90 * DAY);
    faults(future, &[("redis-certificate", "is not valid yet", "clock")]);
    let (fine, _server) = run("fine", now - DAY, now + 90 * DAY);
    faults(fine, &[]);
}

/// A server that answers each command with what `answer` makes of its first word; ends with the test.
fn answers(answer: fn(&str) -> String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on the loopback");
    let url = format!("redis://{}", listener.local_addr().expect("a bound socket has an address"));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let (mut stream, mut buffer) = (stream, vec![0; 64 * 1024]);
                while let Ok(length @ 1..) = stream.read(&mut buffer) {
                    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                    // Each command begins with the number of its words, and the length of the first one.
                    let lines: Vec<&str> = text.lines().collect();
                    let names = lines
                        .windows(3)
                        .filter(|lines| lines[0].strip_prefix('*').is_some_and(|count| count.parse::<u8>().is_ok()));
                    let answers: String = names.map(|lines| answer(&lines[2].to_uppercase())).collect();
                    if stream.write_all(answers.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    url
}

#[test]
fn proxy_and_old_server_are_told() {
    let proxy = answers(|name| match name {
        "PING" => "+PONG\r\n".to_owned(),
        name => format!("-ERR unknown command '{name}'\r\n"),
    });
    let run = doctor().args(["--redis", &proxy]).output().exits(4);
    assert!(run.stdout.contains("redis-proxy") && run.stdout.contains("the command INFO"), "{}", run.stdout);
    let found =
        checks(&run).into_iter().find(|check| check["code"] == "redis-command-missing").expect("KEDA needs EVAL");
    assert!(found["got"].as_str().is_some_and(|got| got.contains("KEDA's script fails")), "{found}");

    // Commands that a proxy filters are no matter of rights.
    let without_transactions = answers(|name| match name {
        "PING" => "+PONG\r\n".to_owned(),
        "TYPE" => "+none\r\n".to_owned(),
        "EVAL" | "LLEN" => ":1\r\n".to_owned(),
        name => format!("-ERR unknown command '{name}'\r\n"),
    });
    let without_scripts = answers(|name| match name {
        "PING" => "+PONG\r\n".to_owned(),
        "TYPE" => "+none\r\n".to_owned(),
        "MULTI" | "DISCARD" => "+OK\r\n".to_owned(),
        "EVAL" | "EVALSHA" | "INFO" | "HELLO" => format!("-ERR unknown command '{name}'\r\n"),
        _ => "+QUEUED\r\n".to_owned(),
    });
    for (proxy, commands) in [(without_transactions, "EVALSHA"), (without_scripts, "EVALSHA EVAL")] {
        let run = doctor().args(["--redis", &proxy]).output().exits(4);
        let words = format!("the server does not know what `consume` needs: {commands}");
        assert!(run.stdout.contains(&words) && !run.stdout.contains("denied"), "{}", run.stdout);
    }

    let old = answers(|name| match name {
        "INFO" => {
            let info = "redis_version:5.0.14\r\nredis_mode:standalone\r\nrole:master\r\n";
            format!("${}\r\n{info}\r\n", info.len())
        }
        "TYPE" => "+none\r\n".to_owned(),
        "PING" => "+PONG\r\n".to_owned(),
        _ => "-ERR unknown command\r\n".to_owned(),
    });
    let run = doctor().args(["--redis", &old]).output().exits(4);
    let found = checks(&run).into_iter().find(|check| check["code"] == "redis-too-old").expect("the version is told");
    assert!(found["got"].as_str().is_some_and(|got| got.contains("5.0.14")), "{found}");

    let odd = answers(|_| "-ERR the moon is full\r\n".to_owned());
    let run = doctor().args(["--redis", &odd]).output().exits(4);
    assert_eq!(codes(&run, "fault"), ["redis-error"], "{}", run.stdout);
    assert!(run.stdout.contains("the moon is full"), "{}", run.stdout);
}

#[test]
fn hints_name_what_was_found() {
    let server = RedisServer::start();
    server.push("queue:default", ["x"]);
    server.push("asynq:{default}:pending", ["x"]);
    let asynq = of(&server).args(["--list", "asynq:{default}"]);
    faults(
        asynq,
        &[("list-name-mistaken", "`asynq:{default}:pending` of asynq has 1 item", "'asynq:{default}:pending'")],
    );
    server.cli(&["SET", "text", "x"]);
    let run = of(&server).args(["--list", "text"]).output().exits(4);
    assert!(run.stdout.contains("the list cannot be read") && !run.stdout.contains("{text}:*"), "{}", run.stdout);
    let sentinel = RedisServer::builder().sentinel("the-master", &server).start();
    faults(of(&sentinel), &[("redis-mode", "is a Sentinel", "--sentinel-master the-master")]);
    let node = RedisServer::builder().cluster().start();
    faults(of(&node), &[("redis-cluster-down", "the mode is single", "use --mode cluster")]);
}

#[test]
fn every_code_is_told_by_a_test() {
    let page = fs::read_to_string("docs/fault-codes.md").expect("the page");
    let codes: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert!(codes.len() > 80, "{codes:?}");
    let mut tests = String::new();
    read_all(Path::new("tests/it"), &mut tests);
    // Of the cluster, some are tested where they are found.
    read_all(Path::new("src/diagnosis"), &mut tests);
    let untold: Vec<&&str> = codes.iter().filter(|code| !tests.contains(&format!("\"{code}\""))).collect();
    assert!(untold.is_empty(), "{untold:?}");
}

#[test]
fn codes_and_lint_rules_are_one_list() {
    let rules: Vec<&str> = Rule::all().map(Rule::code).collect();
    for code in FaultCode::ALL {
        let rule = code.rule();
        assert!(rule.is_none_or(|rule| rules.contains(&rule)), "{code}: there is no rule {rule:?}");
        assert!(!rules.contains(&code.name()) || rule == Some(code.name()), "{code} is the name of another rule");
    }
}

/// Appends the Rust files of a folder, but for the list of codes itself.
fn read_all(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("the folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            read_all(&path, text);
        } else if !path.ends_with("code.rs") {
            *text += &fs::read_to_string(&path).unwrap_or_default();
        }
    }
}
