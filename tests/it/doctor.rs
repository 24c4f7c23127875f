//! `doctor`: each fault of a server, a connection, a user or a list is named, with what to do about it.

use serde_json::Value;

use crate::support::{Certificates, Finished, Qscale, RedisServer, SOON, free_port, wait_until};

pub(crate) fn doctor() -> Qscale {
    Qscale::new(["doctor", "--output", "json"]).deadline(SOON)
}

pub(crate) fn checks(run: &Finished) -> Vec<Value> {
    let lines = run.stdout.lines().map(|line| serde_json::from_str(line).expect("a line of JSON"));
    let checks: Vec<Value> = lines.collect();
    assert!(checks.last().is_some_and(|last| last["summary"].is_object()), "{}", run.stdout);
    for check in &checks[..checks.len() - 1] {
        let is_wrong = check["severity"] != "ok";
        assert_eq!(check["hint"].as_str().is_some_and(|hint| !hint.is_empty()), is_wrong, "one hint each: {check}");
        assert_eq!(
            check["code"].is_string(),
            matches!(check["severity"].as_str(), Some("fault" | "warning")),
            "{check}"
        );
    }
    checks
}

pub(crate) fn codes(run: &Finished, severity: &str) -> Vec<String> {
    let of = |check: &&Value| check["severity"] == severity;
    checks(run).iter().filter(of).map(|check| check["code"].as_str().expect("a code").to_owned()).collect()
}

/// Runs `doctor`, and checks that these are the faults, and that each is said in words and with a hint that hold these parts.
#[track_caller]
pub(crate) fn faults(qscale: Qscale, expected: &[(&str, &str, &str)]) {
    let run = qscale.output();
    let found: Vec<Value> = checks(&run).into_iter().filter(|check| check["severity"] == "fault").collect();
    let shown: Vec<&str> = found.iter().filter_map(|check| check["code"].as_str()).collect();
    assert_eq!(shown, expected.iter().map(|(code, ..)| *code).collect::<Vec<_>>(), "{}", run.stdout);
    for (check, (_, got, hint)) in found.iter().zip(expected) {
        assert!(check["got"].as_str().is_some_and(|text| text.contains(got)), "{check}");
        assert!(check["hint"].as_str().is_some_and(|text| text.contains(hint)), "{check}");
    }
    assert_eq!(run.status, if expected.is_empty() { 0 } else { 4 }, "{}", run.stderr);
    assert!(!run.stdout.contains("s3cret") && !run.stderr.contains("s3cret"), "{}{}", run.stdout, run.stderr);
}

/// Runs `doctor`, and checks that it warns of this and finds no fault.
#[track_caller]
pub(crate) fn warns(qscale: Qscale, code: &str, got: &str) {
    let run = qscale.output().exits(0);
    let found = checks(&run).into_iter().find(|check| check["code"] == code);
    let found = found.unwrap_or_else(|| panic!("no {code}: {}", run.stdout));
    assert!(found["severity"] == "warning" && found["got"].as_str().is_some_and(|text| text.contains(got)), "{found}");
}

