//! Each mode of Redis, plain and over TLS, from each source of settings, for each subcommand that connects and each trigger.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::manifest::documents;
use crate::support::{Certificates, Qscale, RedisServer, SOON};

const SECRET: &str = "s3cret-of-app";

/// A deployment of Redis, and the settings of a client.
struct Deployment {
    mode: &'static str,
    is_secure: bool,
    /// Server that holds the list.
    redis: RedisServer,
    /// Node of the cluster, or Sentinel, that clients are told of.
    entry: Option<RedisServer>,
    ca: PathBuf,
}

impl Deployment {
    fn start(mode: &'static str, is_secure: bool, certificates: &Certificates) -> Self {
        let builder = || {
            let builder = RedisServer::builder();
            match (is_secure, mode) {
                (false, _) => builder,
                (true, "cluster") => builder.tls(certificates, &certificates.server).directive("tls-cluster yes"),
                (true, _) => builder.tls(certificates, &certificates.server).directive("tls-replication yes"),
            }
        };
        let redis = || builder().user("app", SECRET, "~* &* +@all");
        let (redis, entry) = match mode {
            "single" => (redis().start(), None),
            "cluster" => {
                let [far, near] = [redis().cluster().start(), redis().cluster().start()];
                // The slot of `mylist`, and of its companions.
                far.take_slot(5_282, &near);
                (far, Some(near))
            }
            _ => {
                let redis = redis().start();
                let sentinel = builder().sentinel("mymaster", &redis).start();
                (redis, Some(sentinel))
            }
        };
        Self { mode, is_secure, redis, entry, ca: certificates.ca.clone() }
    }

    fn entry(&self) -> &RedisServer {
        self.entry.as_ref().unwrap_or(&self.redis)
    }

    fn ca(&self) -> &str {
        self.ca.to_str().expect("a path in words")
    }

    fn url(&self) -> String {
        self.entry().url_with(&format!("app:{SECRET}"))
    }

    fn address(&self) -> String {
        self.entry().address()
    }

    /// Adds the flags that go with the URL in `REDIS_URL`.
    fn by_url(&self, qscale: Qscale) -> Qscale {
        let qscale = qscale.env("REDIS_URL", self.url());
        let qscale = if self.is_secure { qscale.args(["--tls-ca", self.ca()]) } else { qscale };
        match self.mode {
            "single" => qscale,
            "cluster" => qscale.args(["--mode", "cluster"]),
            _ => qscale.args(["--mode", "sentinel", "--sentinel-master", "mymaster"]),
        }
    }

    fn by_environment(&self, mut qscale: Qscale) -> Qscale {
        qscale = qscale.env("REDIS_USERNAME", "app").env("REDIS_PASSWORD", SECRET);
        if self.is_secure {
            qscale = qscale.env("REDIS_TLS", "true").env("REDIS_TLS_CA", self.ca());
        }
        match self.mode {
            "single" => qscale.env("REDIS_HOST", "localhost").env("REDIS_PORT", self.redis.port().to_string()),
            mode => {
                let qscale = qscale.env("REDIS_ADDRESSES", self.address()).env("REDIS_MODE", mode);
                if mode == "sentinel" { qscale.env("REDIS_SENTINEL_MASTER", "mymaster") } else { qscale }
            }
        }
    }

    /// The table `[redis]`, without the password.
    fn profile(&self) -> String {
        let tls = if self.is_secure { format!("tls = true\ntls-ca = \"{}\"\n", self.ca()) } else { String::new() };
        let address = match self.mode {
            "single" => format!("host = \"localhost\"\nport = {}\n", self.redis.port()),
            mode => format!("addresses = [\"{}\"]\nmode = \"{mode}\"\n", self.address()),
        };
        let master = if self.mode == "sentinel" { "sentinel-master = \"mymaster\"\n" } else { "" };
        format!("[redis]\nusername = \"app\"\n{tls}{address}{master}")
    }

    fn by_profile(&self, qscale: Qscale) -> Qscale {
        let profile = format!("{}password-file = \"password\"\n", self.profile());
        qscale.file("qscale.toml", profile).file("password", SECRET)
    }

