//! Passwords of Redis in the environment of handlers: none, unless they are asked for.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;

use crate::support::{Qscale, RedisServer};
use tempfile::TempDir;

/// Writes the environment that the kernel shows of this process, and answers what it is given over lines, if it is.
const WORKER: &str = "tr '\\0' '\\n' < /proc/$$/environ > $FOLDER/seen; \
    if [ \"$LINES_HANDLER\" ]; then read -r job; id=${job#*'\"id\":\"'}; echo \"{\\\"id\\\":\\\"${id%%'\"'*}\\\",\\\"ack\\\":true}\"; \
    else cat > $FOLDER/item; fi";

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Variables of the handler whose names begin with `REDIS_`, in order.
fn seen(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("seen")).expect("the handler was started");
    let mut names: Vec<String> = text.lines().filter(|line| line.starts_with("REDIS_")).map(str::to_owned).collect();
    names.sort();
    names
}

fn protected() -> RedisServer {
    RedisServer::builder().password("s3cret").start()
}

#[test]
fn handlers_inherit_no_password_unless_asked() {
    let server = protected();
    let (url, port) = (server.url_with(":s3cret"), server.port().to_string());
    let of_url = |secret: bool| if secret { vec![format!("REDIS_URL={url}")] } else { vec![] };
    let of_host = |secret: bool| {
        let secrets = ["REDIS_PASSWORD=s3cret", "REDIS_SENTINEL_PASSWORD=s3cret"].into_iter().filter(|_| secret);
        let plain =
            ["REDIS_HOST=127.0.0.1".to_owned(), "REDIS_PASSWORD_FILE=/none".to_owned(), format!("REDIS_PORT={port}")];
        let mut all: Vec<String> = plain.into_iter().chain(secrets.map(str::to_owned)).collect();
        all.sort();
        all
    };
    for protocol in ["command", "lines"] {
        for (is_asked, words, profile) in [
            (false, &[] as &[&str], ""),
            (true, &["--pass-redis-env"], ""),
            (true, &[], "[consume]\npass-redis-env = true\n"),
        ] {
            let run = |variables: &[(&str, &str)]| {
                let folder = folder();
                server.push("mylist", ["a"]);
                let mut qscale = Qscale::new(["consume", "--max-items", "1", "--handler", protocol]).args(words);
                for (name, value) in variables {
                    qscale = qscale.env(name, value);
                }
                let lines = if protocol == "lines" { "yes" } else { "" };
                let qscale =
                    qscale.file("qscale.toml", profile).env("FOLDER", folder.path()).env("LINES_HANDLER", lines);
                qscale.args(["--", "sh", "-c", WORKER]).output().exits(0);
                seen(folder.path())
            };
            assert_eq!(run(&[("REDIS_URL", &url)]), of_url(is_asked), "{protocol} {words:?}");
            let host = [
                ("REDIS_HOST", "127.0.0.1"),
                ("REDIS_PORT", &port),
                ("REDIS_PASSWORD", "s3cret"),
                ("REDIS_SENTINEL_PASSWORD", "s3cret"),
                ("REDIS_PASSWORD_FILE", "/none"),
            ];
            assert_eq!(run(&host), of_host(is_asked), "{protocol} {words:?}");
        }
    }
}

#[test]
fn url_without_a_password_is_inherited() {
    let server = RedisServer::start();
    server.push("mylist", ["a"]);
    let folder = folder();
    let qscale = Qscale::new(["consume", "--max-items", "1"]).env("REDIS_URL", server.url());
    qscale.env("FOLDER", folder.path()).args(["--", "sh", "-c", WORKER]).output().exits(0);
    assert_eq!(seen(folder.path()), [format!("REDIS_URL={}", server.url())]);
}

#[test]
fn handlers_of_a_demo_inherit_no_password_unless_asked() {
    let server = protected();
    for (is_asked, key) in [(false, ""), (true, "pass-redis-env = true\n")] {
        let folder = folder();
        let profile = format!(
            "[produce]\npattern = \"burst 1\"\n[consume]\ncommand = [\"sh\", \"-c\", '''{WORKER}''']\n{key}\
             [scale]\nmax-replica-count = 1\n"
        );
        let qscale = Qscale::new(["demo", "--plain", "--speed", "500"]).env("REDIS_PASSWORD", "s3cret");
        let qscale = qscale.args(["--redis", &server.url_with(":s3cret")]).env("FOLDER", folder.path());
        qscale.env("LINES_HANDLER", "").file("qscale.toml", profile).output().exits(0);
        let secrets = seen(folder.path()).iter().filter(|variable| variable.contains("s3cret")).count();
        assert_eq!(secrets, if is_asked { 2 } else { 0 });
    }
}
