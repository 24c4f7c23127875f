//! Items and replies that attack: none reaches a shell, controls a terminal, forges an entry of a log, or ends the program.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use qscale::units::is_hidden;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

use crate::support::{Finished, Qscale, RedisServer, Running, SOON, wait_until};

/// Items that attack a shell, a terminal, a log, JSON, YAML, HTML, a template or a command line.
const ITEMS: [&[u8]; 18] = [
    b"\x1b[2J\x1b[Hcleared",
    b"\x1b]52;c;cm0gLXJm\x07copied",
    b"\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    b"\x1bP$q\"p\x1b\\\x1b[6n\x1b[5i",
    "\u{9b}31m\u{90}q".as_bytes(),
    b"one\r\ntwo level=ERROR\nlevel=INFO forged=true",
    b"over\rwritten\x08\x08\x7f",
    b"nul\0byte",
    b"$(touch pwned) `touch pwned`; touch pwned | touch pwned && touch pwned",
    b"'\"\\'; touch pwned; '",
    b"\xff\xfe\x9b2J\xc3",
    "\u{202e}txt.exe\u{2066}\u{200b}\u{feff}\u{e0041}".as_bytes(),
    b"---\nkind: Secret\nx: &a [*a]\n...",
    b"\"},\"level\":\"ERROR\",\"forged\":{\"a\":\"",
    b"{\"level\":\"ERROR\",\r\"message\":\"forged\"}\r",
    b"<script>alert(1)</script><img src=x onerror=alert(1)>",
    b"{} {seq} {{x}} %s%n \\x1b[2J",
    b"--help",
];

/// A handler that writes the item to both of its streams, and fails.
const LOUD: &str = "cat > item; cat item; cat item >&2; exit 65";

fn large() -> Vec<u8> {
    ITEMS.concat().repeat(1 + 1_000_000 / ITEMS.concat().len())
}

fn all() -> Vec<Vec<u8>> {
    ITEMS.iter().map(|item| item.to_vec()).chain([large()]).collect()
}

/// Returns a part of `text` that controls a terminal, apart from colors, ends of lines and tabs.
fn control(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find(|c| is_hidden(c) && !matches!(c, '\n' | '\t')) {
        let found = &rest[at..];
        let color = found.strip_prefix("\u{1b}[").and_then(|parameters| {
            parameters.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').strip_prefix('m')
        });
        match color {
            Some(after) => rest = after,
            None => return Some(found.chars().take(40).collect::<String>().escape_debug().collect()),
        }
    }
    None
}

#[track_caller]
fn controls_nothing(run: &Finished) {
    assert_eq!(control(&run.stderr), None, "on stderr");
    assert_eq!(control(&run.stdout), None, "on stdout");
}

/// A server whose list has been consumed by [`LOUD`]: all items are dead letters.
fn dead_letters(log: &str) -> (RedisServer, Finished) {
    let server = RedisServer::start();
    server.push("mylist", all());
    let count = all().len().to_string();
    let words = ["--log", log, "--verbose", "consume", "--max-items", &count, "--redis", &server.url()];
    let run = Qscale::new(words).args(["--", "sh", "-c", LOUD]).output().exits(0);
    assert_eq!(server.pushed_bytes("{mylist}:dead").len(), ITEMS.len() + 1);
    (server, run)
}

#[test]
fn item_is_data_to_a_command_and_to_its_shell() {
    let server = RedisServer::start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Without what cannot be an argument.
    let items: Vec<&[u8]> = ITEMS.into_iter().filter(|item| !item.contains(&0)).collect();
    server.push("mylist", &items);
    let script = r#"cat > in.$QSCALE_ITEM_ID; printf %s "$1" > arg.$QSCALE_ITEM_ID; env -0 > env.$QSCALE_ITEM_ID"#;
    let count = items.len().to_string();
    let consume = ["consume", "--max-items", &count, "--redis", &server.url()];
    let run = Qscale::new(consume).args(["--", "sh", "-c", script, "sh", "{}"]);
    let run = run.in_folder(folder.path()).output().exits(0);
    controls_nothing(&run);
    let read = |kind: &str| -> Vec<Vec<u8>> {
        let files = fs::read_dir(folder.path()).expect("the folder can be listed").flatten();
        let named = files.filter(|file| file.file_name().to_string_lossy().starts_with(kind));
        let mut all: Vec<Vec<u8>> = named.map(|file| fs::read(file.path()).expect("a file")).collect();
        all.sort();
        all
    };
    let mut sorted = items.clone();
    sorted.sort_unstable();
    assert_eq!(read("in."), sorted);
    assert_eq!(read("arg."), sorted);
    for environment in read("env.") {
        let holds = |item: &&&[u8]| environment.windows(item.len()).any(|part| part == **item);
        assert_eq!(items.iter().find(holds), None);
    }
    assert!(!folder.path().join("pwned").exists());
}

