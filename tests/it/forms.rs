//! `qscale render`: the forms that objects are written in, and the overlays of a profile.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Finished, Qscale};

/// A profile with an object of every kind, and two overlays.
const PROFILE: &str = r#"
[redis]
host = "redis.example.com"
[produce]
every = "2s"
[consume]
work = "2s"
[scale]
max-replica-count = 5
[deploy]
name = "all"
namespace = "here"
create-namespace = true
secret = "redis"
producer = true
[env.prod.scale]
max-replica-count = 50
[env.prod.deploy]
namespace = "there"
[env.once.produce]
count = 9
"#;

#[test]
fn render_only_selects_objects_in_order_of_dependency() {
    for (only, objects) in [
        ("scaledobject", &["ScaledObject/all-consumer"][..]),
        ("so,ns", &["Namespace/here", "ScaledObject/all-consumer"]),
        ("Deployments", &["Deployment/all-producer", "Deployment/all-consumer"]),
        ("deploy/all-consumer,TA", &["TriggerAuthentication/all-redis", "Deployment/all-consumer"]),
    ] {
        let yaml = render(&["--only", only]).exits(0).stdout;
        assert_eq!(names(&documents(&yaml)), objects, "{only}");
    }
    let twice = render(&["--only", "so", "--only", "ns"]).exits(0).stdout;
    assert_eq!(names(&documents(&twice)), ["Namespace/here", "ScaledObject/all-consumer"]);
}

#[test]
fn render_only_lists_objects_for_an_unknown_one() {
    for only in ["scaledjob", "deploy/other", "so,colour"] {
        let run = render(&["--only", only]).exits(2);
        assert!(run.stdout.is_empty());
        assert!(run.stderr.contains(only.rsplit(',').next().unwrap()), "{}", run.stderr);
        for known in ["namespace/here", "deployment/all-consumer", "scaledobject/all-consumer"] {
            assert!(run.stderr.contains(known), "{}", run.stderr);
        }
    }
}

#[test]
fn render_orders_objects_by_dependency() {
    let names = names(&documents(&render(&[]).exits(0).stdout));
    let place =
        |name: &str| names.iter().position(|other| other == name).unwrap_or_else(|| panic!("{name}: {names:?}"));
    assert_eq!(place("Namespace/here"), 0);
    for first in ["TriggerAuthentication/all-redis", "Deployment/all-consumer"] {
        assert!(place(first) < place("ScaledObject/all-consumer"), "{names:?}");
    }
}

#[test]
fn render_formats_are_equivalent() {
    let yaml = documents(&render(&[]).exits(0).stdout);
    let json: Value = serde_json::from_str(&render(&["--format", "json"]).exits(0).stdout).unwrap();
    assert_eq!((&json["apiVersion"], &json["kind"]), (&"v1".into(), &"List".into()));
    assert_eq!(json["items"], Value::Array(yaml));
}

#[test]
fn rendered_json_is_yaml_as_well() {
    let env = "env = { A = \"del\\u007f\", B = \"next\\u0085line\", C = \"a\\u2028b\\u2029\", D = \"\\uFEFFmark\" }\n";
    let profile = format!("[redis]\nhost = \"redis.example.com\"\n[consume]\ncommand = [\"./w\"]\n[deploy]\n{env}");
    let run = Qscale::new(["render", "--format", "json"]).file("qscale.toml", profile).output().exits(0);
    for escaped in ["del\\u007f", "next\\u0085line", "a\\u2028b\\u2029", "\\ufeffmark"] {
        assert!(run.stdout.contains(escaped), "{escaped}");
    }
    let lint = Qscale::new(["render", "--lint", "-"]).input(run.stdout).output();
    assert!(!lint.stdout.contains("[syntax]"), "{}", lint.stdout);
}

#[test]
fn render_folder_holds_the_objects_of_the_stream() {
    let stream = documents(&render(&[]).exits(0).stdout);
    for (format, extension) in [("yaml", "yaml"), ("json", "json")] {
        let folder = TempDir::new().unwrap();
        // Made where it is not there.
        let path = folder.path().join("a/b");
        let run = render(&["--format", format, "--out-dir", path.to_str().unwrap()]).exits(0);
        assert!(run.stdout.is_empty(), "{}", run.stdout);
        let files = files(&path);
        let kustomization = &files["kustomization.yaml"];
        let listed = resources(kustomization);
        assert_eq!(listed.len() + 1, files.len(), "{:?}", files.keys());
        let objects: Vec<Value> = listed.iter().map(|file| serde_saphyr::from_str(&files[file]).unwrap()).collect();
        assert_eq!(objects, stream);
        for file in files.keys() {
            assert!(run.stderr.contains(&format!("wrote {}", path.join(file).display())), "{}", run.stderr);
        }
        assert!(files.contains_key(&format!("triggerauthentication-all-redis.{extension}")), "{:?}", files.keys());
        assert!(kustomization.contains("kubectl create secret generic redis --namespace here"), "{kustomization}");
    }
}

