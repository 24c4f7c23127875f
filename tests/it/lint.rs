//! `qscale render --lint`: what is planted in manifests is found where it stands, and nothing else is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Finished, Qscale};

/// A secret that is nowhere else.
const SECRET: &str = "s3cret";

/// Mark of a line with its findings: `#! error list-length, warning short-host`.
const MARK: &str = "#! ";

/// Line, severity and code, in order.
type Found = Vec<(usize, String)>;

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lint");
    let entries = fs::read_dir(folder).expect("tests/lint is there").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    assert!(files.len() >= 9, "{files:?}");
    files
}

fn lint(name: &str, text: &str) -> Finished {
    Qscale::new(["render", "--lint", name]).file(name, text).output()
}

/// Findings in a file, by line.
fn found(stdout: &str, name: &str) -> Found {
    let finding = |line: &str| {
        let (head, rest) = line.split_once("]: ")?;
        let (severity, code) = head.split_once('[')?;
        let place = rest.strip_prefix(name)?.strip_prefix(':')?;
        Some((place.split(':').next()?.parse().ok()?, format!("{severity} {code}")))
    };
    let mut found: Found = stdout.lines().filter_map(finding).collect();
    found.sort();
    found
}

fn planted(text: &str) -> Found {
    let mut planted = Found::new();
    for (index, line) in text.lines().enumerate() {
        let marks = line.split_once(MARK).map_or("", |(_, marks)| marks);
        planted.extend(marks.split(", ").filter(|mark| !mark.is_empty()).map(|mark| (index + 1, mark.to_owned())));
    }
    planted.sort();
    planted
}

#[test]
fn lint_finds_planted_faults_and_no_others() {
    let mut codes = BTreeSet::new();
    for path in fixtures() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let planted = planted(&text);
        let errors = planted.iter().any(|(_, mark)| mark.starts_with("error"));
        let Finished { stdout, .. } = lint(name, &text).exits(if errors { 4 } else { 0 });
        assert_eq!(found(&stdout, name), planted, "{name}:\n{stdout}");
        assert!(!stdout.contains(SECRET), "{name} shows a secret:\n{stdout}");
        codes.extend(planted.into_iter().map(|(_, mark)| mark));
    }
    assert!(codes.len() >= 60, "only {} kinds of faults are planted: {codes:?}", codes.len());
}

#[test]
fn lint_of_a_handwritten_proof_of_concept_finds_its_faults() {
    let text = fs::read_to_string("tests/lint/proof-of-concept.yaml").unwrap();
    let Finished { stdout, .. } = lint("poc.yaml", &text).exits(4);
    let codes: BTreeSet<String> = found(&stdout, "poc.yaml").into_iter().map(|(_, code)| code).collect();
    assert!(codes.len() > 5, "{codes:?}");
    for hint in ["`accurate` is meant for `spec.scalingStrategy.strategy`", "template.spec.containers[].resources"] {
        assert!(stdout.contains(hint), "{hint}:\n{stdout}");
    }
}

#[test]
fn lint_of_rendered_profiles_is_clean() {
    for entry in fs::read_dir("k8s").unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let Finished { stdout, .. } =
            Qscale::new(["render", "--lint", "-", "--deny-warnings"]).input(text).output().exits(0);
        assert_eq!(stdout, "0 errors, 0 warnings\n", "{}", path.display());
    }
}

#[test]
fn lint_of_a_profile_with_permanent_pods_is_clean() {
    let profile = "[redis]\nhost = \"r.example.com\"\n[scale]\nmin-replica-count = 1\n";
    let rendered = Qscale::new(["--profile", "q.toml", "render"]).file("q.toml", profile).output().exits(0).stdout;
    let linted = Qscale::new(["render", "--lint", "-"]).input(rendered).output().exits(0);
    assert_eq!(linted.stdout, "0 errors, 0 warnings\n");
}

#[test]
fn json_is_looked_at_as_well_and_a_line_with_a_secret_is_not_shown() {
    let text = r#"{"kind": "List", "items": [
  {"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"REDIS_PASSWORD": "s3cret"}},
  {"kind": "Deployment", "metadata": {"name": "b"}, "spec": {"selector": {}, "template": {"spec": {"hostNetwork": true, "containers": []}}}}
]}"#;
    let Finished { stdout, .. } = lint("list.json", text).exits(4);
    assert_eq!(
        found(&stdout, "list.json"),
        [(2, "error password-in-plain-text".to_owned()), (3, "warning host-network".to_owned())]
    );
    assert!(!stdout.contains(SECRET), "{stdout}");
    assert!(stdout.contains("list.json:3:115: ") && stdout.contains("\n3 | "), "{stdout}");
}

