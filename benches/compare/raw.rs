//! Peers without a client library: the floor of what a program on a socket can reach, or of starting processes.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use clap::ValueEnum;

use crate::resp::{Connection, Reply, encode};
use crate::{LIST, Result};

#[derive(clap::Args)]
pub(crate) struct Args {
    kind: Kind,
    #[arg(long, default_value_t = 0)]
    port: u16,
    #[arg(long)]
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
        Kind::Spawn => spawn(args),
    }
}

/// Sends batches with four in flight; `head` makes what precedes the items of the batch with this number.
fn push(args: &Args, mut connection: Connection, head: impl Fn(u64, u64) -> Vec<u8>) -> Result<()> {
    const IN_FLIGHT: usize = 4;
    let item = format!("$100\r\n{}\r\n", "x".repeat(100)).into_bytes();
    let full = item.repeat(usize::try_from(args.batch)?);
    let (mut left, mut number, mut in_flight) = (args.items, 0, 0);
    while left > 0 || in_flight > 0 {
        if left > 0 && in_flight < IN_FLIGHT {
            let count = left.min(args.batch);
            number += 1;
            let mut command = head(number, count);
            command.extend_from_slice(&full[..item.len() * usize::try_from(count)?]);
            connection.send(&command)?;
            in_flight += 1;
            left -= count;
        } else {
            connection.receive()?;
            in_flight -= 1;
        }
    }
    Ok(())
}

fn push_plainly(args: &Args) -> Result<()> {
    let connection = Connection::open(args.port)?;
    push(args, connection, |_, count| open(&["LPUSH", LIST], count))
}

/// As qscale pushes: by its own script, under a token.
fn push_once(args: &Args) -> Result<()> {
    let mut connection = Connection::open(args.port)?;
    let script = include_str!("../../src/queue/scripts/push.lua");
    let digest = connection.call(&["SCRIPT", "LOAD", script])?.text();
    push(args, connection, |number, count| {
        let call =
            ["EVALSHA", &digest, "3", LIST, "{bench}:producer:raw", "{bench}:stats", &number.to_string(), "3600"];
        open(&call, count)
    })
}

/// Encodes the words of a command that `more` others follow.
fn open(words: &[&str], more: u64) -> Vec<u8> {
    let all = encode(words);
    let words_alone = format!("*{}\r\n", words.len()).len();
    let mut command = format!("*{}\r\n", words.len() as u64 + more).into_bytes();
    command.extend_from_slice(&all[words_alone..]);
    command
}

fn pop(args: &Args) -> Result<()> {
    let mut connection = Connection::open(args.port)?;
    let command = encode(&["RPOP", LIST, &args.batch.to_string()]);
    let mut left = args.items;
    while left > 0 {
        connection.send(&command)?;
        left = left.saturating_sub(u64::try_from(connection.receive()?.len())?);
    }
    Ok(())
}

fn one_by_one(args: &Args, mut next: impl FnMut(&mut Connection) -> Result<String>) -> Result<()> {
    let mut connection = Connection::open(args.port)?;
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

fn spawn(args: &Args) -> Result<()> {
    let next = AtomicU64::new(0);
    let worker = || -> std::io::Result<()> {
        while next.fetch_add(1, Ordering::Relaxed) < args.items {
            Command::new("/bin/true").stdin(Stdio::null()).status()?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers = (0..args.batch).map(|_| scope.spawn(worker)).collect::<Vec<_>>();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a worker panicked")?.map_err(Into::into))
    })
}
