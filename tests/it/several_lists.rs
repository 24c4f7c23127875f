//! Several lists of one consumer: priority, weights, one set of slots, and the promises of each list.

use std::time::{Duration, Instant};

use crate::support::{Qscale, RedisServer, SOON, wait_until};

const DELIVERIES: [&str; 2] = ["at-least-once", "at-most-once"];

const LISTS: [&str; 3] = ["critical", "default", "low"];

fn consume(server: &RedisServer, words: &[&str]) -> Qscale {
    Qscale::new(["consume", "--redis", &server.url()]).args(words)
}

fn strictly(words: &[&'static str]) -> Vec<&'static str> {
    LISTS.iter().flat_map(|list| ["--list", list]).chain(words.iter().copied()).collect()
}

fn fill(server: &RedisServer, count: usize) {
    for list in LISTS {
        server.push(list, (0..count).map(|number| format!("{list} {number}")));
    }
}

fn names(lines: &str) -> Vec<&str> {
    lines.lines().filter_map(|line| line.split(' ').next()).collect()
}

#[test]
fn lists_are_emptied_in_the_order_of_their_priority() {
    for delivery in DELIVERIES {
        for slots in ["1", "4"] {
            let server = RedisServer::start();
            fill(&server, 12);
            let words = strictly(&["--delivery", delivery, "--concurrency", slots, "--idle-exit", "1s"]);
            let run = consume(&server, &words).args(["--work", "none", "-o", "json"]).output().exits(0);
            let lines: Vec<&str> = run.stdout.lines().collect();
            let expected: Vec<String> =
                LISTS.iter().flat_map(|list| (0..12).map(move |number| format!("{list} {number}"))).collect();
            assert_eq!(lines[..36], expected, "{delivery}, {slots} slots");
            let summary: serde_json::Value = serde_json::from_str(lines[36]).unwrap();
            assert_eq!(summary["acknowledged"], 36);
            assert!(LISTS.iter().enumerate().all(|(place, list)| summary["lists"][place]["list"] == *list));
            assert!(summary["lists"].as_array().unwrap().iter().all(|list| list["acknowledged"] == 12), "{summary}");
        }
    }
}

#[test]
fn weights_are_shares_and_no_list_starves() {
    for delivery in DELIVERIES {
        let server = RedisServer::start();
        fill(&server, 100);
        let lists = ["--list", "critical=6", "--list", "default=3", "--list", "low=1", "--delivery", delivery];
        let run = consume(&server, &lists).args(["--work", "none", "--max-items", "100"]).output().exits(0);
        let begun = names(&run.stdout);
        for (list, share) in LISTS.iter().zip([60_usize, 30, 10]) {
            let count = begun.iter().filter(|name| *name == list).count();
            assert!(count.abs_diff(share) <= 3, "{delivery}: {count} of {list}");
        }
        assert!(begun[..20].contains(&"low"), "{delivery}: {begun:?}");
        let left: u64 = LISTS.iter().map(|list| server.llen(list)).sum();
        assert_eq!(left, 200, "{delivery}");
    }
}

#[test]
fn any_of_the_lists_wakes_an_idle_consumer_of_one_slot() {
    for delivery in DELIVERIES {
        let server = RedisServer::start();
        let run = consume(&server, &strictly(&["--delivery", delivery, "--work", "none"])).spawn();
        run.wait_for_line("consuming", SOON);
        wait_until("all lists are waited for", SOON, || server.blocked_clients() == 3);
        for list in ["low", "critical", "default", "low"] {
            server.push(list, [format!("{list} comes")]);
            wait_until("it is printed", SOON, || run.stdout().lines().last() == Some(&format!("{list} comes")));
        }
        run.terminate();
        let run = run.finish(SOON).exits(0);
        assert!(!server.keys().iter().any(|key| key.contains("inflight")), "{:?}", server.keys());
        let (_, name) = run.stderr.split_once("consumer=").expect("the consumer is named");
        let name = name.split_whitespace().next().unwrap_or_default();
        assert!(!name.contains('.'), "the consumer has the name of one of its lists: {name}");
    }
}

#[test]
fn item_of_a_higher_priority_that_comes_later_goes_first() {
    for delivery in DELIVERIES {
        let server = RedisServer::start();
        server.push("low", (0..50).map(|number| format!("low {number}")));
        let words = strictly(&["--delivery", delivery, "--work", "100ms", "--concurrency", "2", "--max-items", "12"]);
        let run = consume(&server, &words).spawn();
        wait_until("the first items are begun", SOON, || server.llen("low") < 50);
        server.push("critical", ["critical 1", "critical 2"]);
        wait_until("they are taken", SOON, || server.llen("critical") == 0);
        assert!(server.llen("low") >= 40, "{delivery}: {}", server.llen("low"));
        run.finish(SOON).exits(0);
        assert_eq!(server.llen("low"), 40, "{delivery}");
    }
}

#[test]
fn slots_are_one_set_for_all_lists() {
    let server = RedisServer::start();
    fill(&server, 20);
    let weighted = ["--list", "critical=1", "--list", "default=1", "--list", "low=1", "--concurrency", "3"];
    let run = consume(&server, &weighted).args(["--work", "1h", "--drain", "0s"]).spawn();
    wait_until("the slots are taken", SOON, || LISTS.iter().map(|list| server.llen(list)).sum::<u64>() <= 57);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(LISTS.map(|list| server.llen(list)), [19; 3]);
    run.terminate();
    run.finish(SOON).exits(0);
    // Requeued.
    assert_eq!(LISTS.map(|list| server.llen(list)), [20; 3]);
    assert_eq!(LISTS.map(|list| server.keys().iter().any(|key| key.contains(&format!("{{{list}}}:busy")))), [false; 3]);
}

#[test]
fn stop_takes_no_longer_than_the_items_of_any_list() {
    // Whichever list hears of the end of an item tells the others, that wait for their own as well.
    let worker =
        r#"while read -r line; do sleep 0.3; id=${line#*\"id\":\"}; echo "{\"id\":\"${id%%\"*}\",\"ack\":true}"; done"#;
    for delivery in DELIVERIES {
        let server = RedisServer::start();
        server.push("high", (0..50).map(|number| number.to_string()));
        server.push("low", (0..50).map(|number| number.to_string()));
        let words = ["--list", "high=3", "--list", "low=1", "--delivery", delivery, "--concurrency", "3"];
        let consumer = consume(&server, &words).args(["--handler", "lines", "--", "sh", "-c", worker]).spawn();
        wait_until("items of both are processed", SOON, || server.llen("low") < 48);
        let stopped = Instant::now();
        consumer.terminate();
        let run = consumer.finish(SOON).exits(0);
        assert!(stopped.elapsed() < Duration::from_secs(4), "{delivery}\n{}", run.stderr);
    }
}

#[test]
fn failures_stay_with_their_list() {
    let server = RedisServer::start();
    server.push("critical", ["bad"]);
    server.push("low", ["good"]);
    let script = r#"[ "$QSCALE_LIST" = low ] || exit 65"#;
    let run = consume(&server, &strictly(&["--idle-exit", "1s", "--metrics", "0"]));
    let run = run.args(["--", "sh", "-c", script]).output().exits(0);
    assert!(run.stderr.contains("list=critical"), "{}", run.stderr);
    let dead = LISTS.map(|list| server.llen(&format!("{{{list}}}:dead")));
    assert_eq!(dead, [1, 0, 0]);
}

#[test]
fn no_two_items_of_a_consumer_have_the_same_id() {
    for delivery in DELIVERIES {
        let server = RedisServer::start();
        fill(&server, 20);
        let lists = ["--list", "critical=1", "--list", "default=1", "--list", "low=1", "--delivery", delivery];
        let run = consume(&server, &lists).args(["--idle-exit", "1s", "--concurrency", "4", "--handler", "lines"]);
        // Answers as it should only if no id comes twice.
        let worker = "import json, sys\nseen = set()\nfor line in sys.stdin:\n    job = json.loads(line)\n    \
            outcome = {'dead': True} if job['id'] in seen else {'ack': True}\n    seen.add(job['id'])\n    \
            print(json.dumps({'id': job['id'], **outcome}), flush=True)\n";
        let words = ["--per-process", "4", "-o", "json", "--", "python3", "-c", worker];
        let run = run.args(words).output().exits(0);
        let summary: serde_json::Value = serde_json::from_str(run.stdout.trim()).unwrap();
        assert_eq!([&summary["acknowledged"], &summary["dead"]], [60, 0], "{delivery}: {summary}");
    }
}

/// Makes a dead letter of one item of `critical` and of two of `low`.
fn dead_letters_of_two_lists(server: &RedisServer) {
    server.push("critical", ["one"]);
    server.push("low", ["two", "three"]);
    let run = consume(server, &strictly(&["--idle-exit", "0s", "--", "sh", "-c", "echo why >&2; exit 65"]));
    run.output().exits(0);
}

#[test]
fn dead_letters_of_all_lists_are_listed_counted_and_shown() {
    let server = RedisServer::start();
    dead_letters_of_two_lists(&server);
    let dead = |words: &[&str]| Qscale::new(["dead"]).args(words).args(["--redis", &server.url()]);
    let text = "[queue]\nlists = [\"critical\", \"default\", \"low\"]\n";
    let run = dead(&["ls"]).file("qscale.toml", text).output().exits(0);
    let rows: Vec<Vec<&str>> = run.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0][..2], ["LIST", "ID"]);
    let of = |place: usize| [rows[place][0], rows[place][rows[place].len() - 1]];
    assert_eq!([of(1), of(2), of(3)], [["critical", "one"], ["low", "three"], ["low", "two"]]);

    let run = dead(&["ls", "--summary"]).file("qscale.toml", text).output().exits(0);
    let rows: Vec<Vec<&str>> = run.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((rows[1][..2].to_vec(), rows[2][..2].to_vec()), (vec!["critical", "1"], vec!["low", "2"]));
    let run = dead(&["ls", "--list", "low", "--list", "critical", "-o", "json", "--limit", "3"]).output().exits(0);
    let lines: Vec<serde_json::Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lists: Vec<_> = lines.iter().map(|line| line["list"].as_str().unwrap()).collect();
    assert_eq!(lists, ["low", "low", "critical"]);
    let id = lines[2]["id"].as_str().unwrap();
    // As in a pod of these lists.
    let run = dead(&["show", id]).env("QSCALE_LISTS", "low=1,critical=2").env("LIST_NAME", "low").output().exits(0);
    assert!(run.stdout.starts_with("list      critical\n"), "{}", run.stdout);
    dead(&["show", id, "--list", "low"]).output().exits(4);
}

