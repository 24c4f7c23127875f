//! The table of faults: each is caused under load; what is said, the time until items are processed again, and what is lost or
//! processed twice are measured. `make faults` writes them to `docs/faults.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use crate::keda_view::{Keda, KedaView};
use crate::support::{Proxy, Qscale, RedisServer, Running, wait_until};

/// Items that are pushed while the fault comes and goes.
const ITEMS: usize = 600;

/// Longest time of one run: a lease, its scan, and the load.
const LONGEST: Duration = Duration::from_secs(150);

/// The page.
const PAGE: &str = "docs/faults.md";

const OPENING: &str = "\
# Faults, measured

<!-- Written by `make faults`. -->

Each fault comes while 600 items are pushed at 100 per second and a consumer runs a shell of 12 ms for each, with the defaults of
`produce` and `consume`, at-least-once. *Works again* is the time from the end of the fault until the next item is
processed; *lost* and *processed twice* are counted item by item at the end. The item of a consumer that is killed is
redelivered when its lease is over, 30 s by default; it is processed twice if its handler had ended and Redis had not been
told. A connection that is cut between two commands is replaced without a word. Server and clients are on one machine. *What
KEDA says* is the first warning among the events of a ScaledObject whose trigger is the list, polled every second; its client
retries for some seconds before KEDA hears of a fault.

| fault | what the user sees | works again after | lost | processed twice | what KEDA says |
|---|---|---:|---:|---:|---|
";

/// Load on one list: a producer and its consumers.
struct Load {
    producer: Running,
    consumers: Vec<Running>,
    again: Option<Duration>,
    /// KEDA at the list, where there is a cluster.
    keda: Option<KedaView>,
}

impl Load {
    fn start(redis: &[&str], consumers: usize) -> Self {
        let keda = Keda::from_environment().map(|keda| keda.watch(redis));
        let produce = ["produce", "--rate", "100", "--payload", "{seq}", "--reconnect-for", "2m"];
        let count = ITEMS.to_string();
        let producer = Qscale::new(produce).args(["--count", &count]).args(redis).deadline(LONGEST).spawn();
        let consume = ["consume", "--concurrency", "1", "--", "sh", "-c", "cat; echo; sleep 0.012"];
        let consumer = || Qscale::new(&consume[..3]).args(redis).args(&consume[3..]).deadline(LONGEST).spawn();
        let consumers = (0..consumers).map(|_| consumer()).collect();
        let load = Self { producer, consumers, again: None, keda };
        wait_until("items are processed", LONGEST, || load.processed() > 50);
        load
    }

    /// Number of items that were processed, twice or not.
    fn processed(&self) -> usize {
        self.consumers.iter().map(|consumer| items(&consumer.stderr()).count()).sum()
    }

    /// Takes the end of the fault, and waits for the next item.
    fn is_over(&mut self) {
        let (before, start) = (self.processed(), Instant::now());
        // All may have been processed meanwhile, by another consumer.
        wait_until("items are processed again", LONGEST, || self.processed() > before || before >= ITEMS);
        self.again = Some(start.elapsed());
    }

    /// Waits for the end of the load, and returns the row of the table.
    fn row(self, name: &str, is_settled: impl Fn() -> bool) -> String {
        let Self { producer, consumers, again, keda } = self;
        let pushed = producer.finish(LONGEST);
        let start = Instant::now();
        while !is_settled() && start.elapsed() < LONGEST {
            thread::sleep(Duration::from_millis(50));
        }
        let mut counts: BTreeMap<usize, usize> = (1..=ITEMS).map(|number| (number, 0)).collect();
        let mut said = None;
        for consumer in consumers {
            consumer.resume();
            consumer.terminate();
            let ended = consumer.finish(LONGEST);
            for item in items(&ended.stderr) {
                *counts.entry(item).or_default() += 1;
            }
            said = said.or_else(|| first_warning(&ended.stderr));
        }
        let said = said.or_else(|| first_warning(&pushed.stderr)).unwrap_or_else(|| "nothing".to_owned());
        let lost = counts.values().filter(|count| **count == 0).count();
        let twice: usize = counts.values().map(|count| count.saturating_sub(1)).sum();
        let again = again.unwrap_or_default().as_secs_f64();
        // As it was measured where there is no cluster now.
        let keda = keda.map_or_else(|| earlier(name), |keda| keda.said());
        format!("| {name} | {said} | {again:.1} s | {lost} | {twice} | {keda} |")
    }
}

/// Returns what KEDA said when this fault was last measured with a cluster.
fn earlier(name: &str) -> String {
    let page = fs::read_to_string(PAGE).unwrap_or_default();
    let row = page.lines().find(|line| line.starts_with(&format!("| {name} |")));
    let cell = row.and_then(|row| row.split(" | ").nth(5)).map(|cell| cell.trim_end_matches(" |"));
    cell.unwrap_or("not measured").to_owned()
}

