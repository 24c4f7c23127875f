//! `qscale render --lint`: hints that know what people write, text that is not final, and folders of kustomize.

use crate::support::{Finished, Qscale};

/// Lints a ScaledObject of namespace `data` with these lines in its spec, and these parameters in its trigger.
fn lint(spec: &str, metadata: &str) -> String {
    let text = format!(
        "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {{name: q, namespace: data}}\nspec:\n{spec}\n  triggers:\n  - type: \
         redis\n    metadata:\n{metadata}\n"
    );
    output(&text)
}

fn output(text: &str) -> String {
    Qscale::new(["render", "--lint", "a.yaml"]).file("a.yaml", text).output().stdout
}

const TARGET: &str = "  scaleTargetRef: {name: q}";

#[test]
fn lint_says_that_a_formula_beyond_the_limits_is_not_checked() {
    let nested = format!("{}waiting{}", "(".repeat(12_000), ")".repeat(12_000));
    let chain = vec!["waiting"; 200_000].join(" + ");
    for (formula, limit) in [(nested, "more than 100 levels deep"), (chain, "more than 500 numbers and triggers")] {
        let spec = format!("{TARGET}\n  advanced: {{scalingModifiers: {{formula: {formula}, target: \"2\"}}}}");
        let stdout = lint(&spec, "      address: r.data:1\n      listName: a\n    name: waiting");
        assert!(stdout.contains(limit), "{}", &stdout[..stdout.len().min(400)]);
        assert!(stdout.contains("it is not checked"));
    }
}

/// Spec but for the triggers, metadata of the trigger, code of the finding, and its hint.
const HINTS: &[(&str, &str, &str, &str)] = &[
    (
        TARGET,
        "      address: r.data:1\n      listName: a\n      queueLength: \"5\"",
        "unknown-parameter",
        "write `listLength`",
    ),
    (
        TARGET,
        "      address: r.data:1\n      listName: a\n      listLength: \"5\"\n      queueLength: \"5\"",
        "unknown-parameter",
        "remove it: `listLength` is set as well",
    ),
    (TARGET, "      address: r.data:1\n      queueName: a", "list-name", "write `listName` in place of `queueName`"),
    (
        TARGET,
        "      address: r.data:1\n      listName: a\n      database: \"2\"",
        "unknown-parameter",
        "write `databaseIndex`",
    ),
    (
        TARGET,
        "      address: r.data:1\n      listName: a\n      db: \"2\"",
        "unknown-parameter",
        "write `databaseIndex`",
    ),
    (TARGET, "      redisHost: r.data\n      port: \"1\"\n      listName: a", "unknown-parameter", "write `host`"),
    (
        TARGET,
        "      redisHostFromEnv: H\n      port: \"1\"\n      listName: a",
        "unknown-parameter",
        "write `hostFromEnv`",
    ),
    (TARGET, "      url: r.data:1\n      listName: a", "unknown-parameter", "write host and port as `address`"),
    (
        TARGET,
        "      address: r.data:1\n      listName: a\n      ssl: \"true\"",
        "unknown-parameter",
        "write `enableTLS`",
    ),
    (
        TARGET,
        "      address: r.data:1\n      listName: a\n      threshold: \"5\"",
        "unknown-parameter",
        "write `listLength`",
    ),
    (
        TARGET,
        "      address: r.data:1\n      listName: a\n      activationThreshold: \"5\"",
        "unknown-parameter",
        "write `activationListLength`",
    ),
    (TARGET, "      address: REDIS_HOST\n      listName: a", "address-without-port", "write it as `addressFromEnv`"),
    (
        TARGET,
        "      host: REDIS_HOST\n      port: \"1\"\n      listName: a",
        "invalid-host",
        "write it as `hostFromEnv`",
    ),
    (
        TARGET,
        "      host: r.data\n      port: REDIS_PORT\n      listName: a",
        "invalid-port",
        "write it as `portFromEnv`",
    ),
    (
        TARGET,
        "      address: r.data:1\n      password: REDIS_PASSWORD\n      listName: a",
        "password-in-plain-text",
        "as `passwordFromEnv`",
    ),
    (
        TARGET,
        "      address: rediss://r.data:6380/2\n      listName: a",
        "address-url",
        "write `r.data:6380`, set `enableTLS` to \"true\", and set `databaseIndex` to \"2\"",
    ),
    (
        TARGET,
        "      address: redis+sentinel://s.data:26379\n      listName: a",
        "address-url",
        "write `s.data:26379`, and set `type` to `redis-sentinel`",
    ),
    (
        TARGET,
        "      address: redis-cluster://c.data:1\n      listName: a",
        "address-url",
        "set `type` to `redis-cluster`",
    ),
    (TARGET, "      address: unix:///run/redis.sock\n      listName: a", "address-url", "over TCP only"),
    (
        "  scaleTargetRef: {deploymentName: q}",
        "      address: r.data:1\n      listName: a",
        "unknown-field",
        "write `name`",
    ),
    (
        "  scaleTargetRef: {name: q}\n  minReplicas: 1",
        "      address: r.data:1\n      listName: a",
        "unknown-field",
        "write `minReplicaCount`",
    ),
    (
        "  scaleTargetRef: {name: q}\n  advanced: {scalingModifiers: {formula: waiting, target: \"2\"}}",
        "      address: r.data:1\n      listName: a",
        "formula",
        "name a trigger: `name: waiting`",
    ),
];

