//! One random history of a list: what its producer, its consumers and time do, one step after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use qscale::delivery::dead_letter::Filter;
use qscale::endpoint::Endpoint;
use qscale::queue::{
    Claim, ClaimSettings, Claims, DeadLetterAction, DeadLetterOrder, DeadLetters, Exchanged, Finished, Pusher,
    QueueError, Redis, Waited, Waiter,
};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::ledger::{Ledger, Violation};
use super::mutation::Scripts;
use super::network::{Network, Request, Weather, lock};
use super::snapshot::Snapshot;
use crate::support::RedisServer;

/// A lease that expires only where the history says so.
const LEASE: Duration = Duration::from_secs(3600);

/// Delay of a retry until the history says that it is over.
const DELAY: Duration = Duration::from_secs(3600);

/// A history under way.
pub(super) struct History<'a> {
    server: &'a RedisServer,
    scripts: Arc<Scripts>,
    folder: TempDir,
    random: StdRng,
    /// Probability that something happens to a request.
    trouble: f64,
    /// Probability that a client crashes in the midst of a call.
    crashes: f64,
    max_crashes: u32,
    /// True if there are more items than fit, so that a consumer has two calls under way.
    is_loaded: bool,
    /// True if many calls run late, and in the order in which they were sent.
    is_stormy: bool,
    late: Arc<Mutex<Vec<Vec<Request>>>>,
    ledger: Ledger,
    producer: Option<(Pusher, Network)>,
    consumers: Vec<Consumer>,
    /// Number of items pushed, and of clients so far.
    items: usize,
    clients: usize,
    /// The steps so far, to read when one breaks a promise.
    pub(super) steps: Vec<String>,
}

/// A consumer that is alive.
struct Consumer {
    name: String,
    claims: Claims,
    network: Network,
    slots: usize,
    held: BTreeMap<String, Claim>,
    waiter: Option<Waiter>,
    wait: Option<(Waiting, CancellationToken)>,
    /// Number of leases that had expired, and been renewed, when it last had no call under way.
    falls: u32,
    /// True once items may have been taken from it.
    has_fallen: bool,
    /// True from the end of a wait whose connection was lost until the next exchange: it signs on, and requeues an item that
    /// the wait has claimed in vain.
    is_unsure: bool,
}

/// A wait under way.
type Waiting = JoinHandle<(Waiter, Result<Waited, QueueError>)>;

/// End of a call: its result, or none if the client has crashed in the midst of it.
type Survived<T> = Option<Result<T, QueueError>>;

impl<'a> History<'a> {
    /// Begins a history, on an empty server.
    pub(super) fn begin(server: &'a RedisServer, scripts: &Arc<Scripts>, seed: u64) -> Self {
        server.cli(&["FLUSHALL"]);
        let mut random = StdRng::seed_from_u64(seed);
        let trouble = *[0.0, 0.1, 0.3].choose(&mut random).expect("one of three");
        Self {
            server,
            scripts: Arc::clone(scripts),
            folder: tempfile::tempdir().expect("a temporary folder"),
            trouble,
            is_stormy: trouble > 0.0 && random.random_bool(0.5),
            crashes: 0.06,
            is_loaded: random.random_bool(0.5),
            max_crashes: random.random_range(2..=4),
            random,
            late: Arc::default(),
            ledger: Ledger::default(),
            producer: None,
            consumers: Vec::new(),
            items: 0,
            clients: 0,
            steps: Vec::new(),
        }
    }

    /// Plays the history to its end, and returns how many items were processed again.
    pub(super) async fn play(&mut self) -> Result<usize, Violation> {
        for _ in 0..self.random.random_range(1..=3) {
            self.join().await?;
        }
        for _ in 0..self.random.random_range(10..60) {
            self.step().await?;
            self.check()?;
        }
        self.end().await?;
        Ok(self.ledger.again)
    }

