//! Consumers and servers killed, paused and cut off at random moments: every item is processed, and few are processed again.

use std::collections::HashSet;
use std::fs;
use std::ops::RangeInclusive;
use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tempfile::TempDir;

use super::endpoint::Endpoint;
use crate::number;
use crate::support::{Proxy, Qscale, RedisServer, Running, SOON, wait_until};

/// Consumers at a time.
const CONSUMERS: usize = 4;

const LEASE: Duration = Duration::from_secs(1);

/// Maximum interval at which consumers scan for items of dead ones.
const SCAN: Duration = Duration::from_secs(5);

/// Allowance for a busy machine.
const SLACK: Duration = Duration::from_secs(1);

/// Slot of `mylist` and its companions in a cluster.
const SLOT: u16 = 5_282;

/// A kind of consumer, and the load for several of them.
#[derive(Clone)]
struct Kind {
    /// Handler.
    words: &'static [&'static str],
    /// Items in flight per consumer.
    slots: usize,
    /// Items in a call of the handler at most.
    per_call: usize,
    /// Items pushed at once.
    batch: RangeInclusive<usize>,
    /// Milliseconds until something happens to a consumer.
    pause: RangeInclusive<u64>,
}

/// Slots that are seldom idle, with items that take their time.
const SLOW: Kind = Kind { words: &["--work", "40ms..160ms"], slots: 3, per_call: 1, batch: 10..=40, pause: 50..=450 };

/// Items claimed and acknowledged many at a time, at full speed.
const BATCHES: Kind = Kind { words: &["--work", "none"], slots: 64, per_call: 1, batch: 1..=5_000, pause: 0..=40 };

/// A process per item.
const COMMANDS: Kind = Kind {
    words: &["--", "sh", "-c", "echo '{}' >> processed"],
    slots: 4,
    per_call: 1,
    batch: 10..=60,
    pause: 20..=120,
};

/// A worker that stays: it notes each item, and answers.
const WORKER: &str = r#"
while IFS= read -r line; do
  id=${line#*'"id":"'}; id=${id%%'"'*}; item=${line#*'"item":"'}
  echo "${item%'"}'}" >> processed
  [ -z "$DEADLY" ] || [ $((RANDOM % DEADLY)) != 0 ] || { echo x >> deaths; kill -9 $$; }
  echo "{\"id\":\"$id\",\"ack\":true}"
done"#;

/// Processes that stay, with several items in flight each.
const LINES: Kind = Kind {
    words: &["--handler", "lines", "--per-process", "4", "--", "bash", "-c", WORKER],
    slots: 16,
    per_call: 1,
    batch: 50..=500,
    pause: 20..=120,
};

/// The same, and the processes are killed as well.
const DEADLY_LINES: Kind = Kind {
    words: &[
        "--handler",
        "lines",
        "--per-process",
        "4",
        "--max-attempts",
        "1000000",
        "--backoff",
        "10ms..50ms",
        "--",
        "env",
        "DEADLY=40",
        "bash",
        "-c",
        WORKER,
    ],
    ..LINES
};

/// A worker that is handed arrays of items: it notes each, and answers for all.
const ARRAY_WORKER: &str = r#"
import json, os, random, signal, sys
deadly = int(os.environ.get("DEADLY", 0))
for line in sys.stdin:
    with open("processed", "a") as processed:
        processed.write("".join(job["item"] + "\n" for job in json.loads(line)))
    if deadly and random.randrange(deadly) == 0:
        with open("deaths", "a") as deaths:
            deaths.write("x\n" * 8)
        os.kill(os.getpid(), signal.SIGKILL)
    print('{"ack":true}', flush=True)"#;

/// Processes that stay, with several items in a call.
const ARRAYS: Kind = Kind {
    words: &["--handler", "lines", "--batch", "8", "--linger", "20ms", "--", "python3", "-c", ARRAY_WORKER],
    slots: 32,
    per_call: 8,
    batch: 50..=500,
    pause: 20..=120,
};

