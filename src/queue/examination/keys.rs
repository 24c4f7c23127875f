//! Steps at the keys: the list, the names of other libraries, and the companions.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use super::super::error::Fault;
use super::super::foreign_key::{self, ForeignKey};
use super::super::inspector::escape_glob;
use super::super::keys::Keys;
use super::session::Session;
use super::wire::Answer;
use super::{AFTER_THE_FAULT, Examination};
use crate::delivery::pause::PauseState;
use crate::diagnosis::{Checked, FaultCode, candidates, mistaken, priorities};
use crate::units::counted;

/// Number of keys per step of a `SCAN`.
const SCAN_COUNT: &str = "1000";

/// Reply of `PTTL` about a key that does not exist.
const NO_KEY: i64 = -2;

/// Steps after which a `SCAN` is given up, so that a server with many keys is not searched for long.
const MOST_SCANS: usize = 500;

impl Examination<'_> {
    /// Checks type and length of the list, and where else it may be.
    pub(super) async fn list(&mut self, session: &mut Session) -> Option<()> {
        let list = session.list.clone();
        let length = match length(session, &list).await {
            Ok(KeyState::Nothing) => {
                self.other_names(session, &list).await;
                None
            }
            Ok(KeyState::Count { kind, length }) if kind == "list" => Some(length),
            Ok(KeyState::Count { kind, .. } | KeyState::Other { kind }) => {
                let got = format!("the key `{list}` is of type {kind}, not a list");
                let hint = format!(
                    "choose another list (--list, LIST_NAME); KEDA counts lists, sets, sorted sets and hashes, and `consume` takes items of lists only; `TYPE {list}` shows the type"
                );
                (self.report)(Checked::found("key", FaultCode::RedisWrongType, &list, got, hint));
                self.is_other_type = true;
                return Some(());
            }
            Err(fault @ (Fault::NotPermitted { .. } | Fault::UnknownCommand(_))) => {
                let got = format!("type and length: {fault}");
                (self.report)(Checked::not_checked("key", &list, got, fault.hint()));
                return Some(());
            }
            Err(fault) => return self.failed("key", &list, &fault),
        };
        self.priorities(session, &list).await;
        self.backlog = Some(length.unwrap_or_default());
        if let Some(length) = length {
            self.passed("key", &list, format!("`{list}` is a list of {}", counted(length, "item", "items")));
        }
        Some(())
    }

    /// Says that the list is paused, if it is.
    async fn pause(&mut self, session: &mut Session, keys: &Keys) {
        let key = keys.paused();
        let left = match session.ask(&["PTTL", &key], &key).await {
            Ok(answer) => answer.integer().unwrap_or(NO_KEY),
            // A consumer that may not read it is never paused.
            Err(_) => NO_KEY,
        };
        if left == NO_KEY {
            return;
        }
        let reason = session.ask(&["GET", &key], &key).await.ok();
        let reason = reason.and_then(|answer| answer.text().map(str::to_owned)).unwrap_or_default();
        let left = u64::try_from(left).ok().map(Duration::from_millis);
        let got = PauseState { left, reason }.text(SystemTime::now());
        let hint = format!("`DEL {key}` ends the pause: until then consumers claim nothing");
        (self.report)(Checked::found("companions", FaultCode::ListPaused, &session.list, got, hint));
    }

    /// Says that Celery keeps items with a priority in other lists.
    async fn priorities(&mut self, session: &mut Session, list: &str) {
        let keys = priorities(list);
        let lengths = lengths(session, keys.iter().map(String::as_str)).await;
        // As YAML escapes it in double quotes.
        let escaped = |key: String| key.replace('\x06', "\\x06").replace('\x16', "\\x16");
        let found = keys.into_iter().zip(lengths).filter_map(|(key, length)| Some((escaped(key), length?)));
        let found: Vec<_> = found.collect();
        let Some((first, _)) = found.first() else { return };
        let shown: Vec<String> =
            found.iter().map(|(key, length)| format!("\"{key}\" has {}", counted(*length, "item", "items"))).collect();
        let got = format!("Celery keeps items with a priority in lists of their own: {}", shown.join(", "));
        let hint = format!("give KEDA a trigger for each as well: listName: \"{first}\", in double quotes");
        (self.report)(Checked::found("key", FaultCode::ListNameOther, list, got, hint));
    }

    /// Says which list there is in place of one that does not exist.
    async fn other_names(&mut self, session: &mut Session, list: &str) {
        let candidates = candidates(list);
        let lengths = lengths(session, candidates.iter().map(|candidate| candidate.key.as_str())).await;
        let mut others: Vec<_> =
            candidates.into_iter().zip(lengths).filter_map(|(candidate, length)| Some((candidate, length?))).collect();
        // First that of the library whose names are alike.
        let meant = mistaken(list);
        others.sort_by_key(|(other, _)| meant.as_ref().is_none_or(|meant| meant.library != other.library));
        let shown: Vec<String> = others
            .iter()
            .map(|(other, length)| {
                format!("`{}` of {} has {}", other.key, other.library, counted(*length, "item", "items"))
            })
            .collect();
        let also = if shown.is_empty() { String::new() } else { format!("; {}", shown.join(", ")) };
        let first = others.first().map(|(other, _)| other.key.clone());
        let check = match (meant, first) {
            (Some(meant), first) => {
                let key = first.unwrap_or(meant.key);
                let got = format!("there is no key `{list}`, and {} uses no such name{also}", meant.library);
                let hint = format!("use --list '{key}' or LIST_NAME, and the same as listName of KEDA's trigger");
                Checked::found("key", FaultCode::ListNameMistaken, list, got, hint)
            }
            (None, Some(key)) => {
                let got = format!("there is no key `{list}`{also}");
                let hint =
                    format!("if that is the list, use --list '{key}' or LIST_NAME, and the same in KEDA's trigger");
                Checked::found("key", FaultCode::ListNameOther, list, got, hint)
            }
            (None, None) => Checked::passed("key", list, format!("there is no key `{list}`: the list is empty")),
        };
        (self.report)(check);
    }

    /// Checks the companion keys: consumers that are gone, and another list that has the same.
    pub(super) async fn companions(&mut self, session: &mut Session) {
        let list = session.list.clone();
        self.shared_companions(session, &list).await;
        let keys = Keys::of(&list);
        self.pause(session, &keys).await;
        if self.is_other_type {
            // The script looks at the list as well, and would fail about it again.
            let got = "items in flight, delayed and dead: the list cannot be read";
            (self.report)(Checked::not_checked("companions", list, got, AFTER_THE_FAULT));
            return;
        }
        let is_foreign = self.foreign(session, &keys).await;
        let Companions { in_flight, abandoned, forgotten, delayed, orphaned, dead, whole } =
            match companions(session, &keys).await {
                Ok(companions) => companions,
                Err(fault) => {
                    // The error of the script blames the list.
                    let (reason, hint) = if is_foreign {
                        ("they cannot be read".to_owned(), AFTER_THE_FAULT.to_owned())
                    } else {
                        (fault.to_string(), fault.hint())
                    };
                    let got = format!("items in flight, delayed and dead: {reason}");
                    (self.report)(Checked::not_checked("companions", list, got, hint));
                    return;
                }
            };
        if orphaned > 0 {
            let got =
                format!("{} without a due time: never redelivered", counted(orphaned, "delayed item", "delayed items"));
            let hint =
                format!("look at the hash `{}`: another program may have deleted a key next to it", keys.items());
            (self.report)(Checked::found("companions", FaultCode::ItemsOrphaned, &list, got, hint));
        }
        if abandoned > 0 {
            let got = format!("{} in flight at consumers that are gone", counted(abandoned, "item", "items"));
            let hint = match forgotten {
                // Consumers look for the items of those only that are in the sorted set.
                Some(name) => format!(
                    "another program may have deleted `{key}`: `ZADD {key} 0 {name}`, for each `{prefix}*`, lets a consumer \
                     redeliver them within a minute",
                    key = keys.consumers(),
                    prefix = keys.inflight("")
                ),
                None => "start a consumer: it redelivers them within seconds".to_owned(),
            };
            (self.report)(Checked::found("companions", FaultCode::ConsumersGone, &list, got, hint));
        }
        if orphaned == 0 && abandoned == 0 && !is_foreign {
            let limits = if whole { "" } else { "; not all keys were searched for consumers that are gone" };
            let got = format!("{in_flight} in flight, {delayed} delayed, {dead} dead{limits}");
            self.passed("companions", &list, got);
        }
    }

    /// Says which companion key another program has written; returns true if one is found.
    async fn foreign(&mut self, session: &mut Session, keys: &Keys) -> bool {
        // A user who may not run it is told of its rights.
        let Ok(reply) = session.ask(&foreign_key::command(keys), &keys.pattern()).await else { return false };
        let words: Vec<&str> = reply.values().iter().filter_map(Answer::text).collect();
        let Some(fault) = ForeignKey::of(&words, keys).map(Fault::Foreign) else { return false };
        (self.report)(Checked::found("companions", fault.code(), &session.list, fault.to_string(), fault.hint()));
        true
    }

    /// Two lists have the same companions if one is called as the other, in braces.
    async fn shared_companions(&mut self, session: &mut Session, list: &str) {
        let inner = list.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).filter(|inner| !inner.is_empty());
        let twin = inner.map_or_else(|| format!("{{{list}}}"), str::to_owned);
        if Keys::of(&twin).stats() != Keys::of(list).stats() {
            return;
        }
        if let Ok(KeyState::Count { .. }) = length(session, &twin).await {
            let got = format!(
                "the lists `{list}` and `{twin}` have the same companion keys, such as `{}`",
                Keys::of(list).stats()
            );
            let hint = "rename one of the lists: their consumers would take each other's items in flight";
            (self.report)(Checked::found("companions", FaultCode::CompanionsShared, list, got, hint));
        }
    }
}