    async fn step(&mut self) -> Result<(), Violation> {
        if self.is_stormy && self.random.random_bool(0.2) {
            return self.storm().await;
        }
        match self.random.random_range(0..100) {
            0..20 => self.push().await,
            20..62 => self.exchange().await,
            62..72 => self.wait().await,
            72..76 => {
                self.die();
                Ok(())
            }
            76..80 => {
                self.expire();
                Ok(())
            }
            80..86 => self.redeliver().await,
            86..89 => self.join().await,
            89..91 => self.leave().await,
            91..94 => {
                self.pass_time();
                Ok(())
            }
            94..96 => self.move_dead_letters().await,
            96..99 => self.deliver_late(),
            _ => {
                self.note("the scripts are forgotten");
                self.server.cli(&["SCRIPT", "FLUSH"]);
                Ok(())
            }
        }
    }

    fn note(&mut self, step: impl Into<String>) {
        self.steps.push(step.into());
    }

    fn check(&mut self) -> Result<(), Violation> {
        let snapshot = Snapshot::take(self.server);
        self.ledger.check(&snapshot)?;
        for consumer in &mut self.consumers {
            consumer.has_fallen |= self.ledger.falls(&consumer.name) > 0;
            if consumer.wait.is_some() || consumer.claims.asked() > 0 || !snapshot.is_signed_on(&consumer.name) {
                continue;
            }
            let prefix = consumer.name.len() + 1;
            let known: BTreeSet<String> = consumer.held.keys().map(|id| id[prefix..].to_owned()).collect();
            let held = snapshot.held(&consumer.name);
            let has_strays = !consumer.is_unsure && !held.is_subset(&known);
            if has_strays || (!consumer.has_fallen && !known.is_subset(&held)) {
                return Err(format!("stranded: {} knows {known:?}, and Redis holds {held:?}", consumer.name));
            }
        }
        Ok(())
    }

    fn network(&mut self, name: &str) -> Network {
        let (server, seed) = (self.server.socket(), self.random.random());
        let (scripts, late) = (Arc::clone(&self.scripts), Arc::clone(&self.late));
        // A batch is several requests.
        let trouble = if name.starts_with('p') { self.trouble / 4.0 } else { self.trouble };
        let path = self.folder.path().join(format!("{name}.sock"));
        let weather = Weather { is_slow: self.is_loaded, is_stormy: self.is_stormy };
        Network::open(path, server, scripts, late, seed, trouble, weather)
    }

    fn client(&mut self, kind: &str) -> (String, Network, Redis) {
        self.clients += 1;
        let name = format!("{kind}{}", self.clients);
        let network = self.network(&name);
        let redis = Redis::new(Endpoint::unix(network.path.clone()), None, CancellationToken::new());
        (name, network, redis)
    }

    /// Decides whether a client crashes within its next requests.
    fn may_crash(&mut self, network: &Network) -> CancellationToken {
        if self.random.random_bool(self.crashes) {
            network.crash_soon(self.random.random_range(0..3))
        } else {
            CancellationToken::new()
        }
    }

    /// A consumer connects.
    async fn join(&mut self) -> Result<(), Violation> {
        if self.consumers.len() >= 4 {
            return Ok(());
        }
        let (name, network, redis) = self.client("k");
        let settings = ClaimSettings { lease: LEASE, max_crashes: self.max_crashes };
        let crash = self.may_crash(&network);
        let connected = survive(&crash, async {
            let claims = Claims::connect(&redis, "mylist", &name, settings).await?;
            let waiter = claims.waiter(&redis).await?;
            Ok((claims, waiter))
        });
        let connected = connected.await;
        self.note(format!("{name} signs on{}", if connected.is_none() { ", and crashes" } else { "" }));
        network.no_crash();
        let Some(connected) = connected else { return Ok(()) };
        let (claims, waiter) = connected.map_err(|error| error.to_string())?;
        self.consumers.push(Consumer {
            slots: if self.is_loaded { 64 } else { *[1, 3, 8, 64].choose(&mut self.random).expect("one of them") },
            name,
            claims,
            network,
            held: BTreeMap::new(),
            waiter: Some(waiter),
            wait: None,
            falls: 0,
            has_fallen: false,
            is_unsure: false,
        });
        Ok(())
    }

