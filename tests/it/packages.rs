//! Parts of a release: the tarball, its bill of materials and licenses, and the Homebrew formula.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Runs a script of `packaging/` in the repository, and returns what it prints.
fn packaging(script: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(Path::new("packaging").join(script));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).env("SOURCE_DATE_EPOCH", "1700000000");
    let output = command.output().expect("the script starts");
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn tarball_is_complete_and_the_same_every_time() {
    let binary = tempfile::NamedTempFile::new().unwrap();
    fs::write(binary.path(), "a program").unwrap();
    let name = format!("qscale-{}-{TARGET}", env!("CARGO_PKG_VERSION"));
    let written = [(); 2].map(|()| {
        let folder = tempfile::tempdir().unwrap();
        packaging("dist.sh", &[binary.path().to_str().unwrap(), TARGET, folder.path().to_str().unwrap()]);
        folder
    });
    let bytes = |folder: &tempfile::TempDir| fs::read(folder.path().join(format!("{name}.tar.gz"))).unwrap();
    assert!(bytes(&written[0]) == bytes(&written[1]), "the same input gives the same bytes");

    let folder = written[0].path();
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(folder).output().expect("it is installed");
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    };
    run("sha256sum", &["--check", &format!("{name}.tar.gz.sha256")]);
    run("tar", &["-xzf", &format!("{name}.tar.gz")]);
    let unpacked = folder.join(&name);
    for file in [
        "bin/qscale",
        "share/man/man1/qscale-consume.1",
        "share/bash-completion/completions/qscale",
        "share/qscale/worker.toml",
        "README.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
    ] {
        assert!(unpacked.join(file).is_file(), "no {file}");
    }
    let licenses = fs::read_to_string(unpacked.join("LICENSES-THIRD-PARTY")).unwrap();
    assert!(licenses.contains("\ntokio ") && licenses.contains("Permission is hereby granted"), "no licenses");
    let materials: Value =
        serde_json::from_str(&fs::read_to_string(unpacked.join("qscale.cdx.json")).unwrap()).unwrap();
    let components = materials["components"].as_array().unwrap();
    let named = |name: &str| components.iter().filter(|component| component["name"] == name).count();
    assert_eq!((&materials["bomFormat"], named("fred"), named("proptest")), (&"CycloneDX".into(), 1, 0));
    assert!(components.iter().all(|component| component["licenses"][0]["expression"] != "NOASSERTION"));
}

#[test]
fn formula_names_every_tarball_and_its_checksum() {
    let folder = tempfile::tempdir().unwrap();
    for (target, checksum) in [
        ("aarch64-apple-darwin", "aa"),
        ("x86_64-apple-darwin", "bb"),
        ("aarch64-unknown-linux-gnu", "cc"),
        ("x86_64-unknown-linux-gnu", "dd"),
    ] {
        let name = format!("qscale-{}-{target}.tar.gz", env!("CARGO_PKG_VERSION"));
        fs::write(folder.path().join(format!("{name}.sha256")), format!("{checksum}  {name}\n")).unwrap();
    }
    let formula = packaging("formula.sh", &["https://git.example.com/qscale", folder.path().to_str().unwrap()]);
    for checksum in ["aa", "bb", "cc", "dd"] {
        assert!(formula.contains(&format!("sha256 \"{checksum}\"")), "{formula}");
    }
    let address =
        format!("https://git.example.com/qscale/releases/download/v{0}/qscale-{0}-", env!("CARGO_PKG_VERSION"));
    assert_eq!(formula.matches(&address).count(), 4, "{formula}");
}

/// Programs that record how they are called, in place of those that need a cluster.
fn stubs(folder: &Path) {
    for program in ["docker", "kind", "kubectl", "helm"] {
        let stub = folder.join(program);
        let script = "#!/bin/sh\necho \"$(basename \"$0\") $*\" >> \"$CALLS\"\n\
                      case \"$*\" in 'apply -f -') cat >> \"$CALLS.applied\";; *port-forward*) exec sleep 60;; esac\n";
        fs::write(&stub, script).expect("the folder takes a file");
        fs::set_permissions(&stub, fs::Permissions::from_mode(0o755)).expect("it can be run");
    }
}

#[test]
fn kind_script_applies_the_profile_of_the_page_and_cleans_up() {
    let folder = tempfile::tempdir().unwrap();
    stubs(folder.path());
    let calls = folder.path().join("calls");
    // Its watch ends at once: the Redis of no cluster answers.
    let qscale = folder.path().join("qscale");
    let binary = env!("CARGO_BIN_EXE_qscale");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *' watch '*) echo \"qscale $*\" >> \"$CALLS\";; *) exec {binary} \"$@\";; esac\n"
    );
    fs::write(&qscale, script).unwrap();
    fs::set_permissions(&qscale, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let output = Command::new("packaging/kind.sh")
        .arg(&qscale)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("PATH", path)
        .env("CALLS", &calls)
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let calls = fs::read_to_string(&calls).unwrap();
    let order = [
        "kind create cluster",
        "kind load",
        "helm upgrade",
        "kubectl apply",
        "demo-consumer --for",
        "qscale --profile",
        "kind delete",
    ];
    let places: Vec<usize> =
        order.iter().map(|call| calls.find(call).unwrap_or_else(|| panic!("no {call}: {calls}"))).collect();
    assert!(places.is_sorted(), "{calls}");
    let applied = fs::read_to_string(folder.path().join("calls.applied")).unwrap();
    for part in [
        "kind: ScaledObject",
        "imagePullPolicy: IfNotPresent",
        "QSCALE_PATTERN: 1m@1, 1m@5, 1m@0.5",
        "maxReplicaCount: 5",
    ] {
        assert!(applied.contains(part), "{part}: {applied}");
    }
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 7, "the temporary folder is gone: {left:?}");
}
