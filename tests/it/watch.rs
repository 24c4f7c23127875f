//! `watch` as a process, with a real Redis and a scripted Kubernetes API server.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::thread;
use std::time::Duration;

use crate::support::api_server::{ApiServer, status};
use crate::support::{Qscale, RedisServer, Running, SOON, at_once, wait_until};
use serde_json::{Value, json};

const LIST: &str = "mylist";

/// Short interval, which keeps the tests short.
const EVERY: [&str; 2] = ["--every", "100ms"];

fn watch(redis: &RedisServer) -> Qscale {
    Qscale::new(["watch", "--redis", &redis.url()]).args(EVERY)
}

fn watch_json(redis: &RedisServer) -> Qscale {
    watch(redis).args(["--output", "json"])
}

/// Parses the complete lines so far.
pub(super) fn samples(stdout: &str) -> Vec<Value> {
    let whole = stdout.rfind('\n').map_or("", |end| &stdout[..end]);
    whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

/// Waits for a sample that satisfies `is`, and returns it.
#[track_caller]
pub(super) fn wait_for_sample(running: &Running, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    let mut found = None;
    wait_until(what, SOON, || {
        found = samples(&running.stdout()).into_iter().find(&is);
        found.is_some()
    });
    found.unwrap_or_default()
}

pub(super) fn push(redis: &RedisServer, items: usize) {
    let mut command = vec!["LPUSH", LIST];
    command.extend(std::iter::repeat_n("an item", items));
    redis.cli(&command);
}

fn pop(redis: &RedisServer, items: usize) {
    redis.cli(&["RPOP", LIST, &items.to_string()]);
}

fn net(sample: &Value) -> f64 {
    sample["net_per_second"].as_f64().unwrap_or_default()
}

#[test]
fn json_sample_is_one_object_with_the_documented_fields() {
    let redis = RedisServer::start();
    push(&redis, 7);
    let run = watch_json(&redis).args(["--duration", "1s"]).output().exits(0);
    let samples = samples(&run.stdout);
    assert!((1..=11).contains(&samples.len()), "{}", run.stdout);
    let fields = [
        "time",
        "list",
        "backlog",
        "in_flight",
        "delayed",
        "dead",
        "pushed",
        "acknowledged",
        "consumers",
        "busy",
        "oldest_seconds",
        "in_per_second",
        "out_per_second",
        "net_per_second",
        "seconds_to_empty",
        "target",
        "jobs",
        "reason",
        "faults",
        "next",
        "speed",
    ];
    let fields = BTreeSet::from(fields);
    for sample in samples {
        let object = sample.as_object().unwrap();
        assert_eq!(object.keys().map(String::as_str).collect::<BTreeSet<_>>(), fields);
        assert_eq!((&object["list"], &object["backlog"]), (&json!(LIST), &json!(7)));
        assert!(object["target"].is_null() && object["seconds_to_empty"].is_null(), "{sample}");
        let time = object["time"].as_str().unwrap();
        assert!(humantime::parse_rfc3339(time).is_ok() && time.ends_with('Z'), "{time}");
    }
}

#[test]
fn sample_is_one_line_without_a_terminal() {
    let redis = RedisServer::start();
    push(&redis, 7);
    let run = watch(&redis).args(["--duration", "2s"]).output().exits(0);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert!(lines[0].ends_with("Z  mylist: 7 waiting"), "{}", run.stdout);
    assert!(lines[lines.len() - 1].ends_with("Z  mylist: 7 waiting  net 0/s, steady"), "{}", run.stdout);
}

#[test]
fn one_look_has_a_status_for_scripts() {
    let redis = RedisServer::start();
    push(&redis, 7);
    let once = |words: &[&str]| Qscale::new(["watch", "--once", "--redis", &redis.url()]).args(words).output();
    let run = once(&["--list", LIST, "--list", "other"]).exits(0);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stdout);
    assert!(
        lines[0].ends_with("Z  mylist: 7 waiting") && lines[1].ends_with("Z  other: 0 waiting  empty"),
        "{lines:?}"
    );
    let run = once(&["--output", "json"]).exits(0);
    assert_eq!(samples(&run.stdout).iter().map(|sample| sample["backlog"].clone()).collect::<Vec<_>>(), [json!(7)]);
    once(&["--until-empty"]).exits(75);
    once(&["--until-settled"]).exits(75);
    pop(&redis, 7);
    once(&["--until-empty"]).exits(0);
    produce(&redis, 1);
    work(&redis, &[]);
    let run = once(&["--until-settled"]).exits(0);
    assert_eq!(verdict(&run), "PASS: 1 pushed = 1 acknowledged + 0 dead, 0 remaining");
    let run = Qscale::new(["watch", "--once", "--redis", "redis://127.0.0.1:1"]).output().exits(69);
    assert!(run.stdout.is_empty() && run.took < SOON, "{:?} {}", run.took, run.stdout);
    once(&["--duration", "1s"]).exits(2);
}