#[test]
fn lint_never_shows_a_password() {
    let trigger = |metadata: &str| {
        format!(
            "kind: ScaledObject\nmetadata: {{name: a}}\nspec:\n  scaleTargetRef: {{name: a}}\n  triggers:\n  - type: redis\n    metadata: {{{metadata}}}\n"
        )
    };
    let container = |fields: &str| {
        format!(
            "kind: Deployment\nmetadata: {{name: a}}\nspec:\n  selector: {{}}\n  template:\n    spec:\n      hostNetwork: true\n      containers:\n      - {{name: a, image: a, {fields}}}\n"
        )
    };
    let authentication = |fields: &str| {
        format!(
            "kind: TriggerAuthentication\nmetadata: {{name: a}}\nspec:\n  secretTargetRef:\n  - {{parameter: password, name: s, {fields}}}\n"
        )
    };
    let mut texts: Vec<String> = [
        "kind: Secret\nmetadata: {name: a}\nstringdata: {pw: s3cret}\n",
        "kind: Secret\nmetadata: {name: a}\nstringData: {pw: s3cret, pw: 5}\n",
        "kind: Secret\nmetadata: {name: a, foo: s3cret}\n",
        "kind: Secret\nmetadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: {\"stringData\":{\"pw\":\"s3cret\"}}\n",
        "kind: SecretList\nitems: [{kind: Secret, metadata: {name: a}, data: s3cret}]\n",
        "kind: ConfigMap\nmetadata: {name: a}\ndata: {REDIS_AUTH: s3cret, REDIS_PORT: 5}\n",
        "kind: ConfigMap\nmetadata: {name: a}\ndatas: {conf: requirepass s3cret}\n",
        "stringData: {pw: s3cret}\n",
        "s3cret\n",
        "kind: Secret\nstringData: {pw: &s3cret x, b: *s3cret2}\n",
        "kind: Job\nspec: {x: s3cret, template: {spec: {containers: [{name: a, image: a}]}}}  # s3cret\n",
        "kind: DaemonSet\nspec: {template: {spec: {containers: [{name: a, image: a, env: [{name: A, value: s3cret}]}]}}}\n",
    ]
    .map(str::to_owned)
    .into();
    texts.extend(
        [
            "address: \"user:s3cret@h.n:1\"",
            "address: \"s3cret@h:1\"",
            "address: \"redis://:s3cret@h\"",
            "address: \"redis://h.n:1/?password=s3cret\"",
            "host: \":s3cret@localhost\"",
            "host: \"s3cret@h\", port: \"1\"",
            "addressFromEnv: \"redis://:s3cret@h:1\"",
            "passwordFromEnv: s3cret, address: \"h:1\"",
            "address: \"h:1\", pasword: s3cret",
            "address: \"h:1\", password:s3cret",
            "address: \"h:1\", password=s3cret: 1",
            "address: \"h:1\", password: s3cret, listLength: 5",
            "address: \"h:1\", password: {a: s3cret}",
            "address: \"h:1\", sentinelPassword: [s3cret], listLength: 5",
        ]
        .map(&trigger),
    );
    texts.extend(
        [
            "args: [\"--requirepass\", \"s3cret\"]",
            "command: [redis-cli, -a, s3cret]",
            "args: [\"--password=s3cret\"]",
            "command: [sh, -c, \"redis-server --requirepass s3cret\"]",
            "env: [{name: REDIS_AUTH, value: s3cret}]",
            "env: [{name: ANY, value: s3cret, valeu: s3cret}]",
            "env: [{name: REDIS_URL, value: \"redis://:s3cret@h\"}, {name: B, value: 5}]",
            "env: {REDIS_PASSWORD: s3cret}",
            "password: s3cret",
            "livenessProbe: {exec: {command: [redis-cli, -a, s3cret]}}",
        ]
        .map(&container),
    );
    texts.extend(
        ["key: k, value: s3cret", "value: s3cret", "key: \"s3cret+/=\"", "password: s3cret"].map(&authentication),
    );
    // The host is what a variable holds that was never meant for it.
    texts.push(format!(
        "{}---\n{}",
        container("env: [{name: REDIS_PW, value: s3cret}]"),
        trigger("hostFromEnv: REDIS_PW, port: \"1\"")
    ));
    for text in texts {
        let Finished { stdout, stderr, .. } = lint("a.yaml", &text);
        assert!(!stdout.contains(SECRET) && !stderr.contains(SECRET), "{text}\n{stdout}\n{stderr}");
        assert!(stdout.contains("]: a.yaml:"), "nothing is found, so that nothing could be shown: {text}");
    }
}