#[test]
fn item_and_output_of_its_handler_are_text_in_the_log() {
    let (_server, run) = dead_letters("text");
    controls_nothing(&run);
    for line in run.stderr.lines() {
        assert!(line.starts_with('[') || line.starts_with("20"), "{line}");
    }
    let (_server, run) = dead_letters("json");
    assert_eq!(control(&run.stderr), None);
    for line in run.stderr.lines() {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(entry["forged"].is_null(), "{line}");
    }
}

#[test]
fn dead_letter_is_text_wherever_it_is_shown() {
    let (server, _) = dead_letters("text");
    let url = server.url();
    for words in [&["dead", "ls"][..], &["dead", "ls", "--summary"], &["watch", "--once"]] {
        let run = Qscale::new(words).args(["--redis", &url]).output().exits(0);
        controls_nothing(&run);
        assert!(!run.stdout.is_empty());
    }
    for words in [&["dead", "ls"][..], &["dead", "ls", "--summary"], &["watch", "--once"], &["doctor", "--no-cluster"]]
    {
        let run = Qscale::new(words).args(["--output", "json", "--redis", &url]).output();
        controls_nothing(&run);
        for line in run.stdout.lines() {
            serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        }
    }
    let run = Qscale::new(["dead", "ls", "--output", "json", "--redis", &url]).output().exits(0);
    let whole = all().into_iter().rev().map(|item| String::from_utf8(item).ok());
    for (line, expected) in run.stdout.lines().zip(whole) {
        let shown: Value = serde_json::from_str(line).expect("a line is JSON");
        assert_eq!(shown["item"].as_str(), expected.as_deref(), "text is the item, and other bytes are in base64");
    }
    let id = serde_json::from_str::<Value>(run.stdout.lines().next().expect("a line")).expect("JSON")["id"].clone();
    let show = Qscale::new(["dead", "show", id.as_str().expect("an id"), "--redis", &url]).output().exits(0);
    controls_nothing(&show);
}

#[test]
fn terminal_shows_items_and_obeys_none() {
    let (server, _) = dead_letters("text");
    let url = server.url();
    let count = ITEMS.len().to_string();
    let lines = format!("pushed {} items", ITEMS.len() + 1);
    for (words, last) in [
        (&["dead", "ls"][..], "cleared"),
        (&["watch"], "dead"),
        (&["consume", "--max-items", &count, "--work", "none"], "--help"),
        (&["consume", "--max-items", &count, "--", "sh", "-c", LOUD], "--help"),
        (&["produce", "--echo", "--input", "items", "--null"], lines.as_str()),
    ] {
        server.push("mylist", ITEMS);
        let (name, rest) = words.split_first().expect("a subcommand");
        let before = rest.iter().take_while(|word| **word != "--").count();
        let words = [&[*name], &rest[..before], &["--redis", &url], &rest[before..]].concat();
        let mut terminal = Qscale::new(&words).file("items", ITEMS.join(&b"\0"[..])).on_terminal("");
        terminal.wait_for(last, SOON);
        let shown = terminal.shown();
        for attack in [
            "\u{1b}]",
            "\u{1b}P",
            "\u{1b}[6n",
            "\u{1b}[5i",
            "\u{7}",
            "\u{8}",
            "\u{9b}",
            "\u{90}",
            "\u{202e}",
            "\u{e0041}",
        ] {
            assert!(!shown.contains(attack), "{words:?}: {attack:?} in {shown:?}");
        }
    }
}

/// The address that is logged in a line with `part`.
#[track_caller]
fn address(run: &Running, part: &str) -> SocketAddr {
    let line = run.wait_for_line(part, SOON);
    let (_, address) = line.split_once("http://").unwrap_or_else(|| panic!("no address in {line}"));
    address.trim_end_matches("/metrics").trim_end_matches('/').parse().expect("an address")
}