    /// Takes out one of the consumers; it is put back unless it crashes.
    fn pick(&mut self) -> Option<Consumer> {
        (!self.consumers.is_empty())
            .then(|| self.consumers.swap_remove(self.random.random_range(0..self.consumers.len())))
    }

    async fn push(&mut self) -> Result<(), Violation> {
        let (mut pusher, network) = if let Some(producer) = self.producer.take() {
            producer
        } else {
            let (_, network, redis) = self.client("p");
            (Pusher::connect(&redis, "mylist", 0).await.map_err(|error| error.to_string())?, network)
        };
        let count = if self.is_loaded || self.random.random_bool(0.1) { 60..200 } else { 1..9 };
        let items: Vec<String> =
            (0..self.random.random_range(count)).map(|nth| format!("i{}", self.items + nth)).collect();
        self.items += items.len();
        self.ledger.pushing(&items);
        let crash = self.may_crash(&network);
        let call = survive(&crash, async {
            for batch in items.chunks(items.len().div_ceil(2).max(1)) {
                pusher.push(batch.iter().map(|item| Bytes::from(item.clone())).collect()).await?;
            }
            pusher.flush().await
        });
        let result = call.await;
        let (first, last) = (&items[0], &items[items.len() - 1]);
        self.note(format!(
            "{first} to {last} are pushed{}",
            if result.is_none() { ", and the producer crashes" } else { "" }
        ));
        network.no_crash();
        if let Some(result) = result {
            result.map_err(|error| error.to_string())?;
            self.ledger.pushed(&items);
            self.producer = Some((pusher, network));
        }
        Ok(())
    }

    /// A consumer settles some of its items, and claims others.
    async fn exchange(&mut self) -> Result<(), Violation> {
        let Some(mut consumer) = self.pick() else { return self.join().await };
        let all = self.random.random_bool(0.5);
        let chosen: Vec<String> =
            consumer.held.keys().filter(|_| all || self.random.random_bool(0.5)).cloned().collect();
        let is_plain = self.random.random_bool(if self.is_loaded { 0.9 } else { 0.6 });
        let finished: Vec<Finished> = chosen.iter().map(|id| self.outcome(&consumer.held[id], is_plain)).collect();
        for finished in &finished {
            self.ledger.finishing(finished);
            consumer.held.remove(finished.id());
        }
        let free = consumer.slots.saturating_sub(consumer.held.len());
        let free = free.saturating_sub(usize::from(consumer.wait.is_some()) + consumer.claims.asked());
        let limit = if self.random.random_bool(0.1) { 0 } else { free };
        let crash = self.may_crash(&consumer.network);
        self.note(format!("{} settles {finished:?} and claims {limit}", consumer.name));
        let exchanged = survive(&crash, consumer.claims.exchange(finished, limit)).await;
        consumer.is_unsure = false;
        self.took(consumer, exchanged)
    }

    /// Chooses the outcome of an item.
    fn outcome(&mut self, claim: &Claim, is_plain: bool) -> Finished {
        let id = claim.id.clone();
        let mut history = claim.clone().into_history(1);
        history.attempts += 1;
        "failed".clone_into(&mut history.reason);
        match self.random.random_range(0..10) {
            0..2 if !is_plain => {
                let after = if self.random.random_bool(0.5) { Duration::ZERO } else { DELAY };
                Finished::Retry { id, after, history }
            }
            2 if !is_plain => Finished::DeadLetter { id, history },
            3 if !is_plain => Finished::Requeue { id },
            _ => Finished::Acknowledge { id },
        }
    }