/// The same, and the processes are killed as well.
const DEADLY_ARRAYS: Kind = Kind {
    words: &[
        "--handler",
        "lines",
        "--batch",
        "8",
        "--max-attempts",
        "1000000",
        "--backoff",
        "10ms..50ms",
        "--",
        "env",
        "DEADLY=40",
        "python3",
        "-c",
        ARRAY_WORKER,
    ],
    ..ARRAYS
};

/// Consumers of one kind, and all they have processed.
struct Trial {
    kind: Kind,
    /// Words that lead to Redis.
    redis: Vec<String>,
    /// Folder that all of them run in.
    folder: TempDir,
    dice: StdRng,
    consumers: Vec<Running>,
    items: usize,
    /// Number of times each item was processed to its end.
    times: Vec<usize>,
    /// Items that a killed consumer had begun, if only its log tells: the last lines of that are lost with it.
    begun_by_killed: HashSet<usize>,
    start: Instant,
}

impl Trial {
    fn start(kind: &Kind, redis: &[&str]) -> Self {
        let seed = number("QSCALE_SOAK_SEED").unwrap_or_else(rand::random);
        println!("QSCALE_SOAK_SEED={seed} for {:?}", kind.words);
        let mut trial = Self {
            kind: kind.clone(),
            redis: redis.iter().map(|&word| word.to_owned()).collect(),
            folder: tempfile::tempdir().expect("a temporary folder"),
            dice: StdRng::seed_from_u64(seed),
            consumers: Vec::new(),
            items: 0,
            times: Vec::new(),
            begun_by_killed: HashSet::new(),
            start: Instant::now(),
        };
        trial.replace();
        trial
    }

    fn consumer(&self, words: &[&str]) -> Running {
        let slots = (self.kind.slots / self.kind.per_call).to_string();
        // Many deaths are the purpose here.
        let common = ["--verbose", "consume", "--lease", "1s", "--concurrency", &slots, "--max-crashes", "1000000"];
        Qscale::new(common).args(&self.redis).args(words).args(self.kind.words).in_folder(self.folder.path()).spawn()
    }

    /// Waits until all consumers have connected: one that cannot reach Redis at its start ends.
    fn wait_for_consumers(&self) {
        for consumer in &self.consumers {
            consumer.wait_for_line("consuming", SOON);
        }
    }

    /// Pushes some items; now and then one by one, as they then come by the landing list.
    fn push(&mut self, server: &RedisServer) {
        let count = self.dice.random_range(self.kind.batch.clone());
        self.push_some(server, count);
    }

    fn push_some(&mut self, server: &RedisServer, count: usize) {
        let items = (self.items..self.items + count).map(|item| format!("<{item}>"));
        self.items += count;
        if self.dice.random_bool(0.5) {
            server.push("mylist", items);
        } else {
            let alone = self.dice.random_range(0..=count.min(20));
            let items: Vec<String> = items.collect();
            let (first, rest) = items.split_at(alone);
            for items in first.chunks(1).chain(rest.chunks(1_000)) {
                server.push("mylist", items);
            }
        }
    }

    fn pause(&mut self) {
        thread::sleep(Duration::from_millis(self.dice.random_range(self.kind.pause.clone())));
    }

    /// Kills one consumer.
    fn kill(&mut self) {
        let victim = self.consumers.swap_remove(self.dice.random_range(0..CONSUMERS));
        victim.kill();
        wait_until("all it said has been read", SOON, || victim.has_said_all());
        self.read(&victim);
        let stderr = victim.stderr();
        let begun = stderr.lines().filter(|line| line.contains("processing item "));
        self.begun_by_killed.extend(begun.filter_map(|line| item(line.split_once(" payload=")?.1)));
    }

    /// Starts as many consumers as are missing.
    fn replace(&mut self) {
        while self.consumers.len() < CONSUMERS {
            self.consumers.push(self.consumer(&[]));
        }
    }

