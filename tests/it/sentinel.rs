//! Sentinels with credentials of their own: how qscale and KEDA reach them.

use serde_json::{Value, json};

use crate::support::manifest::documents;
use crate::support::{Certificates, Qscale, RedisServer, SOON};

const SECRET: &str = "s3cret-of-redis";
const OWN: &str = "t0p-of-sentinels";

/// Permissions that a user of sentinels needs to be led to the master.
const ASKS: &str = "-@all +auth +sentinel|get-master-addr-by-name +sentinel|sentinels";

/// A Redis with the ACL user `app`.
fn redis() -> RedisServer {
    RedisServer::builder().password("another-password").user("app", SECRET, "~* &* +@all").start()
}

/// Pushes an item by way of `sentinel`.
fn produce(sentinel: &RedisServer) -> Qscale {
    produce_to("mymaster", sentinel)
}

fn produce_to(master: &str, sentinel: &RedisServer) -> Qscale {
    let words = ["produce", "--count", "1", "--mode", "sentinel", "--sentinel-master", master];
    Qscale::new(words).args(["--addresses", &sentinel.address()]).deadline(SOON)
}

fn as_app(run: Qscale) -> Qscale {
    run.env("REDIS_USERNAME", "app").env("REDIS_PASSWORD", SECRET)
}

#[test]
fn sentinels_that_do_not_know_the_user_of_redis_are_sent_its_password_alone() {
    let redis = redis();
    let open = RedisServer::builder().sentinel("mymaster", &redis).start();
    let same = RedisServer::builder().sentinel("mymaster", &redis).password(SECRET).start();
    for sentinel in [&open, &same] {
        as_app(produce(sentinel)).output().exits(0);
    }
    assert_eq!(redis.llen("mylist"), 2);
}

#[test]
fn sentinel_password_is_read_from_every_source() {
    let redis = redis();
    let sentinel = RedisServer::builder().sentinel("mymaster", &redis).password(OWN).start();
    let run = || as_app(produce(&sentinel));
    run().env("REDIS_SENTINEL_PASSWORD", OWN).output().exits(0);
    let file = || run().file("own", format!("{OWN}\n"));
    file().args(["--sentinel-password-file", "own"]).output().exits(0);
    file().env("REDIS_SENTINEL_PASSWORD_FILE", "own").output().exits(0);
    file().file("qscale.toml", "[redis]\nsentinel-password-file = \"own\"\n").output().exits(0);
    let url = format!("redis://app:{SECRET}@{}?sentinelPassword={OWN}", sentinel.address());
    let words = ["produce", "--count", "1", "--mode", "sentinel", "--sentinel-master", "mymaster"];
    Qscale::new(words).env("REDIS_URL", &url).output().exits(0);
    assert_eq!(redis.llen("mylist"), 5);
    let explained = Qscale::new(words).arg("--verbose").env("REDIS_URL", &url).output().exits(0).stderr;
    assert!(explained.contains("sentinel-password") && !explained.contains(OWN), "{explained}");
}

#[test]
fn sentinel_user_is_one_of_the_sentinels() {
    let redis = redis();
    let sentinel = RedisServer::builder().sentinel("mymaster", &redis).password("x").user("monitor", OWN, ASKS).start();
    let run = || as_app(produce(&sentinel)).env("REDIS_SENTINEL_PASSWORD", OWN);
    run().env("REDIS_SENTINEL_USERNAME", "monitor").output().exits(0);
    run().args(["--sentinel-username", "monitor"]).output().exits(0);
    run().file("qscale.toml", "[redis]\nsentinel-username = \"monitor\"\n").output().exits(0);
    assert_eq!(redis.llen("mylist"), 3);
}

#[test]
fn sentinels_with_a_password_lead_to_a_redis_without_one() {
    let redis = RedisServer::start();
    let sentinel = RedisServer::builder().sentinel("mymaster", &redis).password(OWN).start();
    produce(&sentinel).env("REDIS_SENTINEL_PASSWORD", OWN).output().exits(0);
    assert_eq!(redis.llen("mylist"), 1);
}