    /// Runs each subcommand that connects, with settings of one source.
    fn works(&self, source: &str, with: impl Fn(Qscale) -> Qscale) {
        let name = format!("{} {} by {source}", self.mode, if self.is_secure { "over TLS" } else { "in plain" });
        let run = |words: &[&str]| {
            let run = with(Qscale::new(words)).deadline(SOON).output();
            assert_eq!(run.status, 0, "{name}: {words:?}: {}{}", run.stdout, run.stderr);
            assert!(!run.stdout.contains(SECRET) && !run.stderr.contains(SECRET), "{name}: {words:?}");
            run
        };
        run(&["produce", "--rate", "max", "--count", "5", "--payload", "{seq}"]);
        let seen = run(&["watch", "--once", "--output", "json"]).stdout;
        let sample: Value = serde_json::from_str(seen.lines().next().expect("a sample")).expect("a line of JSON");
        assert_eq!(sample["backlog"], 5, "{name}: {seen}");
        assert_eq!(run(&["consume", "--work", "none", "--max-items", "2"]).stdout, "1\n2\n", "{name}");
        let pops = ["consume", "--work", "none", "--max-items", "2", "--delivery", "at-most-once"];
        assert_eq!(run(&pops).stdout, "3\n4\n", "{name}");
        with(Qscale::new(["consume", "--max-items", "1", "--max-attempts", "1"])).args(["--", "false"]).output();
        assert!(run(&["dead", "ls"]).stdout.contains('5'), "{name}");
        run(&["dead", "purge", "--all"]);
        let found = run(&["doctor", "--output", "json", "--no-cluster"]).stdout;
        assert!(!found.contains("\"severity\":\"fault\"") && found.contains("\"check\":\"rights\""), "{name}: {found}");
    }

    /// The triggers are of the type and with the parameters that KEDA needs for this mode.
    fn is_rendered(&self) {
        let ca = if self.is_secure { "secret-ca-key = \"ca.crt\"\n" } else { "" };
        let profile = format!("{}[deploy]\nsecret = \"redis\"\n{ca}", self.profile());
        let profile = profile.replace("localhost", "redis.example.com").replace("127.0.0.1", "redis.example.com");
        let profile = profile.replace(&format!("tls-ca = \"{}\"\n", self.ca()), "");
        let run = Qscale::new(["render"]).file("qscale.toml", &profile).output().exits(0);
        let objects = documents(&run.stdout);
        let scaled = objects.iter().find(|object| object["kind"] == "ScaledObject").expect("a ScaledObject");
        let triggers = scaled["spec"]["triggers"].as_array().expect("triggers");
        assert!(triggers.len() >= 2, "the list and what is in flight: {triggers:?}");
        let (kind, address, port) = match self.mode {
            "single" => ("redis", "address", self.redis.port()),
            "cluster" => ("redis-cluster", "addresses", self.entry().port()),
            _ => ("redis-sentinel", "addresses", self.entry().port()),
        };
        for trigger in triggers {
            let metadata = &trigger["metadata"];
            assert_eq!(trigger["type"], kind, "{trigger}");
            let given = &metadata[address];
            let variable = &metadata[format!("{address}FromEnv")];
            let expected = format!("redis.example.com:{port}");
            let is_apart = metadata["hostFromEnv"].is_string() && metadata["portFromEnv"].is_string();
            assert!(given == &expected || variable.is_string() || is_apart, "{trigger}");
            let secure = metadata["enableTLS"] == "true";
            assert_eq!(secure, self.is_secure, "{trigger}");
            assert_eq!(metadata["sentinelMaster"] == "mymaster", self.mode == "sentinel", "{trigger}");
            assert!(trigger["authenticationRef"]["name"].is_string(), "{trigger}");
        }
        let linted = Qscale::new(["render", "--lint", "all.yaml"]).file("all.yaml", &run.stdout).output();
        assert!(!linted.stdout.contains("error["), "{}: {}", self.mode, linted.stdout);
    }
}

fn table(mode: &'static str) {
    let certificates = Certificates::new();
    for is_secure in [false, true] {
        let deployment = Deployment::start(mode, is_secure, &certificates);
        deployment.works("URL", |qscale| deployment.by_url(qscale));
        deployment.works("environment", |qscale| deployment.by_environment(qscale));
        deployment.works("profile", |qscale| deployment.by_profile(qscale));
        deployment.is_rendered();
    }
}

#[test]
fn single_server_works_from_every_source() {
    table("single");
}

#[test]
fn cluster_works_from_every_source() {
    table("cluster");
}

#[test]
fn sentinels_work_from_every_source() {
    table("sentinel");
}

