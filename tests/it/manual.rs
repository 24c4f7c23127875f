//! README.md and docs/ against the program: console blocks run, commands parse, profiles render, tables agree with the
//! program, and links resolve.
//!
//! `TRYCMD=overwrite cargo test --test it manual::` writes the current output into the console blocks.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::{Qscale, RedisServer, SOON, wait_until};
use crate::words;

/// Time limit of all commands of one block together.
const BLOCK: Duration = Duration::from_secs(120);

/// Separates the outputs of two commands in what the shell prints.
const SEPARATOR: &str = "--- next";

/// Longest README, in lines.
const README_LINES: usize = 250;

#[test]
fn console_blocks_show_what_the_program_prints() {
    let pages = manual();
    let differences: Vec<String> = thread::scope(|scope| {
        let pages = pages.iter().filter(|page| !page.blocks("console").is_empty());
        let checks: Vec<_> = pages.map(|page| scope.spawn(|| differences(page))).collect();
        checks.into_iter().flat_map(|check| check.join().expect("the check of a page ends")).collect()
    });
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Runs a page's console blocks on a Redis and in a folder of their own, and describes each output that is not as shown. A
/// profile whose first line is a comment with its file name is written to that file first.
fn differences(page: &Page) -> Vec<String> {
    let redis = RedisServer::start();
    let folder = folder();
    let mut differences = Vec::new();
    let mut current = Vec::new();
    for block in page.all_blocks() {
        if block.language == "toml"
            && let Some(name) = block.text.lines().next().and_then(|line| line.strip_prefix("# "))
            && Path::new(name).extension().is_some_and(|extension| extension == "toml")
        {
            fs::write(folder.path().join(name), &block.text).expect("the temporary folder takes a file");
        }
        if block.language != "console" {
            continue;
        }
        let shown = examples(&block);
        let commands: Vec<&str> = shown.iter().map(|(command, _)| *command).collect();
        let printed = run(&commands, &redis, folder.path());
        let mut text = Vec::new();
        for ((command, output), printed) in shown.iter().zip(&printed) {
            let same = without_times(output.trim_end()) == without_times(printed.trim_end());
            if !same {
                let place = format!("{}:{}", page.path.display(), block.line);
                differences.push(format!("{place}: $ {command}\nshown:\n{output}\nprinted:\n{printed}"));
            }
            text.push(format!("$ {command}"));
            text.extend(if same { output } else { printed }.lines().map(str::to_owned));
        }
        let indent = " ".repeat(block.indent);
        let text: Vec<String> = text.iter().map(|line| format!("{indent}{line}").trim_end().to_owned()).collect();
        current.push((block.line..block.line + block.text.lines().count(), text));
    }
    if std::env::var_os("TRYCMD").is_some_and(|mode| mode == "overwrite") && !differences.is_empty() {
        let mut lines: Vec<String> = page.text.lines().map(str::to_owned).collect();
        for (range, text) in current.into_iter().rev() {
            lines.splice(range, text);
        }
        fs::write(&page.path, lines.join("\n") + "\n").expect("the page can be written");
        return Vec::new();
    }
    differences
}

#[test]
fn other_commands_parse() {
    let folder = folder();
    let redis = RedisServer::start();
    let mut count = 0;
    for page in manual() {
        for block in page.blocks("sh") {
            let commands: Vec<&str> = block.text.lines().filter(|line| line.starts_with("qscale ")).collect();
            let helps: Vec<String> = commands.iter().map(|line| help_of(line)).collect();
            let helps: Vec<&str> = helps.iter().map(String::as_str).collect();
            if commands.is_empty() {
                continue;
            }
            for (line, status) in commands.iter().zip(run(&helps, &redis, folder.path())) {
                assert_eq!(status, "0\n", "{}:{}: {line}", page.path.display(), block.line);
                count += 1;
            }
        }
    }
    assert!(count > 30, "the manual shows more commands than {count}");
}

/// A command that asks for help at the end of `line`: clap refuses what is wrong before it.
fn help_of(line: &str) -> String {
    let words = line.split(" | ").next().unwrap_or(line);
    let words = words.split(" -- ").next().unwrap_or(words);
    let words = words.split([';', '#', '>', '&']).next().unwrap_or(words);
    format!("{words} --help >help; echo $?")
}

#[test]
fn flags_named_in_the_manual_exist() {
    let subcommands = [
        "",
        "produce",
        "consume",
        "dead ls",
        "dead show",
        "dead requeue",
        "dead purge",
        "watch",
        "render",
        "simulate",
        "demo",
        "init",
        "doctor",
        "health",
        "completions",
    ];
    let known: BTreeSet<String> = subcommands
        .iter()
        .flat_map(|subcommand| {
            let words = subcommand.split_whitespace().chain(["--help"]);
            flags(&Qscale::new(words).output().exits(0).stdout)
        })
        .collect();
    for page in manual() {
        for (line, code) in page.code() {
            if code.starts_with("--") || code.starts_with("qscale ") {
                for flag in flags(code.split(" -- ").next().unwrap_or(code)) {
                    assert!(known.contains(&flag), "{}:{line}: {flag} is no flag of qscale", page.path.display());
                }
            }
        }
    }
}

/// The long flags in a text.
fn flags(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words
        .filter(|word| word.len() > 2 && word.starts_with("--") && word.as_bytes()[2] != b'-')
        .map(str::to_owned)
        .collect()
}

#[test]
fn profiles_in_the_manual_render() {
    for page in manual() {
        for block in page.blocks("toml") {
            let rendered = Qscale::new(["render"]).file("qscale.toml", &block.text).output();
            assert_eq!(rendered.status, 0, "{}:{}\n{}", page.path.display(), block.line, rendered.stderr);
        }
    }
}

#[test]
fn exit_statuses_are_those_of_help() {
    let help = Qscale::new(["--help"]).output().exits(0).stdout;
    let (_, table) = help.split_once("Exit status:\n").unwrap();
    let of_help: Vec<String> =
        table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let rows = page("docs/exit-statuses.md").rows("Exit statuses");
    let of_page: Vec<String> = rows.iter().map(|cells| cells[..2].join(" ")).collect();
    assert_eq!(of_page, of_help);
}

#[test]
fn events_of_the_log_are_in_the_manual() {
    let logs = page("docs/logs.md");
    let documented: BTreeSet<&str> = logs.code().map(|(_, code)| code).collect();
    let mut sources = Vec::new();
    words::collect(Path::new("src"), &mut sources);
    let mut events = BTreeSet::new();
    sources.retain(|source| source.extension().is_some_and(|end| end == "rs"));
    for source in &sources {
        let text = fs::read_to_string(source).expect("sources are text");
        for before in ["event = \"", " log(\""] {
            let names = text.split(before).skip(1).filter_map(|rest| rest.split('"').next());
            events.extend(names.map(str::to_owned));
        }
    }
    assert!(events.len() > 20, "{events:?}");
    events.retain(|event| !documented.contains(event.as_str()));
    assert!(events.is_empty(), "not in docs/logs.md: {events:?}");
}

#[test]
fn acl_rules_in_the_manual_suffice() {
    let page = page("docs/acl-rules.md");
    let rules = |who: &str| {
        let rows = page.rows("Rules per program");
        let row = rows
            .iter()
            .find(|cells| cells[0].split(", ").any(|cell| cell == format!("`{who}`")))
            .expect("a row for each subcommand");
        row[1].trim_matches('`').replace("\\|", "|")
    };
    let all = page.text.lines().find_map(|line| line.trim().strip_prefix("ACL SETUSER app on >PASSWORD ")).unwrap();
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

            let consume = ["--verbose", "consume", "--delivery", delivery];
            let consuming = qscale(consumer, &consume).args(["--work=1h", "--drain=0s"]).spawn();
            consuming.wait_for_line("payload=message-", SOON);
            consuming.terminate();
            consuming.wait().exits(0);
            assert_eq!(redis.llen("mylist"), 1, "unfinished items are requeued");

            qscale(consumer, &consume).args(["--work=1ms", "--max-items=1"]).output().exits(0);
        }

        // An attempt that fails, another one that does as well, and a consumer whose death the next one finds.
        qscale(producer, &["produce", "--count=1"]).output().exits(0);
        let fails = ["consume", "--max-items=2", "--max-attempts=2", "--backoff=1ms..2ms", "--", "false"];
        qscale(consumer, &fails).output().exits(0);
        assert_eq!(redis.llen("{mylist}:dead"), 1);
        qscale(producer, &["produce", "--count=1"]).output().exits(0);
        let dies = qscale(consumer, &["--verbose", "consume", "--lease=500ms", "--work=1h"]).spawn();
        dies.wait_for_line("payload=message-", SOON);
        dies.kill();
        dies.wait();
        let finds = qscale(consumer, &["consume", "--lease=500ms", "--work=1ms", "--max-items=1"]).output().exits(0);
        assert!(finds.stderr.contains("consumer crashed, redelivered its items"), "{}", finds.stderr);

        let (judge, reader, mender) =
            if consumer == "app" { ("app", "app", "app") } else { ("judge", "reader", "mender") };
        let dead_letters = qscale(reader, &["dead", "ls", "--output=json"]).output().exits(0).stdout;
        let id = dead_letters.split('"').nth(3).expect("a dead letter has an id");
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
fn links_resolve() {
    let pages = all_pages();
    let mut dead = Vec::new();
    for page in &pages {
        let folder = page.path.parent().expect("a page is in a folder");
        for (line, text) in page.prose() {
            for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let (path, heading) =
                    link.split_once('#').map_or((link, None), |(path, heading)| (path, Some(heading)));
                let target = if path.is_empty() { page.path.clone() } else { folder.join(path) };
                let resolves = link.starts_with("https://")
                    || target.exists() && heading.is_none_or(|heading| Page::read(&target).has_anchor(heading));
                if !resolves {
                    dead.push(format!("{}:{line}: {link}", page.path.display()));
                }
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

#[test]
fn files_named_in_the_manual_exist() {
    for page in all_pages() {
        for (line, code) in page.code() {
            let in_tree = ["src/", "tests/", "benches/"].iter().any(|top| code.starts_with(top));
            let exists = !in_tree || code.contains(['*', ' ']) || Path::new(code).exists();
            assert!(exists, "{}:{line}: {code}", page.path.display());
        }
    }
}

#[test]
fn summary_lists_every_page_once() {
    let summary = page("docs/SUMMARY.md");
    let mut listed: Vec<&str> = summary.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    listed.sort_unstable();
    let mut pages: Vec<String> = manual()
        .iter()
        .filter_map(|page| page.path.strip_prefix("docs").ok())
        .map(|path| path.display().to_string())
        .filter(|path| path != "SUMMARY.md")
        .collect();
    pages.sort_unstable();
    assert_eq!(listed, pages);
}

#[test]
fn readme_is_short() {
    let lines = page("README.md").text.lines().count();
    assert!(lines <= README_LINES, "README.md has {lines} lines, of {README_LINES}: details belong into docs/");
}

/// README.md or a page of docs/.
struct Page {
    path: PathBuf,
    text: String,
}

/// A fenced block.
struct Block {
    language: String,
    /// Line of the opening fence, counted from 1.
    line: usize,
    /// Columns that the whole block is indented by, removed from `text`.
    indent: usize,
    text: String,
}

impl Page {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path: path.to_owned(), text }
    }

    fn all_blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for (index, line) in self.text.lines().enumerate() {
            let fence = line.trim_start().strip_prefix("```");
            match (&mut open, fence) {
                (None, Some(language)) => {
                    let indent = line.len() - line.trim_start().len();
                    let language = language.to_owned();
                    open = Some(Block { language, line: index + 1, indent, text: String::new() });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(block), None) => {
                    block.text.push_str(line.get(block.indent..).unwrap_or_default());
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
        blocks
    }

    fn blocks(&self, language: &str) -> Vec<Block> {
        self.all_blocks().into_iter().filter(|block| block.language == language).collect()
    }

    /// The lines outside of blocks, with their numbers.
    fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut open = false;
        self.text.lines().enumerate().filter_map(move |(index, line)| {
            let fence = line.trim_start().starts_with("```");
            open ^= fence;
            (!fence && !open).then_some((index + 1, line))
        })
    }

    /// Inline code, with its line numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.prose().flat_map(|(line, text)| text.split('`').skip(1).step_by(2).map(move |code| (line, code)))
    }

    /// The cells of the first table below a heading, without the table's own header.
    fn rows(&self, heading: &str) -> Vec<Vec<String>> {
        let below = self.text.lines().skip_while(|line| line.trim_start_matches('#').trim() != heading);
        let table =
            below.map(str::trim).skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
        let cells = |line: &str| {
            let line = line.trim_matches('|').replace("\\|", "\0");
            line.split('|').map(|cell| cell.trim().replace('\0', "\\|")).collect()
        };
        table.skip(2).map(cells).collect()
    }

    fn has_anchor(&self, wanted: &str) -> bool {
        let headings = self.prose().filter(|(_, line)| line.starts_with('#'));
        headings.map(|(_, line)| anchor(line.trim_start_matches('#'))).any(|anchor| anchor == wanted)
    }
}

/// README.md and all pages of docs/.
fn manual() -> Vec<Page> {
    let docs = fs::read_dir("docs").expect("docs/ can be read").map(|entry| entry.expect("an entry of docs/").path());
    let mut paths: Vec<PathBuf> = docs.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    paths.push("README.md".into());
    paths.sort();
    paths.iter().map(|path| Page::read(path)).collect()
}

/// The manual, and the other texts that people read.
fn all_pages() -> Vec<Page> {
    manual().into_iter().chain(["CONTRIBUTING.md", "SECURITY.md"].map(page)).collect()
}

fn page(path: &str) -> Page {
    Page::read(Path::new(path))
}

/// The anchor that GitHub and mdBook give a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// Each command of a block with the output shown below it.
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

/// A folder to run commands in, with the shipped profiles in `config/` and their manifests in `k8s/`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for shipped in ["config", "k8s"] {
        let copy = folder.path().join(shipped);
        fs::create_dir(&copy).expect("the temporary folder takes a folder");
        for file in fs::read_dir(shipped).expect("a shipped folder can be read") {
            let file = file.expect("a shipped folder can be read");
            fs::copy(file.path(), copy.join(file.file_name())).expect("the temporary folder takes a file");
        }
    }
    folder
}