#[test]
fn sentinels_are_authenticated_over_tls() {
    let certificates = Certificates::new();
    let redis = RedisServer::builder().tls(&certificates, &certificates.server).password(SECRET).start();
    let sentinel = RedisServer::builder()
        .tls(&certificates, &certificates.server)
        .directive("tls-replication yes")
        .sentinel("mymaster", &redis)
        .password(OWN)
        .start();
    let run = || produce(&sentinel).args(["--tls", "--tls-ca", certificates.ca.to_str().unwrap()]);
    run().env("REDIS_PASSWORD", SECRET).env("REDIS_SENTINEL_PASSWORD", OWN).output().exits(0);
    assert_eq!(redis.llen("mylist"), 1);
    let refused = run().env("REDIS_PASSWORD", SECRET).output().exits(69).stderr;
    assert!(refused.contains("of the sentinel 127.0.0.1:") && refused.contains("WRONGPASS"), "{refused}");
}

#[test]
fn refusal_of_a_sentinel_is_told_from_that_of_redis() {
    let redis = redis();
    let open = RedisServer::builder().sentinel("mymaster", &redis).start();
    let closed = RedisServer::builder().sentinel("mymaster", &redis).password(OWN).start();
    let plain = RedisServer::start();
    let narrow = "-@all +auth +ping";
    let narrow = RedisServer::builder().sentinel("mymaster", &redis).password("x").user("monitor", OWN, narrow).start();
    let cases = [
        (produce(&closed), "requires a password (NOAUTH)", "REDIS_SENTINEL_PASSWORD"),
        (as_app(produce(&closed)), "user `default` of the sentinel", "get the password of Redis"),
        (
            as_app(produce(&closed)).env("REDIS_SENTINEL_USERNAME", "monitor").env("REDIS_SENTINEL_PASSWORD", OWN),
            "user `monitor` of the sentinel",
            "REDIS_SENTINEL_USERNAME",
        ),
        (as_app(produce_to("other", &open)), "monitors no master named `other`", "MASTERS"),
        (
            as_app(produce(&narrow)).env("REDIS_SENTINEL_USERNAME", "monitor").env("REDIS_SENTINEL_PASSWORD", OWN),
            "may not ask for the master (NOPERM)",
            "ACL SETUSER monitor",
        ),
        (produce(&plain), "is not a sentinel", "--addresses"),
        (produce(&open), "the server requires a password (NOAUTH)", "set REDIS_PASSWORD"),
        (as_app(produce(&open)).env("REDIS_PASSWORD", "wrong"), "as user `app` failed", "REDIS_USERNAME"),
    ];
    for (run, reason, hint) in cases {
        let said = run.output().exits(69).stderr;
        assert!(said.contains(reason) && said.contains(hint), "{reason}: {said}");
        assert!(!said.contains(SECRET) && !said.contains(OWN), "{said}");
    }
}

#[test]
fn sentinel_settings_without_sentinels_are_refused() {
    for flag in ["--sentinel-master", "--sentinel-username", "--sentinel-password-file"] {
        let said = Qscale::new(["produce", "--count", "1", flag, "x"]).output().exits(2).stderr;
        assert!(said.contains(flag) && said.contains("--mode sentinel"), "{said}");
    }
    for (tables, place) in [
        ("[redis]\nhost = \"r.example.com\"\nsentinel-username = \"m\"", "redis.sentinel-username"),
        ("[redis]\nhost = \"r.example.com\"\nsentinel-password-file = \"p\"", "redis.sentinel-password-file"),
        (
            "[redis]\nhost = \"r.example.com\"\n[deploy]\nsecret = \"s\"\nsecret-sentinel-password-key = \"p\"",
            "deploy.secret-sentinel-password-key",
        ),
    ] {
        let said = Qscale::new(["render"]).file("qscale.toml", tables).output().exits(78).stderr;
        assert!(said.contains(place) && said.contains("without sentinels"), "{said}");
    }
}

/// Profile of a Redis behind sentinels; `redis` and `deploy` are further keys of their tables.
fn profile(redis: &str, deploy: &str, scale: &str) -> String {
    format!(
        "[redis]\naddresses = [\"s.example.com:26379\"]\nmode = \"sentinel\"\nsentinel-master = \"mine\"\n{redis}\n\
         [deploy]\nsecret = \"redis\"\nsecret-username-key = \"user\"\n{deploy}\n[scale]\n{scale}\n"
    )
}

fn rendered(profile: &str) -> Vec<Value> {
    documents(&Qscale::new(["render"]).file("qscale.toml", profile).output().exits(0).stdout)
}