    /// Counts the items that a consumer has processed.
    fn read(&mut self, run: &Running) {
        let (stdout, stderr) = (run.stdout(), run.stderr());
        let lines = stdout.split_inclusive('\n').filter_map(|line| item(line.strip_suffix('\n')?));
        let logged = stderr.lines().filter(|line| line.contains("item processed "));
        let logged = logged.filter_map(|line| item(line.split_once(" payload=")?.1));
        self.times.resize(self.items, 0);
        // Lines and log tell of different kinds of consumers.
        for item in if self.kind.words == SLOW.words { logged.collect::<Vec<_>>() } else { lines.collect() } {
            self.times[item] += 1;
        }
    }

    /// Waits until all items are processed, and ends the consumers: nothing but the counters stays.
    ///
    /// Returns the number of times that an item was processed again.
    #[track_caller]
    fn end(self, server: &RedisServer) -> usize {
        self.end_with(server, || 0).0
    }

    /// The same; returns also what `count` does before the folder is removed.
    #[track_caller]
    fn end_with(mut self, server: &RedisServer, count: impl FnOnce() -> usize) -> (usize, usize) {
        wait_until("all items are processed", 4 * SOON, || server.is_settled());
        let census = server.census();
        census.accounts_for(self.items);
        assert_eq!(census.acknowledged, self.items);
        for consumer in std::mem::take(&mut self.consumers) {
            consumer.terminate();
            wait_until("it says what it has done", SOON, || consumer.stderr().contains("requeued=0"));
            wait_until("all it said has been read", SOON, || consumer.has_said_all());
            self.read(&consumer);
            consumer.finish(SOON).exits(0);
        }
        // Items of the killed are looked at when their lease is over.
        let last = self.consumer(&["--idle-exit", "2s"]);
        wait_until("nothing but the counters stays", SOON, || {
            server.keys().iter().all(|key| key == "{mylist}:stats" || key == "{mylist}:consumers")
        });
        last.finish(SOON).exits(0);
        assert_eq!(server.keys(), ["{mylist}:stats"]);
        for item in fs::read_to_string(self.folder.path().join("processed")).unwrap_or_default().lines() {
            self.times[self::item(item).expect("a whole line")] += 1;
        }
        let never = (0..self.items).filter(|item| self.times[*item] == 0 && !self.begun_by_killed.contains(item));
        assert_eq!(never.collect::<Vec<_>>(), [0; 0], "every item was processed");
        let again = self.times.iter().map(|times| times.saturating_sub(1)).sum();
        println!(
            "{} items, {} in flight at a time: {again} processed again, {} redelivered, {:.0} s",
            self.items,
            self.kind.slots,
            server.stat("redelivered"),
            self.start.elapsed().as_secs_f64(),
        );
        (again, count())
    }
}

/// Number of an item, as it was pushed.
fn item(text: &str) -> Option<usize> {
    text.strip_prefix('<')?.strip_suffix('>')?.parse().ok()
}

/// Number of kills; of those that take longer a part, if there are thousands.
fn kills(part: usize) -> usize {
    let kills = number("QSCALE_SOAK_KILLS").map(|kills| usize::try_from(kills).expect("a number of kills"));
    kills.map_or(25, |kills| (kills / part).max(1))
}

/// Number of times that something else happens than a kill.
fn rounds(few: usize) -> usize {
    if number("QSCALE_SOAK_KILLS").is_some() { kills(100) } else { few }
}

fn kill_consumers(kind: &Kind, kills: usize) {
    let server = RedisServer::start();
    let mut trial = Trial::start(kind, &["--redis", &server.url()]);
    for kill in 0..kills {
        if server.llen("mylist") < 10_000 {
            trial.push(&server);
        }
        trial.pause();
        trial.kill();
        trial.replace();
        if kill % 5 == 0 {
            server.census().accounts_for(trial.items);
        }
    }
    let again = trial.end(&server);
    assert!(again <= kills * kind.slots, "{again} processed again after {kills} kills");
}