#[test]
fn net_rate_is_positive_while_growing_and_negative_while_shrinking() {
    let redis = RedisServer::start();
    let growing = watch_json(&redis).spawn();
    let shown = || wait_for_sample(&growing, "growing", |sample| net(sample) > 10.0);
    wait_until("pushes are seen", SOON, || {
        push(&redis, 10);
        thread::sleep(Duration::from_millis(50));
        samples(&growing.stdout()).iter().any(|sample| net(sample) > 10.0)
    });
    assert!(shown()["seconds_to_empty"].is_null());
    drop(growing);

    push(&redis, 20_000);
    let shrinking = watch_json(&redis).spawn();
    wait_until("pops are seen", SOON, || {
        pop(&redis, 10);
        thread::sleep(Duration::from_millis(50));
        samples(&shrinking.stdout()).iter().any(|sample| net(sample) < -10.0)
    });
    let sample = wait_for_sample(&shrinking, "shrinking", |sample| net(sample) < -10.0);
    let expected = sample["backlog"].as_f64().unwrap() / -net(&sample);
    assert!((sample["seconds_to_empty"].as_f64().unwrap() / expected - 1.0).abs() < 0.01, "{sample}");
}

#[test]
fn rates_start_anew_after_an_outage() {
    let mut redis = RedisServer::start();
    push(&redis, 1_000);
    let running = watch_json(&redis).spawn();
    wait_for_sample(&running, "a rate", |sample| net(sample).abs() < 0.1 && sample["net_per_second"].is_number());
    redis.kill();
    // Longer than any gap that a rate is taken across.
    thread::sleep(Duration::from_millis(5_500));
    redis.restart();
    let after =
        || samples(&running.stdout()).into_iter().skip_while(|sample| sample["backlog"] != 0).collect::<Vec<_>>();
    wait_until("the list is sampled again, twice", SOON, || after().len() > 1);
    let after = after();
    assert!(after.iter().all(|sample| net(sample) > -0.1), "a loss of data is not a rate: {after:?}");
    let [first, second] = [0, 1].map(|at| humantime::parse_rfc3339(after[at]["time"].as_str().unwrap()).unwrap());
    assert!(second.duration_since(first).unwrap() >= Duration::from_millis(50), "two samples at once: {after:?}");
}

#[test]
fn log_lines_before_the_dashboard_stay_on_the_terminal() {
    let redis = RedisServer::start();
    // A line that comes late would be on the dashboard, and go with it.
    at_once(0..8, |_| {
        let mut terminal = watch(&redis).args(["--duration", "300ms"]).on_terminal("");
        terminal.finish(SOON);
        let shown = terminal.shown();
        let before = shown.split("\u{1b}[?1049h").next().unwrap();
        assert!(before.contains("watching the list only"), "{shown}");
    });
}

#[test]
fn warnings_after_the_dashboard_break_between_words() {
    let mut redis = RedisServer::start();
    let mut terminal = watch(&redis).args(["--color", "never"]).on_terminal("");
    terminal.wait_for("waiting", SOON);
    redis.kill();
    terminal.wait_for("lost connection", SOON);
    terminal.press("q");
    terminal.finish(SOON);
    let shown = terminal.shown();
    let after = shown.rsplit("\u{1b}[?1049l").next().unwrap();
    let lines: Vec<&str> = after.lines().skip_while(|line| !line.contains("WARN")).take(2).collect();
    assert!(lines[0].contains("lost connection to Redis, retrying") && lines[0].chars().count() <= 80, "{lines:?}");
    assert!(lines[1].starts_with("                ") && lines[1].contains('='), "{lines:?}");
}

