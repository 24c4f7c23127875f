//! Consumers and servers killed at random moments: every item is processed, and few are redelivered.
//!
//! `QSCALE_SOAK_KILLS` says how many consumers are killed (`make soak` has thousands); `QSCALE_SOAK_SEED` repeats a run.

#![expect(
    clippy::print_stdout,
    reason = "a seed to repeat a run with, and what was measured; shown when a test fails or on request"
)]

#[allow(dead_code, unused_imports, reason = "shared with tests/it, which uses all of it")]
#[path = "it/support/mod.rs"]
mod support;

use std::collections::{HashMap, HashSet};
use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use support::{Qscale, RedisServer, Running, SOON, wait_until};

/// Consumers at a time.
const CONSUMERS: usize = 4;

/// Items in flight per consumer.
const CONCURRENCY: usize = 3;

/// Processing time per item; four times three slots are seldom idle.
const WORK: &str = "40ms..160ms";

const LEASE: Duration = Duration::from_secs(1);

/// Maximum interval at which consumers scan for items of dead ones.
const SCAN: Duration = Duration::from_secs(5);

/// Allowance for a busy machine.
const SLACK: Duration = Duration::from_secs(1);

fn consume(server: &RedisServer, work: &str, words: &[&str]) -> Running {
    let concurrency = CONCURRENCY.to_string();
    let common = ["consume", "--redis", &server.url(), "--lease", "1s", "--work", work, "--concurrency", &concurrency];
    // Many deaths are the purpose here.
    Qscale::new(common).args(["--max-crashes", "1000000"]).args(words).spawn()
}

/// Number of times each item was processed to its end, as logged by the consumers.
#[derive(Default)]
struct Processed {
    times: HashMap<String, usize>,
    /// Items that a killed consumer had begun: the last lines of its log are lost with it.
    begun_by_killed: HashSet<String>,
}

impl Processed {
    fn read(&mut self, run: &Running) {
        for line in run.stderr().lines() {
            if let Some((_, item)) = line.split_once("processed item item=") {
                *self.times.entry(item.to_owned()).or_default() += 1;
            }
        }
    }

    /// Reads what a killed consumer said until the last moment.
    fn read_killed(&mut self, victim: &Running) {
        wait_until("all it said has been read", SOON, || victim.has_said_all());
        self.read(victim);
        let stderr = victim.stderr();
        let begun = stderr.lines().filter(|line| line.contains("processing item "));
        self.begun_by_killed.extend(begun.filter_map(|line| Some(line.split_once(" item=")?.1.to_owned())));
    }

    /// Number of items that were processed, or whose last lines may have been lost.
    fn items(&self) -> usize {
        self.begun_by_killed.iter().chain(self.times.keys()).collect::<HashSet<_>>().len()
    }

    /// Number of times an item was processed again.
    fn again(&self) -> usize {
        self.times.values().map(|times| times - 1).sum()
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[track_caller]
fn settle(server: &RedisServer) {
    wait_until("all items are processed", 4 * SOON, || server.is_settled());
}

/// Asserts that no item is anywhere, and ends the consumers: nothing but the counters stays.
#[track_caller]
fn ends_clean(server: &RedisServer, consumers: Vec<Running>, processed: &mut Processed, items: usize) {
    let census = server.census();
    census.accounts_for(items);
    assert_eq!(census.acknowledged, items);
    for consumer in consumers {
        consumer.terminate();
        wait_until("it says what it has done", SOON, || consumer.stderr().contains("requeued=0"));
        processed.read(&consumer);
        consumer.finish(SOON).exits(0);
    }
    // What the killed have left is looked at when their lease is over.
    let last = consume(server, "1ms", &["--idle-exit", "2s"]);
    wait_until("nothing but the counters stays", SOON, || {
        server.keys().iter().all(|key| key == "{mylist}:stats" || key == "{mylist}:consumers")
    });
    last.finish(SOON).exits(0);
    assert_eq!(server.keys(), ["{mylist}:stats"]);
    assert_eq!(processed.items(), items, "every item was processed");
}

#[test]
fn items_survive_killed_consumers() {
    let kills = usize::try_from(number("QSCALE_SOAK_KILLS").unwrap_or(25)).expect("a number of kills");
    let seed = number("QSCALE_SOAK_SEED").unwrap_or_else(rand::random);
    println!("QSCALE_SOAK_KILLS={kills} QSCALE_SOAK_SEED={seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let server = RedisServer::start();
    let mut consumers: Vec<Running> = (0..CONSUMERS).map(|_| consume(&server, WORK, &[])).collect();
    let mut processed = Processed::default();
    let mut items = 0;
    for kill in 0..kills {
        // Some in one heap and some one by one: one by one, they come by the landing list.
        for _ in 0..dice.random_range(10..=40) {
            items += 1;
            server.push("mylist", [format!("<{items}>")]);
        }
        thread::sleep(Duration::from_millis(dice.random_range(50..=450)));
        let victim = consumers.swap_remove(dice.random_range(0..CONSUMERS));
        victim.kill();
        processed.read_killed(&victim);
        consumers.push(consume(&server, WORK, &[]));
        if kill % 5 == 0 {
            server.census().accounts_for(items);
        }
    }
    settle(&server);
    ends_clean(&server, consumers, &mut processed, items);
    let again = processed.again();
    println!("{items} items, {kills} kills, {again} processed again, {} recovered", server.stat("redelivered"));
    assert!(again <= kills * CONCURRENCY, "{again} processed again after {kills} kills");
}

#[test]
fn items_survive_a_killed_server() {
    const ITEMS: usize = 400;
    let mut server = RedisServer::builder().durable().start();
    let mut consumers: Vec<Running> = (0..CONSUMERS).map(|_| consume(&server, WORK, &[])).collect();
    server.push("mylist", (1..=ITEMS).map(|number| format!("<{number}>")));
    let mut processed = Processed::default();
    for reached in [50, 150, 250] {
        wait_until("some are processed", SOON, || server.stat("acknowledged") >= reached);
        server.kill();
        // A consumer dies meanwhile: what it held is known after the restart.
        let victim = consumers.swap_remove(0);
        victim.kill();
        processed.read_killed(&victim);
        server.restart();
        server.census().accounts_for(ITEMS);
        consumers.push(consume(&server, WORK, &[]));
    }
    settle(&server);
    ends_clean(&server, consumers, &mut processed, ITEMS);
    // A lease may have run out while the server was away: then all that is in flight at that moment is processed again.
    let again = processed.again();
    println!("{again} processed again");
    assert!(again <= 3 * (CONSUMERS + 1) * CONCURRENCY, "{again} processed again after 3 kills");
}

#[test]
fn redelivery_takes_at_most_lease_and_scan() {
    let server = RedisServer::start();
    let mut holder = consume(&server, "1h", &[]);
    server.push("mylist", ["a", "b", "c"]);
    let holds = |run: &Running| run.stderr().matches("processing item").count() == CONCURRENCY;
    wait_until("all are in flight", SOON, || holds(&holder));
    let mut times = Vec::new();
    for _ in 0..20 {
        let next = consume(&server, "1h", &[]);
        next.wait_for_line("consuming", SOON);
        holder.kill();
        let killed = Instant::now();
        wait_until("all are in flight again", SOON, || holds(&next));
        times.push(killed.elapsed());
        holder = next;
    }
    times.sort();
    println!("recovered within {:?} (least), {:?} (median), {:?} (most)", times[0], times[10], times[19]);
    assert!(times[19] <= LEASE + SCAN + SLACK, "{times:?}");
    holder.kill();
}
