//! All that Redis holds of a list, seen in the same instant.

use std::collections::{BTreeMap, BTreeSet};

use qscale::delivery::history::History;

use crate::support::{RedisServer, Reply};

/// Reads every key, whatever its type.
const LOOK: &str = r"
local time = redis.call('TIME')
local found = { tostring(time[1] * 1000 + math.floor(time[2] / 1000)) }
for _, key in ipairs(redis.call('KEYS', '*')) do
  local kind, values = redis.call('TYPE', key).ok, {}
  if kind == 'list' then
    values = redis.call('LRANGE', key, 0, -1)
  elseif kind == 'hash' then
    values = redis.call('HGETALL', key)
  elseif kind == 'zset' then
    values = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  end
  found[#found + 1] = { key, unpack(values) }
end
return found
";

/// Everything in Redis.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    keys: BTreeMap<String, Vec<String>>,
    now: f64,
}

/// An item where it was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) item: String,
    pub(super) place: Place,
    pub(super) history: Option<History>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// On the list, or on the landing list.
    Waiting,
    /// In flight at a consumer, under an id.
    InFlight {
        consumer: String,
        id: String,
    },
    Delayed,
    Dead,
}

impl Snapshot {
    pub(super) fn take(server: &RedisServer) -> Self {
        let answer = server.ask(&["EVAL", LOOK, "0"]);
        let Ok(Reply::Array(mut replies)) = answer else { panic!("no snapshot: {answer:?}") };
        let now = replies.remove(0).to_string().parse().expect("a time in ms");
        let keys = replies.iter().map(|reply| {
            let Reply::Array(values) = reply else { panic!("no values: {reply:?}") };
            let mut values = values.iter().map(ToString::to_string);
            (values.next().expect("a key"), values.collect())
        });
        Self { keys: keys.collect(), now }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    fn values(&self, key: &str) -> &[String] {
        self.keys.get(key).map_or(&[], Vec::as_slice)
    }

    fn pairs(&self, key: &str) -> BTreeMap<&str, &str> {
        self.values(key).chunks_exact(2).map(|pair| (pair[0].as_str(), pair[1].as_str())).collect()
    }

    /// Returns a counter.
    pub(super) fn counter(&self, name: &str) -> usize {
        self.pairs("{mylist}:stats").get(name).and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    /// Names of all consumers that hold a hash.
    pub(super) fn holders(&self) -> impl Iterator<Item = &str> {
        self.keys().filter_map(|key| key.strip_prefix("{mylist}:inflight:"))
    }

    /// Returns true if Redis takes calls of a consumer.
    pub(super) fn is_signed_on(&self, consumer: &str) -> bool {
        self.pairs(&format!("{{mylist}}:inflight:{consumer}")).contains_key("c")
    }

    /// Returns true if the items of a consumer are to be redelivered.
    pub(super) fn is_expired(&self, consumer: &str) -> bool {
        let deadline = self.pairs("{mylist}:consumers").get(consumer).and_then(|deadline| deadline.parse::<f64>().ok());
        !self.is_signed_on(consumer) || deadline.is_none_or(|deadline| deadline <= self.now)
    }

    /// Ids of the items in flight at a consumer.
    pub(super) fn held(&self, consumer: &str) -> BTreeSet<String> {
        let fields = self.pairs(&format!("{{mylist}}:inflight:{consumer}"));
        fields.into_keys().filter(|field| is_item(field)).map(str::to_owned).collect()
    }

    /// Returns every item, once for each place that it is in.
    pub(super) fn items(&self) -> Vec<Found> {
        let mut found = Vec::new();
        for key in ["mylist", "{mylist}:landing"] {
            let waiting = self.values(key).iter();
            found.extend(waiting.map(|item| Found { item: item.clone(), place: Place::Waiting, history: None }));
        }
        for consumer in self.holders() {
            let place = |id: &str| Place::InFlight { consumer: consumer.to_owned(), id: id.to_owned() };
            found.extend(items_of(&self.pairs(&format!("{{mylist}}:inflight:{consumer}")), place));
        }
        found.extend(items_of(&self.pairs("{mylist}:items"), |_| Place::Delayed));
        for key in ["{mylist}:dead", "{mylist}:dead:examined"] {
            for dead_letter in self.values(key) {
                let (header, item) = dead_letter.split_once('\n').unwrap_or_default();
                let history = serde_json::from_str(header).ok();
                found.push(Found { item: item.to_owned(), place: Place::Dead, history });
            }
        }
        found
    }

    /// Fails where one key contradicts another.
    pub(super) fn agrees(&self) -> Result<(), String> {
        let busy: BTreeSet<&str> = self.pairs("{mylist}:busy").into_keys().collect();
        for consumer in self.holders().filter(|consumer| self.is_signed_on(consumer)) {
            let holds = !self.held(consumer).is_empty();
            if holds != busy.contains(consumer) {
                return Err(format!("{consumer} has items in flight: {holds}; busy: {busy:?}"));
            }
            let fields = self.pairs(&format!("{{mylist}}:inflight:{consumer}"));
            let histories = fields.keys().filter(|field| field.ends_with(" history")).count();
            if fields.get("histories") != Some(&histories.to_string().as_str()) {
                return Err(format!("{consumer} holds {histories} histories: {fields:?}"));
            }
        }
        if let Some(idle) = busy.iter().find(|consumer| self.held(consumer).is_empty()) {
            return Err(format!("{idle} is busy without an item"));
        }
        let delayed: BTreeSet<&str> = self.pairs("{mylist}:delayed").into_keys().collect();
        let items = self.pairs("{mylist}:items");
        let stored: BTreeSet<&str> = items.keys().copied().filter(|field| is_item(field)).collect();
        if delayed != stored {
            return Err(format!("delayed: {delayed:?}; stored: {stored:?}"));
        }
        Ok(())
    }
}

/// Reads the items of a hash, each with its history.
fn items_of(fields: &BTreeMap<&str, &str>, place: impl Fn(&str) -> Place) -> Vec<Found> {
    let items = fields.iter().filter(|(field, _)| is_item(field));
    let items = items.map(|(id, item)| {
        let history = fields.get(format!("{id} history").as_str()).and_then(|json| serde_json::from_str(json).ok());
        Found { item: (*item).to_owned(), place: place(id), history }
    });
    items.collect()
}

/// Returns true for the field of an item, and not for one that describes an item or a consumer.
fn is_item(field: &str) -> bool {
    field.contains(':') && !field.contains(' ')
}