    /// Takes over what an exchange has brought; the consumer ends if it has crashed.
    fn took(&mut self, mut consumer: Consumer, exchanged: Survived<Exchanged>) -> Result<(), Violation> {
        consumer.network.no_crash();
        let Some(exchanged) = exchanged else {
            self.crash(consumer);
            return Ok(());
        };
        let exchanged = exchanged.map_err(|error| error.to_string())?;
        let has_fallen = self.ledger.falls(&consumer.name) > consumer.falls;
        if !exchanged.lost.is_empty() && self.ledger.falls(&consumer.name) == 0 {
            return Err(format!("{} has lost {:?}, and its lease had not expired", consumer.name, exchanged.lost));
        }
        for finished in &exchanged.settled {
            // Of several acknowledgements, Redis says how many are lost, and not which.
            let is_certain = exchanged.lost.is_empty() || !matches!(finished, Finished::Acknowledge { .. });
            if is_certain && !exchanged.lost.iter().any(|id| id == finished.id()) {
                self.ledger.confirmed(finished);
            }
        }
        for claim in exchanged.items {
            self.ledger.received(&claim, has_fallen)?;
            consumer.held.insert(claim.id.clone(), claim);
        }
        if consumer.wait.is_none() && consumer.claims.asked() == 0 {
            consumer.falls = self.ledger.falls_before(&consumer.name);
        }
        self.consumers.push(consumer);
        Ok(())
    }

    fn crash(&mut self, consumer: Consumer) {
        self.note(format!("{} crashes", consumer.name));
        if let Some((wait, _)) = consumer.wait {
            wait.abort();
        }
    }

    /// A consumer begins to wait for an item, or takes the one that it has waited for.
    async fn wait(&mut self) -> Result<(), Violation> {
        let Some(mut consumer) = self.pick() else { return Ok(()) };
        if let Some((wait, stop)) = consumer.wait.take() {
            if self.random.random_bool(0.5) {
                stop.cancel();
            }
            self.note(format!("{} ends its wait", consumer.name));
            let crash = self.may_crash(&consumer.network);
            let ended = survive(&crash, async {
                let (waiter, result) = wait.await.expect("no panic while waiting");
                let exchanged = consumer.claims.end_wait(result?).await?;
                Ok((waiter, exchanged))
            });
            let exchanged = ended.await.map(|ended| {
                ended.map(|(waiter, exchanged)| {
                    consumer.waiter = Some(waiter);
                    consumer.is_unsure = exchanged.interrupted;
                    exchanged
                })
            });
            return self.took(consumer, exchanged);
        }
        if consumer.slots > consumer.held.len() + consumer.claims.asked()
            && let Some(mut waiter) = consumer.waiter.take()
        {
            self.note(format!("{} begins to wait", consumer.name));
            let wait = consumer.claims.begin_wait(Duration::from_millis(self.random.random_range(1..40)), true);
            let stop = CancellationToken::new();
            let stopped = stop.clone();
            let task = tokio::spawn(async move {
                let waited = waiter.wait(wait, &stopped).await;
                (waiter, waited)
            });
            consumer.wait = Some((task, stop));
            tokio::task::yield_now().await;
        }
        self.consumers.push(consumer);
        Ok(())
    }

    fn die(&mut self) {
        if let Some(consumer) = self.pick() {
            self.crash(consumer);
        }
    }

    /// The lease of a consumer expires, dead or alive.
    fn expire(&mut self) {
        let snapshot = Snapshot::take(self.server);
        let holders: Vec<&str> = snapshot.holders().collect();
        if let Some(consumer) = holders.choose(&mut self.random).map(|&consumer| consumer.to_owned()) {
            self.note(format!("the lease of {consumer} expires"));
            self.expire_lease(&consumer);
        }
    }

    fn expire_lease(&self, consumer: &str) {
        let script = "local time = redis.call('TIME') \
                      redis.call('ZADD', KEYS[1], 'XX', time[1] * 1000 + math.floor(time[2] / 1000) - 1, ARGV[1])";
        self.server.cli(&["EVAL", script, "1", "{mylist}:consumers", consumer]);
    }