#[test]
fn until_empty_ends_with_the_last_item() {
    let redis = RedisServer::start();
    push(&redis, 3);
    let mut running = watch_json(&redis).arg("--until-empty").spawn();
    wait_for_sample(&running, "three wait", |sample| sample["backlog"] == 3);
    assert!(running.is_running());
    pop(&redis, 3);
    let run = running.wait().exits(0);
    assert_eq!(samples(&run.stdout).last().unwrap()["backlog"], 0);
}

#[test]
fn exit_status_is_75_when_until_empty_is_not_reached() {
    let redis = RedisServer::start();
    push(&redis, 1);
    watch(&redis).args(["--until-empty", "--duration", "300ms"]).output().exits(75);
    for stop in [Running::terminate, Running::interrupt] {
        let running = watch(&redis).arg("--until-empty").spawn();
        running.wait_for_line("1 waiting", SOON);
        stop(&running);
        running.finish(SOON).exits(75);
    }
}

#[test]
fn exit_status_is_0_when_an_open_ended_run_is_stopped() {
    let redis = RedisServer::start();
    for stop in [Running::terminate, Running::interrupt] {
        let running = watch(&redis).spawn();
        running.wait_for_line("0 waiting", SOON);
        stop(&running);
        running.finish(SOON).exits(0);
    }
}

#[test]
fn exit_status_is_0_when_the_output_pipe_is_closed() {
    let redis = RedisServer::start();
    let folder = tempfile::tempdir().unwrap();
    let mut process = std::process::Command::new(env!("CARGO_BIN_EXE_qscale"))
        .args(["watch", "--redis", &redis.url()])
        .args(EVERY)
        .env("HOME", folder.path())
        .env_remove("KUBECONFIG")
        .env_remove("KUBERNETES_SERVICE_HOST")
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let mut stderr = String::new();
    process.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(0), "{stderr}");
    assert!(!stderr.contains("error") && !stderr.contains("panic"), "{stderr}");
}

#[test]
fn samples_pause_while_redis_is_unreachable() {
    let mut redis = RedisServer::builder().durable().start();
    push(&redis, 5);
    let running = watch_json(&redis).spawn();
    wait_for_sample(&running, "five wait", |sample| sample["backlog"] == 5);
    redis.kill();
    running.wait_for_line("WARN", SOON);
    let before = samples(&running.stdout()).len();
    thread::sleep(Duration::from_secs(1));
    assert_eq!(samples(&running.stdout()).len(), before, "{}", running.stdout());
    redis.restart();
    wait_until("samples again", SOON, || samples(&running.stdout()).len() > before + 3);
    running.terminate();
    let run = running.finish(SOON).exits(0);
    assert!(samples(&run.stdout).iter().all(|sample| sample["backlog"] == 5), "{}", run.stdout);
    assert_eq!(run.stderr.lines().filter(|line| line.contains("WARN")).count(), 1, "{}", run.stderr);
}

#[test]
fn missing_cluster_is_logged_once() {
    let redis = RedisServer::start();
    let run = watch(&redis).args(["--duration", "500ms"]).output().exits(0);
    assert_eq!(run.stderr.matches("no Kubernetes cluster is configured").count(), 1, "{}", run.stderr);
    assert!(run.stderr.lines().count() == 1 && run.stderr.contains(" INFO "), "{}", run.stderr);
    let named = watch(&redis).args(["--duration", "500ms", "--deployment", "worker"]).output().exits(0);
    assert!(named.stderr.contains(" WARN watching the list only"), "{}", named.stderr);
}

pub(super) const NAMESPACE: &str = "/namespaces/of-context/";

/// Puts a Deployment with these replicas: desired, current, ready, available.
pub(super) fn deploy(api: &ApiServer, namespace: &str, name: &str, [desired, current, ready, available]: [u32; 4]) {
    let body = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name, "namespace": namespace },
        "spec": { "replicas": desired, "selector": { "matchLabels": { "app": name } } },
        "status": { "replicas": current, "readyReplicas": ready, "availableReplicas": available },
    });
    api.put(&format!("/apis/apps/v1/namespaces/{namespace}/deployments"), body);
}

