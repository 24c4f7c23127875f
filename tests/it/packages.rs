//! What releases are made of: the tarball, its bill of materials and licenses, and the Homebrew formula.

use std::fs;
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