/// Type and length of a key.
enum KeyState {
    Nothing,
    Count { kind: String, length: u64 },
    Other { kind: String },
}

async fn length(session: &mut Session, key: &str) -> Result<KeyState, Fault> {
    let kind = session.ask(&["TYPE", key], key).await?.text().unwrap_or_default().to_owned();
    let command = match kind.as_str() {
        "none" => return Ok(KeyState::Nothing),
        "list" => "LLEN",
        "zset" => "ZCARD",
        "set" => "SCARD",
        "hash" => "HLEN",
        _ => return Ok(KeyState::Other { kind }),
    };
    let length = session.ask(&[command, key], key).await?.integer().unwrap_or_default();
    Ok(KeyState::Count { kind, length: length.unsigned_abs() })
}

/// Returns the length of each key; `None` of one that does not exist, or has none.
async fn lengths<'k>(session: &mut Session, keys: impl Iterator<Item = &'k str>) -> Vec<Option<u64>> {
    let questions: Vec<[&str; 2]> = keys.map(|key| ["TYPE", key]).collect();
    let kinds = session.wire.calls(&questions).await.unwrap_or_default();
    let mut lengths = vec![None; questions.len()];
    for ((count, [_, key]), kind) in lengths.iter_mut().zip(questions).zip(kinds) {
        if kind.text().is_some_and(|kind| kind != "none")
            && let Ok(KeyState::Count { length, .. }) = length(session, key).await
        {
            *count = Some(length);
        }
    }
    lengths
}

