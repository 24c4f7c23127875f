//! Every way into Redis, and every way to be kept out of it, as a user meets them.

use std::net::TcpListener;
use std::time::Duration;

use crate::support::{Certificates, Finished, Qscale, RedisServer, SOON};

/// A password that must never be seen again.
const SECRET: &str = "s3cret-marker";

/// Limit for a failure to be reported.
const AT_ONCE: Duration = Duration::from_secs(5);

const PRODUCE: &[&str] = &["produce", "--count", "1", "--rate", "max", "--payload", "an item"];
const CONSUME: &[&str] = &["consume", "--work", "none", "--max-items", "1", "--verbose"];
const WATCH: &[&str] = &["watch", "--duration", "1s"];

/// The subcommands that talk to Redis; one says all it knows.
const COMMANDS: [&[&str]; 3] = [PRODUCE, CONSUME, WATCH];

/// Runs every subcommand with `redis` behind it, and asserts that each fails in time, names `address`, says all of `words`
/// (in any case) and a hint, and keeps the secret.
#[track_caller]
fn each_fails(redis: &[&str], environment: &[(&str, &str)], address: &str, words: &[&str]) {
    // At the same time: some of them wait for a timeout.
    let running = COMMANDS.map(|command| {
        let qscale = Qscale::new(command).args(redis);
        environment.iter().fold(qscale, |qscale, (name, value)| qscale.env(name, value)).spawn()
    });
    for (command, running) in COMMANDS.iter().zip(running) {
        says_why(command[0], &running.wait(), address, words);
    }
}

#[track_caller]
fn says_why(command: &str, run: &Finished, address: &str, words: &[&str]) {
    let Finished { status, stdout, stderr, took, stdout_bytes: _ } = run;
    assert_eq!(*status, 69, "{command} after {took:?}\n{stdout}\n{stderr}");
    assert!(*took < AT_ONCE, "{command} took {took:?}\n{stderr}");
    let error = stderr.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
    assert!(error.contains(address), "{command} does not name {address}:\n{stderr}");
    for word in words {
        assert!(error.to_lowercase().contains(&word.to_lowercase()), "{command} does not say `{word}`:\n{stderr}");
    }
    assert!(stderr.lines().any(|line| line.starts_with("hint: ")), "{command} has no hint:\n{stderr}");
    assert!(!stderr.contains("Os {") && !stderr.contains("Kind("), "{command} shows its insides:\n{stderr}");
    keeps_the_secret(run);
}

#[track_caller]
fn keeps_the_secret(run: &Finished) {
    assert!(!run.stdout.contains(SECRET) && !run.stderr.contains(SECRET), "the password is seen:\n{}", run.stderr);
}

/// Sends one item in and takes it out again, both by `way`; database and list are looked at behind qscale's back.
#[track_caller]
fn works(server: &RedisServer, db: &str, way: impl Fn(Qscale) -> Qscale) {
    let sent = way(Qscale::new(PRODUCE)).output().exits(0);
    keeps_the_secret(&sent);
    let keys = server.cli(&["INFO", "keyspace"]);
    assert!(keys.contains(&format!("db{db}:keys=")), "nothing in database {db}: {keys}");
    let taken = way(Qscale::new(CONSUME)).output().exits(0);
    keeps_the_secret(&taken);
    assert!(taken.stdout.lines().any(|line| line == "an item"), "{taken:?}");
    assert_eq!(server.llen("mylist"), 0);
}

// ── ways to be kept out ──

#[test]
fn refused_connection_is_reported() {
    let address = format!("127.0.0.1:{}", crate::support::free_port());
    each_fails(&["--redis", &format!("redis://:{SECRET}@{address}")], &[], &address, &["refused"]);
}

#[test]
fn missing_socket_is_reported() {
    each_fails(&["--redis", "unix:///nowhere/redis.sock"], &[], "/nowhere/redis.sock", &["no such"]);
}

#[test]
fn unknown_host_is_reported() {
    let redis = format!("redis://:{SECRET}@no-such-host.invalid:6379");
    each_fails(&["--redis", &redis], &[], "no-such-host.invalid", &["host"]);
}

#[test]
fn silent_port_is_reported() {
    // The system accepts for it, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    each_fails(&["--redis", &format!("redis://:{SECRET}@{address}")], &[], &address, &["within"]);
    each_fails(&["--redis", &format!("rediss://:{SECRET}@{address}")], &[], &address, &["within"]);
}

