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

/// The only list.
const ONE: &[&str] = &["mylist"];

/// Several lists with weights.
const THREE: &[&str] = &["critical=6", "default=3", "low=1"];

/// A kind of consumer, and the load for several of them.
#[derive(Clone)]
struct Kind {
    /// Lists, with weights if there are several.
    lists: &'static [&'static str],
    /// Handler.
    words: &'static [&'static str],
    /// Items that a consumer processes at a time.
    slots: usize,
    /// Items in a call of the handler at most.
    per_call: usize,
    /// Items pushed at once.
    batch: RangeInclusive<usize>,
    /// Milliseconds until something happens to a consumer.
    pause: RangeInclusive<u64>,
}

impl Kind {
    /// Items in flight per consumer at most: those that are processed, and as many that are prefetched.
    fn in_flight(&self) -> usize {
        2 * self.slots
    }
}

/// Slots that are seldom idle, with items that take their time.
const SLOW: Kind =
    Kind { lists: ONE, words: &["--work", "40ms..160ms"], slots: 3, per_call: 1, batch: 10..=40, pause: 50..=450 };

/// Items claimed and acknowledged many at a time, at full speed.
const BATCHES: Kind =
    Kind { lists: ONE, words: &["--work", "none"], slots: 64, per_call: 1, batch: 1..=5_000, pause: 0..=40 };

/// A process per item.
const COMMANDS: Kind = Kind {
    lists: ONE,
    words: &["--", "sh", "-c", "echo '{}' >> processed"],
    slots: 4,
    per_call: 1,
    batch: 10..=60,
    pause: 20..=120,
};

/// A persistent worker: it notes each item, and answers.
const WORKER: &str = r#"
while IFS= read -r line; do
  id=${line#*'"id":"'}; id=${id%%'"'*}; item=${line#*'"item":"'}
  echo "${item%'"}'}" >> processed
  [ -z "$DEADLY" ] || [ $((RANDOM % DEADLY)) != 0 ] || { echo x >> deaths; kill -9 $$; }
  echo "{\"id\":\"$id\",\"ack\":true}"
done"#;

