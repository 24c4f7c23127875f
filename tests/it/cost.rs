//! Cost of an item in commands, round trips and writes: counts, which hold on every machine, busy or not.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Qscale, RedisServer, SOON, wait_until};

/// Enough that start and end of the program hardly count.
const ITEMS: u32 = 6_400;

/// Cost of an item.
#[derive(Debug)]
struct Cost {
    /// Commands at the server, those within scripts included.
    commands: f64,
    /// Calls of scripts.
    scripts: f64,
    /// Reads by the server from its sockets: round trips, unless a command is larger than its buffer of 16 KiB.
    reads: f64,
    /// Writes of the program: to its socket, to its pipes, and to wake its own threads; 0 where the system does not count
    /// them.
    writes: f64,
}

impl Cost {
    #[track_caller]
    fn is_at_most(&self, most: &Cost) {
        let parts = |cost: &Cost| [cost.commands, cost.scripts, cost.reads, cost.writes];
        assert!(parts(self).iter().zip(parts(most)).all(|(part, most)| *part <= most), "{self:?} exceeds {most:?}");
    }

    /// Divides what `server` has counted, and `writes`, by [`ITEMS`].
    #[track_caller]
    fn per_item(server: &RedisServer, writes: u32) -> Self {
        let scripts = u32::try_from(server.calls("eval") + server.calls("evalsha")).expect("some thousands");
        let [commands, scripts, reads, writes] =
            [server.commands(), scripts, server.reads(), writes].map(|count| f64::from(count) / f64::from(ITEMS));
        Self { commands, scripts, reads, writes }
    }
}

/// Cost of an item that is printed by a consumer.
#[track_caller]
fn cost_of_consuming(words: &[&str]) -> Cost {
    let server = RedisServer::start();
    server.push("mylist", (0..ITEMS).map(|number| format!("{number:0100}")));
    server.cli(&["CONFIG", "RESETSTAT"]);
    let run = Qscale::new(["consume", "--work", "none", "--redis", &server.url()]).args(words).spawn();
    wait_until("all items are printed", 2 * SOON, || run.stdout().lines().count() >= ITEMS as usize);
    let writes = writes(run.pid());
    run.terminate();
    run.finish(SOON).exits(0);
    Cost::per_item(&server, writes)
}

/// Calls of write(2) and writev(2) by a process so far.
fn writes(process: u32) -> u32 {
    let text = fs::read_to_string(format!("/proc/{process}/io")).unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix("syscw: ")?.parse().ok()).unwrap_or(0)
}

/// Over a link of 200 ms, ten round trips take two seconds. 20 of them are measured, so as to tell how long they take.
#[test]
fn examination_asks_for_many_rights_at_once() {
    let server = RedisServer::start();
    for list in ["mylist", "missing"] {
        server.push("mylist", ["a"]);
        server.cli(&["CONFIG", "RESETSTAT"]);
        Qscale::new(["doctor", "--redis", &server.url(), "--list", list]).output().exits(0);
        let reads = server.reads();
        assert!(reads <= 60, "doctor about `{list}` took {reads} round trips");
    }
}

#[test]
fn item_claimed_alone_costs_half_a_round_trip() {
    // A call claims the item that is processed next, and prefetches another.
    let cost = cost_of_consuming(&["--concurrency", "1"]);
    cost.is_at_most(&Cost { commands: 4.1, scripts: 0.53, reads: 0.55, writes: 1.6 });
}

#[test]
fn items_claimed_together_share_a_round_trip() {
    // A call claims an item for each slot, while those of the call before are processed.
    let cost = cost_of_consuming(&["--concurrency", "64"]);
    cost.is_at_most(&Cost { commands: 0.22, scripts: 0.019, reads: 0.022, writes: 0.06 });
}

#[test]
fn items_popped_together_share_a_round_trip() {
    let cost = cost_of_consuming(&["--concurrency", "64", "--delivery", "at-most-once"]);
    cost.is_at_most(&Cost { commands: 0.022, scripts: 0.0, reads: 0.025, writes: 0.06 });
}

#[test]
fn items_pushed_together_share_a_script() {
    let server = RedisServer::start();
    let count = ITEMS.to_string();
    let words = ["produce", "--count", &count, "--batch", "500", "--rate", "max", "--payload", "{seq}"];
    Qscale::new(words).args(["--redis", &server.url()]).output().exits(0);
    let cost = Cost::per_item(&server, 0);
    cost.is_at_most(&Cost { commands: 0.025, scripts: 0.003, reads: 0.012, writes: 0.0 });
}

#[test]
fn watch_takes_a_sample_with_two_calls() {
    const SAMPLES: u32 = 40;
    let server = RedisServer::start();
    server.push("mylist", ["a"]);
    let watch = ["watch", "--output", "json", "--every", "50ms", "--stamp-field", "at", "--redis", &server.url()];
    let run = Qscale::new(watch).spawn();
    let samples = || u32::try_from(run.stdout().lines().count()).expect("some hundred");
    wait_until("it watches", SOON, || samples() > 0);
    server.cli(&["CONFIG", "RESETSTAT"]);
    let before = samples();
    wait_until("it has taken samples", 2 * SOON, || samples() >= before + SAMPLES);
    let counts = [server.commands(), server.reads()];
    let taken = samples() - before;
    let [commands, reads] = counts.map(|count| f64::from(count) / f64::from(taken));
    // Two scripts, which the server may read at once or one after the other.
    assert!(reads <= 2.25 && commands <= 20.5, "{reads} reads and {commands} commands for each of {taken} samples");
    run.terminate();
    run.finish(SOON).exits(0);
}

#[test]
fn idle_consumers_send_few_commands() {
    const CONSUMERS: u32 = 5;
    let server = RedisServer::start();
    let start = || Qscale::new(["consume", "--work", "none", "--redis", &server.url()]).spawn();
    let consumers: Vec<_> = (0..CONSUMERS).map(|_| start()).collect();
    wait_until("all consumers wait", SOON, || server.blocked_clients() == u64::from(CONSUMERS));
    server.cli(&["CONFIG", "RESETSTAT"]);
    let start = Instant::now();
    // A rate is counted over a time; a busy machine only makes it longer.
    thread::sleep(Duration::from_secs(3));
    let rate = f64::from(server.commands()) / start.elapsed().as_secs_f64() / f64::from(CONSUMERS);
    assert!(rate <= 3.0, "{rate:.1} commands a second from each idle consumer");
    drop(consumers);
}