#[track_caller]
fn get(address: SocketAddr, path: &str) -> String {
    let mut link = TcpStream::connect(address).expect("it listens");
    link.set_read_timeout(Some(SOON)).expect("a socket takes a timeout");
    write!(link, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    link.read_to_string(&mut answer).expect("it answers with text");
    answer.split_once("\r\n\r\n").expect("an answer has a head").1.to_owned()
}

#[test]
fn metrics_and_page_hold_no_markup_of_items_or_names() {
    let (server, _) = dead_letters("text");
    let list = "a\"b\\c<i>";
    server.push(list, ITEMS);
    let words = ["--list", list, "--metrics", "0", "--stamp-field", "level", "--", "sh", "-c", LOUD];
    let run = Qscale::new(["consume", "--redis", &server.url()]).args(words).spawn();
    let metrics = address(&run, "serving metrics url=http://");
    wait_until("all are dead letters", SOON, || server.pushed_bytes(&format!("{{{list}}}:dead")).len() == ITEMS.len());
    let text = get(metrics, "/metrics");
    for line in text.lines() {
        assert!(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && !line.contains("forged"), "{line}");
        let is_sample = line.starts_with('#') || line.contains("list=\"a\\\"b\\\\c<i>\"");
        assert!(is_sample, "a label is in quotes: {line}");
    }
    drop(run);
    let watch = Qscale::new(["watch", "--redis", &server.url(), "--serve", "0", "--every", "100ms"]).spawn();
    let page = address(&watch, "serving the page url=http://");
    wait_until("the page knows the dead letters", SOON, || get(page, "/state").contains("exit status 65"));
    let state = get(page, "/state");
    assert!(serde_json::from_str::<Value>(&state).is_ok(), "{state}");
    assert!(!get(page, "/").contains("onerror=alert"), "the page holds no text of items");
}

/// Number of inputs that each property is tried with.
fn cases() -> usize {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
}

/// Returns parts of the attacks, and bytes, in any order.
fn any_bytes(random: &mut StdRng) -> Vec<u8> {
    let part = |random: &mut StdRng| -> Vec<u8> {
        let attack = *ITEMS.choose(random).expect("there are some");
        let from = random.random_range(0..attack.len());
        let to = random.random_range(from..=attack.len());
        if random.random_bool(0.2) { (0..8).map(|_| random.random()).collect() } else { attack[from..to].to_vec() }
    };
    (0..random.random_range(0..6)).flat_map(|_| part(random)).collect()
}

/// A worker that says the item on stderr, and gives it up for the reason that is the item.
const WORKER: &str = r#"
import base64, json, sys
for line in sys.stdin.buffer:
    job = json.loads(line)
    raw = base64.b64decode(job["item_base64"]) if "item_base64" in job else job["item"].encode()
    sys.stderr.buffer.write(raw + b"\n")
    sys.stderr.buffer.flush()
    print(json.dumps({"id": job["id"], "dead": raw.decode(errors="replace")}), flush=True)
"#;

#[test]
fn any_item_is_processed_given_up_and_shown() {
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let mut items: Vec<Vec<u8>> = (0..cases()).map(|_| any_bytes(&mut random)).collect();
    let server = RedisServer::start();
    items.chunks(1000).for_each(|some| server.push("mylist", some));
    let count = items.len().to_string();
    let consume =
        ["consume", "--max-items", &count, "--concurrency", "32", "--handler", "lines", "--redis", &server.url()];
    let run = Qscale::new(["--log", "json"]).args(consume).args(["--", "python3", "-c", WORKER]);
    let run = run.deadline(Duration::from_secs(600)).output().exits(0);
    assert_eq!(control(&run.stderr), None, "seed {seed}");
    for line in run.stderr.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "seed {seed}: {line}");
    }
    let listed = Qscale::new(["dead", "ls", "--redis", &server.url()]).output().exits(0);
    assert_eq!(control(&listed.stdout), None, "seed {seed}");
    assert_eq!(listed.stdout.lines().count(), items.len() + 1, "seed {seed}: one line for each");
    let dead = server.pushed_bytes("{mylist}:dead");
    let item = |dead: &Vec<u8>| dead.splitn(2, |byte| *byte == b'\n').nth(1).expect("an item").to_vec();
    let mut kept: Vec<Vec<u8>> = dead.iter().map(item).collect();
    kept.sort();
    items.sort();
    assert!(kept == items, "seed {seed}: a dead letter holds the item byte for byte");
}

