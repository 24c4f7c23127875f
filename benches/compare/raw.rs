//! Peers without a client library: the floor of what a program on a socket can reach, or of starting processes.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, BufWriter, Write};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use clap::ValueEnum;

use crate::resp::{Connection, Reply, encode};
use crate::{LIST, Result};

const COMMAND: &str = "/bin/true";

#[derive(clap::Args)]
pub(crate) struct Args {
    kind: Kind,
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Port with TLS to use instead, and the certificate of its authority
    #[arg(long, requires = "tls_ca")]
    tls_port: Option<u16>,
    #[arg(long)]
    tls_ca: Option<PathBuf>,
    #[arg(long, default_value_t = 0)]
    items: u64,
    /// Items in a command, or processes at a time
    #[arg(long, default_value_t = 1)]
    batch: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// LPUSH of `batch` items of 100 bytes, four in flight
    Push,
    /// The same, each batch exactly once
    PushOnce,
    /// RPOP of `batch` items
    Pop,
    /// BRPOP of one item, written to stdout
    Brpop,
    /// BLMOVE of one item, written to stdout, then LREM
    Blmove,
    /// /bin/true for each item
    Spawn,
    /// The same in a process group of its own, with the item on stdin; stdout and stderr are read
    SpawnWithPipes,
    /// A worker of `consume --handler lines` that acknowledges each item
    Lines,
}

impl Args {
    fn connect(&self) -> Result<Connection> {
        match (self.tls_port, &self.tls_ca) {
            (Some(port), Some(authority)) => Connection::open_tls(port, authority),
            _ => Connection::open(self.port),
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match args.kind {
        Kind::Push => push_plainly(args),
        Kind::PushOnce => push_once(args),
        Kind::Pop => pop(args),
        Kind::Brpop => one_by_one(args, |connection| pop_blocking(connection, &["BRPOP", LIST, "1"])),
        Kind::Blmove => one_by_one(args, |connection| {
            let item = pop_blocking(connection, &["BLMOVE", LIST, "bench:held", "RIGHT", "LEFT", "1"])?;
            connection.call(&["LREM", "bench:held", "1", &item])?;
            Ok(item)
        }),
        Kind::Spawn => spawn(args, || Command::new(COMMAND).stdin(Stdio::null()).status().map(drop)),
        Kind::SpawnWithPipes => spawn(args, || {
            let mut command = Command::new(COMMAND);
            command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut process = command.spawn()?;
            // Whether the command reads the item is up to it.
            let _ = process.stdin.take().map(|mut stdin| stdin.write_all(&[b'x'; 100]));
            process.wait_with_output().map(drop)
        }),
        Kind::Lines => lines(),
    }
}

/// Commands of a batch: what precedes its items, what follows them, and how many replies they get.
struct Batch {
    head: Vec<u8>,
    tail: Vec<u8>,
    replies: usize,
}

/// Sends batches with four in flight; `batch` makes the one with a number, of a count of items.
fn push(args: &Args, batch: impl Fn(u64, u64) -> Batch) -> Result<()> {
    const IN_FLIGHT: usize = 4;
    let mut connection = args.connect()?;
    let item = format!("$100\r\n{}\r\n", "x".repeat(100)).into_bytes();
    let full = item.repeat(usize::try_from(args.batch)?);
    let (mut left, mut number, mut in_flight) = (args.items, 0, VecDeque::new());
    while left > 0 || !in_flight.is_empty() {
        if left > 0 && in_flight.len() < IN_FLIGHT {
            let count = left.min(args.batch);
            number += 1;
            let Batch { head: mut commands, tail, replies } = batch(number, count);
            commands.extend_from_slice(&full[..item.len() * usize::try_from(count)?]);
            commands.extend(tail);
            connection.send(&commands)?;
            in_flight.push_back(replies);
            left -= count;
        } else {
            for _ in 0..in_flight.pop_front().unwrap_or_default() {
                connection.receive()?;
            }
        }
    }
    Ok(())
}

fn push_plainly(args: &Args) -> Result<()> {
    push(args, |_, count| Batch { head: open(&["LPUSH", LIST], count), tail: Vec::new(), replies: 1 })
}

/// As qscale pushes large batches: in a transaction that its script counts.
fn push_once(args: &Args) -> Result<()> {
    let lines = include_str!("../../src/queue/scripts/push.lua").lines().map(str::trim_start);
    let script = lines.filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
    push(args, |number, count| {
        let (number, items) = (number.to_string(), count.to_string());
        let check = ["EVAL", &script, "3", LIST, "{bench}:producer:raw", "{bench}:stats", &number, "86400", &items];
        let head = [encode(&["MULTI"]), open(&["LPUSH", LIST], count)].concat();
        Batch { head, tail: [encode(&check), encode(&["EXEC"])].concat(), replies: 4 }
    })
}

/// Encodes the words of a command that `more` others follow.
fn open(words: &[&str], more: u64) -> Vec<u8> {
    let all = encode(words);
    let count = format!("*{}\r\n", words.len());
    let mut command = format!("*{}\r\n", words.len() as u64 + more).into_bytes();
    command.extend_from_slice(&all[count.len()..]);
    command
}

fn pop(args: &Args) -> Result<()> {
    let mut connection = args.connect()?;
    let command = encode(&["RPOP", LIST, &args.batch.to_string()]);
    let mut left = args.items;
    while left > 0 {
        connection.send(&command)?;
        left = left.saturating_sub(u64::try_from(connection.receive()?.len())?);
    }
    Ok(())
}

fn one_by_one(args: &Args, mut next: impl FnMut(&mut Connection) -> Result<String>) -> Result<()> {
    let mut connection = args.connect()?;
    let mut stdout = std::io::stdout();
    for _ in 0..args.items {
        let item = next(&mut connection)?;
        writeln!(stdout, "{item}")?;
    }
    Ok(())
}

fn pop_blocking(connection: &mut Connection, command: &[&str]) -> Result<String> {
    loop {
        match connection.call(command)? {
            Reply::Nil => {}
            Reply::Array(mut replies) => return Ok(replies.pop().ok_or("BRPOP answered nothing")?.text()),
            reply => return Ok(reply.text()),
        }
    }
}

fn spawn(args: &Args, run: impl Fn() -> std::io::Result<()> + Sync) -> Result<()> {
    let next = AtomicU64::new(0);
    let worker = || {
        while next.fetch_add(1, Ordering::Relaxed) < args.items {
            run()?;
        }
        Ok::<_, std::io::Error>(())
    };
    thread::scope(|scope| {
        let workers = (0..args.batch).map(|_| scope.spawn(worker)).collect::<Vec<_>>();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a worker panicked")?.map_err(Into::into))
    })
}

/// An item, as qscale writes it.
#[derive(serde::Deserialize)]
struct LineJob<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    item: Cow<'a, str>,
}

#[derive(serde::Serialize)]
struct Acknowledgement<'a> {
    id: &'a str,
    ack: bool,
}

/// Reads what is there, and answers before it waits for more.
fn lines() -> Result<()> {
    let (mut input, mut output) =
        (BufReader::with_capacity(1 << 16, std::io::stdin()), BufWriter::new(std::io::stdout()));
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        let job: LineJob = serde_json::from_slice(&line)?;
        if job.item.is_empty() {
            return Err("an item is empty".into());
        }
        serde_json::to_writer(&mut output, &Acknowledgement { id: &job.id, ack: true })?;
        output.write_all(b"\n")?;
        line.clear();
        if input.buffer().is_empty() {
            output.flush()?;
        }
    }
    Ok(())
}
