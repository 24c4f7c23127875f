//! What `qscale render` tells KEDA: every field where KEDA reads it, and nothing that its version does not know.

use crate::support::Qscale;
use crate::support::manifest::{arguments, documents, variables};
use serde_json::{Value, json};

/// Redis settings that every rendered profile needs.
const REDIS: &str = "[redis]\nhost = \"redis.example.com\"\n";

/// The objects that a profile becomes.
fn render(profile: &str, words: &[&str]) -> Vec<Value> {
    let run = Qscale::new(["render"]).args(words).file("qscale.toml", format!("{profile}\n{REDIS}")).output().exits(0);
    documents(&run.stdout)
}

#[track_caller]
fn one(objects: &[Value], kind: &str) -> Value {
    objects.iter().find(|object| object["kind"] == kind).unwrap_or_else(|| panic!("no {kind}: {objects:?}")).clone()
}

fn scaled_object(scale: &str) -> Value {
    one(&render(&format!("[scale]\n{scale}"), &[]), "ScaledObject")
}

fn scaled_job(scale: &str) -> Value {
    one(&render(&format!("[scale]\nkind = \"ScaledJob\"\n{scale}"), &[]), "ScaledJob")
}

/// Error of a profile that cannot be rendered.
fn refusal(profile: &str, words: &[&str]) -> String {
    let profile = format!("{profile}\n{REDIS}");
    let run = Qscale::new(["render"]).args(words).file("qscale.toml", &profile).output().exits(78);
    assert!(run.stdout.is_empty(), "{}", run.stdout);
    run.stderr
}

fn names(object: &Value) -> Vec<&str> {
    let triggers = object["spec"]["triggers"].as_array().expect("triggers");
    triggers.iter().map(|trigger| trigger["name"].as_str().unwrap_or_default()).collect()
}

