//! Items that are printed to a stdout of any kind, several at a time, and what becomes of those that are not read.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::{Qscale, RedisServer, SOON, at_once, wait_until};

const EITHER_WAY: [&str; 2] = ["at-least-once", "at-most-once"];

/// Limit for a run to end after a signal, on a busy machine.
const PROMPTLY: Duration = Duration::from_secs(5);

/// Prints items, 64 at a time.
fn consume(server: &RedisServer, delivery: &str, words: &[&str]) -> Qscale {
    let url = server.url();
    let common = ["consume", "--redis", &url, "--work", "none", "--concurrency", "64", "--delivery", delivery];
    Qscale::new(common).args(words)
}

fn items(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{number:0100}")).collect()
}

/// Asserts that `left` are the last of `items`, in their order, and returns the number of the others.
#[track_caller]
fn taken(items: &[String], left: &[String]) -> usize {
    assert!(items.ends_with(left), "{} of {} items are left, from {:?} on", left.len(), items.len(), left.first());
    items.len() - left.len()
}

/// Number of items in the log that were acknowledged.
#[track_caller]
fn acknowledged(stderr: &str) -> usize {
    let count = stderr.split_once("acknowledged=").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
    count.unwrap_or_else(|| panic!("no count in {stderr}"))
}

#[test]
fn order_and_bytes_of_items_are_kept_in_every_stream() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        let mut items: Vec<Vec<u8>> = (0..2000).map(|number: u32| number.to_string().into_bytes()).collect();
        let sizes = [0, 4094, 4095, 4096, 65_535, 65_536, 300_000].map(|size| vec![b'\xff'; size]);
        items.extend(sizes.into_iter().chain([b"\0\r\n".to_vec(), vec![b'x'; 3_000_000], b"last".to_vec()]));
        let expected: Vec<u8> = items.iter().flat_map(|item| [item.as_slice(), b"\n"].concat()).collect();
        let count = items.len().to_string();

        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("out");
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let (near, far) = UnixStream::pair().expect("a pair of sockets");
        let file = File::create(&path).expect("a file");
        let streams: [(OwnedFd, Option<OwnedFd>); 3] =
            [(writer.into(), Some(reader.into())), (near.into(), Some(far.into())), (file.into(), None)];
        for (stream, reader) in streams {
            server.push("mylist", &items);
            let read = reader.map(|reader| {
                thread::spawn(move || {
                    let mut bytes = Vec::new();
                    File::from(reader).read_to_end(&mut bytes).map(|_| bytes)
                })
            });
            consume(&server, delivery, &["--max-items", &count]).stdout_to(stream).output().exits(0);
            let printed = match read {
                Some(read) => read.join().expect("the reader does not panic"),
                None => std::fs::read(&path),
            };
            assert!(printed.expect("it can be read") == expected, "{delivery}");
            assert_eq!(server.llen("mylist"), 0);
        }
    }
}

#[test]
fn closed_pipe_in_the_middle_of_a_batch_leaves_the_rest() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        let items = items(20_000);
        server.push("mylist", &items);
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let run = consume(&server, delivery, &[]).stdout_to(writer).spawn();
        let seen: Vec<String> = BufReader::new(reader).lines().take(1000).map(|line| line.expect("text")).collect();
        let run = run.finish(PROMPTLY).exits(0);
        assert_eq!(seen, items[..1000]);
        let taken = taken(&items, &server.pushed("mylist"));
        // Bytes in the pipe are the reader's, and no others are.
        assert!((1000..items.len()).contains(&taken) && acknowledged(&run.stderr) == taken, "{taken}\n{}", run.stderr);
        assert!(!run.stderr.contains("error:"), "{}", run.stderr);
        assert!(server.keys().iter().all(|key| key == "mylist" || key.ends_with(":stats")), "{:?}", server.keys());
    }
}

#[test]
fn reader_of_one_line_ends_consume() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        let items = items(20_000);
        server.push("mylist", &items);
        let mut head = Command::new("head");
        head.args(["-n", "1"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut head = head.spawn().expect("head is installed");
        let stdin = head.stdin.take().expect("stdin is a pipe");
        let run = consume(&server, delivery, &[]).stdout_to(stdin).output().exits(0);
        let seen = head.wait_with_output().expect("head ends").stdout;
        assert_eq!(seen, format!("{}\n", items[0]).into_bytes());
        assert_eq!(acknowledged(&run.stderr), taken(&items, &server.pushed("mylist")));
    }
}