/// Replies that are not what was asked for, or no replies at all.
const REPLIES: [&[u8]; 24] = [
    b"+OK\r\n",
    b"+PONG\r\n",
    b"$-1\r\n",
    b"*-1\r\n",
    b"*0\r\n",
    b":1\r\n",
    b":-9223372036854775808\r\n",
    b":99999999999999999999\r\n",
    b"$5\r\nhello\r\n",
    b"$5\r\nhel",
    b"$999999999999999\r\n",
    b"$-7\r\n",
    b"*1000000000\r\n",
    b"*3\r\n*1\r\n:1\r\n:2\r\n$1\r\nx\r\n",
    b"*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:1\r\n",
    b"%1\r\n+a\r\n:1\r\n",
    b">2\r\n+message\r\n+x\r\n",
    b"-ERR \x1b]52;c;cm0=\x07 \xff\r\n",
    b"-MOVED 5282 \x1b[2J:99999\r\n",
    b"-WRONGPASS x\r\n",
    b"-\r\n",
    b"\r\n",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"\0\xff\xfe",
];

/// A server that replies to each request with what the seed says, and now and then closes the connection.
fn strange_server(seed: u64) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on the loopback");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for (number, link) in (0..).zip(listener.incoming()) {
            let Ok(mut link) = link else { return };
            let mut random = StdRng::seed_from_u64(seed.wrapping_add(number));
            thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(length @ 1..) = link.read(&mut buffer) {
                    if random.random_bool(0.1) {
                        return;
                    }
                    // As many replies as there are commands, or some others.
                    let count = buffer[..length].split(|byte| *byte == b'*').skip(1).take(8).count();
                    let replies = (0..count + random.random_range(0..2)).flat_map(|_| {
                        let reply = *REPLIES.choose(&mut random).expect("there are some");
                        if random.random_bool(0.05) { any_bytes(&mut random) } else { reply.to_vec() }
                    });
                    let replies: Vec<u8> = replies.collect();
                    if link.write_all(&replies).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[test]
fn any_reply_of_a_server_is_refused_in_words() {
    /// Kilobytes of address space: more than enough, and less than a reply may announce.
    const LIMIT: &str = "ulimit -v 4000000; exec \"$0\" \"$@\"";
    let subcommands: [&[&str]; 6] = [
        &["consume", "--once", "--work", "none"],
        &["consume", "--once", "--work", "none", "--delivery", "at-most-once"],
        &["produce", "--count", "3", "--rate", "max"],
        &["watch", "--once"],
        &["dead", "ls"],
        &["doctor", "--no-cluster"],
    ];
    let times = ["--connect-timeout", "200ms", "--connect-for", "200ms", "--reconnect-for", "200ms"];
    for round in 0..(cases() / 1000).max(2) {
        let seed: u64 = rand::random();
        let run = |number: usize, words: &[&str]| {
            let address = strange_server(seed.wrapping_add(1000 * number as u64)).to_string();
            let mode = ["single", "cluster", "sentinel"][(round + number) % 3];
            let master: &[&str] = if mode == "sentinel" { &["--sentinel-master", "m"] } else { &[] };
            let connection = ["--mode", mode, "--addresses", &address];
            let run = Qscale::new(words).args(connection).args(master).args(times);
            let (mut run, start) = (run.through(["sh", "-c", LIMIT]).spawn(), Instant::now());
            while run.is_running() && start.elapsed() < SOON {
                // A reply may mean that the list is paused, for whose end a consumer waits unless it is stopped.
                if run.stderr().contains("list is paused") {
                    run.terminate();
                    break;
                }
                thread::sleep(Duration::from_millis(20));
            }
            run.wait()
        };
        thread::scope(|scope| {
            let runs =
                subcommands.iter().enumerate().map(|(number, words)| (words, scope.spawn(move || run(number, words))));
            for (words, run) in runs.collect::<Vec<_>>() {
                let run = run.join().unwrap_or_else(|_| panic!("{words:?}, seed {seed}: it hangs"));
                let is_known = [0, 1, 2, 4, 69, 75].contains(&run.status) && !run.stderr.contains("panicked");
                assert!(is_known, "{words:?}, seed {seed}, status {}: {}", run.status, run.stderr);
                controls_nothing(&run);
            }
        });
    }
}