/// State of the companions.
struct Companions {
    in_flight: u64,
    /// Items in flight at consumers whose lease has expired, or that Redis has forgotten.
    abandoned: u64,
    /// A consumer that has a key of items in flight and is not among the consumers.
    forgotten: Option<String>,
    delayed: u64,
    /// Delayed items without a due time.
    orphaned: u64,
    dead: u64,
    /// True if all keys of the server were looked at.
    whole: bool,
}

/// Reads the companions in one step.
async fn companions(session: &mut Session, keys: &Keys) -> Result<Companions, Fault> {
    let (holders, whole) = match holders(session, keys).await {
        Err(Fault::NotPermitted { .. } | Fault::UnknownCommand(_)) => (BTreeSet::new(), false),
        holders => holders?,
    };
    let names = keys.snapshot();
    let mut words =
        vec!["EVAL".to_owned(), include_str!("../scripts/snapshot.lua").to_owned(), names.len().to_string()];
    words.extend(names);
    words.push(keys.inflight(""));
    words.extend(holders.iter().cloned());
    let reply = session.ask(&words, &keys.pattern()).await?;
    let number = |at: usize| reply.values().get(at).and_then(Answer::integer).unwrap_or_default().unsigned_abs();
    let [in_flight, abandoned, delayed, orphaned, dead] = [2, 3, 5, 6, 7].map(number);
    let forgotten = forgotten(session, keys, holders).await;
    Ok(Companions { in_flight, abandoned, forgotten, delayed, orphaned, dead, whole })
}

/// Returns one of the `holders` that is not among the consumers.
async fn forgotten(session: &mut Session, keys: &Keys, holders: BTreeSet<String>) -> Option<String> {
    let known = session.ask(&["ZRANGE", &keys.consumers(), "0", "-1"], &keys.pattern()).await.ok()?;
    let is_known = |holder: &String| known.values().iter().any(|name| name.text() == Some(holder));
    holders.into_iter().find(|holder| !is_known(holder))
}

/// Returns the consumers that have a key of items in flight, and true if all keys were looked at.
async fn holders(session: &mut Session, keys: &Keys) -> Result<(BTreeSet<String>, bool), Fault> {
    let base = keys.inflight("");
    let pattern = format!("{}*", escape_glob(&base));
    let mut holders = BTreeSet::new();
    let mut cursor = "0".to_owned();
    for _ in 0..MOST_SCANS {
        let reply = session.ask(&["SCAN", &cursor, "MATCH", &pattern, "COUNT", SCAN_COUNT], "").await?;
        let [next, found] = reply.values() else { return Ok((holders, false)) };
        let names = found.values().iter().filter_map(|key| key.text()?.strip_prefix(&base));
        holders.extend(names.map(str::to_owned));
        next.text().unwrap_or("0").clone_into(&mut cursor);
        if cursor == "0" {
            return Ok((holders, true));
        }
    }
    Ok((holders, false))
}
