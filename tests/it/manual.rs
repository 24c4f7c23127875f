//! README.md against the program: what it shows is what is said, and what it lists is what there is.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::support::{Qscale, RedisServer, SOON, wait_until};

/// How long the commands of one block may take together.
const BLOCK: Duration = Duration::from_secs(60);

/// What the shell writes between the outputs of two commands.
const BETWEEN: &str = "--- next";

#[test]
fn what_is_shown_is_what_is_said() {
    let redis = RedisServer::start();
    let folder = folder();
    for block in blocks("console") {
        let shown = examples(&block);
        let commands: Vec<&str> = shown.iter().map(|(command, _)| *command).collect();
        let said = run(&commands, &redis, folder.path());
        for ((command, output), said) in shown.iter().zip(said) {
            assert_eq!(but_for_times(output), but_for_times(&said), "README.md:{}: $ {command}", block.line);
        }
    }
}

#[test]
fn what_is_not_run_is_understood() {
    let folder = folder();
    let redis = RedisServer::start();
    let mut count = 0;
    for block in blocks("sh") {
        for line in block.text.lines().filter(|line| line.starts_with("qscale ")) {
            // Help is the answer to a command line that is understood up to there.
            let words = line.split(" | ").next().unwrap_or(line);
            let words = words.split([';', '#', '>']).next().unwrap_or(words);
            let status = &run(&[&format!("{words} --help >help"), "echo $?"], &redis, folder.path())[1];
            assert_eq!(status, "0\n", "README.md:{}: {line}", block.line);
            count += 1;
        }
    }
    assert!(count > 10, "the README shows more commands than {count}");
}

#[test]
fn the_profile_it_shows_is_one() {
    for block in blocks("toml") {
        Qscale::new(["render"]).file("qscale.toml", &block.text).output().exits(0);
    }
}

#[test]
fn its_exit_statuses_are_those_of_help() {
    let help = Qscale::new(["--help"]).output().exits(0).stdout;
    let (_, table) = help.split_once("Exit status:\n").unwrap();
    let of_help: Vec<String> =
        table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let of_readme: Vec<String> = rows("Exit statuses").iter().map(|cells| cells.join(" ")).collect();
    assert_eq!(of_readme, of_help);
}

#[test]
fn the_rights_it_lists_are_enough() {
    let rules = |who: &str| {
        let rows = rows("A managed Redis with TLS and an ACL user");
        let row = rows
            .iter()
            .find(|cells| cells[0].split(", ").any(|cell| cell == format!("`{who}`")))
            .expect("a row for each subcommand");
        row[1].trim_matches('`').replace("\\|", "|")
    };
    let all = readme();
    let all = all.lines().find_map(|line| line.trim().strip_prefix("ACL SETUSER app on >PASSWORD ")).unwrap();
    let redis = RedisServer::builder()
        .user("producer", "p", &rules("produce"))
        .user("consumer", "p", &rules("consume"))
        .user("plain", "p", &rules("consume --delivery at-most-once"))
        .user("watcher", "p", &rules("watch"))
        .user("judge", "p", &rules("watch --until-settled"))
        .user("reader", "p", &rules("dead ls"))
        .user("mender", "p", &rules("dead purge"))
        .user("app", "p", all)
        .start();
    let qscale = |user: &str, words: &[&str]| {
        Qscale::new(words).env("REDIS_URL", redis.url_with(&format!("{user}:p"))).args(["--profile", "/dev/null"])
    };
    for (producer, consumer, plain, watcher) in
        [("producer", "consumer", "plain", "watcher"), ("app", "app", "app", "app")]
    {
        for (consumer, delivery) in [(consumer, "at-least-once"), (plain, "at-most-once")] {
            let produce = ["produce", "--count=1", "--rate=max", "--max-backlog=9"];
            let produced = qscale(producer, &produce).output().exits(0);
            assert!(!produced.stderr.contains("WARN"), "{}", produced.stderr);

            qscale(watcher, &["watch", "--duration=100ms"]).output().exits(0);

            let consume = ["consume", "--delivery", delivery];
            let consuming = qscale(consumer, &consume).args(["--work=1h", "--drain=0s"]).spawn();
            consuming.wait_for_line("working message-", SOON);
            consuming.terminate();
            consuming.wait().exits(0);
            assert_eq!(redis.llen("mylist"), 1, "what was not finished is given back");

            qscale(consumer, &consume).args(["--work=1ms", "--max-items=1"]).output().exits(0);
        }

        // An attempt that fails, another one that does as well, and a consumer whose death the next one finds.
        qscale(producer, &["produce", "--count=1"]).output().exits(0);
        let fails = ["consume", "--max-items=2", "--max-attempts=2", "--backoff=1ms..2ms", "--", "false"];
        qscale(consumer, &fails).output().exits(0);
        assert_eq!(redis.llen("{mylist}:dead"), 1);
        qscale(producer, &["produce", "--count=1"]).output().exits(0);
        let dies = qscale(consumer, &["consume", "--lease=500ms", "--work=1h"]).spawn();
        dies.wait_for_line("working message-", SOON);
        dies.kill();
        dies.wait();
        let finds = qscale(consumer, &["consume", "--lease=500ms", "--work=1ms", "--max-items=1"]).output().exits(0);
        assert!(finds.stderr.contains("a consumer was not heard of"), "{}", finds.stderr);

        let (judge, reader, mender) =
            if consumer == "app" { ("app", "app", "app") } else { ("judge", "reader", "mender") };
        let letters = qscale(reader, &["dead", "ls", "--output=json"]).output().exits(0).stdout;
        let id = letters.split('"').nth(3).expect("a letter has an id");
        qscale(reader, &["dead", "show", id]).output().exits(0);
        let judged = qscale(judge, &["watch", "--until-settled", "--duration=10s"]).output().exits(0);
        assert!(judged.stdout.contains("1 dead"), "{}", judged.stdout);
        assert!(!judged.stderr.contains("WARN"), "{}", judged.stderr);
        qscale(mender, &["dead", "requeue", id]).output().exits(0);
        qscale(consumer, &fails).output().exits(0);
        let purged = qscale(mender, &["dead", "purge", "--all"]).output().exits(0);
        assert!(purged.stdout.contains("purged 1"), "{}", purged.stdout);
        redis.cli(&["FLUSHALL"]);
    }
}