#[test]
fn render_folder_keeps_files_of_others() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    fs::write(folder.path().join("notes.yaml"), "mine").unwrap();
    render(&["--out-dir", path]).exits(0);
    let before = files(folder.path());
    let run = render(&["--out-dir", path]).exits(0);
    assert_eq!(files(folder.path()), before, "the same bytes every time, and nothing temporary left");
    assert!(!run.stderr.contains("WARN"), "{}", run.stderr);

    // The producer becomes a Job.
    let run = render(&["--env", "once", "--out-dir", path]).exits(0);
    let after = files(folder.path());
    assert_eq!(after["notes.yaml"], "mine");
    assert!(after.contains_key("deployment-all-producer.yaml"), "nothing is deleted");
    assert!(!resources(&after["kustomization.yaml"]).contains(&"deployment-all-producer.yaml".to_owned()));
    let warnings: Vec<&str> = run.stderr.lines().filter(|line| line.contains("WARN")).collect();
    assert!(matches!(warnings[..], [one] if one.contains("deployment-all-producer.yaml stays")), "{}", run.stderr);
}

#[test]
fn stale_files_are_deleted_on_request() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    fs::write(folder.path().join("notes.yaml"), "mine").unwrap();
    render(&["--out-dir", path]).exits(0);
    let run = render(&["--env", "once", "--out-dir", path, "--prune"]).exits(0);
    let after = files(folder.path());
    assert!(!after.contains_key("deployment-all-producer.yaml") && after.contains_key("job-all-producer.yaml"));
    assert_eq!(after["notes.yaml"], "mine");
    assert!(run.stderr.contains("deployment-all-producer.yaml, which is no longer part"), "{}", run.stderr);
    render(&["--only", "so", "--out-dir", path, "--prune"]).exits(2);

    // One that was left by an earlier render is not forgotten.
    for _ in 0..2 {
        let run = render(&["--out-dir", path]).exits(0);
        assert!(run.stderr.contains("job-all-producer.yaml stays"), "{}", run.stderr);
    }
    render(&["--diff", path]).exits(4);
    render(&["--out-dir", path, "--prune"]).exits(0);
    assert!(!files(folder.path()).contains_key("job-all-producer.yaml"));
    render(&["--diff", path]).exits(0);
}

#[test]
fn diff_shows_what_a_render_would_change() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    render(&["--out-dir", path]).exits(0);
    let same = render(&["--diff", path]).exits(0);
    assert!(same.stdout.is_empty() && same.stderr.contains("is what is rendered"), "{same:?}");

    let before = files(folder.path());
    let run = render(&["--env", "once", "--diff", path]).exits(4);
    assert_eq!(files(folder.path()), before, "nothing is written");
    for line in [
        format!("--- {path}/deployment-all-producer.yaml\n+++ /dev/null\n"),
        format!("--- /dev/null\n+++ {path}/job-all-producer.yaml\n"),
        format!("--- {path}/kustomization.yaml\n+++ {path}/kustomization.yaml\n"),
        "\n-- deployment-all-producer.yaml\n".to_owned(),
        "\n+- job-all-producer.yaml\n".to_owned(),
    ] {
        assert!(run.stdout.contains(&line), "{line}: {}", run.stdout);
    }
    render(&["--env", "once", "--out-dir", path, "--prune"]).exits(0);
    render(&["--env", "once", "--diff", path]).exits(0);
    let missing = render(&["--diff", "missing"]).exits(2);
    assert!(missing.stderr.starts_with("error: --diff: there is no folder `missing`"), "{}", missing.stderr);
}

#[test]
fn render_folder_keeps_a_foreign_kustomization() {
    for name in ["kustomization.yaml", "kustomization.yml", "Kustomization"] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join(name), "resources:\n- mine.yaml\n").unwrap();
        let run = render(&["--out-dir", folder.path().to_str().unwrap()]).exits(0);
        let files = files(folder.path());
        assert_eq!(files[name], "resources:\n- mine.yaml\n");
        assert_eq!(files.keys().filter(|name| name.to_lowercase().starts_with("kustomization")).count(), 1);
        assert!(run.stderr.contains(&format!("{name} was not written by qscale")), "{}", run.stderr);
    }
}

#[test]
fn render_only_leaves_the_kustomization_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    render(&["--only", "so", "--out-dir", path]).exits(0);
    assert_eq!(files(folder.path()).into_keys().collect::<Vec<_>>(), ["scaledobject-all-consumer.yaml"]);
}

#[test]
fn rendered_files_have_the_usual_mode() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("usual"), "").unwrap();
    render(&["--out-dir", folder.path().to_str().unwrap()]).exits(0);
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("scaledobject-all-consumer.yaml"), mode("usual"));
}