#[test]
fn healthy_server_has_no_finding_and_is_left_as_it_was() {
    let server = RedisServer::builder().durable().start();
    server.push("mylist", ["a", "b"]);
    let before = (server.keys(), server.lrange("mylist"));
    let run = doctor().args(["--redis", &server.url()]).output().exits(0);
    let all = checks(&run);
    assert_eq!(all.last().expect("a summary")["summary"]["verdict"], "ok", "{}", run.stdout);
    let names: Vec<&str> = all.iter().filter_map(|check| check["check"].as_str()).collect();
    for name in ["address", "tcp", "tls", "authentication", "database", "mode", "version", "key", "rights", "latency"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    assert_eq!((server.keys(), server.lrange("mylist")), before);
}

#[test]
fn text_has_marks_words_and_a_verdict() {
    let server = RedisServer::start();
    let run = Qscale::new(["doctor", "--redis", &server.url()]).output().exits(0);
    let warning = run.stdout.lines().find(|line| line.contains("redis-not-persistent")).expect("a warning");
    assert!(warning.starts_with("! persistence") && warning.contains("warning ["), "{warning}");
    assert!(run.stdout.contains("\n✓ tcp ") && run.stdout.contains("hint: set appendonly yes"), "{}", run.stdout);
    assert!(run.stdout.lines().any(|line| line.starts_with("0 faults, 1 warning, ")), "{}", run.stdout);
    assert!(!run.stdout.contains('\u{1b}'), "no color in a pipe");
}

#[test]
fn address_names_the_origin_of_host_port_and_mode() {
    let port = free_port().to_string();
    let address = |words: &[&str], variables: &[(&str, &str)]| {
        let words = doctor().args(words);
        let run = variables.iter().fold(words, |words, (name, value)| words.env(name, value)).output();
        checks(&run)[0]["got"].as_str().expect("an answer").replace(&port, "PORT")
    };
    assert_eq!(address(&["--port", &port], &[]), "redis://localhost:PORT (from default; port from --port)");
    let url = format!("redis://127.0.0.1:{port}");
    assert_eq!(address(&["--redis", &url], &[]), "redis://127.0.0.1:PORT (from --redis)");
    let other = [("REDIS_URL", "redis://127.0.0.1:1/2"), ("REDIS_PORT", "2")];
    assert_eq!(address(&["--port", &port], &other), "redis://127.0.0.1:PORT/2 (from REDIS_URL; port from --port)");
    assert_eq!(
        address(&["--host", "127.0.0.1", "--mode", "cluster"], &[("REDIS_PORT", &port)]),
        "cluster 127.0.0.1:PORT (from --host; port from REDIS_PORT; mode from --mode)"
    );
    let nodes = format!("127.0.0.1:{port}");
    assert_eq!(
        address(&["--addresses", &nodes, "--mode", "cluster"], &[("REDIS_PORT", "2")]),
        "cluster 127.0.0.1:PORT (from --addresses; mode from --mode)"
    );
}

#[test]
fn unreachable_server_is_told_by_the_step_that_fails() {
    let port = free_port();
    let url = format!("redis://127.0.0.1:{port}");
    faults(doctor().args(["--redis", &url]), &[("redis-refused", "connection refused", "Redis is running")]);
    let unknown = ["--host", "no-such-host.invalid"];
    faults(doctor().args(unknown), &[("redis-host-unknown", "no-such-host.invalid", "SERVICE.NAMESPACE")]);
    faults(doctor().args(["--redis", "unix:///nowhere.sock"]), &[("redis-refused", "no such socket", "unixsocket")]);
    let server = RedisServer::start();
    server.pause();
    let slow = doctor().args(["--redis", &server.url(), "--connect-timeout", "500ms"]);
    faults(slow, &[("redis-silent", "no reply within", "firewalls")]);
    server.resume();
}

#[test]
fn tls_that_is_on_or_off_by_mistake_is_told() {
    let certificates = Certificates::new();
    let (plain, secure) =
        (RedisServer::start(), RedisServer::builder().tls(&certificates, &certificates.server).start());
    let on = format!("rediss://127.0.0.1:{}", plain.port());
    faults(doctor().args(["--redis", &on]), &[("redis-tls-unsupported", "does not support TLS", "redis:// URL")]);
    let off = format!("redis://127.0.0.1:{}", secure.port());
    faults(doctor().args(["--redis", &off]), &[("redis-tls-required", "requires TLS", "rediss://")]);
}

#[test]
fn certificate_is_told_by_chain_name_and_client() {
    let certificates = Certificates::new();
    let with = |server: &RedisServer| doctor().args(["--redis", &server.url()]).arg("--tls-ca");
    let server = RedisServer::builder().tls(&certificates, &certificates.server).start();
    faults(with(&server).arg(&certificates.ca), &[]);
    let run = with(&server).arg(&certificates.ca).output();
    let tls = checks(&run).into_iter().find(|check| check["check"] == "tls").expect("TLS was checked");
    assert!(tls["got"].as_str().is_some_and(|text| text.contains("more days")), "{tls}");
    faults(with(&server).arg(&certificates.another_ca), &[("redis-certificate", "unknown authority", "--tls-ca")]);
    faults(with(&server).arg("nowhere.pem"), &[("file-unreadable", "nowhere.pem", "path")]);
    let other = RedisServer::builder().tls(&certificates, &certificates.wrong_name).start();
    faults(with(&other).arg(&certificates.ca), &[("redis-certificate", "somewhere-else.example", "--tls-server-name")]);
    warns(doctor().args(["--redis", &other.url(), "--tls-skip-verify"]), "certificate-unverified", "intercepted");
    let mutual = RedisServer::builder().mutual_tls(&certificates).start();
    faults(with(&mutual).arg(&certificates.ca), &[("redis-client-certificate", "client certificate", "--tls-cert")]);
}

#[test]
fn password_is_told_as_missing_wrong_padded_or_not_needed() {
    let server = RedisServer::builder().password("s3cret").start();
    let with = |password: &str| doctor().args(["--redis", &server.url()]).env("REDIS_PASSWORD", password);
    faults(with("s3cret"), &[]);
    faults(with(""), &[("redis-credentials-missing", "NOAUTH", "REDIS_PASSWORD")]);
    faults(with("s3cret-wrong"), &[("redis-credentials-rejected", "WRONGPASS", "ACL GETUSER")]);
    faults(with("s3cret "), &[("redis-credentials-rejected", "WRONGPASS", "begins or ends with a blank")]);
    warns(with("s3cret\n"), "password-newline", "REDIS_PASSWORD ends with a newline");
    let file = doctor().file("password", "s3cret\n").args(["--password-file", "password"]);
    faults(file.args(["--redis", &server.url()]), &[]);
    let open = RedisServer::start();
    let needless = doctor().args(["--redis", &open.url()]).env("REDIS_PASSWORD", "s3cret");
    faults(needless, &[("redis-credentials-rejected", "without any password", "remove the password")]);
}

#[test]
fn rights_that_a_program_lacks_are_named_with_the_rule_that_grants_them() {
    let rules = "~mylist ~{mylist}:* +ping +info +multi +discard +eval +type +llen +lpush";
    let server = RedisServer::builder().user("app", "s3cret", rules).start();
    let app = || doctor().args(["--redis", &server.url(), "--username", "app"]).env("REDIS_PASSWORD", "s3cret");
    let run = app().output();
    let lacks: Vec<Value> = checks(&run).into_iter().filter(|check| check["check"] == "rights").collect();
    let hint = |program: &str| {
        let of = |check: &&Value| check["got"].as_str().is_some_and(|got| got.contains(&format!("`{program}`")));
        lacks.iter().find(of).map(|check| check["hint"].as_str().expect("a hint").to_owned())
    };
    assert_eq!(hint("keda").as_deref(), Some("on the server: ACL SETUSER app +zcard"), "{}", run.stdout);
    let produce = hint("produce").expect("`produce` lacks rights");
    assert_eq!(produce, "on the server: ACL SETUSER app +ltrim +get +set +hincrby +del");
    // The rules that are named are those that are missing, and no more.
    for program in ["keda", "produce", "consume", "watch", "dead"] {
        let rules = hint(program).expect("each lacks something");
        let (_, rules) = rules.split_once("app ").expect("rules follow the user");
        let words: Vec<&str> = ["ACL", "SETUSER", "app"].into_iter().chain(rules.split(' ')).collect();
        assert_eq!(server.cli(&words), "OK");
    }
    let run = app().output().exits(0);
    assert!(run.stdout.contains("keda, produce, consume, watch, dead"), "{}", run.stdout);
    let words = ["produce", "--count", "3", "--rate", "max", "--redis", &server.url(), "--username", "app"];
    Qscale::new(words).env("REDIS_PASSWORD", "s3cret").output().exits(0);
    let words = ["consume", "--work", "none", "--max-items", "3", "--redis", &server.url(), "--username", "app"];
    Qscale::new(words).env("REDIS_PASSWORD", "s3cret").output().exits(0);
}

#[test]
fn key_that_is_denied_is_named_and_no_other() {
    let server = RedisServer::builder().user("app", "s3cret", "~other +@all").start();
    let run = doctor()
        .args(["--redis", &server.url(), "--username", "app"])
        .env("REDIS_PASSWORD", "s3cret")
        .output()
        .exits(4);
    let of_keda =
        |check: &Value| check["check"] == "rights" && check["got"].as_str().is_some_and(|got| got.contains("`keda`"));
    let told = checks(&run).into_iter().find(of_keda).unwrap_or_else(|| panic!("{}", run.stdout));
    assert_eq!(told["hint"], "on the server: ACL SETUSER app ~mylist ~{mylist}:*");
}

#[test]
fn script_that_is_denied_is_told_though_rights_cannot_be_asked_for() {
    let rules = "~mylist ~{mylist}:* +ping +hello +client +info +type +llen";
    let server = RedisServer::builder().durable().user("app", "s3cret", rules).start();
    let app = doctor().args(["--redis", &server.url(), "--username", "app"]).env("REDIS_PASSWORD", "s3cret");
    faults(app, &[("redis-command-denied", "KEDA's script is refused", "ACL SETUSER app +eval")]);
}

#[test]
fn right_to_wait_for_replicas_is_asked_for_where_a_push_waits() {
    let rules = "~mylist ~{mylist}:* +@all -wait";
    let server = RedisServer::builder().durable().user("app", "s3cret", rules).start();
    let app = || doctor().args(["--redis", &server.url(), "--username", "app"]).env("REDIS_PASSWORD", "s3cret");
    faults(app(), &[]);
    let expected = [("redis-command-denied", "`produce --wait-replicas` needs", "ACL SETUSER app +wait")];
    faults(app().env("QSCALE_WAIT_REPLICAS", "1"), &expected);
    faults(app().file("qscale.toml", "[produce]\nwait-replicas = 2\n"), &expected);
}

#[test]
fn rights_are_asked_of_a_script_where_there_are_no_transactions() {
    let rules = "~mylist +ping +info +eval +type +llen";
    let server = RedisServer::builder().user("app", "s3cret", rules).start();
    let app = doctor().args(["--redis", &server.url(), "--username", "app"]).env("REDIS_PASSWORD", "s3cret");
    let run = app.output();
    if !RedisServer::names_commands_of_scripts() {
        assert!(run.stdout.contains("may neither use MULTI nor ask for its rights"), "{}", run.stdout);
        return;
    }
    let keda = checks(&run).into_iter().find(|check| check["got"].as_str().is_some_and(|got| got.contains("`keda`")));
    let keda = keda.unwrap_or_else(|| panic!("{}", run.stdout));
    assert!(keda["hint"].as_str().is_some_and(|hint| hint.contains("+zcard")), "{keda}");
}

#[test]
fn user_that_may_not_touch_the_keys_is_told() {
    let server = RedisServer::builder().user("app", "s3cret", "~other +@all").start();
    let app = doctor().args(["--redis", &server.url(), "--username", "app"]).env("REDIS_PASSWORD", "s3cret");
    let run = app.output().exits(4);
    assert!(codes(&run, "fault").contains(&"redis-key-denied".to_owned()), "{}", run.stdout);
    assert!(run.stdout.contains("~mylist ~{mylist}:*"), "{}", run.stdout);
}

#[test]
fn key_of_another_type_or_name_is_told() {
    let server = RedisServer::builder().durable().start();
    let with = |list: &str| doctor().args(["--redis", &server.url(), "--list", list]);
    server.cli(&["SET", "text", "x"]);
    let expected = [("redis-wrong-type", "of type string", "--list"), ("redis-wrong-type", "WRONGTYPE", "TYPE text")];
    let run = with("text").output().exits(4);
    assert!(run.stdout.contains(expected[0].1) && codes(&run, "fault")[0] == expected[0].0, "{}", run.stdout);
    for (list, library, used) in [
        ("bull:mail:waiting", "BullMQ", "bull:mail:wait"),
        ("asynq:{default}", "asynq", "asynq:{default}:pending"),
        ("rq:jobs", "RQ", "rq:queue:jobs"),
        ("resque:low", "Resque", "resque:queue:low"),
    ] {
        server.push(used, ["x", "y", "z"]);
        faults(with(list), &[("list-name-mistaken", library, used)]);
        faults(with(used), &[]);
    }
    warns(with("mail"), "list-name-other", "`bull:mail:wait` of BullMQ has 3 items");
    let celery = RedisServer::start();
    celery.push("celery", ["x"]);
    let with = |list: &str| doctor().args(["--redis", &celery.url(), "--list", list]);
    warns(with("queue:celery"), "list-name-other", "`celery` of Celery");
    celery.push("celery\u{6}\u{16}3", ["x", "y"]);
    warns(with("celery"), "list-name-other", r#"in lists of their own: "celery\x06\x163" has 2 items"#);
}

#[test]
fn database_that_is_empty_or_does_not_exist_is_told() {
    let server = RedisServer::start();
    server.cli(&["EVAL", "redis.call('SELECT', 3); redis.call('LPUSH', 'mylist', 'x')", "0"]);
    warns(doctor().args(["--redis", &server.url()]), "list-in-other-database", "database 3 has 1 key");
    let run = doctor().args(["--redis", &server.url(), "--db", "3"]).output().exits(0);
    assert!(run.stdout.contains("list of 1 item"), "{}", run.stdout);
    let beyond = doctor().args(["--redis", &server.url(), "--db", "99"]);
    faults(beyond, &[("redis-database-missing", "database 99 does not exist", "0 to 15")]);
}

#[test]
fn server_that_may_lose_or_refuse_items_is_told() {
    let server = RedisServer::builder().directive("maxmemory 100mb").start();
    let run = || doctor().args(["--redis", &server.url()]);
    server.cli(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    warns(run(), "redis-eviction", "allkeys-lru");
    server.cli(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    warns(run(), "redis-not-persistent", "append-only file");
    server.cli(&["CONFIG", "SET", "maxclients", "10"]);
    let others: Vec<_> =
        (0..9).map(|_| std::net::TcpStream::connect(server.address()).expect("a connection")).collect();
    wait_until("they are connected", SOON, || server.cli(&["INFO", "clients"]).contains("connected_clients:10"));
    warns(run(), "redis-clients-high", "10 of 10");
    let last = std::net::TcpStream::connect(server.address()).expect("a connection");
    faults(run(), &[("redis-too-many-clients", "limit of clients", "raise `maxclients`")]);
    drop((others, last));
    wait_until("they are gone", SOON, || server.ask(&["PING"]).is_ok_and(|reply| reply.to_string() == "PONG"));
    server.cli(&["CONFIG", "SET", "maxclients", "10000"]);
    server.cli(&["CONFIG", "SET", "maxmemory", "500kb"]);
    let full = run().output().exits(4);
    assert_eq!(codes(&full, "fault"), ["redis-out-of-memory"; 2], "of the memory, and of a push: {}", full.stdout);
    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    server.cli(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    let few = run().output().exits(4);
    assert_eq!(codes(&few, "fault"), ["redis-too-few-replicas"], "{}", few.stdout);
}

#[test]
fn replica_names_its_primary() {
    let primary = RedisServer::builder().durable().start();
    let line = format!("replicaof 127.0.0.1 {}", primary.port());
    let replica = RedisServer::builder().durable().directive(&line).start();
    wait_until("they are in sync", SOON, || replica.cli(&["INFO", "replication"]).contains("master_link_status:up"));
    let to = primary.address();
    let run = doctor().args(["--redis", &replica.url()]).output().exits(4);
    assert_eq!(
        codes(&run, "fault"),
        ["redis-read-only", "redis-read-only"],
        "of the role, and of a push: {}",
        run.stdout
    );
    assert!(run.stdout.contains(&format!("connect to the primary, {to}")), "{}", run.stdout);
    faults(doctor().args(["--redis", &primary.url()]), &[]);
}

#[test]
fn mode_is_told_where_it_is_another() {
    let node = RedisServer::builder().durable().cluster().start();
    let single = doctor().args(["--redis", &node.url()]);
    faults(single, &[("redis-cluster-down", "CLUSTERDOWN", "CLUSTER NODES")]);
    node.take_all_slots();
    let single = doctor().args(["--redis", &node.url()]);
    faults(single, &[("redis-mode", "node of a cluster", "--mode cluster")]);
    let cluster = |addresses: &str| doctor().args(["--addresses", addresses, "--mode", "cluster"]);
    faults(cluster(&node.address()), &[]);
    let gone = format!("127.0.0.1:{}", free_port());
    warns(cluster(&format!("{gone},{}", node.address())), "cluster-node-down", &format!("{gone}: connection refused"));
    let unknown = cluster(&format!("{},no-such-host.invalid:1", node.address()));
    warns(unknown, "cluster-node-down", "cannot resolve host `no-such-host.invalid`");
    faults(cluster(&gone), &[("redis-refused", "connection refused", "CLUSTER NODES")]);
    let server = RedisServer::builder().durable().start();
    let run = doctor().args(["--addresses", &server.address(), "--mode", "cluster"]).output().exits(4);
    assert_eq!(codes(&run, "fault"), ["redis-mode"], "{}", run.stdout);
}

#[test]
fn sentinels_are_asked_one_by_one() {
    let server = RedisServer::builder().durable().start();
    let sentinel = RedisServer::builder().sentinel("mymaster", &server).start();
    let with = |addresses: &str, master: &str| {
        doctor().args(["--addresses", addresses, "--mode", "sentinel", "--sentinel-master", master])
    };
    faults(with(&sentinel.address(), "mymaster"), &[]);
    let gone = format!("127.0.0.1:{},{}", free_port(), sentinel.address());
    warns(with(&gone, "mymaster"), "sentinel-down", "connection refused");
    let other = with(&sentinel.address(), "other");
    faults(other, &[("sentinel-refused", "monitors no master named `other`", "--sentinel-master")]);
    let no_sentinel = with(&server.address(), "mymaster");
    faults(no_sentinel, &[("sentinel-refused", "not a sentinel", "26379")]);
    let none = format!("127.0.0.1:{}", free_port());
    faults(
        with(&none, "mymaster"),
        &[("sentinels-unreachable", "refused", "the sentinel is running, and --addresses")],
    );
    let as_single = doctor().args(["--redis", &format!("redis://{}", sentinel.address())]);
    faults(as_single, &[("redis-mode", "is a Sentinel", "--sentinel-master mymaster")]);
}

#[test]
fn companions_of_consumers_that_are_gone_and_of_another_list_are_told() {
    let server = RedisServer::builder().durable().start();
    server.push("mylist", ["a", "b"]);
    let words = ["consume", "--concurrency", "2", "--redis", &server.url(), "--", "sleep", "60"];
    let consumer = Qscale::new(words).spawn();
    wait_until("the items are in flight", SOON, || server.census().count("inflight") == 2);
    faults(doctor().args(["--redis", &server.url()]), &[]);
    consumer.kill();
    drop(consumer);
    // As if its lease had expired long ago.
    server.cli(&["DEL", "{mylist}:consumers"]);
    warns(doctor().args(["--redis", &server.url()]), "consumers-gone", "2 items in flight at consumers that are gone");
    server.push("{mylist}", ["x"]);
    let run = doctor().args(["--redis", &server.url()]).output().exits(4);
    assert_eq!(codes(&run, "fault"), ["companions-shared"], "{}", run.stdout);
}

#[test]
fn program_that_is_not_redis_is_told() {
    use std::io::{Read as _, Write as _};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            // The client may be gone.
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    for scheme in ["redis", "rediss"] {
        let url = format!("{scheme}://{address}");
        let run = doctor().args(["--redis", &url]);
        faults(run, &[("not-redis", "HTTP/1.1 400 Bad Request", "another program listens there")]);
        let run = Qscale::new(["produce", "--count", "1", "--redis", &url]).output().exits(69);
        assert!(run.stderr.contains("protocol of Redis: `HTTP/1.1 400 Bad Request`"), "{}", run.stderr);
        assert!(!run.stderr.contains("retrying"), "{}", run.stderr);
    }
}

/// Starts a program that gives the same reply to each command, or returns what it gets; returns its URL.
fn answering_alike(reply: Option<&'static str>) -> String {
    use std::io::{Read as _, Write as _};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let answer = move |mut stream: std::net::TcpStream| {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = stream.read(&mut bytes) {
            let commands = bytes[..length].split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"*")).count();
            let answer = reply.map_or(bytes[..length].to_vec(), |reply| reply.repeat(commands).into_bytes());
            // The client may be gone.
            let _ = stream.write_all(&answer);
        }
    };
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    format!("redis://{address}")
}

#[test]
fn program_that_answers_in_the_protocol_and_not_as_redis_is_told() {
    for (reply, shown) in [
        (Some("+OK\r\n"), "`+OK` to a PING"),
        (Some("$-1\r\n"), "`nil` to a PING"),
        (Some("+PONG\r\n"), "`+PONG` to INFO"),
        (None, "`[PING]` to a PING"),
    ] {
        let url = answering_alike(reply);
        faults(doctor().args(["--redis", &url]), &[("not-redis", shown, "another program")]);
        for words in [["produce", "--count", "1"], ["consume", "--work", "none"], ["watch", "--plain", "--once"]] {
            let run = Qscale::new(words).args(["--redis", &url]).deadline(SOON).output().exits(69);
            assert!(run.stderr.contains("the server does not answer as Redis does"), "{shown}: {}", run.stderr);
            assert!(!run.stderr.contains("retrying"), "{shown}: {}", run.stderr);
        }
    }
}

#[test]
fn password_file_that_cannot_be_read_is_told() {
    let server = RedisServer::start();
    let run = doctor().args(["--redis", &server.url(), "--password-file", "/nowhere/password"]);
    faults(run, &[("file-unreadable", "/nowhere/password", "path")]);
}

#[test]
fn every_line_fits_the_width_the_verdict_included() {
    let server = RedisServer::start();
    server.cli(&["SET", "mylist", "x"]);
    let run = Qscale::new(["doctor", "--no-cluster", "--redis", &server.url()]).env("COLUMNS", "80").output().exits(4);
    let longest = run.stdout.lines().max_by_key(|line| line.chars().count()).expect("lines");
    assert!(longest.chars().count() <= 80, "{longest}");
    assert!(run.stdout.ends_with("it does not work until the fault\n  is fixed\n"), "{}", run.stdout);
}