pub(super) fn in_cluster(redis: &RedisServer, api: &ApiServer) -> Qscale {
    watch_json(redis).file("kubeconfig", api.kubeconfig()).env("KUBECONFIG", "kubeconfig")
}

#[test]
fn target_is_in_every_sample_and_follows_its_changes() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    deploy(&api, "a-namespace", "a-consumer", [5, 4, 3, 2]);
    let running = in_cluster(&redis, &api).args(["--namespace", "a-namespace", "--deployment", "a-consumer"]).spawn();
    let first = wait_for_sample(&running, "a sample", |_| true);
    assert_eq!(
        first["target"],
        json!({ "kind": "Deployment", "namespace": "a-namespace", "name": "a-consumer", "desired": 5, "current": 4, "ready": 3, "available": 2, "terminating": null })
    );
    deploy(&api, "a-namespace", "a-consumer", [0, 0, 0, 0]);
    wait_for_sample(&running, "no pods", |sample| sample["target"]["desired"] == 0);
    // Listed once, watched from then on.
    let of_target: Vec<String> =
        api.requests().into_iter().filter(|request| request.contains("/namespaces/a-namespace/deployments?")).collect();
    assert_eq!(of_target.len(), 2, "{of_target:?}");
    running.terminate();
    let run = running.finish(SOON).exits(0);
    assert!(run.stderr.is_empty(), "{}", run.stderr);
}

#[test]
fn kubernetes_failure_is_logged_once_and_so_is_recovery() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    api.refuse("", 403, status(403, "Forbidden"));
    // Without a namespace in the profile the context's own counts.
    let running = in_cluster(&redis, &api).file("qscale.toml", "[deploy]\nname = \"shop\"").spawn();
    let said = running.wait_for_line("access denied", SOON);
    for part in ["`of-context`", "User \"jane\"", "verbs `get`, `list` and `watch` on `deployments.apps`"] {
        assert!(said.contains(part), "{said}");
    }
    wait_for_sample(&running, "no pods known", |sample| sample["target"].is_null());
    api.accept();
    running.wait_for_line("Deployment `shop-consumer` not found in namespace `of-context`", SOON);
    deploy(&api, "of-context", "shop-consumer", [1, 1, 1, 1]);
    running.wait_for_line("reading replica counts again", SOON);
    wait_for_sample(&running, "a pod", |sample| sample["target"]["ready"] == 1);
    running.terminate();
    let run = running.finish(SOON).exits(0);
    // One line for the Deployment, and one for all else that is denied.
    assert_eq!(run.stderr.lines().count(), 4, "{}", run.stderr);
}

#[test]
fn exit_status_is_2_when_the_context_does_not_exist() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    let run = in_cluster(&redis, &api).args(["--context", "there"]).output().exits(2);
    assert!(run.stderr.contains("error: context `there` not found in the kubeconfig"), "{}", run.stderr);
    assert!(run.stderr.contains("hint: choose one with --context: here"), "{}", run.stderr);
}

#[test]
fn kubeconfig_that_is_not_valid_is_logged_without_its_text() {
    let redis = RedisServer::start();
    let broken = "users: [{name: u, user: {token: s3cret-marker}}]\ncontexts: s3cret-marker";
    let qscale = watch_json(&redis).file("kubeconfig", broken).env("KUBECONFIG", "kubeconfig");
    let run = qscale.args(["--duration", "300ms"]).output().exits(0);
    assert!(!samples(&run.stdout).is_empty());
    assert_eq!(run.stderr.matches("the kubeconfig is not valid: line 2").count(), 1, "{}", run.stderr);
    assert!(!run.stderr.contains("s3cret-marker"), "{}", run.stderr);
}

#[test]
fn credential_plugin_output_is_not_logged() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    for script in ["echo s3cret-marker; exit 7", "echo '{ s3cret-marker'"] {
        let kubeconfig = api.kubeconfig_with_plugin(script);
        let running = watch_json(&redis).file("kubeconfig", &kubeconfig).env("KUBECONFIG", "kubeconfig").spawn();
        running.wait_for_line("the credential plugin", SOON);
        running.terminate();
        let run = running.finish(SOON).exits(0);
        assert_eq!(run.stderr.matches("the credential plugin").count(), 1, "{}", run.stderr);
        assert!(!run.stderr.contains("s3cret-marker"), "{}", run.stderr);
    }
}