#[test]
fn rendered_files_are_replaced_atomically() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    let file = folder.path().join("scaledobject-all-consumer.yaml");
    let texts = [&["--out-dir", path][..], &["--out-dir", path, "--env", "prod"]].map(|words| {
        render(words).exits(0);
        fs::read_to_string(&file).unwrap()
    });
    assert_ne!(texts[0], texts[1]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut read = 0;
            while !done.load(Ordering::Relaxed) {
                let text = fs::read_to_string(&file).expect("the file is always there");
                assert!(texts.contains(&text), "{text}");
                read += 1;
            }
            read
        });
        for round in 0..20 {
            let env = if round % 2 == 0 { &[][..] } else { &["--env", "prod"] };
            render(&[&["--out-dir", path], env].concat()).exits(0);
        }
        done.store(true, Ordering::Relaxed);
        assert!(reader.join().expect("no text was half a text") > 20);
    });
}

#[test]
fn unwritable_file_is_named() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("scaledobject-all-consumer.yaml")).unwrap();
    let run = render(&["--out-dir", folder.path().to_str().unwrap()]).exits(1);
    let named = format!("error: cannot write `{}/scaledobject-all-consumer.yaml`: ", folder.path().display());
    assert!(run.stderr.contains(&named), "{}", run.stderr);
    assert!(!files(folder.path()).contains_key("kustomization.yaml"), "it would list what is not there");
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let run = render(&["--out-dir", file.to_str().unwrap()]).exits(2);
    assert!(run.stderr.starts_with(&format!("error: cannot create `{}`: ", file.display())), "{}", run.stderr);
}

#[test]
fn overlay_flag_beats_variable() {
    let namespace = |run: Qscale| {
        let documents = documents(&run.output().exits(0).stdout);
        documents[0]["metadata"]["name"].as_str().unwrap().to_owned()
    };
    let run = || Qscale::new(["render"]).file("qscale.toml", PROFILE);
    assert_eq!(namespace(run()), "here");
    assert_eq!(namespace(run().env("QSCALE_ENV", "prod")), "there");
    assert_eq!(namespace(run().env("QSCALE_ENV", "")), "here");
    assert_eq!(namespace(run().env("QSCALE_ENV", "prod").args(["--env", "once"])), "here");
}

#[test]
fn unknown_overlay_fails_every_subcommand() {
    for words in [&["produce"][..], &["consume"], &["watch"], &["demo"], &["render"], &["dead", "ls"]] {
        let run = Qscale::new(words).file("qscale.toml", PROFILE).args(["--env", "prdo"]).output().exits(2);
        assert_eq!(run.stderr, "error: --env: qscale.toml has no overlay `prdo`; did you mean `prod`?\n");
    }
    let overlaid = "[redis]\nhost = \"a\"\n[env.test.redis]\nhost = \"127.0.0.1\"\nport = 1\n";
    let run = Qscale::new(["produce", "--reconnect-for=0s", "--verbose", "--env=test"]).file("qscale.toml", overlaid);
    let run = run.output().exits(69);
    assert!(run.stderr.contains("profile: qscale.toml with env.test (from --env)"), "{}", run.stderr);
    assert!(run.stderr.contains("address: redis://127.0.0.1:1 (from qscale.toml:4)"), "{}", run.stderr);
}

#[test]
fn demo_passes_its_overlay_to_its_processes() {
    let profile = "[scale]\nmax-replica-count = 4\ncooldown-period = \"1s\"\n[env.small.scale]\nmax-replica-count = 1\n[env.small.consume]\nwork = \"1ms\"\n";
    let run = Qscale::new(["demo", "--count=3"]).file("qscale.toml", profile).env("QSCALE_ENV", "small");
    let run = run.output().exits(0);
    assert!(run.stderr.contains("max_consumers=1 work=simulated work 1ms"), "{}", run.stderr);
}

fn render(words: &[&str]) -> Finished {
    Qscale::new(["render"]).args(words).file("qscale.toml", PROFILE).output()
}

fn documents(yaml: &str) -> Vec<Value> {
    let documents = yaml.split("---\n").filter(|text| text.lines().any(|line| !line.starts_with('#')));
    documents.map(|text| serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))).collect()
}

/// `Kind/name` of each.
fn names(documents: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    documents.iter().map(|document| [&document["kind"], &document["metadata"]["name"]].map(text).join("/")).collect()
}

/// The files that a kustomization lists.
fn resources(kustomization: &str) -> Vec<String> {
    let kustomization: Value = serde_saphyr::from_str(kustomization).expect("a kustomization is YAML");
    assert_eq!(kustomization["kind"], "Kustomization");
    let resources = kustomization["resources"].as_array().expect("a list of resources");
    resources.iter().map(|file| file.as_str().expect("a name").to_owned()).collect()
}

/// Every file of a folder, by name; no folder in it.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a plain name").to_owned();
            (name, fs::read_to_string(&path).expect("a text"))
        })
        .collect()
}