/// Runs commands in one shell and returns what each of them wrote to stdout.
fn run(commands: &[&str], redis: &RedisServer, folder: &Path) -> Vec<String> {
    let programs = Path::new(env!("CARGO_BIN_EXE_qscale")).parent().expect("a program is in a folder");
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").expect("there is a PATH"));
    // The status of one command is there for the next to ask for.
    let script = commands.join(&format!("\nstatus=$?; echo '{SEPARATOR}'; (exit $status)\n"));
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
    let said: Vec<String> = said.split(&format!("{SEPARATOR}\n")).map(str::to_owned).collect();
    assert_eq!(said.len(), commands.len(), "{script}\n{}", read(&stderr));
    said
}

/// A text without what differs from run to run: times of day, numbers with a fraction or a unit of speed, seconds since an
/// event, and generated consumer names.
fn without_times(text: &str) -> String {
    // Less than a second is in milliseconds.
    let text = without_names(text).replace(" ms (", " s (");
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

fn without_names(text: &str) -> String {
    let mut parts = text.split("consumer-");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str("consumer-");
        // The number of an item in its claim depends on how many the claim has, which depends on timing.
        let number = |c: char| c == ':' || c == 'c' || c.is_ascii_digit();
        kept.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit()).trim_start_matches(number));
    }
    kept
}