#[test]
fn credential_plugin_runs_once_while_the_list_is_watched() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    deploy(&api, "of-context", "demo-consumer", [1, 1, 1, 1]);
    let folder = tempfile::tempdir().unwrap();
    let (runs, gate) = (folder.path().join("runs"), folder.path().join("gate"));
    let script = format!(
        "echo $KUBERNETES_EXEC_INFO >> '{}'; until [ -e '{}' ]; do sleep 0.1; done; \
         echo '{{\"kind\": \"ExecCredential\", \"status\": {{\"token\": \"t0ken\"}}}}'",
        runs.display(),
        gate.display(),
    );
    let kubeconfig = api.kubeconfig_with_plugin(&script);
    let running = watch_json(&redis).file("kubeconfig", &kubeconfig).env("KUBECONFIG", "kubeconfig").spawn();
    wait_until("the plugin runs", SOON, || runs.exists());
    let first = wait_for_sample(&running, "a sample", |_| true);
    assert_eq!((&first["backlog"], &first["target"]), (&json!(0), &Value::Null));
    fs::write(&gate, "").unwrap();
    wait_for_sample(&running, "a pod", |sample| sample["target"]["ready"] == 1);
    assert!(api.has_header("authorization: Bearer t0ken"));
    assert!(api.has_header(&format!("user-agent: qscale/{}", env!("CARGO_PKG_VERSION"))));
    running.terminate();
    running.finish(SOON).exits(0);
    let runs = fs::read_to_string(&runs).unwrap();
    assert_eq!(runs.lines().count(), 1, "{runs}");
    let info: Value = serde_json::from_str(&runs).unwrap();
    assert_eq!((&info["kind"], &info["spec"]["interactive"]), (&json!("ExecCredential"), &json!(false)));
}

#[test]
fn credential_plugin_is_run_again_after_a_failure_and_a_rejection() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    api.refuse("", 401, status(401, "Unauthorized"));
    let folder = tempfile::tempdir().unwrap();
    let failed = folder.path().join("failed");
    let script = format!(
        "if [ ! -e '{0}' ]; then touch '{0}'; exit 1; fi; echo '{{\"status\": {{\"token\": \"t0ken\"}}}}'",
        failed.display()
    );
    let kubeconfig = api.kubeconfig_with_plugin(&script);
    let running = watch_json(&redis).file("kubeconfig", &kubeconfig).env("KUBECONFIG", "kubeconfig").spawn();
    running.wait_for_line("the credential plugin failed", SOON);
    wait_until("the token is sent", SOON, || api.has_header("authorization: Bearer t0ken"));
    api.accept();
    deploy(&api, "of-context", "demo-consumer", [1, 1, 1, 1]);
    wait_for_sample(&running, "a pod", |sample| sample["target"]["ready"] == 1);
    running.terminate();
    running.finish(SOON).exits(0);
}

#[test]
fn user_that_the_kubeconfig_does_not_have_is_said() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    api.refuse("", 403, status(403, "Forbidden"));
    let anonymous = "context `here` names no user";
    let missing = "context `here` names user `u`, which the kubeconfig does not have";
    for (kubeconfig, reason) in [
        (api.kubeconfig().replace("users: [{name: u, user: {}}]", "users: []"), missing),
        (api.kubeconfig().replace("user: u, ", ""), anonymous),
    ] {
        let running = watch_json(&redis).file("kubeconfig", &kubeconfig).env("KUBECONFIG", "kubeconfig").spawn();
        running.wait_for_line(reason, SOON);
        running.terminate();
        running.finish(SOON).exits(0);
    }
}

#[test]
fn namespace_without_a_profile_is_that_of_the_context() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    deploy(&api, "of-context", "demo-consumer", [1, 1, 1, 1]);
    let running = in_cluster(&redis, &api).spawn();
    wait_for_sample(&running, "a pod", |sample| sample["target"]["ready"] == 1);
    running.terminate();
    running.finish(SOON).exits(0);
    assert!(api.requests().iter().all(|request| request.contains(NAMESPACE)), "{:?}", api.requests());
}