    /// A consumer looks for crashed ones.
    async fn redeliver(&mut self) -> Result<(), Violation> {
        let Some(mut consumer) = self.pick() else { return Ok(()) };
        self.note(format!("{} redelivers", consumer.name));
        let has_call = |consumer: &&Consumer| consumer.wait.is_some() || consumer.claims.asked() > 0;
        self.ledger
            .may_miss(self.consumers.iter().chain([&consumer]).filter(has_call).map(|consumer| consumer.name.as_str()));
        let crash = self.may_crash(&consumer.network);
        let redelivered = survive(&crash, consumer.claims.redeliver()).await;
        consumer.network.no_crash();
        match redelivered {
            Some(Ok(_)) => self.consumers.push(consumer),
            Some(Err(error)) => return Err(error.to_string()),
            None => self.crash(consumer),
        }
        Ok(())
    }

    /// A consumer requeues what it holds, and signs off.
    async fn leave(&mut self) -> Result<(), Violation> {
        let Some(consumer) = self.pick() else { return Ok(()) };
        self.leave_as(consumer).await
    }

    async fn leave_as(&mut self, mut consumer: Consumer) -> Result<(), Violation> {
        self.note(format!("{} leaves", consumer.name));
        if let Some((wait, stop)) = consumer.wait.take() {
            stop.cancel();
            let (_, waited) = wait.await.expect("no panic while waiting");
            let waited = waited.map_err(|error| error.to_string())?;
            let exchanged = consumer.claims.end_wait(waited).await.map_err(|error| error.to_string())?;
            let name = consumer.name.clone();
            self.took(consumer, Some(Ok(exchanged)))?;
            let at = self.consumers.iter().position(|consumer| consumer.name == name).expect("it has survived");
            consumer = self.consumers.swap_remove(at);
        }
        while consumer.claims.asked() > 0 {
            let exchanged = consumer.claims.exchange(Vec::new(), 0).await;
            let name = consumer.name.clone();
            self.took(consumer, Some(exchanged))?;
            let at = self.consumers.iter().position(|consumer| consumer.name == name).expect("it has survived");
            consumer = self.consumers.swap_remove(at);
        }
        self.ledger.requeueing(&consumer.name);
        let crash = self.may_crash(&consumer.network);
        match survive(&crash, consumer.claims.requeue()).await {
            Some(Ok(_)) => {
                let held = Snapshot::take(self.server).held(&consumer.name);
                if held.is_empty() { Ok(()) } else { Err(format!("{} has left {held:?}", consumer.name)) }
            }
            Some(Err(error)) => Err(error.to_string()),
            None => {
                self.crash(consumer);
                Ok(())
            }
        }
    }

    /// The delays of all retries are over.
    fn pass_time(&mut self) {
        self.note("all retries are due");
        let script =
            "for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZADD', KEYS[1], 1, id) end";
        self.server.cli(&["EVAL", script, "1", "{mylist}:delayed"]);
    }

    async fn move_dead_letters(&mut self) -> Result<(), Violation> {
        let purges = self.random.random_bool(0.3);
        self.note(if purges { "dead letters are purged" } else { "dead letters are requeued" });
        let (_, network, redis) = self.client("d");
        self.ledger.moving_dead_letters(&Snapshot::take(self.server), purges);
        let action = if purges { DeadLetterAction::Purge } else { DeadLetterAction::Requeue };
        let crash = self.may_crash(&network);
        let moved = survive(&crash, async {
            let order = DeadLetterOrder::OldestFirst;
            let mut dead_letters = DeadLetters::connect(&redis, "mylist", Filter::default(), order, None).await?;
            for _ in 0..3 {
                if dead_letters.apply(action, 2).await?.over {
                    break;
                }
            }
            dead_letters.close().await;
            Ok(())
        });
        moved.await.unwrap_or(Ok(())).map_err(|error| error.to_string())
    }

    /// Requests of lost connections arrive.
    fn deliver_late(&mut self) -> Result<(), Violation> {
        let mut late = std::mem::take(&mut *lock(&self.late));
        if late.is_empty() {
            return Ok(());
        }
        let requests = late.swap_remove(self.random.random_range(0..late.len()));
        lock(&self.late).extend(late);
        self.deliver(&requests)
    }

