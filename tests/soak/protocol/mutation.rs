//! Scripts with a fault, put in the place of those that a client sends: each fault has to be found.

use std::collections::HashMap;

use super::network::Request;
use crate::support::RedisServer;

macro_rules! script {
    ($name:literal) => {
        include_str!(concat!("../../../src/queue/scripts/", $name, ".lua"))
    };
}

/// The scripts by name, as clients send them.
const SCRIPTS: &[(&str, &str)] = &[
    ("exchange", script!("exchange")),
    ("sign_on", script!("sign_on")),
    ("redeliver", script!("redeliver")),
    ("leave", script!("leave")),
    ("rights", script!("rights")),
    ("push", script!("push")),
    ("move_dead_letters", concat!(script!("dead_letter"), script!("move_dead_letters"))),
];

/// A change to one script: its name, the text that is replaced, and its replacement.
type Change = (&'static str, &'static str, &'static str);

/// Limits of one call so low that few items take several.
const LOW_LIMITS: &[Change] = &[
    ("exchange", "local LANDED, BYTES = 100, ", "local LANDED, BYTES = 2, "),
    (
        "redeliver",
        "local CONSUMERS, ITEMS, BYTES, CHECKED = 16, 200, ",
        "local CONSUMERS, ITEMS, BYTES, CHECKED = 2, 3, ",
    ),
    ("leave", "local LANDED, BYTES = 200, ", "local LANDED, BYTES = 2, "),
    ("move_dead_letters", "local PAGE, BYTES = 250, ", "local PAGE, BYTES = 3, "),
];

/// A fault of a script.
#[derive(Debug)]
pub(super) struct Mutation {
    /// Mistake that it makes.
    pub(super) fault: &'static str,
    change: Change,
}

const fn mutation(fault: &'static str, script: &'static str, from: &'static str, to: &'static str) -> Mutation {
    Mutation { fault, change: (script, from, to) }
}

pub(super) const MUTATIONS: &[Mutation] = &[
    mutation("a repeated or late call claims again", "exchange", "local is_new = number > past", "local is_new = true"),
    mutation(
        "a repeated call replies without the items that it claimed",
        "exchange",
        "local item = number == past and redis.call('HGET', held, prefix .. 1)",
        "local item",
    ),
    mutation("a repeated call acknowledges again", "exchange", "if is_new and acks > 0 then", "if acks > 0 then"),
    mutation(
        "a call is run although Redis has refused the one before",
        "exchange",
        "if not last or number > past + 1 then",
        "if not last then",
    ),
    mutation(
        "a settled item stays in flight",
        "exchange",
        "recorded = recorded - math.max(0, redis.call('HDEL', held, id, id .. ' history') - 1)",
        "",
    ),
    mutation("a claimed item stays delayed", "exchange", "redis.call('ZREM', delayed, unpack(names))", ""),
    mutation("an idle consumer stays busy", "exchange", "redis.call('ZREM', busy, consumer)", ""),
    mutation(
        "an item is claimed without its history",
        "exchange",
        "local item, history = redis.call('HGET', items, name), redis.call('HGET', items, name .. ' history')",
        "local item, history = redis.call('HGET', items, name), nil",
    ),
    mutation(
        "a consumer whose items are redelivered may still claim",
        "redeliver",
        "redis.call('HDEL', held, 'c', 'd', 'lease', 'histories')",
        "",
    ),
    mutation(
        "items that exceed the limit of a call are forgotten",
        "redeliver",
        "return redis.call('EXISTS', held) == 0",
        "return true",
    ),
    mutation(
        "items of live consumers are redelivered",
        "redeliver",
        "'-inf', now, 'WITHSCORES'",
        "'-inf', '+inf', 'WITHSCORES'",
    ),
    mutation(
        "a crash spends an attempt",
        "redeliver",
        "past.crashes = past.crashes + 1",
        "past.attempts = past.attempts + 1",
    ),
    mutation(
        "a consumer leaves while it has items in flight",
        "leave",
        "if redis.call('HLEN', held) > 4 * redis.call('HEXISTS', held, 'c') then",
        "if false then",
    ),
    mutation(
        "a late check of the rights deletes items in flight",
        "rights",
        "if redis.pcall('EXISTS', key) == 1 then",
        "if false then",
    ),
    mutation(
        "a repeated batch is pushed again",
        "push",
        "local expected = number == last + 1",
        "local expected = true",
    ),
    mutation("a requeued dead letter stays", "move_dead_letters", "redis.call('RPOP', dead)", ""),
];

/// Replacements of digests and texts.
pub(super) struct Scripts {
    changes: Vec<Change>,
    digests: HashMap<Vec<u8>, Vec<u8>>,
}

impl Scripts {
    /// Loads the scripts into `server`, next to those that are put in their place.
    ///
    /// Panics when a text to replace is not in exactly one place of its script.
    pub(super) fn load(server: &RedisServer, has_low_limits: bool, mutation: Option<&Mutation>) -> Self {
        let digest = |text: &str| server.cli(&["SCRIPT", "LOAD", text]).into_bytes();
        let limits = if has_low_limits { LOW_LIMITS } else { &[] };
        let changes: Vec<Change> = limits.iter().copied().chain(mutation.map(|mutation| mutation.change)).collect();
        let digests = SCRIPTS.iter().map(|(name, text)| {
            let mut faulty = (*text).to_owned();
            for (_, from, to) in changes.iter().filter(|(script, ..)| script == name) {
                assert_eq!(faulty.matches(from).count(), 1, "in {name}.lua: {from}");
                faulty = faulty.replace(from, to);
            }
            (digest(text), digest(&faulty))
        });
        Self { digests: digests.collect(), changes }
    }

    /// Puts the changed script in the place of the real one.
    pub(super) fn rewrite(&self, mut request: Request) -> Request {
        let [command, script, ..] = request.as_mut_slice() else { return request };
        match command.as_slice() {
            b"EVALSHA" => {
                if let Some(digest) = self.digests.get(script) {
                    script.clone_from(digest);
                }
            }
            b"EVAL" => {
                let mut text = String::from_utf8_lossy(script).into_owned();
                let name = name_of(&text);
                for (_, from, to) in self.changes.iter().filter(|(script, ..)| Some(*script) == name) {
                    text = text.replace(from, to);
                }
                *script = text.into_bytes();
            }
            _ => {}
        }
        request
    }
}

/// Returns the name of the script that `text` is, with or without its comments.
fn name_of(text: &str) -> Option<&'static str> {
    fn code(text: &str) -> impl Iterator<Item = &str> {
        text.lines().map(str::trim).filter(|line| !line.starts_with("--"))
    }
    SCRIPTS.iter().find(|(_, script)| code(script).eq(code(text))).map(|(name, _)| *name)
}