#[test]
fn addresses_of_ipv6_work() {
    let server = RedisServer::builder().directive("bind ::1 127.0.0.1").start();
    let port = server.port().to_string();
    let (url, address) = (format!("redis://[::1]:{port}"), format!("[::1]:{port}"));
    let push = |words: &[&str]| Qscale::new(["produce", "--count", "1"]).args(words).deadline(SOON).output().exits(0);
    push(&["--redis", &url]);
    push(&["--host", "::1", "--port", &port]);
    let doctor = Qscale::new(["doctor", "--no-cluster", "--redis", &url]).output().exits(0);
    assert!(doctor.stdout.contains(&format!("connected to {address}")), "{}", doctor.stdout);
    let sentinel = RedisServer::builder().directive("bind ::1 127.0.0.1").sentinel("mymaster", &server).start();
    let sentinel = format!("[::1]:{}", sentinel.port());
    push(&["--addresses", &sentinel, "--mode", "sentinel", "--sentinel-master", "mymaster"]);
    assert_eq!(server.llen("mylist"), 3);
    let refused = Qscale::new(["produce", "--count", "1", "--host", "::1", "--port", "1"]).output().exits(69);
    assert!(refused.stderr.contains("redis://[::1]:1:"), "{}", refused.stderr);
}

/// Versions that a user may have; each is tried if a server of it is at hand.
const VERSIONS: [&str; 5] = ["Redis 6.2", "Redis 7", "Redis 8", "Valkey 8", "Valkey 9"];

#[test]
fn versions_at_hand_work() {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path)
        .flat_map(|folder| ["redis-server", "valkey-server"].map(|name| folder.join(name)))
        .filter(|program| program.is_file());
    let named = std::env::var_os("QSCALE_TEST_SERVERS").unwrap_or_default();
    let named: Vec<PathBuf> = std::env::split_paths(&named).filter(|path| !path.as_os_str().is_empty()).collect();
    let mut tried = Vec::new();
    for program in on_path.chain(named) {
        let version = works_with(&program);
        if !tried.contains(&version) {
            tried.push(version);
        }
    }
    assert!(!tried.is_empty(), "no server is at hand: install redis-server or valkey");
    let missing: Vec<&str> =
        VERSIONS.into_iter().filter(|version| !tried.iter().any(|one| one.starts_with(version))).collect();
    // Past the capture of output by tests: what was not tried is said where all passes as well.
    let tried = tried.join(", ");
    let said = match missing.join(", ") {
        missing if missing.is_empty() => format!("tried with {tried}\n"),
        missing => {
            format!("tried with {tried}; NOT tried, for no server is at hand (QSCALE_TEST_SERVERS): {missing}\n")
        }
    };
    std::io::stderr().write_all(said.as_bytes()).expect("stderr is open");
}

/// Tries both kinds of delivery, a dead letter, a user that lacks a right, and what `doctor` says of the mode; returns the version.
fn works_with(program: &Path) -> String {
    let builder = || RedisServer::builder().program(program);
    let server = builder().user("app", SECRET, "~* &* +@all").start();
    let deployment = Deployment { mode: "single", is_secure: false, redis: server, entry: None, ca: PathBuf::new() };
    deployment.works(&program.display().to_string(), |qscale| deployment.by_url(qscale));
    let few = builder().user("few", SECRET, "~mylist ~{mylist}:* +@all -hset").start();
    let redis = ["--redis", &few.url(), "--username", "few"];
    let consume = Qscale::new(["consume", "--work", "none"]).args(redis).env("REDIS_PASSWORD", SECRET);
    let run = consume.deadline(SOON).output().exits(69);
    assert!(run.stderr.contains("may not use the command `hset`"), "{}: {}", program.display(), run.stderr);
    let node = builder().cluster().start();
    let sentinel = builder().sentinel("mymaster", &deployment.redis).start();
    for (other, code) in [(node, "redis-cluster-down"), (sentinel, "redis-mode")] {
        let words = ["doctor", "--no-cluster", "--redis", &format!("redis://{}", other.address())];
        let run = Qscale::new(words).deadline(SOON).output().exits(4);
        assert!(run.stdout.contains(code), "{}: {}", program.display(), run.stdout);
    }
    let info = deployment.redis.cli(&["INFO", "server"]);
    let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or_default();
    match field("valkey_version:") {
        "" => format!("Redis {}", field("redis_version:")),
        version => format!("Valkey {version}"),
    }
}