/// Persistent processes, with several items in flight each.
const LINES: Kind = Kind {
    lists: ONE,
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

/// Persistent processes, with several items in a call.
const ARRAYS: Kind = Kind {
    lists: ONE,
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

/// Returns a kind of consumer of several lists.
fn listed(kind: &Kind) -> Kind {
    Kind { lists: THREE, ..kind.clone() }
}

/// Returns kinds of consumers that a test takes in turn: in a soak all of them, otherwise each handler and several lists once.
fn kinds() -> Vec<Kind> {
    let mut kinds = vec![SLOW, BATCHES, listed(&LINES)];
    if number("QSCALE_SOAK_KILLS").is_some() {
        kinds.extend([LINES, ARRAYS, listed(&SLOW), listed(&BATCHES), listed(&ARRAYS)]);
    }
    kinds
}

/// Returns a kind of consumer that posts items, several of them in a call, to an endpoint.
fn posting(endpoint: &Endpoint, lists: &'static [&'static str], per_call: usize) -> Kind {
    let url = format!("http://{}/jobs", endpoint.address);
    let mut words =
        vec!["--handler", "http", "--url", url.leak(), "--max-attempts", "1000000", "--backoff", "10ms..50ms"];
    if per_call > 1 {
        words.extend(["--linger", "20ms", "--batch", per_call.to_string().leak()]);
    }
    Kind { lists, words: words.leak(), slots: 16 * per_call, per_call, batch: 500..=2_000, ..LINES }
}

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
    /// Number of items pushed to each list.
    pushed: Vec<usize>,
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
            pushed: vec![0; kind.lists.len()],
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
        let lists = self.kind.lists.iter().flat_map(|list| ["--list", list]);
        let consumer = Qscale::new(common).args(&self.redis).args(lists).args(words).args(self.kind.words);
        consumer.in_folder(self.folder.path()).spawn()
    }

    /// Keys of the lists.
    fn keys(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.kind.lists.iter().map(|list| list.split('=').next().unwrap_or(list))
    }

    /// Asserts that each item is in one place, or acknowledged.
    #[track_caller]
    fn is_accounted_for(&self, server: &RedisServer) {
        self.keys().zip(&self.pushed).for_each(|(list, pushed)| server.census_of(list).accounts_for(*pushed));
    }

    /// Returns whether no item is waiting, in flight or delayed.
    #[track_caller]
    fn is_settled(&self, server: &RedisServer) -> bool {
        self.keys().all(|list| server.census_of(list).is_settled())
    }

    /// Number of waiting items.
    #[track_caller]
    fn waiting(&self, server: &RedisServer) -> u64 {
        self.keys().map(|list| server.llen(list)).sum()
    }

    /// Sum of a counter over all lists.
    #[track_caller]
    fn stat(&self, server: &RedisServer, name: &str) -> u64 {
        self.keys().map(|list| server.stat_of(list, name)).sum()
    }

    /// Waits until all consumers have connected: one that cannot reach Redis at its start ends.
    fn wait_for_consumers(&self) {
        for consumer in &self.consumers {
            consumer.wait_for_line("consuming", SOON);
        }
    }

    /// Pushes some items to one of the lists; now and then one by one, as they then come by the landing list.
    fn push(&mut self, server: &RedisServer) {
        let count = self.dice.random_range(self.kind.batch.clone());
        self.push_some(server, count);
    }

    fn push_some(&mut self, server: &RedisServer, count: usize) {
        let place = self.dice.random_range(0..self.pushed.len());
        let list = self.keys().nth(place).expect("a list");
        let items = (self.items..self.items + count).map(|item| format!("<{item}>"));
        self.items += count;
        self.pushed[place] += count;
        if self.dice.random_bool(0.5) {
            server.push(list, items);
        } else {
            let alone = self.dice.random_range(0..=count.min(20));
            let items: Vec<String> = items.collect();
            let (first, rest) = items.split_at(alone);
            for items in first.chunks(1).chain(rest.chunks(1_000)) {
                server.push(list, items);
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
        wait_until("all items are processed", 4 * SOON, || self.is_settled(server));
        self.is_accounted_for(server);
        assert_eq!(self.stat(server, "acknowledged"), self.items as u64);
        for consumer in std::mem::take(&mut self.consumers) {
            consumer.terminate();
            wait_until("it says what it has done", SOON, || consumer.stderr().contains("requeued="));
            wait_until("all it said has been read", SOON, || consumer.has_said_all());
            self.read(&consumer);
            consumer.finish(SOON).exits(0);
        }
        // Items of the killed are looked at when their lease is over.
        let last = self.consumer(&["--idle-exit", "2s"]);
        let stays = |key: &String| key.ends_with(":stats") || key.ends_with(":consumers");
        wait_until("nothing but the counters stays", SOON, || server.keys().iter().all(stays));
        last.finish(SOON).exits(0);
        assert!(server.keys().iter().all(|key| key.ends_with(":stats")), "{:?}", server.keys());
        for item in fs::read_to_string(self.folder.path().join("processed")).unwrap_or_default().lines() {
            self.times[self::item(item).expect("a whole line")] += 1;
        }
        let never = (0..self.items).filter(|item| self.times[*item] == 0 && !self.begun_by_killed.contains(item));
        assert_eq!(never.collect::<Vec<_>>(), [0; 0], "every item was processed");
        let again = self.times.iter().map(|times| times.saturating_sub(1)).sum();
        println!(
            "{} items, {} in flight at a time: {again} processed again, {} redelivered, {:.0} s",
            self.items,
            self.kind.in_flight(),
            self.stat(server, "redelivered"),
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
        if trial.waiting(&server) < 10_000 {
            trial.push(&server);
        }
        trial.pause();
        trial.kill();
        trial.replace();
        if kill % 5 == 0 {
            trial.is_accounted_for(&server);
        }
    }
    let again = trial.end(&server);
    assert!(again <= kills * kind.in_flight(), "{again} processed again after {kills} kills");
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
fn items_of_several_lists_survive_killed_consumers() {
    kill_consumers(&listed(&SLOW), kills(40));
    kill_consumers(&listed(&LINES), kills(20));
    kill_consumers(&listed(&ARRAYS), kills(20));
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
        let reached = trial.stat(&server, "acknowledged");
        trial.push(&server);
        wait_until("some are processed", SOON, || trial.stat(&server, "acknowledged") > reached);
        trial.pause();
        trial.kill();
        trial.replace();
        trial.is_accounted_for(&server);
    }
    let deaths = trial.folder.path().join("deaths");
    let (folder, in_flight) = (trial.folder.path().to_owned(), trial.kind.in_flight());
    let again = trial.end_with(&server, || fs::read_to_string(&deaths).unwrap_or_default().lines().count());
    assert!(
        again.0 <= 4 * again.1 + rounds * in_flight,
        "{} processed again after {} deaths in {}",
        again.0,
        again.1,
        folder.display()
    );
}

#[test]
fn posted_items_survive_killed_consumers_and_lost_responses() {
    post(ONE, 1);
    post(ONE, 8);
    post(THREE, 1);
}

fn post(lists: &'static [&'static str], per_call: usize) {
    let server = RedisServer::start();
    let endpoint = Endpoint::start();
    let kind = posting(&endpoint, lists, per_call);
    let mut trial = Trial::start(&kind, &["--redis", &server.url()]);
    endpoint.writes_to(trial.folder.path());
    let kills = kills(10);
    for kill in 0..kills {
        if trial.waiting(&server) < 10_000 {
            trial.push(&server);
        }
        trial.pause();
        trial.kill();
        trial.replace();
        if kill % 5 == 0 {
            trial.is_accounted_for(&server);
        }
    }
    let (again, lost) = trial.end_with(&server, || endpoint.lost());
    // A connection that was kept is replaced, and the item sent again at once: a response that is lost counts twice at most.
    assert!(
        again <= 2 * lost * per_call + kills * kind.in_flight(),
        "{again} processed again after {kills} kills and {lost} lost responses"
    );
}

#[test]
fn items_survive_a_killed_server() {
    let kinds = [(SLOW, 400, rounds(3)), (BATCHES, 20_000, rounds(3)), (listed(&LINES), 2_000, rounds(1))];
    for (kind, load, rounds) in kinds {
        let server = RedisServer::builder().durable().start();
        let trial = Trial::start(&kind, &["--redis", &server.url()]);
        kill_server(trial, server, load, rounds);
    }
    let (server, endpoint) = (RedisServer::builder().durable().start(), Endpoint::reliable());
    let trial = Trial::start(&posting(&endpoint, THREE, 1), &["--redis", &server.url()]);
    endpoint.writes_to(trial.folder.path());
    kill_server(trial, server, 2_000, rounds(1));
}

fn kill_server(mut trial: Trial, mut server: RedisServer, load: usize, rounds: usize) {
    for _ in 0..rounds {
        let reached = trial.stat(&server, "acknowledged");
        trial.push_some(&server, load / 4);
        wait_until("some are processed", SOON, || trial.stat(&server, "acknowledged") > reached);
        trial.wait_for_consumers();
        trial.pause();
        server.kill();
        // A consumer dies meanwhile: what it held is known after the restart.
        trial.kill();
        server.restart();
        rewrite_append_only_file(&server);
        trial.is_accounted_for(&server);
        trial.replace();
    }
    // A lease may have run out while the server was away: then all that is in flight at that moment is processed again.
    let in_flight = trial.kind.in_flight();
    let again = trial.end(&server);
    assert!(again <= rounds * (CONSUMERS + 1) * in_flight, "{again} processed again after {rounds} kills");
}

/// Has a server write its append-only file anew, and waits for the end.
///
/// One that was killed while it wrote a transaction leaves the beginning of it in the file, and executes that when it is started
/// once more (<https://github.com/valkey-io/valkey/pull/4342>).
fn rewrite_append_only_file(server: &RedisServer) {
    server.cli(&["BGREWRITEAOF"]);
    wait_until("the append-only file is written anew", SOON, || {
        let info = server.cli(&["INFO", "persistence"]);
        ["aof_rewrite_in_progress:0", "aof_rewrite_scheduled:0"].iter().all(|line| info.contains(line))
    });
}

#[test]
fn items_survive_a_pause_beyond_the_lease() {
    let server = RedisServer::start();
    let endpoint = Endpoint::reliable();
    let trial = Trial::start(&posting(&endpoint, THREE, 8), &["--redis", &server.url()]);
    endpoint.writes_to(trial.folder.path());
    pause_consumers(trial, &server, rounds(1));
    for kind in kinds() {
        let server = RedisServer::start();
        let trial = Trial::start(&kind, &["--redis", &server.url()]);
        pause_consumers(trial, &server, rounds(if kind.lists == ONE { 2 } else { 1 }));
    }
}

fn pause_consumers(mut trial: Trial, server: &RedisServer, rounds: usize) {
    for round in 0..rounds {
        let reached = trial.stat(server, "acknowledged");
        trial.push_some(server, *trial.kind.batch.end());
        wait_until("some are processed", SOON, || trial.stat(server, "acknowledged") > reached);
        let paused = &trial.consumers[round % CONSUMERS];
        paused.pause();
        wait_until("the others process what it holds as well", 2 * SOON, || trial.is_settled(server));
        paused.resume();
        trial.is_accounted_for(server);
    }
    let in_flight = trial.kind.in_flight();
    let again = trial.end(server);
    assert!(again <= rounds * in_flight, "{again} processed again after {rounds} pauses");
}

#[test]
fn items_survive_lost_requests_and_replies() {
    let server = RedisServer::start();
    let endpoint = Endpoint::reliable();
    let proxy = Proxy::before(server.port());
    let trial = Trial::start(&posting(&endpoint, THREE, 1), &["--redis", &proxy.url()]);
    endpoint.writes_to(trial.folder.path());
    cut_links(trial, &server, &proxy, rounds(5));
    for kind in kinds() {
        let server = RedisServer::start();
        let proxy = Proxy::before(server.port());
        let trial = Trial::start(&kind, &["--redis", &proxy.url()]);
        cut_links(trial, &server, &proxy, rounds(if kind.lists == ONE { 10 } else { 5 }));
    }
}

fn cut_links(mut trial: Trial, server: &RedisServer, proxy: &Proxy, rounds: usize) {
    trial.wait_for_consumers();
    for round in 1..=rounds {
        trial.pause();
        match round % 3 {
            0 => proxy.lose_request("EVALSHA"),
            _ => proxy.lose_reply("EVALSHA"),
        }
        wait_until("one is lost", SOON, || {
            if trial.waiting(server) == 0 {
                trial.push(server);
            }
            proxy.lost() == round
        });
        trial.is_accounted_for(server);
    }
    let keys: Vec<&str> = trial.keys().collect();
    let again = trial.end(server);
    let redelivered: u64 = keys.iter().map(|list| server.stat_of(list, "redelivered")).sum();
    assert!(again == 0 || redelivered > 0, "{again} processed again, and no lease had expired");
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