#[test]
fn hanging_server_is_reported() {
    let server = RedisServer::start();
    server.pause();
    each_fails(&["--redis", &server.url()], &[], &server.address(), &["within"]);
}

#[test]
fn connect_timeout_is_kept() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let redis = format!("redis://{}", silent.local_addr().unwrap());
    let run = Qscale::new(PRODUCE).args(["--redis", &redis, "--connect-timeout", "300ms"]).output().exits(69);
    assert!(run.took < Duration::from_secs(2), "{:?}", run.took);
}

#[test]
fn plain_connection_to_a_tls_server_is_reported() {
    let certificates = Certificates::new();
    let server = RedisServer::builder().tls(&certificates, &certificates.server).start();
    let redis = format!("redis://:{SECRET}@{}", server.address());
    each_fails(&["--redis", &redis], &[], &server.address(), &["TLS"]);
}

#[test]
fn tls_connection_to_a_plain_server_is_reported() {
    let server = RedisServer::start();
    let redis = format!("rediss://:{SECRET}@{}", server.address());
    each_fails(&["--redis", &redis], &[], &server.address(), &["TLS"]);
}

#[test]
fn unknown_authority_is_reported() {
    let certificates = Certificates::new();
    let server = RedisServer::builder().tls(&certificates, &certificates.server).start();
    let redis = server.url_with(&format!(":{SECRET}"));
    let another = certificates.another_ca.to_str().unwrap();
    each_fails(&["--redis", &redis, "--tls-ca", another], &[], &server.address(), &["certificate"]);
    // Nor is it among the system's.
    each_fails(&["--redis", &redis], &[], &server.address(), &["certificate"]);
}

#[test]
fn certificate_of_another_host_is_reported() {
    let certificates = Certificates::new();
    let server = RedisServer::builder().tls(&certificates, &certificates.wrong_name).start();
    let redis = server.url_with(&format!(":{SECRET}"));
    let ca = certificates.ca.to_str().unwrap();
    each_fails(
        &["--redis", &redis, "--tls-ca", ca],
        &[],
        &server.address(),
        &["certificate", "somewhere-else.example"],
    );
}

#[test]
fn missing_client_certificate_is_reported() {
    let certificates = Certificates::new();
    let server = RedisServer::builder().mutual_tls(&certificates).start();
    let redis = server.url_with(&format!(":{SECRET}"));
    let ca = certificates.ca.to_str().unwrap();
    each_fails(&["--redis", &redis, "--tls-ca", ca], &[], &server.address(), &["certificate"]);
}

#[test]
fn wrong_password_is_reported() {
    let server = RedisServer::builder().password("another-password").start();
    each_fails(&["--redis", &server.url_with(&format!(":{SECRET}"))], &[], &server.address(), &["password"]);
    each_fails(&["--redis", &server.url()], &[("REDIS_PASSWORD", SECRET)], &server.address(), &["password"]);
}

#[test]
fn unknown_user_is_reported() {
    let server = RedisServer::builder().password("another-password").start();
    each_fails(
        &["--redis", &server.url_with(&format!("stranger:{SECRET}"))],
        &[],
        &server.address(),
        &["user", "stranger"],
    );
}

#[test]
fn missing_password_is_reported() {
    let server = RedisServer::builder().password(SECRET).start();
    each_fails(&["--redis", &server.url()], &[], &server.address(), &["password"]);
}

/// One way in with the rights that `rules` give; the error has to say all of `words`, and how to give the right.
#[track_caller]
fn is_refused(command: &[&str], rules: &str, words: &[&str], grant: &str) {
    let server = RedisServer::builder().user("app", SECRET, rules).start();
    server.push("mylist", ["an item"]);
    let redis = server.url_with(&format!("app:{SECRET}"));
    let run = Qscale::new(command).args(["--redis", &redis]).output();
    says_why(command[0], &run, &server.address(), words);
    assert!(run.stderr.contains(&format!("ACL SETUSER app {grant}\n")), "{rules}: {}", run.stderr);
}

#[test]
fn forbidden_command_is_named() {
    let plain = [CONSUME, &["--delivery", "at-most-once"]].concat();
    for (command, named) in [(PRODUCE, "lpush"), (&plain, "brpop"), (WATCH, "llen")] {
        is_refused(command, &format!("~* +@all -{named}"), &["app", named], &format!("+{named}"));
    }
}