#[test]
fn lint_hints_name_the_field_that_is_meant() {
    for (spec, metadata, code, hint) in HINTS {
        let stdout = lint(spec, metadata);
        let found = stdout.split("\n\n").find(|finding| finding.contains(&format!("[{code}]: ")));
        assert!(found.is_some_and(|finding| finding.contains(hint)), "{spec}\n{metadata}\n{hint}\n{stdout}");
    }
}

#[test]
fn variable_of_another_container_is_found() {
    let of = |kind: &str, containers: &str| {
        let pods = format!(
            "template:\n      spec:\n        terminationGracePeriodSeconds: 60\n        restartPolicy: Never\n{containers}"
        );
        let trigger = "  triggers:\n  - {type: redis, metadata: {addressFromEnv: REDIS_ADDR, listName: a}}\n";
        match kind {
            "ScaledJob" => {
                output(&format!("kind: ScaledJob\nmetadata: {{name: q}}\nspec:\n  jobTargetRef:\n    {pods}{trigger}"))
            }
            _ => output(&format!(
                "kind: Deployment\nmetadata: {{name: q}}\nspec:\n    selector: {{}}\n    {pods}---\nkind: ScaledObject\nmetadata: {{name: q}}\nspec:\n  scaleTargetRef: {{name: q}}\n{trigger}"
            )),
        }
    };
    let next = "        containers:\n        - {name: proxy, image: \"p:1\"}\n        - {name: w, image: \"w:1\", env: [{name: REDIS_ADDR, value: \"r.data:1\"}]}\n";
    for (kind, field) in
        [("Deployment", "`scaleTargetRef.envSourceContainerName`"), ("ScaledJob", "set `envSourceContainerName`")]
    {
        let stdout = of(kind, next);
        assert!(stdout.contains("container `w` defines it: set ") && stdout.contains(field), "{stdout}");
    }
    let before = "        initContainers:\n        - {name: i, image: \"p:1\", env: [{name: REDIS_ADDR, value: \"r.data:1\"}]}\n        containers:\n        - {name: w, image: \"w:1\"}\n";
    assert!(of("Deployment", before).contains("only an init container defines it"));
    let none = "        containers:\n        - {name: w, image: \"w:1\"}\n";
    assert!(of("Deployment", none).contains("hint: define the variable in the container"));
}

#[test]
fn finding_of_several_triggers_is_reported_once() {
    let trigger = |name: &str, address: &str| {
        format!("  - {{type: redis, metadata: {{address: \"{address}\", listName: \"{name}\"}}}}\n")
    };
    let of = |triggers: &str| {
        output(&format!(
            "kind: ScaledObject\nmetadata: {{name: q}}\nspec:\n  scaleTargetRef: {{name: q}}\n  triggers:\n{triggers}"
        ))
    };
    let names = ["a", "{a}:claims", "{a}:delayed"];
    let stdout = of(&names.map(|name| trigger(name, "redis:6379")).concat());
    assert_eq!(stdout.matches("short-host").count(), 1, "{stdout}");
    assert!(stdout.contains("(also in triggers[1], triggers[2])"), "{stdout}");
    let stdout = of(&[trigger("a", "redis:6379"), trigger("{a}:claims", "other:6379")].concat());
    assert_eq!(stdout.matches("short-host").count(), 2, "{stdout}");
}