#[test]
fn items_survive_killed_consumers() {
    kill_consumers(&SLOW, kills(20));
}

#[test]
fn batches_survive_killed_consumers() {
    kill_consumers(&BATCHES, kills(1));
}

#[test]
fn items_of_commands_survive_killed_consumers() {
    kill_consumers(&COMMANDS, kills(10));
}

#[test]
fn items_of_processes_that_stay_survive_killed_consumers() {
    kill_consumers(&LINES, kills(10));
}

#[test]
fn items_of_calls_survive_killed_consumers() {
    kill_consumers(&ARRAYS, kills(10));
}

#[test]
fn items_survive_killed_handlers() {
    survive_killed_handlers(&DEADLY_LINES);
    survive_killed_handlers(&DEADLY_ARRAYS);
}

fn survive_killed_handlers(kind: &Kind) {
    let server = RedisServer::start();
    let mut trial = Trial::start(kind, &["--redis", &server.url()]);
    let rounds = rounds(3);
    for _ in 0..rounds {
        let reached = server.stat("acknowledged");
        trial.push(&server);
        wait_until("some are processed", SOON, || server.stat("acknowledged") > reached);
        trial.pause();
        trial.kill();
        trial.replace();
        server.census().accounts_for(trial.items);
    }
    let deaths = trial.folder.path().join("deaths");
    let (folder, slots) = (trial.folder.path().to_owned(), trial.kind.slots);
    let again = trial.end_with(&server, || fs::read_to_string(&deaths).unwrap_or_default().lines().count());
    assert!(
        again.0 <= 4 * again.1 + rounds * slots,
        "{} processed again after {} deaths in {}",
        again.0,
        again.1,
        folder.display()
    );
}

#[test]
fn posted_items_survive_killed_consumers_and_lost_responses() {
    post(&[], 1);
    post(&["--batch", "8", "--linger", "20ms"], 8);
}