#[test]
fn forbidden_command_of_claims_is_named() {
    // The first are asked for before anything is claimed, the others inside the scripts.
    for named in ["evalsha", "eval", "zadd", "hrandfield", "hget", "hset", "hkeys", "hlen", "hincrby", "rpop", "del"] {
        is_refused(CONSUME, &format!("~* +@all -{named}"), &["app", &format!("`{named}`")], &format!("+{named}"));
    }
    // Without an item to take it waits for one.
    let waits = [CONSUME, &["--list", "another"]].concat();
    is_refused(&waits, "~* +@all -blmove", &["app", "`blmove`"], "+blmove");
}

#[test]
fn forbidden_companion_keys_are_named() {
    is_refused(CONSUME, "~mylist +@all", &["app", "{mylist}:*"], "~{mylist}:*");
    is_refused(CONSUME, "~{mylist}:* +@all", &["app", "the key `mylist`"], "~mylist");
}

#[test]
fn forbidden_key_is_reported() {
    let server = RedisServer::builder().user("app", SECRET, "~other +@all").start();
    each_fails(&["--redis", &server.url_with(&format!("app:{SECRET}"))], &[], &server.address(), &["app", "mylist"]);
}

#[test]
fn loading_server_is_reported() {
    let mut server = RedisServer::builder().password(SECRET).directive("save 3600 1000000").start();
    server.cli(&["DEBUG", "POPULATE", "30000"]);
    server.cli(&["SAVE"]);
    server.kill();
    // Reading them now takes half a minute.
    server.configure("key-load-delay 1000");
    server.configure("loading-process-events-interval-bytes 1024");
    server.restart_loading();
    each_fails(&["--redis", &server.url_with(&format!(":{SECRET}"))], &[], &server.address(), &["loading"]);
}

#[test]
fn key_of_another_type_is_reported() {
    let server = RedisServer::start();
    server.cli(&["SET", "mylist", "not a list"]);
    each_fails(&["--redis", &server.url()], &[], &server.address(), &["mylist", "list"]);
    assert_eq!(server.cli(&["GET", "mylist"]), "not a list");
}

#[test]
fn missing_database_is_reported() {
    let server = RedisServer::builder().directive("databases 2").start();
    each_fails(&["--redis", &server.url(), "--db", "7"], &[], &server.address(), &["database 7"]);
}

// ── ways in ──

#[test]
fn url_connects() {
    let server = RedisServer::start();
    works(&server, "0", |qscale| qscale.args(["--redis", &server.url()]));
}

#[test]
fn host_and_port_variables_connect() {
    let server = RedisServer::builder().password("another-password").user("app", SECRET, "~* +@all").start();
    works(&server, "0", |qscale| {
        qscale
            .env("REDIS_HOST", "localhost")
            .env("REDIS_PORT", server.port().to_string())
            .env("REDIS_USERNAME", "app")
            .env("REDIS_PASSWORD", SECRET)
    });
}

#[test]
fn service_variables_of_kubernetes_connect() {
    let server = RedisServer::start();
    let link = format!("tcp://{}", server.address());
    works(&server, "0", |qscale| qscale.env("REDIS_PORT", &link));
    let port = server.port().to_string();
    works(&server, "0", |qscale| qscale.env("REDIS_SERVICE_HOST", "127.0.0.1").env("REDIS_SERVICE_PORT", &port));
}

#[test]
fn flag_beats_environment_beats_profile() {
    let server = RedisServer::start();
    let profile = |port: u16| format!("[redis]\nhost = \"127.0.0.1\"\nport = {port}\n");
    works(&server, "0", |qscale| qscale.file("qscale.toml", profile(server.port())));
    works(&server, "0", |qscale| qscale.file("qscale.toml", profile(1)).env("REDIS_URL", server.url()));
    works(&server, "0", |qscale| qscale.env("REDIS_URL", "redis://127.0.0.1:1").args(["--redis", &server.url()]));
}

#[test]
fn unix_socket_connects() {
    let server = RedisServer::start();
    works(&server, "0", |qscale| qscale.args(["--redis", &server.unix_url()]));
    works(&server, "5", |qscale| qscale.args(["--redis", &format!("{}?db=5", server.unix_url())]));
}

