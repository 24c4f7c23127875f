//! Peers without a client library: the floor of what a program on a socket can reach, or of starting processes.

use std::collections::VecDeque;
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
        Kind::Push => push(args),
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

fn push(args: &Args) -> Result<()> {
    const IN_FLIGHT: usize = 4;
    let mut connection = Connection::open(args.port)?;
    let item = "x".repeat(100);
    let command = |count: u64| {
        let mut words = vec!["LPUSH", LIST];
        words.extend((0..count).map(|_| item.as_str()));
        encode(&words)
    };
    let full = command(args.batch);
    let (mut left, mut in_flight) = (args.items, VecDeque::new());
    while left > 0 || !in_flight.is_empty() {
        if left > 0 && in_flight.len() < IN_FLIGHT {
            let count = left.min(args.batch);
            if count == args.batch {
                connection.send(&full)?;
            } else {
                connection.send(&command(count))?;
            }
            in_flight.push_back(count);
            left -= count;
        } else {
            connection.receive()?;
            in_flight.pop_front();
        }
    }
    Ok(())
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