/// Items that a consumer has processed, from its log of each.
fn items(log: &str) -> impl Iterator<Item = usize> + '_ {
    log.lines().filter_map(|line| line.rsplit_once("] ")?.1.trim().parse().ok())
}

/// The first warning: its event and its error, without time and other fields.
fn first_warning(stderr: &str) -> Option<String> {
    let line = stderr.lines().find(|line| line.contains(" WARN ") || line.contains("error: "))?;
    let text = line.split_once(" WARN ").map_or(line, |(_, text)| text);
    let event = text.split(" endpoint=").next().unwrap_or(text).split(" redelivered=").next().unwrap_or(text);
    let error =
        text.split_once(" error=").map_or("", |(_, error)| error.split(" reconnect_for=").next().unwrap_or(error));
    let colon = if error.is_empty() { "" } else { ": " };
    Some(format!("{}{colon}{error}", event.trim()).replace('|', "\\|"))
}

fn is_settled(server: &RedisServer) -> bool {
    server.is_settled()
}

fn url(server: &RedisServer) -> String {
    server.url()
}

fn restart(name: &str, is_durable: bool) -> String {
    let builder = RedisServer::builder();
    let mut server = if is_durable { builder.durable() } else { builder }.start();
    let url = url(&server);
    let mut load = Load::start(&["--redis", &url], 1);
    server.kill();
    thread::sleep(Duration::from_secs(2));
    server.restart();
    load.is_over();
    load.row(name, || is_settled(&server))
}

fn pause(name: &str) -> String {
    let server = RedisServer::start();
    let url = url(&server);
    let mut load = Load::start(&["--redis", &url], 1);
    server.pause();
    thread::sleep(Duration::from_secs(8));
    server.resume();
    load.is_over();
    load.row(name, || is_settled(&server))
}

fn link(name: &str, fault: impl Fn(&Proxy)) -> String {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    let mut load = Load::start(&["--redis", &proxy.url()], 1);
    fault(&proxy);
    load.is_over();
    load.row(name, || is_settled(&server))
}

fn refusal(name: &str, begin: impl Fn(&RedisServer), end: impl Fn(&RedisServer)) -> String {
    let server = RedisServer::start();
    let url = url(&server);
    let mut load = Load::start(&["--redis", &url], 1);
    begin(&server);
    thread::sleep(Duration::from_secs(4));
    end(&server);
    load.is_over();
    load.row(name, || is_settled(&server))
}

fn busy(name: &str) -> String {
    let server = RedisServer::builder().directive("lua-time-limit 50").start();
    let url = url(&server);
    let mut load = Load::start(&["--redis", &url], 1);
    thread::scope(|scope| {
        scope.spawn(|| server.ask(&["EVAL", "while true do end", "0"]));
        thread::sleep(Duration::from_secs(4));
        server.cli(&["SCRIPT", "KILL"]);
    });
    load.is_over();
    load.row(name, || is_settled(&server))
}

fn loading(name: &str) -> String {
    let mut server = RedisServer::builder().durable().start();
    let url = url(&server);
    let mut load = Load::start(&["--redis", &url], 1);
    server.kill();
    // Some hundred commands are read again, at this pace in microseconds.
    server.configure("key-load-delay 10000");
    server.restart_loading();
    // It answers only now and then while it loads.
    wait_until("the server has loaded its data", LONGEST, || {
        server.ask(&["INFO", "persistence"]).is_ok_and(|info| info.to_string().contains("\nloading:0"))
    });
    load.is_over();
    load.row(name, || is_settled(&server))
}

fn failover(name: &str) -> String {
    let mut primary = RedisServer::start();
    let line = format!("replicaof 127.0.0.1 {}", primary.port());
    let replica = RedisServer::builder().directive(&line).start();
    let sentinel = RedisServer::builder()
        .sentinel("mymaster", &primary)
        .directive("sentinel down-after-milliseconds mymaster 2000")
        .directive("sentinel failover-timeout mymaster 5000")
        .start();
    wait_until("the replica is in sync", LONGEST, || {
        replica.cli(&["INFO", "replication"]).contains("master_link_status:up")
    });
    let address = sentinel.address();
    wait_until("the Sentinel knows the replica", LONGEST, || {
        sentinel.cli(&["SENTINEL", "MASTERS"]).contains("num-slaves\n1")
            || sentinel.cli(&["INFO", "sentinel"]).contains("slaves=1")
    });
    let words = ["--addresses", &address, "--mode", "sentinel", "--sentinel-master", "mymaster"];
    let mut load = Load::start(&words, 1);
    primary.kill();
    load.is_over();
    load.row(name, || is_settled(&replica))
}