#[test]
fn database_index_selects_the_database() {
    let server = RedisServer::start();
    works(&server, "3", |qscale| qscale.args(["--redis", &format!("{}/3", server.url())]));
    works(&server, "4", |qscale| qscale.args(["--redis", &server.url(), "--db", "4"]));
    works(&server, "6", |qscale| qscale.env("REDIS_URL", server.url()).env("REDIS_DB", "6"));
}

#[test]
fn password_is_read_from_every_source() {
    let server = RedisServer::builder().password("another-password").user("app", SECRET, "~* +@all").start();
    works(&server, "0", |qscale| qscale.args(["--redis", &server.url_with(&format!("app:{SECRET}"))]));
    works(&server, "0", |qscale| qscale.env("REDIS_URL", server.url_with("app")).env("REDIS_PASSWORD", SECRET));
    // As a mounted Secret and as an editor leave it.
    for text in [SECRET.to_owned(), format!("{SECRET}\n")] {
        works(&server, "0", |qscale| {
            qscale.file("password", &text).args(["--redis", &server.url_with("app"), "--password-file", "password"])
        });
    }
    works(&server, "0", |qscale| {
        qscale.file("password", SECRET).env("REDIS_URL", server.url_with("app")).env("REDIS_PASSWORD_FILE", "password")
    });
}

#[test]
fn password_may_hold_any_character() {
    let odd = "p@ss:w/or?d%25é";
    let server = RedisServer::builder().password(odd).start();
    works(&server, "0", |qscale| qscale.env("REDIS_URL", server.url()).env("REDIS_PASSWORD", odd));
    let encoded = "p%40ss%3Aw%2For%3Fd%2525%C3%A9";
    works(&server, "0", |qscale| qscale.env("REDIS_URL", server.url_with(&format!(":{encoded}"))));
}

#[test]
fn password_that_the_server_does_not_need_is_accepted() {
    let server = RedisServer::start();
    works(&server, "0", |qscale| qscale.args(["--redis", &server.url_with(&format!(":{SECRET}"))]));
}

#[test]
fn user_without_dangerous_commands_connects() {
    let server = RedisServer::builder().user("app", SECRET, "~* +@all -@dangerous").start();
    works(&server, "0", |qscale| qscale.args(["--redis", &server.url_with(&format!("app:{SECRET}"))]));
}

#[test]
fn tls_connects_with_a_given_authority() {
    let certificates = Certificates::new();
    let server = RedisServer::builder().tls(&certificates, &certificates.server).password(SECRET).start();
    let url = server.url_with(&format!(":{SECRET}"));
    works(&server, "0", |qscale| qscale.args(["--redis", &url]).arg("--tls-ca").arg(&certificates.ca));
    works(&server, "0", |qscale| qscale.env("REDIS_URL", &url).env("REDIS_TLS_CA", &certificates.ca));
    works(&server, "0", |qscale| {
        qscale
            .env("REDIS_HOST", "localhost")
            .env("REDIS_PORT", server.port().to_string())
            .env("REDIS_PASSWORD", SECRET)
            .env("REDIS_TLS", "true")
            .env("REDIS_TLS_CA", &certificates.ca)
    });
}

#[test]
fn tls_connects_with_an_authority_of_the_system() {
    let certificates = Certificates::new();
    let server = RedisServer::builder().tls(&certificates, &certificates.server).start();
    works(&server, "0", |qscale| qscale.args(["--redis", &server.url()]).env("SSL_CERT_FILE", &certificates.ca));
}

#[test]
fn client_certificate_connects() {
    let certificates = Certificates::new();
    let server = RedisServer::builder().mutual_tls(&certificates).start();
    works(&server, "0", |qscale| {
        let qscale = qscale.args(["--redis", &server.url()]).arg("--tls-ca").arg(&certificates.ca);
        let qscale = qscale.arg("--tls-cert").arg(&certificates.client.certificate);
        qscale.arg("--tls-key").arg(&certificates.client.key)
    });
}

#[test]
fn tls_server_name_connects() {
    let certificates = Certificates::new();
    let server = RedisServer::builder().tls(&certificates, &certificates.wrong_name).start();
    works(&server, "0", |qscale| {
        let qscale = qscale.args(["--redis", &server.url(), "--tls-server-name", "somewhere-else.example"]);
        qscale.arg("--tls-ca").arg(&certificates.ca)
    });
}