    /// Some leases expire, some items are redelivered, and then requests of lost connections arrive in the order in which they
    /// were sent.
    async fn storm(&mut self) -> Result<(), Violation> {
        if self.random.random_bool(0.5) {
            self.expire();
            self.check()?;
            if self.random.random_bool(0.7) {
                self.redeliver().await?;
                self.check()?;
            }
        }
        let late = std::mem::take(&mut *lock(&self.late));
        let from = self.random.random_range(0..=late.len());
        for (nth, requests) in late.into_iter().enumerate() {
            if nth < from {
                lock(&self.late).push(requests);
            } else if self.random.random_bool(0.8) {
                self.deliver(&requests)?;
            }
        }
        Ok(())
    }

    /// Requests arrive, one after the other.
    fn deliver(&mut self, requests: &[Request]) -> Result<(), Violation> {
        let words =
            requests.iter().flatten().map(|word| String::from_utf8_lossy(&word[..word.len().min(40)]).into_owned());
        let words = words.collect::<Vec<_>>().join(" ");
        self.note(format!("late: {words}"));
        if words.contains("walker") {
            self.ledger.moving_dead_letters(&Snapshot::take(self.server), words.contains(" purge "));
        }
        // An item that is claimed by one of them may be redelivered by the next.
        self.server.ask_each(requests, || self.check()).map_err(|error| format!("late: {error}"))?
    }

    /// All consumers leave or die, what is late arrives, and a last consumer processes all that is left.
    async fn end(&mut self) -> Result<(), Violation> {
        (self.trouble, self.crashes) = (0.0, 0.0);
        for consumer in std::mem::take(&mut self.consumers) {
            consumer.network.calm_down();
            if self.random.random_bool(0.5) {
                self.leave_as(consumer).await?;
            } else {
                self.crash(consumer);
            }
            self.check()?;
        }
        if let Some((pusher, network)) = self.producer.take() {
            network.calm_down();
            pusher.close().await;
        }
        let late = std::mem::take(&mut *lock(&self.late));
        for requests in late {
            self.deliver(&requests)?;
        }
        self.join().await?;
        let mut last = self.consumers.pop().expect("it has not crashed");
        for round in 0.. {
            let snapshot = Snapshot::take(self.server);
            let holders: Vec<&str> = snapshot.holders().filter(|name| *name != last.name).collect();
            for consumer in &holders {
                self.expire_lease(consumer);
            }
            self.pass_time();
            self.check()?;
            while last.claims.redeliver().await.map_err(|error| error.to_string())?.more {}
            let finished: Vec<Finished> = last.held.keys().map(|id| Finished::Acknowledge { id: id.clone() }).collect();
            for finished in &finished {
                self.ledger.finishing(finished);
            }
            last.held.clear();
            let is_over = finished.is_empty() && holders.is_empty() && last.claims.asked() == 0;
            let exchanged = last.claims.exchange(finished, 1000).await;
            let was_empty = exchanged.as_ref().is_ok_and(|exchanged| exchanged.items.is_empty());
            self.took(last, Some(exchanged))?;
            last = self.consumers.pop().expect("it has not crashed");
            self.check()?;
            if is_over && was_empty {
                break;
            }
            if round > 50 {
                return Err(format!("stranded: {:?}", Snapshot::take(self.server)));
            }
        }
        self.leave_as(last).await?;
        self.check()?;
        let snapshot = Snapshot::take(self.server);
        self.ledger.is_settled(&snapshot)?;
        let known =
            ["{mylist}:stats", "{mylist}:dead", "{mylist}:dead:examined", "{mylist}:producer:", "{mylist}:walker"];
        match snapshot.keys().find(|key| !known.iter().any(|known| key.starts_with(known))) {
            Some(key) => Err(format!("{key} is left: {snapshot:?}")),
            None => Ok(()),
        }
    }
}

/// Runs a call of a client, unless the client crashes in the midst of it.
async fn survive<T>(crash: &CancellationToken, call: impl Future<Output = Result<T, QueueError>>) -> Survived<T> {
    tokio::select! {
        biased;
        () = crash.cancelled() => None,
        result = call => Some(result),
    }
}