#[test]
fn dead_letters_are_requeued_and_purged_on_each_list() {
    let server = RedisServer::start();
    dead_letters_of_two_lists(&server);
    let dead =
        |words: &[&'static str]| Qscale::new(["dead", words[0], "--redis", &server.url()]).args(strictly(&words[1..]));
    let run = dead(&["requeue", "--match", "o"]).output().exits(0);
    let said = [
        "requeued 1 dead letter to `critical`",
        "requeued 0 dead letters to `default`",
        "requeued 1 dead letter to `low`",
    ];
    assert_eq!(run.stdout.lines().collect::<Vec<_>>(), said);
    assert_eq!(LISTS.map(|list| server.llen(list)), [1, 0, 1]);
    let run = dead(&["purge", "--all", "-o", "json"]).output().exits(0);
    let counts: Vec<serde_json::Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!([&counts[0]["purged"], &counts[1]["purged"], &counts[2]["purged"]], [0, 0, 1]);
    let run = dead(&["requeue", "no:such:1"]).output().exits(4);
    assert!(run.stderr.contains("some ids match no dead letter"), "{}", run.stderr);
}

#[test]
fn doctor_examines_each_list_and_the_server_once() {
    let server = RedisServer::start();
    server.push("critical", ["one"]);
    server.cli(&["SET", "low", "no list"]);
    let run = Qscale::new(["doctor", "--no-cluster", "-o", "json", "--redis", &server.url()]).args(strictly(&[]));
    let run = run.output().exits(4);
    let checks: Vec<serde_json::Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |name: &str| checks.iter().filter(|check| check["check"] == name).collect::<Vec<_>>();
    assert_eq!((of("tcp").len(), of("mode").len(), of("rights").len()), (1, 1, 3), "{}", run.stdout);
    let keys: Vec<_> = of("key").iter().map(|check| check["subject"].as_str().unwrap()).collect();
    assert_eq!(keys, LISTS);
    assert_eq!(of("key")[2]["code"], "redis-wrong-type");
}

#[test]
fn simulation_takes_lists_in_order_and_scales_by_the_largest_proposal() {
    let text = "[queue]\nlists = [\"critical\", \"low\"]\n[scale]\nlist-length = 10\nmax-replica-count = 20\n\
                min-replica-count = 1\n[consume]\nwork = \"20s\"\n";
    let simulate = |words: &[&str]| {
        let words = [&["simulate", "--produce", "burst 200", "-o", "json"], words].concat();
        let run = Qscale::new(words).file("qscale.toml", text).output().exits(0);
        let lines: Vec<serde_json::Value> =
            run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let summary = lines.last().unwrap()["summary"].clone();
        let most = lines.iter().filter_map(|sample| sample["target"]["desired"].as_u64()).max().unwrap();
        (summary, most, run.stdout)
    };
    let (summary, even, samples) = simulate(&[]);
    let p95 = |place: usize| summary["lists"][place]["wait_seconds"]["p95"].as_f64().unwrap();
    assert_eq!([&summary["lists"][0]["list"], &summary["lists"][1]["list"]], ["critical", "low"]);
    assert!(p95(0) < p95(1) * 0.8, "{summary}");
    assert!(samples.contains("\"list\":\"critical,low\"") && samples.contains(" critical_waiting"), "{samples}");
    // Half of the items on each list ask for 10 pods each, and not for 20 together.
    assert!(even <= 10, "{even}");
    let (summary, most, _) = simulate(&["--shares", "low=9,critical=1"]);
    assert!(most >= 15, "{most}");
    assert_eq!(summary["acknowledged"], 200);
    for (words, said) in [
        (&["--shares", "low=1"][..], "`critical=1,low=1`"),
        (&["--target-wait", "p95=60s"], "--list critical"),
        (&["--with", "formula"], "--list critical"),
    ] {
        let run = Qscale::new(["simulate"]).args(words).file("qscale.toml", text).output().exits(2);
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}

#[test]
fn demo_pushes_to_all_lists_by_their_weights() {
    let text = "[queue]\nlists = [\"a=2\", \"b=1\"]\n[scale]\nmax-replica-count = 3\n";
    let words = ["demo", "--count", "30", "--work", "1s", "--speed", "100", "-o", "json"];
    let run = Qscale::new(words).file("qscale.toml", text).deadline(Duration::from_secs(60)).output().exits(0);
    let lines: Vec<serde_json::Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [a, b] = [&lines[lines.len() - 2], &lines[lines.len() - 1]];
    let found = |line: &serde_json::Value| {
        (line["list"].clone(), line["summary"]["pushed"].clone(), line["summary"]["verdict"].clone())
    };
    assert_eq!(found(a), ("a".into(), 20.into(), "pass".into()));
    assert_eq!(found(b), ("b".into(), 10.into(), "pass".into()));
    assert!(lines.iter().any(|sample| sample["reason"].as_str().is_some_and(|reason| reason.contains("_waiting"))));
    assert!(lines.iter().filter(|sample| sample["list"] == "b").all(|sample| sample["target"].is_null()));
}

#[test]
fn jobs_are_started_for_the_sum_of_all_lists() {
    let text = profile("[\"critical\", \"low\"]") + "[scale]\nkind = \"ScaledJob\"\n";
    let objects = rendered(&text);
    let spec = &of_kind(&objects, "ScaledJob")["spec"];
    let names: Vec<&str> =
        spec["triggers"].as_array().unwrap().iter().map(|trigger| trigger["name"].as_str().unwrap()).collect();
    assert_eq!(names.iter().filter(|name| name.ends_with("_waiting")).count(), 2, "{names:?}");
    assert_eq!(spec["scalingStrategy"]["multipleScalersCalculation"], "sum");
    let run = Qscale::new(["simulate", "--produce", "burst 6", "--work", "1s", "-o", "json"]);
    let run = run.file("qscale.toml", text).output().exits(0);
    assert!(run.stdout.contains("critical_waiting") && run.stdout.contains("\"acknowledged\":6"), "{}", run.stdout);
}

#[test]
fn lists_that_do_not_fit_together_are_refused() {
    let server = RedisServer::start();
    let run = consume(&server, &["--list", "critical=6", "--list", "low"]).output().exits(2);
    assert!(run.stderr.contains("--list: `critical=6` has a weight and `low` has none"), "{}", run.stderr);
    assert!(run.stderr.contains("`critical=6,low=1`"), "{}", run.stderr);
    let run = consume(&server, &["--list", "a", "--list", "a"]).output().exits(2);
    assert!(run.stderr.contains("`a` is named twice"), "{}", run.stderr);
    let run = consume(&server, &["--once"]).env("QSCALE_LISTS", "a=1,b").output().exits(2);
    assert!(run.stderr.contains("QSCALE_LISTS: `a=1` has a weight"), "{}", run.stderr);
}

#[test]
fn variable_names_lists_and_a_flag_goes_over_it() {
    let server = RedisServer::start();
    server.push("a", ["of a"]);
    server.push("b", ["of b"]);
    let run =
        consume(&server, &["--list", "b", "--once", "--work", "none"]).env("QSCALE_LISTS", "a,b").output().exits(0);
    assert_eq!(run.stdout, "of b\n");
    let run = consume(&server, &["--once", "--work", "none"]).env("QSCALE_LISTS", "b,a").output().exits(0);
    assert_eq!(run.stdout, "of a\n");
}

#[test]
fn items_of_a_killed_consumer_come_back_on_each_list() {
    let server = RedisServer::start();
    for list in LISTS {
        server.push(list, [list]);
    }
    let weighted = ["--list", "critical=1", "--list", "default=1", "--list", "low=1", "--concurrency", "3"];
    let killed = consume(&server, &weighted).args(["--lease", "500ms", "--work", "1h"]).spawn();
    wait_until("all are in flight", SOON, || LISTS.iter().all(|list| server.llen(list) == 0));
    killed.kill();
    let run = consume(&server, &weighted).args(["--lease", "500ms", "--max-items", "3", "--work", "none"]);
    let run = run.output().exits(0);
    let mut items: Vec<&str> = run.stdout.lines().collect();
    items.sort_unstable();
    assert_eq!(items, LISTS);
}

#[test]
fn lists_in_different_slots_of_a_cluster_are_consumed_together() {
    let servers = [(); 3].map(|()| RedisServer::builder().cluster().start());
    RedisServer::take_slots_of_three(&servers, 8_000);
    let redis = ["--addresses", &servers[0].address(), "--mode", "cluster"];
    for list in LISTS {
        let produce = Qscale::new(["produce", "--list", list, "--count", "5", "--payload", list]).args(redis);
        produce.output().exits(0);
    }
    let run = Qscale::new(["consume", "--idle-exit", "1s", "--work", "none"]).args(redis).args(strictly(&[]));
    let run = run.output().exits(0);
    let expected: Vec<&str> = LISTS.iter().flat_map(|list| [*list; 5]).collect();
    assert_eq!(run.stdout.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn list_whose_node_is_away_leaves_the_slots_to_the_others() {
    for delivery in DELIVERIES {
        let servers = [(); 3].map(|()| RedisServer::builder().cluster().start());
        RedisServer::take_slots_of_three(&servers, 8_000);
        let (of_default, of_critical) = (&servers[1], &servers[2]);
        of_critical.push("critical", (0..1_000).map(|number| number.to_string()));
        of_default.push("default", (0..40).map(|number| number.to_string()));
        let words =
            ["--addresses", &servers[0].address(), "--mode", "cluster", "--delivery", delivery, "--drain", "0s"];
        let lists = ["--list", "critical", "--list", "default", "--work", "20ms", "--concurrency", "4"];
        let run = Qscale::new(["consume"]).args(words).args(lists).spawn();
        wait_until("the first list is processed", SOON, || of_critical.llen("critical") < 1_000);
        of_critical.pause();
        wait_until("the second list is processed", SOON, || of_default.llen("default") == 0);
        of_critical.resume();
        wait_until("the first list goes on", SOON, || of_critical.llen("critical") < 900);
        run.terminate();
        run.finish(SOON).exits(0);
    }
}

/// Profile with the lists.
fn profile(lists: &str) -> String {
    format!("[redis]\nhost = \"r.data\"\n[queue]\nlists = {lists}\n[deploy]\nnamespace = \"a\"\n")
}

fn rendered(profile: &str) -> Vec<serde_json::Value> {
    let run = Qscale::new(["render", "--format", "json"]).file("qscale.toml", profile).output().exits(0);
    let list: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    list["items"].as_array().expect("a list").clone()
}

fn of_kind<'a>(objects: &'a [serde_json::Value], kind: &str) -> &'a serde_json::Value {
    objects.iter().find(|object| object["kind"] == kind).expect(kind)
}

#[test]
fn profile_names_lists_for_consumers_and_watch() {
    let server = RedisServer::start();
    fill(&server, 2);
    let text = "[queue]\nlists = [\"low\", \"critical\"]\n";
    let run = consume(&server, &["--idle-exit", "0s", "--work", "none"]).file("qscale.toml", text).output().exits(0);
    assert_eq!(names(&run.stdout), ["low", "low", "critical", "critical"]);
    let watch = Qscale::new(["watch", "--redis", &server.url(), "--once"]).file("qscale.toml", text).output().exits(0);
    assert!(watch.stdout.contains("low") && watch.stdout.contains("critical"), "{}", watch.stdout);
}

#[test]
fn rendered_scaled_object_has_triggers_named_after_each_list() {
    let objects = rendered(&profile("[\"critical=6\", \"a:b=3\", \"a-b=1\"]"));
    let triggers = of_kind(&objects, "ScaledObject")["spec"]["triggers"].as_array().unwrap().clone();
    let of = |key: &str| triggers.iter().map(|trigger| trigger[key].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let names = of("name");
    assert_eq!(names[..4], ["critical_waiting", "critical_busy", "critical_delayed", "critical_landing"]);
    assert_eq!([names[4].as_str(), names[8].as_str()], ["a_b_waiting", "a_b_2_waiting"]);
    let keys: Vec<&str> = triggers.iter().filter_map(|trigger| trigger["metadata"]["listName"].as_str()).collect();
    assert_eq!([keys[0], keys[1], keys[4], keys[8]], ["critical", "{critical}:busy", "a:b", "a-b"]);
    let settings = &of_kind(&objects, "ConfigMap")["data"];
    assert_eq!(settings["QSCALE_LISTS"], "critical=6,a:b=3,a-b=1");
    assert_eq!(settings["LIST_NAME"], "critical");
}

#[test]
fn warning_about_several_lists_points_at_them_and_names_keys_of_the_profile() {
    let text = profile("[\"critical\", \"low\"]");
    let line = text.lines().position(|line| line.starts_with("lists")).expect("it has lists") + 1;
    let run = Qscale::new(["render", "--check"]).file("qscale.toml", &text).output();
    let place = format!("qscale.toml:{line}:9: queue.lists: is one of several lists");
    assert!(run.stdout.contains(&place), "{run:?}");
    assert!(run.stdout.contains("set `formula` in [scale] to `critical_waiting + "), "{run:?}");
}

#[test]
fn rendered_manifests_of_several_lists_pass_the_lint() {
    let run = Qscale::new(["render"]).file("qscale.toml", profile("[\"critical\", \"low\"]")).output().exits(0);
    Qscale::new(["render", "--lint", "-"]).input(run.stdout).output().exits(0);
}

#[test]
fn workloads_of_different_lists_have_different_objects() {
    let name = |text: &str| {
        let objects = rendered(&format!("{text}\n[redis]\nhost = \"r.data\"\n[deploy]\nnamespace = \"a\"\n"));
        of_kind(&objects, "Deployment")["metadata"]["name"].as_str().unwrap().to_owned()
    };
    assert_eq!(name("[queue]\nlist = \"orders\""), "orders-consumer");
    assert_eq!(name(""), "qscale-consumer");
    assert_ne!(name("[queue]\nlist = \"a:b\""), name("[queue]\nlist = \"a-b\""));
    assert_ne!(name("[queue]\nlists = [\"a\", \"b\"]"), name("[queue]\nlists = [\"b\", \"a\"]"));
}

#[test]
fn profiles_whose_lists_do_not_fit_together_are_refused() {
    for (text, said) in [
        ("[queue]\nlist = \"a\"\nlists = [\"b\"]\n", "lists"),
        ("[queue]\nlists = [\"a=1\", \"b\"]\n", "`a=1` has a weight and `b` has none"),
        ("[queue]\nlists = []\n", "is empty"),
        ("[queue]\nlists = [\"a\", \"b\"]\n[scale]\ncombine = \"sum\"\n", "is about the triggers of one list"),
    ] {
        let run = Qscale::new(["render", "--check"]).file("qscale.toml", text).output();
        assert!(run.stderr.contains(said) || run.stdout.contains(said), "{text}: {}{}", run.stdout, run.stderr);
    }
}