#[test]
fn its_links_lead_somewhere() {
    let readme = readme();
    let anchors: Vec<String> =
        readme.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#'))).collect();
    for link in readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let leads = match link.strip_prefix('#') {
            Some(heading) => anchors.iter().any(|anchor| anchor == heading),
            None => link.starts_with("https://") || Path::new(link).exists(),
        };
        assert!(leads, "{link}");
    }
}

/// A fenced block.
struct Block {
    /// Where it begins, counted from 1.
    line: usize,
    text: String,
}

fn readme() -> String {
    fs::read_to_string("README.md").expect("README.md can be read")
}

/// The blocks in one language; what indents a whole block is taken away.
fn blocks(language: &str) -> Vec<Block> {
    let readme = readme();
    let mut blocks = Vec::new();
    let mut open: Option<(bool, usize, Block)> = None;
    for (index, line) in readme.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        match (&mut open, fence) {
            (None, Some(info)) => {
                let block = Block { line: index + 1, text: String::new() };
                open = Some((info == language, line.len() - line.trim_start().len(), block));
            }
            (Some(_), Some(_)) => blocks.extend(open.take().and_then(|(wanted, _, block)| wanted.then_some(block))),
            (Some((_, indent, block)), None) => {
                block.text.push_str(line.get(*indent..).unwrap_or_default());
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(!blocks.is_empty(), "README.md has no block in {language}");
    blocks
}

/// The cells of the first table under a heading, but for the table's own heading.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let readme = readme();
    let below = readme.lines().skip_while(|line| line.trim_start_matches('#').trim() != heading);
    let table = below.map(str::trim).skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| {
        let line = line.trim_matches('|').replace("\\|", "\0");
        line.split('|').map(|cell| cell.trim().replace('\0', "\\|")).collect()
    };
    table.skip(2).map(cells).collect()
}

/// What GitHub makes of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// Each command of a block, and what is shown below it.
fn examples(block: &Block) -> Vec<(&str, String)> {
    let mut examples: Vec<(&str, String)> = Vec::new();
    for line in block.text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            examples.push((command, String::new()));
        } else {
            let (_, output) = examples.last_mut().expect("a block begins with a command");
            output.push_str(line);
            output.push('\n');
        }
    }
    examples
}

/// The folder that commands are typed in: it has the shipped profiles.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("config")).expect("the temporary folder takes a folder");
    for file in fs::read_dir("config").expect("config/ can be read") {
        let file = file.expect("config/ can be read");
        fs::copy(file.path(), folder.path().join("config").join(file.file_name()))
            .expect("the temporary folder takes a file");
    }
    folder
}

/// Types commands into one shell; what each of them writes to stdout.
fn run(commands: &[&str], redis: &RedisServer, folder: &Path) -> Vec<String> {
    let programs = Path::new(env!("CARGO_BIN_EXE_qscale")).parent().expect("a program is in a folder");
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").expect("there is a PATH"));
    // The status of one command is there for the next to ask for.
    let script = commands.join(&format!("\nstatus=$?; echo '{BETWEEN}'; (exit $status)\n"));
    let (stdout, stderr) = (folder.join("stdout"), folder.join("stderr"));
    let mut shell = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder)
        .env("REDIS_URL", redis.url())
        .stdin(Stdio::null())
        .stdout(File::create(&stdout).expect("the temporary folder takes a file"))
        .stderr(File::create(&stderr).expect("the temporary folder takes a file"))
        .spawn()
        .expect("there is a shell");
    wait_until(&script, BLOCK, || shell.try_wait().expect("our own child can be asked").is_some());
    let read = |file| fs::read_to_string(file).expect("what was said is text");
    let said = read(&stdout);
    let said: Vec<String> = said.split(&format!("{BETWEEN}\n")).map(str::to_owned).collect();
    assert_eq!(said.len(), commands.len(), "{script}\n{}", read(&stderr));
    said
}

/// A text without what differs from run to run: times of day, numbers with a fraction or a unit of speed, how many seconds
/// ago something was, and the names that consumers give themselves.
fn but_for_times(text: &str) -> String {
    let text = but_for_names(text);
    let mut rest = text.as_str();
    let mut kept = String::new();
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let length =
            number.find(|c: char| !matches!(c, '0'..='9' | '.' | ':' | '-' | 'T' | 'Z')).unwrap_or(number.len());
        let (number, after) = number.split_at(length);
        let varies = number.contains(['.', 'T']) || after.starts_with(" items/s") || after.starts_with("s ");
        kept.push_str(before);
        kept.push_str(if varies { "_" } else { number });
        rest = after;
    }
    kept + rest
}

fn but_for_names(text: &str) -> String {
    let mut parts = text.split("consumer-");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str("consumer-");
        kept.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    }
    kept
}