fn post(batches: &[&'static str], per_call: usize) {
    let server = RedisServer::start();
    let endpoint = Endpoint::start();
    let url = format!("http://{}/jobs", endpoint.address);
    let words = [
        "--handler",
        "http",
        "--url",
        &*Box::leak(url.into_boxed_str()),
        "--max-attempts",
        "1000000",
        "--backoff",
        "10ms..50ms",
    ];
    let words = [&words[..], batches].concat();
    let kind = Kind { words: words.leak(), slots: 16 * per_call, per_call, ..LINES };
    let mut trial = Trial::start(&kind, &["--redis", &server.url()]);
    endpoint.writes_to(trial.folder.path());
    let kills = kills(10);
    for kill in 0..kills {
        if server.llen("mylist") < 10_000 {
            trial.push(&server);
        }
        trial.pause();
        trial.kill();
        trial.replace();
        if kill % 5 == 0 {
            server.census().accounts_for(trial.items);
        }
    }
    let (again, lost) = trial.end_with(&server, || endpoint.lost());
    // A connection that was kept is replaced, and the item sent again at once: a response that is lost counts twice at most.
    assert!(
        again <= 2 * lost * per_call + kills * kind.slots,
        "{again} processed again after {kills} kills and {lost} lost responses"
    );
}

#[test]
fn items_survive_a_killed_server() {
    for (kind, load) in [(&SLOW, 400), (&BATCHES, 20_000)] {
        let rounds = rounds(3);
        let mut server = RedisServer::builder().durable().start();
        let mut trial = Trial::start(kind, &["--redis", &server.url()]);
        for _ in 0..rounds {
            let reached = server.stat("acknowledged");
            trial.push_some(&server, load / 4);
            wait_until("some are processed", SOON, || server.stat("acknowledged") > reached);
            trial.wait_for_consumers();
            trial.pause();
            server.kill();
            // A consumer dies meanwhile: what it held is known after the restart.
            trial.kill();
            server.restart();
            server.census().accounts_for(trial.items);
            trial.replace();
        }
        // A lease may have run out while the server was away: then all that is in flight at that moment is processed again.
        let again = trial.end(&server);
        assert!(again <= rounds * (CONSUMERS + 1) * kind.slots, "{again} processed again after {rounds} kills");
    }
}

#[test]
fn items_survive_a_pause_beyond_the_lease() {
    for kind in [&SLOW, &BATCHES, &LINES, &ARRAYS] {
        let rounds = rounds(3);
        let server = RedisServer::start();
        let mut trial = Trial::start(kind, &["--redis", &server.url()]);
        for round in 0..rounds {
            let reached = server.stat("acknowledged");
            trial.push_some(&server, *kind.batch.end());
            wait_until("some are processed", SOON, || server.stat("acknowledged") > reached);
            let paused = &trial.consumers[round % CONSUMERS];
            paused.pause();
            wait_until("the others process what it holds as well", 2 * SOON, || server.is_settled());
            paused.resume();
            server.census().accounts_for(trial.items);
        }
        let again = trial.end(&server);
        assert!(again <= rounds * kind.slots, "{again} processed again after {rounds} pauses");
    }
}

#[test]
fn items_survive_lost_requests_and_replies() {
    for kind in [&SLOW, &BATCHES, &LINES, &ARRAYS] {
        let server = RedisServer::start();
        let proxy = Proxy::before(server.port());
        let mut trial = Trial::start(kind, &["--redis", &proxy.url()]);
        trial.wait_for_consumers();
        for round in 1..=rounds(10) {
            trial.pause();
            match round % 3 {
                0 => proxy.lose_request("EVALSHA"),
                _ => proxy.lose_reply("EVALSHA"),
            }
            wait_until("one is lost", SOON, || {
                if server.llen("mylist") == 0 {
                    trial.push(&server);
                }
                proxy.lost() == round
            });
            server.census().accounts_for(trial.items);
        }
        let (again, redelivered) = (trial.end(&server), server.stat("redelivered"));
        assert!(again == 0 || redelivered > 0, "{again} processed again, and no lease had expired");
    }
}

#[test]
fn items_survive_a_slot_that_moves() {
    for kind in [&SLOW, &BATCHES] {
        let [mut here, mut there] = [(), ()].map(|()| RedisServer::builder().cluster().start());
        here.take_slot(SLOT, &there);
        let mut trial = Trial::start(kind, &["--addresses", &there.address(), "--mode", "cluster"]);
        trial.wait_for_consumers();
        for _ in 0..rounds(3) {
            let reached = here.stat("acknowledged");
            trial.push_some(&here, *kind.batch.end());
            wait_until("some are processed", SOON, || here.stat("acknowledged") > reached);
            trial.pause();
            there.take_over(SLOT, &here);
            std::mem::swap(&mut here, &mut there);
            here.census().accounts_for(trial.items);
        }
        let again = trial.end(&here);
        assert!(again == 0 || here.stat("redelivered") > 0, "{again} processed again, and no lease had expired");
    }
}

#[test]
fn redelivery_takes_at_most_lease_and_scan() {
    let server = RedisServer::start();
    let slots = SLOW.slots.to_string();
    let words =
        ["--verbose", "consume", "--lease", "1s", "--concurrency", &slots, "--max-crashes", "1000000", "--work", "1h"];
    let consume = || Qscale::new(words).args(["--redis", &server.url()]).spawn();
    let mut holder = consume();
    server.push("mylist", ["a", "b", "c"]);
    // More where a consumer had no time to renew its lease, and began its items anew.
    let holds = |run: &Running| run.stderr().matches("processing item").count() >= SLOW.slots;
    wait_until("all are in flight", SOON, || holds(&holder));
    let mut times = Vec::new();
    for _ in 0..20 {
        let next = consume();
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