fn one<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    objects.iter().find(|object| object["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))
}

#[test]
fn keda_sends_sentinels_their_password_or_that_of_redis() {
    for (deploy, user, password) in [
        ("", None, "password"),
        (
            "secret-sentinel-username-key = \"s-user\"\nsecret-sentinel-password-key = \"s-password\"",
            Some("s-user"),
            "s-password",
        ),
    ] {
        let objects = rendered(&profile("", deploy, ""));
        let secrets = one(&objects, "TriggerAuthentication")["spec"]["secretTargetRef"].as_array().unwrap().clone();
        let key = |parameter: &str| {
            let entry = secrets.iter().find(|entry| entry["parameter"] == parameter)?;
            entry["key"].as_str().map(str::to_owned)
        };
        assert_eq!(key("sentinelPassword").as_deref(), Some(password));
        assert_eq!(key("sentinelUsername").as_deref(), user);
        let container = &one(&objects, "Deployment")["spec"]["template"]["spec"]["containers"][0];
        let variable = |name: &str| {
            let mut all = container["env"].as_array().unwrap().iter();
            all.find(|variable| variable["name"] == name)
                .map(|variable| variable["valueFrom"]["secretKeyRef"]["key"].clone())
        };
        let own = user.map(|_| json!(password));
        assert_eq!(variable("REDIS_SENTINEL_PASSWORD"), own);
        assert_eq!(variable("REDIS_SENTINEL_USERNAME"), user.map(|user| json!(user)));
    }
    let single = "[redis]\nhost = \"r.example.com\"\n[deploy]\nsecret = \"redis\"\n";
    assert!(!format!("{:?}", rendered(single)).contains("sentinel"));
}

#[test]
fn keda_reads_the_credentials_of_sentinels_from_the_environment() {
    let environment = "authentication = \"environment\"";
    let parameters = |profile: &str| one(&rendered(profile), "ScaledObject")["spec"]["triggers"][0]["metadata"].clone();
    let shared = parameters(&profile("", "", environment));
    assert_eq!(shared["sentinelPasswordFromEnv"], "REDIS_PASSWORD");
    assert_eq!(shared.get("sentinelUsernameFromEnv"), None);
    let own = parameters(&profile(
        "sentinel-username = \"monitor\"",
        "secret-sentinel-password-key = \"s-password\"",
        environment,
    ));
    assert_eq!(own["sentinelPasswordFromEnv"], "REDIS_SENTINEL_PASSWORD");
    assert_eq!(own["sentinelUsernameFromEnv"], "REDIS_SENTINEL_USERNAME");
}

#[test]
fn sentinel_user_that_is_not_secret_is_written_out() {
    let profile = profile("sentinel-username = \"monitor\"", "secret-sentinel-password-key = \"s\"", "");
    let objects = rendered(&profile);
    assert_eq!(one(&objects, "ScaledObject")["spec"]["triggers"][0]["metadata"]["sentinelUsername"], "monitor");
    assert_eq!(one(&objects, "ConfigMap")["data"]["REDIS_SENTINEL_USERNAME"], "monitor");
    let stdout = Qscale::new(["render"]).file("qscale.toml", &profile).output().exits(0).stdout;
    assert!(stdout.contains("--from-literal=password=PASSWORD --from-literal=s=SENTINEL_PASSWORD"), "{stdout}");
}

#[test]
fn sentinel_password_that_no_pod_would_have_is_refused() {
    let file = profile("sentinel-password-file = \"/s3cret-marker\"", "", "");
    let url = "[redis]\nurl = \"redis://s.example.com:26379?sentinelPassword=s3cret-marker\"\nmode = \"sentinel\"\n\
               sentinel-master = \"mine\"\n";
    for (profile, place) in [(file.as_str(), "redis.sentinel-password-file"), (url, "redis.url")] {
        let run = Qscale::new(["render"]).file("qscale.toml", profile).output().exits(78);
        assert!(run.stderr.contains(place) && run.stderr.contains("secret-sentinel-password-key"), "{}", run.stderr);
        assert!(!run.stderr.contains("sentinelPassword=s3cret-marker"), "{}", run.stderr);
    }
    let user = "[redis]\naddresses = [\"s.example.com:26379\"]\nmode = \"sentinel\"\nsentinel-master = \"mine\"\n\
                sentinel-username = \"monitor\"\n";
    let said = Qscale::new(["render"]).file("qscale.toml", user).output().exits(78).stderr;
    assert!(said.contains("redis.sentinel-username") && said.contains("`secret` in [deploy]"), "{said}");
}