fn reshard(name: &str) -> String {
    let [near, far] = [(), ()].map(|()| RedisServer::builder().cluster().start());
    // The slot of `mylist`, and of its companions.
    far.take_slot(5_282, &near);
    let address = near.address();
    let mut load = Load::start(&["--addresses", &address, "--mode", "cluster"], 1);
    near.take_over(5_282, &far);
    load.is_over();
    load.row(name, || is_settled(&near))
}

fn consumer(name: &str, fault: impl Fn(&Running)) -> String {
    let server = RedisServer::start();
    let url = url(&server);
    let mut load = Load::start(&["--redis", &url], 2);
    fault(&load.consumers[0]);
    load.is_over();
    load.row(name, || is_settled(&server))
}

type Scenario = (&'static str, fn(&str) -> String);

/// Suspends a consumer for some seconds.
fn suspend(name: &str, seconds: u64) -> String {
    consumer(name, |one| {
        one.pause();
        thread::sleep(Duration::from_secs(seconds));
        one.resume();
    })
}

/// Faults, in the order of the table.
const SCENARIOS: [Scenario; 18] = [
    ("Redis is killed and restarts after 2 s, `appendfsync always`", |name| restart(name, true)),
    ("Redis is killed and restarts after 2 s, without persistence", |name| restart(name, false)),
    ("Redis hangs for 8 s", pause),
    ("all connections are cut", |name| link(name, Proxy::cut)),
    ("the reply to a claim is lost", |name| link(name, |proxy| proxy.lose_reply("EVALSHA"))),
    ("connections are forgotten by the network", |name| link(name, Proxy::swallow)),
    ("each request takes 200 ms longer", |name| link(name, |proxy| proxy.delay(Duration::from_millis(200)))),
    ("the memory of Redis is full for 4 s", |name| {
        let set =
            |limit: &'static str| move |server: &RedisServer| drop(server.cli(&["CONFIG", "SET", "maxmemory", limit]));
        refusal(name, set("1"), set("0"))
    }),
    ("the disk of Redis is full for 4 s (MISCONF)", |name| {
        let begin = |server: &RedisServer| {
            fs::create_dir_all(server.folder().join("dump.rdb/full")).expect("the temporary folder takes a folder");
            server.cli(&["CONFIG", "SET", "save", "3600 1000000"]);
            server.cli(&["BGSAVE"]);
        };
        refusal(name, begin, |server| drop(server.cli(&["CONFIG", "SET", "stop-writes-on-bgsave-error", "no"])))
    }),
    ("a script keeps Redis busy for 4 s (BUSY)", busy),
    ("Redis is killed, and loads its data for some seconds (LOADING)", loading),
    ("the primary is killed, and Sentinel fails over", failover),
    ("the slot of the list moves to another node", reshard),
    ("one of two consumers is killed", |name| consumer(name, Running::kill)),
    ("one of two consumers is told to stop (SIGTERM)", |name| consumer(name, Running::terminate)),
    ("one of two consumers is suspended for 4 s (SIGSTOP)", |name| suspend(name, 4)),
    ("one of two consumers is suspended for longer than its lease", |name| suspend(name, 40)),
    ("one of two consumers has a tenth of its time", |name| {
        consumer(name, |one| {
            for _ in 0..20 {
                one.pause();
                thread::sleep(Duration::from_millis(180));
                one.resume();
                thread::sleep(Duration::from_millis(20));
            }
        })
    }),
];

#[test]
#[ignore = "takes some minutes: make faults"]
fn table_is_measured() {
    if Keda::from_environment().is_none() {
        let said = "SKIPPED: what KEDA says, for FAULTS_KUBECONFIG names no cluster; the earlier column is kept\n";
        std::io::stderr().write_all(said.as_bytes()).expect("stderr is open");
    }
    // Two at a time: more would measure the machine.
    let rows: Vec<String> = SCENARIOS
        .chunks(2)
        .flat_map(|pair| {
            thread::scope(|scope| {
                let running: Vec<_> = pair.iter().map(|(name, run)| scope.spawn(|| run(name))).collect();
                running.into_iter().map(|one| one.join().expect("the fault was measured")).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut page = OPENING.to_owned();
    for row in rows {
        writeln!(page, "{row}").expect("a String takes a line");
    }
    fs::write(PAGE, page).expect("the page can be written");
}

#[test]
fn page_has_every_fault() {
    let page = fs::read_to_string(PAGE).expect("the page");
    assert!(page.starts_with(OPENING), "run `make faults`");
    let names: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).skip(1).collect();
    assert_eq!(names, SCENARIOS.map(|(name, _)| name), "run `make faults`");
}