#[test]
fn files_are_looked_at_together() {
    let object = "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: a, namespace: shop}\nspec:\n  scaleTargetRef: \
                  {name: a}\n  triggers:\n  - type: redis\n    metadata: {address: \"r.n:6379\", listName: a}\n    \
                  authenticationRef: {name: redis}\n";
    let authentication = "apiVersion: keda.sh/v1alpha1\nkind: TriggerAuthentication\nmetadata: {name: redis, namespace: shop}\n\
                          spec:\n  secretTargetRef:\n  - {parameter: password, name: redis, key: password}\n";
    let alone = lint("a.yaml", object).exits(0);
    assert!(alone.stdout.contains("warning[authentication-missing]: a.yaml:9:"), "{}", alone.stdout);
    let both =
        Qscale::new(["render", "--lint", "a.yaml", "b.yaml"]).file("a.yaml", object).file("b.yaml", authentication);
    assert_eq!(both.output().exits(0).stdout, "0 errors, 0 warnings\n");
}

#[test]
fn lint_with_an_older_keda_version_finds_more() {
    let text = "kind: ScaledObject\nmetadata: {name: a}\nspec:\n  scaleTargetRef: {name: a}\n  initialCooldownPeriod: 5\n  \
                triggers:\n  - type: redis-cluster\n    metadata: {addresses: \"r.n:6379\", listName: a}\n";
    let of = |version: &str, status: i32| {
        let qscale = Qscale::new(["render", "--lint", "a.yaml", "--keda-version", version]);
        found(&qscale.file("a.yaml", text).output().exits(status).stdout, "a.yaml")
    };
    assert_eq!(of("2.16", 0), []);
    assert_eq!(of("2.9", 4), [(5, "error keda-version".to_owned()), (7, "warning keda-limitation".to_owned())]);
}

#[test]
fn lint_finds_fields_newer_than_the_keda_version() {
    let object = |spec: &str, kind: &str, metadata: &str| {
        format!(
            "kind: ScaledObject\nmetadata: {{name: a}}\nspec:\n  scaleTargetRef: {{name: a}}\n  {spec}\n  triggers:\n  - type: {kind}\n    metadata: {{{metadata}, listName: a}}\n"
        )
    };
    let authentication = |list: &str| {
        format!(
            "kind: TriggerAuthentication\nmetadata: {{name: a}}\nspec:\n  {list}: [{{parameter: ca, name: a, key: a}}]\n"
        )
    };
    let behavior = "fallback: {failureThreshold: 3, replicas: 1, behavior: scalingModifiers}";
    for (text, last, first) in [
        (authentication("secretTargetRef"), "2.11", "2.12"),
        (authentication("configMapTargetRef"), "2.12", "2.13"),
        (object(behavior, "redis", "address: \"h.n:1\""), "2.19", "2.20"),
        (object("", "redis", "addresses: \"h.n:1\""), "2.15", "2.16"),
        (object("", "redis-cluster", "address: \"h.n:1\""), "2.15", "2.16"),
    ] {
        for (version, expected) in [(last, true), (first, false)] {
            let stdout = Qscale::new(["render", "--lint", "a.yaml", "--keda-version", version])
                .file("a.yaml", &text)
                .output()
                .stdout;
            assert_eq!(
                stdout.contains(": a.yaml:") && stdout.contains("[keda-"),
                expected,
                "{version}: {text}\n{stdout}"
            );
        }
    }
}

#[test]
fn lint_accepts_an_empty_file_among_others() {
    let object = "kind: Job\nmetadata: {name: a}\nspec: {template: {spec: {containers: []}}}\n";
    let qscale = Qscale::new(["render", "--lint", "a.yaml", "b.yaml", "c.yaml"]);
    let files = qscale.file("a.yaml", object).file("b.yaml", "# nothing yet\n").file("c.yaml", "---\n");
    assert_eq!(files.output().exits(0).stdout, "0 errors, 0 warnings\n");
}

#[test]
fn lint_of_text_that_is_not_a_manifest_names_the_line() {
    for (text, place, reason) in [
        ("kind: ConfigMap\ndata: [1\n", "x.yaml:", "error[syntax]"),
        ("kind: ConfigMap\nmetadata:\n  name: {{ .Values.name }}\n", "x.yaml:3:", "helm template"),
        ("kind: Job\nspec:\n\tsuspend: true\n", "x.yaml:3:", "indent with spaces"),
        ("a: 1\n", "x.yaml:1:1: ", "error[no-object]"),
        ("", "x.yaml:1:1: ", "error[no-object]"),
    ] {
        let Finished { stdout, .. } = lint("x.yaml", text).exits(4);
        assert!(stdout.contains(place) && stdout.contains(reason), "{text}:\n{stdout}");
    }
    let Finished { stderr, .. } = Qscale::new(["render", "--lint", "missing.yaml"]).output().exits(2);
    assert!(stderr.contains("--lint: cannot read `missing.yaml`"), "{stderr}");
}