// ── until all is settled ──

fn settle(redis: &RedisServer) -> Qscale {
    watch(redis).args(["--until-settled", "--duration", "20s"])
}

fn produce(redis: &RedisServer, items: usize) {
    let words = ["produce", "--redis", &redis.url(), "--rate", "max", "--count", &items.to_string()];
    Qscale::new(words).output().exits(0);
}

fn consumer(redis: &RedisServer, words: &[&str]) -> Qscale {
    Qscale::new(["consume", "--redis", &redis.url()]).args(words)
}

/// Works all there is.
fn work(redis: &RedisServer, words: &[&str]) {
    consumer(redis, &["--work", "none", "--idle-exit", "300ms"]).args(words).output().exits(0);
}

#[track_caller]
fn verdict(run: &crate::support::Finished) -> &str {
    run.stdout.lines().last().expect("a verdict")
}

#[test]
fn verdict_is_pass_when_all_items_are_acknowledged() {
    let redis = RedisServer::start();
    produce(&redis, 300);
    let settling = settle(&redis).args(["--output", "json"]).spawn();
    wait_for_sample(&settling, "all wait", |sample| sample["backlog"] == 300);
    work(&redis, &[]);
    let run = settling.wait().exits(0);
    let last: Value = serde_json::from_str(verdict(&run)).expect("JSON");
    let expected = json!({ "summary": {
        "verdict": "pass", "pushed": 300, "acknowledged": 300, "dead": 0, "purged": 0, "remaining": 0, "redelivered": 0,
        "retried": 0, "lost": 0, "reasons": [],
    }});
    assert_eq!(last, expected);
    // Again, on the same counters.
    produce(&redis, 5);
    work(&redis, &[]);
    let run = settle(&redis).output().exits(0);
    assert_eq!(verdict(&run), "PASS: 305 pushed = 305 acknowledged + 0 dead, 0 remaining");
}

