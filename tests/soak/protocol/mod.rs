//! Random histories of the delivery protocol: consumers and a producer that call the real scripts over a network that loses,
//! repeats and delays what they say, and crash at any moment. After each step, what Redis holds is compared with what happened.
//!
//! A seed repeats the decisions of a history, though not the order of what happens at the same moment.

mod history;
mod ledger;
mod mutation;
mod network;
mod snapshot;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use self::history::History;
use self::ledger::Violation;
use self::mutation::{MUTATIONS, Mutation, Scripts};
use crate::number;
use crate::support::RedisServer;

/// Limit of one history: no call waits for as long.
const LIMIT: Duration = Duration::from_secs(60);

/// Number of histories, unless a soak asks for more.
const HISTORIES: u64 = 40;

/// Number of histories within which a fault has to be found.
const FOUND_WITHIN: u64 = 1000;

/// Histories played at the same time, each on a server of its own.
const AT_ONCE: usize = 8;

/// Reason for which a history is wrong, and its seed.
struct Broken {
    seed: u64,
    promise: Violation,
    steps: Vec<String>,
}

/// Plays histories with these seeds, one after the other, until one `is_wrong`, here or elsewhere; returns how many items were
/// processed again.
fn play(seeds: impl Iterator<Item = u64>, mutation: Option<&Mutation>, is_wrong: &AtomicBool) -> Result<usize, Broken> {
    let server = RedisServer::start();
    let scripts = [false, true].map(|has_low_limits| Arc::new(Scripts::load(&server, has_low_limits, mutation)));
    let mut again = 0;
    for seed in seeds.take_while(|_| !is_wrong.load(Relaxed)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let result = runtime.block_on(async {
            let mut history = History::begin(&server, &scripts[usize::from(seed % 2 == 1)], seed);
            let played = tokio::time::timeout(LIMIT, history.play()).await;
            let played = played.unwrap_or_else(|_| Err(format!("not over within {LIMIT:?}")));
            played.map_err(|promise| Broken { seed, promise, steps: history.steps })
        });
        is_wrong.fetch_or(result.is_err(), Relaxed);
        again += result?;
    }
    Ok(again)
}

/// Plays histories with these seeds, several at the same time, until one is wrong.
fn play_all(seeds: Range<u64>, mutation: Option<&Mutation>) -> Result<usize, Broken> {
    let is_wrong = &AtomicBool::new(false);
    thread::scope(|scope| {
        let part = |nth| seeds.clone().skip(nth).step_by(AT_ONCE);
        let threads: Vec<_> =
            (0..AT_ONCE).map(|nth| scope.spawn(move || play(part(nth), mutation, is_wrong))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    })
}

#[test]
fn promises_hold_in_random_histories() {
    let first = number("QSCALE_SOAK_SEED").unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let histories = number("QSCALE_SOAK_HISTORIES").unwrap_or(HISTORIES);
    println!("QSCALE_SOAK_SEED={first}");
    match play_all(first..first + histories, None) {
        Ok(again) => println!("{histories} histories: {again} items processed again, each for a reason"),
        Err(Broken { seed, promise, steps }) => panic!("QSCALE_SOAK_SEED={seed}: {promise}\n{}", steps.join("\n")),
    }
}

#[test]
fn faults_of_scripts_are_found_in_random_histories() {
    let next = AtomicUsize::new(0);
    let find = || {
        while let Some(mutation) = MUTATIONS.get(next.fetch_add(1, Relaxed)) {
            match play(0..FOUND_WITHIN, Some(mutation), &AtomicBool::new(false)) {
                Err(found) => println!("{}: found in history {}: {}", mutation.fault, found.seed, found.promise),
                Ok(_) => panic!("not found within {FOUND_WITHIN} histories: {}", mutation.fault),
            }
        }
    };
    thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(find))));
}