#[test]
fn text_that_is_replaced_later_is_not_judged() {
    for (value, hint) in [
        ("${X}", "envsubst"),
        ("$X", "envsubst"),
        ("${X:=0}", "`flux envsubst < FILE"),
        ("${X:-0}", "`flux envsubst < FILE"),
        ("\"{{ .Values.x }}\"", "helm template"),
        ("\"{{x}}\"", "helm template"),
        ("$(X)", "kustomize build"),
        ("<path:kv/data/x#y>", "the tool that replaces it"),
        ("\"#{X}#\"", "the tool that replaces it"),
        ("__X__", "the tool that replaces it"),
        ("<max>", "a value of your own"),
        ("CHANGEME", "a value of your own"),
    ] {
        let text = format!(
            "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata:\n  name: {value}\n  namespace: {value}\nspec:\n  scaleTargetRef:\n    name: \
             {value}\n  minReplicaCount: {value}\n  maxReplicaCount: {value}\n  pollingInterval: 60\n  cooldownPeriod: 10\n  triggers:\n  - \
             type: redis\n    metadata:\n      address: {value}\n      listName: {value}\n      listLength: {value}\n      \
             activationListLength: {value}\n      databaseIndex: {value}\n      enableTLS: {value}\n    authenticationRef:\n      name: {value}\n"
        );
        let Finished { stdout, .. } =
            Qscale::new(["render", "--lint", "a.yaml"]).file("a.yaml", &text).output().exits(0);
        assert!(
            stdout.ends_with("0 errors, 1 warning\n") && stdout.contains("warning[placeholder]: a.yaml:"),
            "{text}\n{stdout}"
        );
        assert!(stdout.contains(hint), "{stdout}");
        let allowed = Qscale::new(["render", "--lint", "a.yaml", "--allow", "placeholder"]).file("a.yaml", &text);
        assert_eq!(allowed.output().exits(0).stdout, "0 errors, 0 warnings\n");
    }
    // Final text in the same object is judged.
    let stdout = lint(&format!("{TARGET}\n  maxReplicaCount: ${{MAX}}"), "      address: r\n      listName: a");
    assert!(stdout.contains("[placeholder]") && stdout.contains("[address-without-port]"), "{stdout}");
    // A password is one whatever it becomes.
    let stdout = lint(TARGET, "      address: r.data:1\n      listName: a\n      password: ${PASSWORD}");
    assert!(stdout.contains("error[password-in-plain-text]"), "{stdout}");
}

#[test]
fn line_with_a_default_of_a_variable_that_breaks_the_file_names_flux_envsubst() {
    let of = |value: &str| output(&format!("kind: ScaledObject\nspec: {{maxReplicaCount: {value}\n"));
    assert!(of("${MAX:=5}, a").contains("`flux envsubst < FILE"), "{}", of("${MAX:=5}, a"));
    assert!(of("${MAX}, a").contains("first, `envsubst < FILE"), "{}", of("${MAX}, a"));
}

#[test]
fn variable_with_a_placeholder_is_not_an_address() {
    let text = "kind: Deployment\nmetadata: {name: q}\nspec:\n  selector: {}\n  template:\n    spec:\n      terminationGracePeriodSeconds: 60\n      \
                containers: [{name: w, image: \"w:1\", env: [{name: A, value: \"${HOST}\"}]}]\n---\nkind: ScaledObject\nmetadata: {name: q}\n\
                spec:\n  scaleTargetRef: {name: q}\n  triggers:\n  - {type: redis, metadata: {addressFromEnv: A, listName: a}}\n";
    assert_eq!(output(text), "0 errors, 0 warnings\n");
}

const OBJECT: &str = "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: worker}\nspec:\n  scaleTargetRef: {name: worker}\n  triggers:\n  - type: redis\n    metadata: {address: \"redis.d:6379\", listName: jobs}\n";