#[test]
fn warnings_are_a_no_where_that_is_asked() {
    let text = "kind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      containers:\n      - {name: a, image: a}\n";
    let deny = |more: &[&str]| {
        let words = [&["render", "--lint", "a.yaml"], more].concat();
        Qscale::new(words).file("a.yaml", text).output()
    };
    deny(&[]).exits(0);
    deny(&["--deny-warnings"]).exits(4);
    Qscale::new(["render", "--deny-warnings"]).output().exits(2);
}

#[test]
fn lint_recognizes_a_proxy_that_older_keda_versions_cannot_query() {
    let host = "r-1.redis.rds.aliyuncs.com";
    for (container, metadata) in [
        (String::new(), format!("address: {host}:6379")),
        (format!("env: [{{name: H, value: {host}}}]"), "hostFromEnv: H, port: \"6379\"".to_owned()),
    ] {
        let text = format!(
            "kind: Deployment\nmetadata: {{name: a}}\nspec:\n  selector: {{}}\n  template: {{spec: \
             {{terminationGracePeriodSeconds: 60, containers: [{{name: a, image: \"a:1\", {container}}}]}}}}\n---\n\
             kind: ScaledObject\nmetadata: {{name: a}}\nspec:\n  scaleTargetRef: {{name: a}}\n  triggers:\n  - type: \
             redis\n    metadata: {{listName: a, {metadata}}}\n"
        );
        for (version, warned) in [("2.19", true), ("2.20", false)] {
            let qscale = Qscale::new(["render", "--lint", "a.yaml", "--keda-version", version]).file("a.yaml", &text);
            let Finished { stdout, .. } = qscale.output().exits(0);
            assert_eq!(stdout.contains("warning[keda-limitation]") && stdout.contains("Alibaba"), warned, "{stdout}");
        }
    }
}

#[test]
fn lint_allow_silences_rules() {
    let text = "kind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      hostNetwork: true\n      containers:\n      - {name: a, image: a}\n";
    let allow = |more: &[&str]| {
        let words = [&["render", "--lint", "a.yaml", "--deny-warnings"], more].concat();
        Qscale::new(words).file("a.yaml", text).output()
    };
    assert!(allow(&[]).exits(4).stdout.ends_with("0 errors, 2 warnings\n"));
    assert!(allow(&["--allow", "image-tag"]).exits(4).stdout.ends_with("0 errors, 1 warning\n"));
    for both in [&["--allow", "image-tag,host-network"][..], &["--allow", "image-tag", "--allow", "host-network"]] {
        assert_eq!(allow(both).exits(0).stdout, "0 errors, 0 warnings\n");
    }
    let unknown = allow(&["--allow", "imagetag"]).exits(2).stderr;
    assert!(unknown.contains("no such rule; did you mean `image-tag`?"), "{unknown}");
    assert!(allow(&["--allow", "zebra"]).exits(2).stderr.contains("no such rule; --rules lists them"));
    assert!(allow(&["--allow", "syntax"]).exits(2).stderr.contains("cannot be allowed"));
    Qscale::new(["render", "--allow", "image-tag"]).output().exits(2);
}

#[test]
fn lint_rules_are_documented() {
    let page = Qscale::new(["render", "--rules"]).output().exits(0).stdout;
    let documented = fs::read_to_string("docs/lints.md").expect("docs/lints.md is there");
    assert!(page == documented, "docs/lints.md is out of date: make regenerate");
}

#[test]
fn lint_rules_are_all_tested() {
    let page = Qscale::new(["render", "--rules"]).output().exits(0).stdout;
    let tests = ["tests/it/lint.rs", "tests/it/lint_hints.rs", "tests/it/checks.rs"]
        .into_iter()
        .map(PathBuf::from)
        .chain(fixtures());
    let tested: String = tests.map(|path| fs::read_to_string(path).expect("a test can be read")).collect();
    let words: BTreeSet<&str> = tested.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').collect();
    let rules: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert!(rules.len() > 90, "{rules:?}");
    let missing: Vec<&&str> = rules.iter().filter(|rule| !words.contains(**rule)).collect();
    assert!(missing.is_empty(), "no test names {missing:?}");
}