#[test]
fn tls_skip_verify_connects_with_a_warning() {
    let certificates = Certificates::new();
    let server = RedisServer::builder().tls(&certificates, &certificates.wrong_name).start();
    works(&server, "0", |qscale| qscale.args(["--redis", &server.url(), "--tls-skip-verify"]));
    let run = Qscale::new(PRODUCE).args(["--quiet", "--redis", &server.url(), "--tls-skip-verify"]).output().exits(0);
    assert!(run.stderr.contains("WARN") && run.stderr.contains("not verified"), "{}", run.stderr);
}

// ── words that cannot be ──

#[test]
fn url_mistake_is_named_before_connecting() {
    let mistakes = [
        (format!("http://:{SECRET}@h:1"), "unknown scheme `http://`"),
        (format!("redis://:{SECRET}@h:99999"), "port"),
        (format!("redis://:{SECRET}@h:0"), "port"),
        (format!("redis://:{SECRET}@h/abc"), "database `abc`"),
        (format!("redis://:{SECRET}@h/999"), "database `999`"),
        (format!("redis://:{SECRET}@h?timeout=3"), "unknown parameter `timeout`"),
        (format!("redis://:{SECRET}@"), "host"),
        ("localhost:6379".to_owned(), "begins with one of redis://"),
        ("unix://tmp/redis.sock".to_owned(), "three slashes"),
    ];
    for (url, named) in mistakes {
        let flag = Qscale::new(PRODUCE).args(["--redis", &url]).output().exits(2);
        assert!(flag.stderr.contains(named) && flag.stderr.contains("--redis"), "{url}\n{}", flag.stderr);
        keeps_the_secret(&flag);

        let variable = Qscale::new(PRODUCE).env("REDIS_URL", &url).output().exits(2);
        assert!(variable.stderr.contains(named) && variable.stderr.contains("REDIS_URL"), "{url}\n{}", variable.stderr);
        keeps_the_secret(&variable);

        let profile = format!("[redis]\nurl = \"{url}\"\n");
        let profile = Qscale::new(PRODUCE).file("q.toml", &profile).args(["--profile", "q.toml"]).output().exits(78);
        assert!(profile.stderr.contains(named) && profile.stderr.contains("q.toml:2:7"), "{url}\n{}", profile.stderr);
        keeps_the_secret(&profile);
    }
}

#[test]
fn wrong_variable_is_named() {
    for (name, value) in [("REDIS_PORT", "abc"), ("REDIS_PORT", "tcp://h"), ("REDIS_DB", "x"), ("REDIS_TLS", "maybe")] {
        let run = Qscale::new(PRODUCE).env(name, value).output().exits(2);
        assert!(run.stderr.contains(name) && run.stderr.contains(value), "{name}={value}\n{}", run.stderr);
    }
}

#[test]
fn conflicting_settings_are_named() {
    for (words, named) in [
        (&["--redis", "redis://h", "--tls-ca", "ca.pem"][..], "--tls-ca"),
        (&["--redis", "unix:///s", "--tls"], "unix socket"),
        (&["--redis", "rediss://h", "--tls-cert", "c.pem"], "--tls-cert"),
        (&["--redis", "redis://h", "--host", "g"], "--host"),
        (&["--password", SECRET], "--password"),
        (&["--password=s3cret-marker"], "--password"),
        // The flag before it was forgotten.
        (&["redis://:s3cret-marker@h:1"], "redis://:***@h:1"),
    ] {
        let run = Qscale::new(PRODUCE).args(words).output().exits(2);
        assert!(run.stderr.contains(named), "{words:?}\n{}", run.stderr);
        keeps_the_secret(&run);
    }
}

#[test]
fn missing_file_is_named() {
    let certificates = Certificates::new();
    let server = RedisServer::builder().tls(&certificates, &certificates.server).start();
    let key: &[&str] = &["--tls-cert", "./missing.pem", "--tls-key"];
    for flag in [&["--tls-ca"][..], &["--password-file"], key] {
        let run = Qscale::new(PRODUCE).args(["--redis", &server.url()]).args(flag).args(["./missing.pem"]).output();
        assert!(run.status == 2 && run.stderr.contains("missing.pem"), "{flag:?}: {run:?}");
        assert!(run.stderr.to_lowercase().contains("no such file"), "{flag:?}: {run:?}");
    }
}