/// Variables of a Job's container, as `NAME=value`.
fn job_variables(profile: &str) -> Vec<String> {
    let objects = render(profile, &[]);
    let job = one(&objects, "ScaledJob");
    assert_eq!(arguments(&job, &objects), ["consume"]);
    variables(&job, &objects).into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

#[test]
fn scaled_object_fields_are_where_keda_reads_them() {
    let object = scaled_object(
        "min-replica-count = 2\nidle-replica-count = 0\nmax-replica-count = 9\npolling-interval = \"7s\"\n\
         cooldown-period = \"3m\"\ninitial-cooldown-period = \"90s\"\nrestore-to-original-replica-count = true\n\
         hpa-name = \"known\"\ntransfer-hpa-ownership = true\nforce-activation = true\nuse-cached-metrics = true\n\
         fallback = { failure-threshold = 3, replicas = 4, behavior = \"currentReplicasIfLower\" }\n\
         pause = { paused = true, paused-replicas = 0, paused-scale-in = true, paused-scale-out = true }\n\
         behavior = { scale-up = { tolerance = 0.05 }, scale-down = { tolerance = 0 } }",
    );
    let spec = &object["spec"];
    let said = |path: &str| spec.pointer(path).cloned().unwrap_or_default();
    for (path, expected) in [
        ("/minReplicaCount", json!(2)),
        ("/idleReplicaCount", json!(0)),
        ("/maxReplicaCount", json!(9)),
        ("/pollingInterval", json!(7)),
        ("/cooldownPeriod", json!(180)),
        ("/initialCooldownPeriod", json!(90)),
        ("/fallback", json!({ "failureThreshold": 3, "replicas": 4, "behavior": "currentReplicasIfLower" })),
        ("/advanced/restoreToOriginalReplicaCount", json!(true)),
        ("/advanced/horizontalPodAutoscalerConfig/name", json!("known")),
        ("/advanced/horizontalPodAutoscalerConfig/behavior/scaleUp/tolerance", json!("50m")),
        ("/advanced/horizontalPodAutoscalerConfig/behavior/scaleDown/tolerance", json!("0")),
        ("/triggers/0/useCachedMetrics", json!(true)),
        ("/triggers/3/useCachedMetrics", json!(true)),
    ] {
        assert_eq!(said(path), expected, "{path}");
    }
    let annotations = json!({
        "autoscaling.keda.sh/force-activation": "true",
        "autoscaling.keda.sh/paused": "true",
        "autoscaling.keda.sh/paused-replicas": "0",
        "autoscaling.keda.sh/paused-scale-in": "true",
        "autoscaling.keda.sh/paused-scale-out": "true",
        "scaledobject.keda.sh/transfer-hpa-ownership": "true",
    });
    assert_eq!(object["metadata"]["annotations"], annotations);
}

#[test]
fn numbers_are_written_out_and_disabled_fields_left_out() {
    let object = scaled_object("");
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let usual = ["scaleTargetRef", "minReplicaCount", "maxReplicaCount", "pollingInterval", "cooldownPeriod"];
    assert_eq!(keys(&object["spec"])[..5], usual);
    assert_eq!(keys(&object["spec"])[5..], ["initialCooldownPeriod", "advanced", "triggers"]);
    assert_eq!(object["spec"]["initialCooldownPeriod"], 0);
    assert_eq!(object["spec"]["triggers"][0]["metadata"]["activationListLength"], "0");
    // An older KEDA does not know it, and it was not set.
    let older = one(&render("", &["--keda-version", "2.13"]), "ScaledObject");
    assert_eq!(older["spec"].get("initialCooldownPeriod"), None);
    // The step to zero is never made.
    let always = scaled_object("min-replica-count = 1");
    assert_eq!(always["spec"].get("initialCooldownPeriod"), None);
    assert_eq!(keys(&object["spec"]["advanced"]), ["horizontalPodAutoscalerConfig"]);
    assert_eq!(object["metadata"].get("annotations"), None);
    // A switch that is off is not an annotation: KEDA takes almost any text for yes.
    let off = scaled_object("pause = { paused = false, paused-scale-in = false }\nforce-activation = false");
    assert_eq!(off["metadata"].get("annotations"), None);
}

#[test]
fn formula_names_existing_triggers() {
    let object = scaled_object("list-length = 5\ncombine = \"sum\"\nactivation-target = 2.5");
    assert_eq!(object["spec"]["triggers"][0]["metadata"].get("activationListLength"), None);
    let modifiers = &object["spec"]["advanced"]["scalingModifiers"];
    let expected =
        json!({ "formula": "waiting + busy * 5 + delayed + landing", "target": "5", "activationTarget": "2.5" });
    assert_eq!(*modifiers, expected);
    assert_eq!(names(&object), ["waiting", "busy", "delayed", "landing"]);

    // With all that YAML would take for something else.
    let formula = "waiting > 2 ? max(0, waiting - busy) : (busy ?? 0) * 1.5";
    let object = scaled_object(&format!("formula = \"\"\"\n{formula}\"\"\"\n"));
    assert_eq!(object["spec"]["advanced"]["scalingModifiers"]["formula"], formula);

    let alone = "[consume]\ndelivery = \"at-most-once\"\n[scale]\nformula = \"waiting * 2\"\n";
    assert_eq!(names(&one(&render(alone, &[]), "ScaledObject")), ["waiting"]);
    let plain = "[consume]\ndelivery = \"at-most-once\"\n";
    assert_eq!(names(&one(&render(plain, &[]), "ScaledObject")), [""], "one trigger needs no name");
}

#[test]
fn scaled_job_strategy_holds_its_numbers() {
    let job = scaled_job(
        "strategy = \"custom\"\n[scale.job]\nrollout = \"immediate\"\nsuccessful-jobs-history-limit = 1\n\
         failed-jobs-history-limit = 2\nactive-deadline = \"1h\"\nbackoff-limit = 3\nttl-after-finished = \"10m\"\n\
         pending-pod-conditions = [\"Ready\"]\nmultiple-scalers-calculation = \"max\"\n\
         custom-scaling-queue-length-deduction = 4\ncustom-scaling-running-job-percentage = 0.5",
    );
    let spec = &job["spec"];
    let expected = json!({
        "strategy": "custom",
        "customScalingQueueLengthDeduction": 4,
        "customScalingRunningJobPercentage": "0.5",
        "pendingPodConditions": ["Ready"],
        "multipleScalersCalculation": "max",
    });
    assert_eq!(spec["scalingStrategy"], expected);
    assert_eq!(spec["rollout"], json!({ "strategy": "immediate" }));
    assert_eq!((&spec["successfulJobsHistoryLimit"], &spec["failedJobsHistoryLimit"]), (&json!(1), &json!(2)));
    let target = &spec["jobTargetRef"];
    assert_eq!(target["activeDeadlineSeconds"], 3600);
    assert_eq!((&target["backoffLimit"], &target["ttlSecondsAfterFinished"]), (&json!(3), &json!(600)));

    let usual = scaled_job("");
    assert_eq!(usual["spec"]["rollout"], json!({ "strategy": "gradual" }), "a change must not end running Jobs");
    assert_eq!(usual["spec"]["scalingStrategy"], json!({ "strategy": "default", "multipleScalersCalculation": "sum" }));
    // KEDA falls over a custom strategy without it.
    let part = scaled_job("job = { custom-scaling-running-job-percentage = 1.0 }");
    assert_eq!(part["spec"]["scalingStrategy"]["customScalingQueueLengthDeduction"], 0);
}

#[test]
fn job_processes_one_item_or_until_idle_and_awaits_retries() {
    let once = job_variables("[scale]\nkind = \"ScaledJob\"");
    assert!(
        once.contains(&"QSCALE_ONCE=true".to_owned()) && once.contains(&"QSCALE_AWAIT_DUE=5m".to_owned()),
        "{once:?}"
    );
    let idle = "[consume]\nconcurrency = 3\nbackoff = \"1s..20s\"\n[scale]\nkind = \"ScaledJob\"\njob = { run = \"until-idle\" }";
    let idle = job_variables(idle);
    for expected in ["QSCALE_CONCURRENCY=3", "QSCALE_IDLE_EXIT=10s", "QSCALE_AWAIT_DUE=20s"] {
        assert!(idle.iter().any(|word| word == expected), "{idle:?}");
    }
    assert!(!idle.contains(&"QSCALE_ONCE=true".to_owned()), "{idle:?}");
}

#[test]
fn existing_authentication_is_referenced() {
    let deploy = "[deploy]\nsecret = \"redis\"\nsecret-username-key = \"user\"\n";
    let scale = "[scale]\ntrigger-authentication = { kind = \"ClusterTriggerAuthentication\", name = \"of-all\" }\n";
    let objects = render(&format!("{scale}{deploy}"), &[]);
    assert!(objects.iter().all(|object| object["kind"] != "TriggerAuthentication"), "{objects:?}");
    let object = one(&objects, "ScaledObject");
    for trigger in object["spec"]["triggers"].as_array().unwrap() {
        let expected = json!({ "kind": "ClusterTriggerAuthentication", "name": "of-all" });
        assert_eq!(trigger["authenticationRef"], expected);
        assert_eq!(trigger["metadata"].get("username"), None, "it would go over what the object names");
    }
    let object =
        one(&render(&format!("[scale]\ntrigger-authentication = {{ name = \"own\" }}\n{deploy}"), &[]), "ScaledObject");
    assert_eq!(object["spec"]["triggers"][0]["authenticationRef"], json!({ "name": "own" }));
}

#[test]
fn trigger_type_of_several_servers_uses_addresses() {
    let trigger = |redis: &str, scale: &str| {
        let profile = format!("{redis}\n[scale]\n{scale}\n");
        let run = Qscale::new(["render"]).file("qscale.toml", &profile).output().exits(0);
        let objects = documents(&run.stdout);
        one(&objects, "ScaledObject")["spec"]["triggers"][1].clone()
    };
    let nodes = "addresses = [\"a.example.com:7000\", \"[2001:db8::1]:7001\"]";
    let cluster = format!("[redis]\n{nodes}\nmode = \"cluster\"");
    let expected = json!({
        "type": "redis-cluster",
        "name": "busy",
        "metadata": {
            "activationListLength": "0",
            "addresses": "a.example.com:7000,[2001:db8::1]:7001",
            "listLength": "1",
            "listName": "{mylist}:busy",
        },
    });
    assert_eq!(trigger(&cluster, ""), expected);

    let sentinel = format!("[redis]\n{nodes}\nmode = \"sentinel\"\nsentinel-master = \"mine\"\ndb = 2");
    let trigger = trigger(&sentinel, "authentication = \"environment\"");
    assert_eq!(trigger["type"], "redis-sentinel");
    let expected = json!({
        "activationListLength": "0",
        "addressesFromEnv": "REDIS_ADDRESSES",
        "databaseIndex": "2",
        "listLength": "1",
        "listName": "{mylist}:busy",
        "sentinelMaster": "mine",
    });
    assert_eq!(trigger["metadata"], expected);
}

#[test]
fn keda_version_decides_which_fields_are_accepted() {
    let sum = "[scale]\nkeda-version = \"2.11.2\"\ncombine = \"sum\"\n";
    let said = refusal(sum, &[]);
    assert!(said.starts_with("error: qscale.toml:3:11: scale.combine: needs KEDA 2.12.0"), "{said}");
    // The flag goes over the profile.
    render(sum, &["--keda-version", "2.12"]);
    assert!(refusal(&sum.replace("2.11.2", "2.20.2"), &["--keda-version", "2.11.0"]).contains("needs KEDA 2.12.0"));
    assert!(refusal("[scale]\nkeda-version = \"2.7\"\n", &[]).contains("qscale.toml:2:16"));
    Qscale::new(["render", "--keda-version", "new"]).output().exits(2);
}

#[test]
fn default_strategy_is_left_out_for_releases_that_refuse_its_name() {
    let job = "[scale]\nkind = \"ScaledJob\"\n";
    let strategy = |version: &str| {
        let object = one(&render(job, &["--keda-version", version]), "ScaledJob");
        object["spec"]["scalingStrategy"].get("strategy").cloned()
    };
    assert_eq!(strategy("2.20.1"), None);
    assert_eq!(strategy("2.20.2"), Some(json!("default")));
    assert_eq!(strategy("2.19.0"), Some(json!("default")));
}

#[test]
fn target_can_be_something_else() {
    let target = "[deploy.target]\napi-version = \"argoproj.io/v1alpha1\"\nkind = \"Rollout\"\nname = \"web\"\n";
    let object = one(&render(target, &[]), "ScaledObject");
    let expected = json!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web" });
    assert_eq!(object["spec"]["scaleTargetRef"], expected);
    let object = one(&render("[deploy]\nworkload = \"StatefulSet\"\n", &[]), "ScaledObject");
    assert_eq!(object["spec"]["scaleTargetRef"]["kind"], "StatefulSet");
}

#[test]
fn defaults_yield_to_conflicting_settings() {
    for (table, kind, quantity, expected) in [
        ("limits = { memory = \"10Mi\" }", "requests", "memory", "10Mi"),
        ("limits = { memory = \"10Mi\" }", "limits", "memory", "10Mi"),
        ("limits = { memory = \"10Mi\" }", "requests", "cpu", "50m"),
        ("requests = { cpu = \"2\" }", "limits", "cpu", "2"),
        ("requests = { cpu = \"2\" }", "requests", "cpu", "2"),
        ("limits = { memory = \"1Gi\" }", "requests", "memory", "32Mi"),
    ] {
        let objects = render(&format!("[deploy.resources]\n{table}"), &[]);
        let container = &one(&objects, "Deployment")["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["resources"][kind][quantity], expected, "{table}: {kind}");
    }
}

#[test]
fn triggers_of_other_types_are_written_as_the_profile_has_them() {
    let tables = "[[scale.triggers]]\nname = \"requests\"\ntype = \"prometheus\"\nmetadata = { serverAddress = \"http://p:9090\", query = \"sum(x)\", \
                  threshold = \"100\" }\nmetric-type = \"Value\"\n\
                  authentication = { kind = \"ClusterTriggerAuthentication\", name = \"prometheus\" }\n";
    let rendered = |scale: &str| {
        let text = format!("[redis]\nhost = \"redis.example.com\"\n{scale}{tables}");
        Qscale::new(["render", "--only", "scaledobject"]).file("qscale.toml", text).output()
    };
    let yaml = rendered("").exits(0).stdout;
    let trigger = "  - type: prometheus\n    name: requests\n    metadata:\n      query: sum(x)\n      serverAddress: http://p:9090\n      threshold: \"100\"\n    \
                   metricType: Value\n    authenticationRef:\n      kind: ClusterTriggerAuthentication\n      name: prometheus\n";
    assert!(yaml.contains(trigger), "{yaml}");
    assert!(yaml.contains("the HPA takes the largest, not the sum"), "{yaml}");
    for (scale, message) in [
        ("[scale]\ncombine = \"sum\"\n", "scale.combine: adds the triggers of the list only"),
        ("[scale]\nformula = \"waiting\"\n", "scale.formula: does not name the trigger `requests`"),
        ("[scale]\nkind = \"ScaledJob\"\n", "scale.triggers[0].metric-type: is refused in a ScaledJob"),
    ] {
        let run = rendered(scale).exits(78);
        assert!(run.stderr.contains(message), "{scale}: {}", run.stderr);
    }
    let yaml = rendered("[scale]\nformula = \"waiting + requests / 2\"\n").exits(0).stdout;
    assert!(yaml.contains("formula: waiting + requests / 2"), "{yaml}");
}
