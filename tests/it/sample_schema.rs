//! The JSON lines of `watch` and `demo` keep to the published schema.

use std::fs;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::api_server::ApiServer;
use crate::support::{Qscale, RedisServer, SOON};
use crate::watch::{NAMESPACE, deploy, in_cluster, push, wait_for_sample};

const SCHEMA: &str = "docs/watch.schema.json";

fn schema() -> Value {
    serde_json::from_str(&fs::read_to_string(SCHEMA).expect("a file of the repository")).expect("JSON")
}

fn validator() -> Validator {
    let schema = schema();
    assert!(jsonschema::meta::is_valid(&schema), "{SCHEMA} is no schema");
    jsonschema::validator_for(&schema).expect("the schema is one")
}

/// Asserts that all lines keep to the schema, and returns their number.
#[track_caller]
fn keep_to_the_schema(stdout: &str) -> usize {
    let validator = validator();
    for line in stdout.lines() {
        let value: Value = serde_json::from_str(line).expect("a line is JSON");
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{line}: {errors:?}");
    }
    stdout.lines().count()
}

#[test]
fn lines_of_a_list_keep_to_the_schema() {
    let redis = RedisServer::start();
    let url = redis.url();
    Qscale::new(["produce", "--count=3", "--redis", &url]).output().exits(0);
    Qscale::new(["consume", "--max-items=3", "--work=1ms", "--redis", &url]).output().exits(0);
    let watch = ["watch", "--output=json", "--every=100ms", "--until-settled", "--redis", &url];
    assert!(keep_to_the_schema(&Qscale::new(watch).output().exits(0).stdout) >= 2);
    let two = ["--list=mylist", "--list=other"];
    assert_eq!(keep_to_the_schema(&Qscale::new(watch).args(two).output().exits(0).stdout), 4);
    let bare = ["watch", "--output=json", "--every=100ms", "--duration=1s", "--list=bare", "--redis", &url];
    assert!(keep_to_the_schema(&Qscale::new(bare).output().exits(0).stdout) >= 2);
}

#[test]
fn lines_of_a_cluster_keep_to_the_schema() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    deploy(&api, "of-context", "demo-consumer", [3, 3, 2, 2]);
    push(&redis, 5);
    let running = in_cluster(&redis, &api).spawn();
    wait_for_sample(&running, "a fault", |sample| sample["faults"][0].is_object());
    running.terminate();
    keep_to_the_schema(&running.finish(SOON).exits(0).stdout);

    let job = json!({ "metadata": { "name": "a", "labels": { "scaledjob.keda.sh/name": "w" } }, "status": {} });
    api.put(&format!("/apis/batch/v1{NAMESPACE}jobs"), job);
    let running = in_cluster(&redis, &api).args(["--target", "ScaledJob/w"]).spawn();
    wait_for_sample(&running, "a Job", |sample| sample["jobs"]["pending"] == 1);
    running.terminate();
    keep_to_the_schema(&running.finish(SOON).exits(0).stdout);
}

#[test]
fn lines_of_a_demo_keep_to_the_schema() {
    let run = Qscale::new(["demo", "--pattern=burst 5", "--work=1s", "--speed=100", "--output=json"]).output().exits(0);
    assert!(keep_to_the_schema(&run.stdout) >= 2);
}

#[test]
fn schema_rejects_other_lines() {
    let validator = validator();
    let sample = &schema()["$defs"]["sample"];
    let fields = sample["properties"].as_object().expect("fields").len();
    assert_eq!(sample["required"].as_array().map(Vec::len), Some(fields));
    for wrong in [json!({}), json!({ "backlog": 1 }), json!({ "summary": {} }), json!([])] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}