#[test]
fn patches_are_checked_for_their_own_fields_only() {
    for text in [
        "kind: ScaledObject\nmetadata: {name: worker}\nspec: {maxReplicaCount: 20}\n",
        "kind: ScaledJob\nmetadata: {name: worker}\nspec: {maxReplicaCount: 20}\n",
        "- {op: replace, path: /spec/maxReplicaCount, value: 20}\n",
        "[{\"op\": \"remove\", \"path\": \"/spec/replicas\"}]\n",
        "kind: Deployment\nmetadata: {name: worker}\nspec: {replicas: 3}\n",
        "kind: Deployment\nmetadata: {name: worker}\nspec:\n  template:\n    spec:\n      containers:\n      - {name: w, resources: {limits: {memory: 1Gi}}}\n",
        "kind: Deployment\nmetadata: {name: worker}\n$patch: delete\n",
    ] {
        let Finished { stdout, .. } =
            Qscale::new(["render", "--lint", "p.yaml"]).file("p.yaml", text).output().exits(0);
        assert!(
            stdout.starts_with("warning[patch]: p.yaml:1:1: ") && stdout.ends_with("0 errors, 1 warning\n"),
            "{text}\n{stdout}"
        );
        assert!(stdout.contains("kustomize build"), "{stdout}");
    }
    let wrong = "kind: ScaledObject\nmetadata: {name: worker}\nspec: {maxReplicaCount: \"20\"}\n";
    let Finished { stdout, .. } = Qscale::new(["render", "--lint", "p.yaml"]).file("p.yaml", wrong).output().exits(4);
    assert!(stdout.contains("error[field-type]: p.yaml:3:"), "{stdout}");
    // An object that lacks one of its fields is no patch.
    for text in [
        "kind: ScaledObject\nmetadata: {name: worker}\nspec: {triggers: []}\n",
        "kind: ScaledObject\nmetadata: {name: worker}\nspec: {}\n",
    ] {
        let stdout = output(text);
        assert!(stdout.contains("error[field-missing]") && !stdout.contains("[patch]"), "{stdout}");
    }
}