#[test]
fn file_that_the_profile_names_and_that_cannot_be_read_is_a_mistake_of_the_profile() {
    let server = RedisServer::start();
    let port = server.port();
    for (key, value, hint) in [
        ("tls-ca", "/nowhere/ca.pem", "check the path"),
        ("tls-ca", "/", "check the path"),
        ("password-file", "/nowhere/secret", "check the path"),
        ("password-file", "hunter2", "belongs in REDIS_PASSWORD"),
    ] {
        let scheme = if key == "tls-ca" { "rediss" } else { "redis" };
        let profile = format!("[redis]\nurl = \"{scheme}://127.0.0.1:{port}\"\n{key} = \"{value}\"\n");
        for words in
            [&["produce", "--count", "1"][..], &["consume"], &["watch", "--once"], &["doctor"], &["dead", "ls"]]
        {
            let run = Qscale::new(words).file("qscale.toml", &profile).deadline(SOON).output().exits(78);
            let place = format!("error: qscale.toml:3:{}: redis.{key}: cannot read this file", key.len() + 4);
            assert!(run.stderr.contains(&place) && run.stderr.contains(hint), "{}", run.stderr);
            assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
        }
    }
    // What flags and variables say of the same setting is read in its place.
    let profile = "[redis]\npassword-file = \"/nowhere/secret\"\n";
    let produce = || Qscale::new(["produce", "--count", "1", "--redis", &server.url()]).file("qscale.toml", profile);
    produce().output().exits(78);
    produce().args(["--password-file", "/nowhere/other"]).output().exits(2);
    produce().env("REDIS_PASSWORD_FILE", "/nowhere/other").output().exits(2);
}

// ── what others on the machine can see ──

#[cfg(target_os = "linux")]
#[test]
fn password_is_not_on_the_command_line_of_demo_processes() {
    use std::collections::HashMap;
    use std::fs;

    /// Every process: its parent and its words.
    fn processes() -> HashMap<u32, (u32, String)> {
        let entries = fs::read_dir("/proc").expect("Linux has /proc").flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter_map(|pid: u32| {
            // One that ends meanwhile is none.
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            let words = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            Some((pid, (parent, String::from_utf8_lossy(&words).replace('\0', " "))))
        })
        .collect()
    }

    let server = RedisServer::builder().password("another-password").user("app", SECRET, "~* +@all").start();
    let demo = Qscale::new(["demo", "--redis", &server.url_with(&format!("app:{SECRET}"))]).spawn();
    let mut children = HashMap::new();
    crate::support::wait_until("the demo starts a process that consumes", crate::support::SOON, || {
        let all = processes();
        let is_below_demo = |mut pid: u32| {
            while let Some((parent, _)) = all.get(&pid) {
                if *parent == demo.pid() {
                    return true;
                }
                pid = *parent;
            }
            false
        };
        children
            .extend(all.iter().filter(|(pid, _)| is_below_demo(**pid)).map(|(pid, (_, words))| (*pid, words.clone())));
        children.values().any(|words| words.contains("consume"))
    });
    // Killed, it could not end what it has started.
    demo.terminate();
    demo.wait();
    // One that is not yet what it will be still has the words of the demo itself.
    children.retain(|_, words| !words.contains(" demo "));
    assert!(children.values().all(|words| !words.contains(SECRET)), "{children:?}");
}

#[test]
fn forbidden_database_is_a_missing_permission() {
    let server = RedisServer::builder().user("app", SECRET, "~* +@all -select").start();
    let redis = format!("{}/3", server.url_with(&format!("app:{SECRET}")));
    each_fails(&["--redis", &redis], &[], &server.address(), &["app", "select"]);
}

#[test]
fn password_with_white_space_around_it_has_a_hint() {
    let server = RedisServer::builder().password("s3cret").start();
    let of_url = server.url_with(":s3cret%0A");
    let of_variable = Qscale::new(["consume", "--redis", &server.url()]).env("REDIS_PASSWORD", " s3cret ");
    for run in [Qscale::new(["consume", "--redis", &of_url]), of_variable] {
        let stderr = run.output().exits(69).stderr;
        assert!(stderr.contains("the password begins or ends with white space (WRONGPASS)"), "{stderr}");
        assert!(stderr.contains("hint: remove the white space") && !stderr.contains("s3cret"), "{stderr}");
    }
}