#[test]
fn full_disk_ends_consume_and_leaves_the_items() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        let items = items(100);
        server.push("mylist", &items);
        let full = File::options().write(true).open("/dev/full").expect("a device that is always full");
        let run = consume(&server, delivery, &[]).stdout_to(full).output().exits(1);
        assert!(run.stderr.contains("error: cannot write to stdout: No space left on device"), "{}", run.stderr);
        assert_eq!(server.pushed("mylist"), items);
    }
}

#[test]
fn stdout_that_is_not_read_holds_up_neither_the_stop_nor_the_lease() {
    at_once(EITHER_WAY, |delivery| {
        let server = RedisServer::start();
        let items = items(5000);
        server.push("mylist", &items);
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let run = consume(&server, delivery, &["--lease", "1s", "--drain", "100ms"]).stdout_to(writer).spawn();
        // The pipe has room for more than 500; 64 others are in flight.
        wait_until("the pipe is full", SOON, || server.llen("mylist") <= 4500);
        thread::sleep(Duration::from_secs(3));
        run.terminate();
        let run = run.finish(PROMPTLY).exits(0);
        assert!(!run.stderr.contains("lease expired"), "{}", run.stderr);
        let taken = taken(&items, &server.pushed("mylist"));
        assert_eq!(acknowledged(&run.stderr), taken);
        let mut printed = String::new();
        reader.read_to_string(&mut printed).expect("text");
        assert_eq!(printed.lines().collect::<Vec<_>>(), items[..taken], "whole lines, and no others");
    });
}

#[test]
fn consumer_ends_with_its_last_item() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        server.push("mylist", items(300));
        let run = || consume(&server, delivery, &["--max-items", "100"]).output().exits(0).took;
        let quickest = (0..3).map(|_| run()).min().expect("three runs");
        // Well before it would search for crashed consumers, or wait for items.
        assert!(quickest < Duration::from_secs(2), "{quickest:?}");
        assert_eq!(server.llen("mylist"), 0);
    }
}

#[test]
fn slow_reader_gets_every_item_once() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        let items = items(5000);
        server.push("mylist", &items);
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let run = consume(&server, delivery, &["--idle-exit", "1s"]).stdout_to(writer).spawn();
        let slow = BufReader::with_capacity(1000, reader).lines().enumerate().map(|(number, line)| {
            if number % 50 == 0 {
                thread::sleep(Duration::from_millis(10));
            }
            line.expect("text")
        });
        assert_eq!(slow.collect::<Vec<_>>(), items);
        run.finish(SOON).exits(0);
    }
}

#[test]
fn terminal_shows_every_item() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        server.push("mylist", items(500));
        let mut terminal = consume(&server, delivery, &["--max-items", "500"]).on_terminal("");
        terminal.wait_for(&format!("{:0100}", 499), SOON);
        assert!(terminal.finish(SOON).success());
        let shown = terminal.shown();
        assert!(items(500).iter().all(|item| shown.contains(item)), "{shown}");
    }
}

#[test]
fn consumers_that_share_a_pipe_tear_no_line_apart() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        let mut items: Vec<String> =
            (0..3000_usize).map(|number| number.to_string().repeat(number % 500 + 1)).collect();
        server.push("mylist", &items);
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let shared = || writer.try_clone().expect("a descriptor");
        let runs: Vec<_> =
            (0..3).map(|_| consume(&server, delivery, &["--idle-exit", "1s"]).stdout_to(shared()).spawn()).collect();
        drop(writer);
        let mut printed: Vec<String> = BufReader::new(reader).lines().map(|line| line.expect("text")).collect();
        for run in runs {
            run.finish(SOON).exits(0);
        }
        printed.sort_unstable();
        items.sort_unstable();
        assert!(printed == items, "{} lines", printed.len());
    }
}

#[test]
fn items_that_are_discarded_are_warned_of() {
    let server = RedisServer::start();
    for delivery in EITHER_WAY {
        for (stdout, is_warned_of) in [(">&-", true), ("1<>/dev/null", true), (">/dev/null", false)] {
            server.push("mylist", ["a"]);
            let words = ["consume", "--redis", &server.url(), "--work", "none", "--once", "--delivery", delivery];
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(format!("exec \"$@\" {stdout}")).arg("sh").arg(env!("CARGO_BIN_EXE_qscale"));
            let run = shell.args(words).output().expect("a shell");
            let stderr = String::from_utf8_lossy(&run.stderr);
            assert_eq!(
                stderr.contains("stdout is closed, or /dev/null: items are discarded"),
                is_warned_of,
                "{stderr}"
            );
            assert_eq!(run.status.code(), Some(0));
            assert_eq!(server.llen("mylist"), 0);
        }
    }
}