#[test]
fn folder_of_kustomize_is_read_with_what_it_names() {
    let kustomization = "kind: Kustomization\nresources: [../base, https://example.com/x.yaml, github.com/example/x]\npatches:\n- path: more.yaml\n- path: json.yaml\n  target: {kind: ScaledObject}\n";
    // Alone it would be taken for a whole object.
    let more = OBJECT.replace("triggers:", "maxReplicaCount: 20\n  triggers:");
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in [
        ("overlays/kustomization.yaml", kustomization),
        ("overlays/more.yaml", &more),
        ("overlays/json.yaml", "- {op: add, path: /spec/pollingInterval, value: 10}\n"),
        // kustomize adds the kind.
        ("base/kustomization.yaml", "resources: [so.yaml]\n"),
        ("base/so.yaml", &OBJECT.replace("redis.d", "localhost")),
        ("base/unlisted.yaml", "kind: ScaledObject\n"),
        ("plain/b.yml", OBJECT),
        ("plain/a.json", "{\"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"a\"}}"),
        ("plain/README.md", "not a manifest"),
        ("chart/Chart.yaml", "name: chart\n"),
        ("empty/README.md", "not a manifest"),
        ("environments/eu/prod/kustomization.yaml", "kind: Kustomization\n"),
        ("environments/dev/so.yaml", OBJECT),
        ("environments/.git/a.yaml", OBJECT),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let lint = |name: &str| Qscale::new(["render", "--lint", folder.path().join(name).to_str().unwrap()]).output();
    let stdout = lint("overlays").exits(4).stdout;
    for line in [
        "/overlays/more.yaml:1:1: ScaledObject/worker: is a patch",
        "/overlays/json.yaml:1:1: is a patch",
        "/base/so.yaml:8:",
    ] {
        assert!(stdout.contains(line), "{line}\n{stdout}");
    }
    assert!(stdout.ends_with("1 error, 2 warnings\n"), "{stdout}");
    assert_eq!(lint("plain").exits(0).stdout, "0 errors, 0 warnings\n");
    assert!(lint("chart").exits(2).stderr.contains("is a Helm chart: lint what it renders, `helm template "));
    let stderr = lint("empty").exits(2).stderr;
    assert!(stderr.contains("contains no manifests") && !stderr.contains("below"), "{stderr}");
    let stderr = lint("environments").exits(2).stderr;
    assert!(stderr.contains("but 2 folders below it do: lint one of them, such as `"), "{stderr}");
    assert!(stderr.contains("/environments/dev`"), "{stderr}");
}

#[test]
fn lint_of_a_profile_names_the_command_that_checks_it() {
    for (name, text) in [
        ("a.toml", "[redis]\nhost = \"redis.example.com\"\n"),
        ("a.toml", "[redis]\n"),
        ("a.yaml", "# A profile.\n[scale.behavior.scale-up]\ntolerance = 0.1\n"),
    ] {
        let Finished { stdout, .. } = Qscale::new(["render", "--lint", name]).file(name, text).output().exits(4);
        assert!(stdout.contains("hint: a profile is checked by `qscale --profile FILE render --check`"), "{stdout}");
    }
    let Finished { stdout, .. } = Qscale::new(["render", "--lint", "a.yaml"]).file("a.yaml", "[a\n").output().exits(4);
    assert!(stdout.contains("unclosed bracket"), "{stdout}");
}

#[test]
fn connection_string_with_a_password_is_found_in_triggers_of_other_types() {
    let of = |host: &str| {
        output(&format!(
            "kind: ScaledObject\nmetadata: {{name: q}}\nspec:\n  scaleTargetRef: {{name: q}}\n  triggers:\n  - type: rabbitmq\n    \
             metadata: {{host: \"{host}\", queueName: a, value: \"5\"}}\n"
        ))
    };
    let stdout = of("amqp://app:s3cret@rabbitmq.d:5672");
    assert!(stdout.contains("metadata.host: contains a password, readable by everyone"), "{stdout}");
    assert!(!stdout.contains("s3cret"), "{stdout}");
    assert_eq!(of("amqp://rabbitmq.d:5672"), "0 errors, 0 warnings\n");
}

#[test]
fn sum_of_several_lists_is_written_with_the_names_there_are() {
    let of = |names: [&str; 2], lengths: [&str; 2]| {
        let trigger = |((list, length), name): ((&str, &str), &str)| {
            format!("  - {{type: redis{name}, metadata: {{address: \"r.d:6379\", listName: {list}{length}}}}}\n")
        };
        let triggers = ["a", "b"].into_iter().zip(lengths).zip(names).map(trigger).collect::<String>();
        output(&format!(
            "kind: ScaledObject\nmetadata: {{name: q}}\nspec:\n  scaleTargetRef: {{name: q}}\n  triggers:\n{triggers}"
        ))
    };
    for (names, hint) in [
        (["", ""], "name the triggers and add them in `formula`"),
        ([", name: one", ""], "name the triggers and add them in `formula`"),
        ([", name: one", ", name: two"], "set `formula` of `scalingModifiers` to `one + two`"),
        ([", name: one", ", name: two-b"], "under names of letters and digits only"),
    ] {
        let stdout = of(names, ["", ""]);
        assert!(stdout.contains("[triggers-maximum]") && stdout.contains(hint), "{names:?}: {stdout}");
    }
    // A pod per item of `one` is as much as a pod per 20 items of `two`.
    for (lengths, formula) in [
        ([", listLength: \"1\"", ", listLength: \"20\""], "to `one * 20 + two`"),
        ([", listLength: \"8\"", ""], "to `one + two * 1.6`"),
    ] {
        let stdout = of([", name: one", ", name: two"], lengths);
        assert!(stdout.contains(formula), "{lengths:?}: {stdout}");
    }
}

#[test]
fn settings_outside_of_the_files_are_not_taken_for_defaults() {
    let deployment = |from: &str| {
        format!(
            "kind: Deployment\nmetadata: {{name: q}}\nspec:\n  selector: {{}}\n  template:\n    spec:\n      terminationGracePeriodSeconds: 20\n      \
             containers:\n      - {{name: qscale, image: \"q:1\", args: [consume, --work=5s]{from}}}\n"
        )
    };
    assert!(output(&deployment("")).contains("[grace-period]"), "the default drain time is longer");
    assert_eq!(output(&deployment(", envFrom: [{configMapRef: {name: q}}]")), "0 errors, 0 warnings\n");
}

#[test]
fn lint_of_thousands_of_objects_takes_seconds() {
    let pair = |n: usize| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: w{n}}}\nspec:\n  selector: {{}}\n  template:\n    metadata: {{labels: {{app: w{n}, part-of: x}}}}\n    \
             spec:\n      terminationGracePeriodSeconds: 60\n      containers: [{{name: w, image: \"w:1\"}}]\n---\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: \
             {{name: w{n}}}\nspec:\n  scaleTargetRef: {{name: w{n}}}\n  minReplicaCount: 1\n  pollingInterval: 5\n  triggers:\n  - {{type: redis, metadata: {{address: \
             \"r.d:6379\", listName: a}}}}\n---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: w{n}}}\nspec:\n  maxUnavailable: 1\n  selector: \
             {{matchLabels: {{part-of: x, app: w{n}}}}}\n---\n"
        )
    };
    let text: String = (0..2000).map(pair).collect();
    // Compared with each other they would take minutes.
    let stdout = output(&text);
    assert_eq!(stdout.matches("[polling-no-effect]").count(), 2000);
    assert!(stdout.ends_with("0 errors, 2000 warnings\n"));
}