#[test]
fn until_settled_waits_for_items_in_flight() {
    let redis = RedisServer::start();
    produce(&redis, 3);
    let running = consumer(&redis, &["--work", "1h", "--concurrency", "2", "--drain", "0s"]).spawn();
    let settling = settle(&redis).args(["--output", "json"]).spawn();
    let sample = wait_for_sample(&settling, "two in flight", |sample| sample["in_flight"] == 2);
    assert_eq!((&sample["backlog"], &sample["delayed"], &sample["dead"]), (&json!(1), &json!(0), &json!(0)));
    running.terminate();
    running.finish(SOON).exits(0);
    work(&redis, &[]);
    let run = settling.wait().exits(0);
    assert!(verdict(&run).starts_with(r#"{"summary":{"verdict":"pass","pushed":3,"acknowledged":3"#), "{}", run.stdout);
}

#[test]
fn verdict_is_fail_when_an_item_in_flight_vanishes() {
    let redis = RedisServer::start();
    produce(&redis, 3);
    let running = consumer(&redis, &["--work", "1h", "--concurrency", "2", "--drain", "0s"]).spawn();
    wait_until("two are in flight", SOON, || redis.llen("mylist") == 1);
    running.kill();
    running.wait();
    for key in redis.keys().iter().filter(|key| key.contains(":inflight:")) {
        redis.cli(&["DEL", key]);
    }
    redis.cli(&["DEL", "{mylist}:busy"]);
    work(&redis, &[]);
    let run = settle(&redis).output().exits(4);
    assert!(
        verdict(&run).starts_with("FAIL: 3 pushed, 1 acknowledged + 0 dead, 0 remaining: items claimed but"),
        "{}",
        run.stdout
    );
}

#[test]
fn verdict_is_fail_when_a_forgotten_consumer_holds_an_item() {
    let redis = RedisServer::start();
    produce(&redis, 2);
    work(&redis, &[]);
    redis.cli(&["HSET", "{mylist}:inflight:gone", "c", "3", "c3:1", "an item", "c3:1 history", "{}"]);
    let run = settle(&redis).output().exits(4);
    assert!(verdict(&run).contains("items held by consumers that no longer exist: 1"), "{}", run.stdout);
}

#[test]
fn verdict_is_unknown_when_other_clients_push_or_pop() {
    let redis = RedisServer::start();
    push(&redis, 4);
    work(&redis, &[]);
    let run = settle(&redis).output().exits(0);
    assert!(verdict(&run).starts_with("UNKNOWN: 0 pushed, 4 acknowledged"), "{}", run.stdout);
    assert!(verdict(&run).ends_with("items pushed by other clients: 4"), "{}", run.stdout);

    redis.cli(&["FLUSHALL"]);
    produce(&redis, 10);
    pop(&redis, 3);
    work(&redis, &["--delivery", "at-most-once", "--max-items", "2"]);
    work(&redis, &[]);
    let run = settle(&redis).args(["--output", "json"]).output().exits(0);
    let last: Value = serde_json::from_str(verdict(&run)).expect("JSON");
    let last = &last["summary"];
    assert_eq!((&last["verdict"], &last["acknowledged"]), (&json!("unknown"), &json!(5)));
    assert_eq!(last["reasons"], json!(["items popped by other clients: 5"]));

    redis.cli(&["FLUSHALL"]);
    let run = settle(&redis).output().exits(0);
    assert!(verdict(&run).contains("no counters: qscale has neither"), "{}", run.stdout);
}

#[test]
fn verdict_is_pass_with_requeued_and_purged_dead_letters() {
    let redis = RedisServer::start();
    produce(&redis, 3);
    // Three crashes are the end of each.
    for _ in 0..2 {
        let running =
            consumer(&redis, &["--work", "1h", "--concurrency", "3", "--lease", "1s", "--max-crashes", "1"]).spawn();
        wait_until("all are in flight", SOON, || redis.llen("mylist") == 0);
        running.kill();
        running.wait();
        let other = consumer(&redis, &["--lease", "1s", "--max-crashes", "1", "--work", "none"]).spawn();
        wait_until("they are dead", SOON, || redis.llen("{mylist}:dead") == 3);
        other.terminate();
        other.finish(SOON).exits(0);
        let run = settle(&redis).output().exits(0);
        assert_eq!(verdict(&run), "PASS: 3 pushed = 0 acknowledged + 3 dead, 0 remaining");
        Qscale::new(["dead", "requeue", "--redis", &redis.url()]).output().exits(0);
    }
    work(&redis, &["--max-items", "1"]);
    work(&redis, &[]);
    let run = settle(&redis).output().exits(0);
    assert_eq!(verdict(&run), "PASS: 3 pushed = 3 acknowledged + 0 dead, 0 remaining");
}

#[test]
fn exit_status_is_75_when_the_list_does_not_settle() {
    let redis = RedisServer::start();
    produce(&redis, 2);
    let running = consumer(&redis, &["--work", "1h", "--lease", "1s"]).spawn();
    wait_until("one is in flight", SOON, || redis.llen("mylist") == 1);
    running.kill();
    running.wait();
    let run = watch(&redis).args(["--until-settled", "--duration", "3s"]).output().exits(75);
    assert!(
        run.stderr.contains("stopped before the list was settled waiting=1 in_flight=1 lease_expired=1 delayed=0"),
        "{}",
        run.stderr
    );
    let running = settle(&redis).spawn();
    running.wait_for_line("1 waiting, 1 in flight", SOON);
    running.terminate();
    let run = running.finish(SOON).exits(75);
    assert!(
        !run.stdout.contains("PASS") && run.stderr.contains("stopped before the list was settled"),
        "{}",
        run.stderr
    );
}

#[test]
fn list_is_watched_with_permission_for_llen_only() {
    let redis = RedisServer::builder().user("app", "secret", "~mylist +llen +ping +hello +auth").start();
    push(&redis, 2);
    let words = ["watch", "--redis", &redis.url_with("app:secret"), "--duration", "300ms", "--output", "json"];
    let run = Qscale::new(words).output().exits(0);
    let samples = samples(&run.stdout);
    assert_eq!((&samples[0]["backlog"], &samples[0]["in_flight"]), (&json!(2), &Value::Null));
    pop(&redis, 2);
    let words = ["watch", "--redis", &redis.url_with("app:secret"), "--until-settled"];
    let run = Qscale::new(words).output().exits(69);
    assert!(run.stderr.contains("cannot tell whether the list is settled"), "{}", run.stderr);
}
