//! Fate of each item, as its consumers and producers know, compared with what Redis holds.

use std::collections::{BTreeSet, HashMap, HashSet};

use qscale::queue::{Claim, Finished};

use super::snapshot::{Found, Place, Snapshot};

/// A promise that is broken.
pub(super) type Violation = String;

/// All items of a history.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    items: HashMap<String, Fate>,
    /// Item of each claim.
    claims: HashMap<String, String>,
    /// Number of times that the lease of each consumer has expired.
    falls: HashMap<String, u32>,
    fallen: HashSet<String>,
    /// Number of claims that may have been made and redelivered between two snapshots.
    missed: u32,
    /// Number of items that were processed again.
    pub(super) again: usize,
}

/// Fate of one item.
#[derive(Debug, Default)]
struct Fate {
    /// True once it is certain that it was pushed; a producer that crashed does not say.
    is_pushed: bool,
    /// Claims that consumers have received.
    received: Vec<Received>,
    /// Claims that were in flight when the lease of their consumer had expired.
    fallen: HashSet<String>,
    /// Number of retries that were asked for, and of those that Redis has confirmed.
    retries: [u32; 2],
    /// True once it was requeued as a dead letter, without its history.
    begins_anew: bool,
    acknowledgement: Acknowledgement,
    /// True once its dead letter may have been purged.
    is_purged: bool,
}

/// A claim that a consumer has received.
#[derive(Debug)]
struct Received {
    id: String,
    crashes: u32,
    /// Reason for which the item may be claimed again.
    ended: Option<End>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The lease of its consumer has expired.
    Fallen,
    /// It was retried or requeued.
    Returned,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Acknowledgement {
    #[default]
    None,
    Sent,
    Confirmed,
}

impl Ledger {
    /// Records items that a producer is about to push.
    pub(super) fn pushing(&mut self, items: &[String]) {
        for item in items {
            self.items.insert(item.clone(), Fate::default());
        }
    }

    /// Records that Redis has confirmed the push.
    pub(super) fn pushed(&mut self, items: &[String]) {
        for item in items {
            self.fate(item).is_pushed = true;
        }
    }

    fn fate(&mut self, item: &str) -> &mut Fate {
        self.items.get_mut(item).expect("only items that were pushed")
    }

    /// Number of times that the lease of a consumer has expired.
    pub(super) fn falls(&self, consumer: &str) -> u32 {
        self.falls.get(consumer).copied().unwrap_or(0)
    }

    /// Number of leases of a consumer that have expired and that it has renewed.
    pub(super) fn falls_before(&self, consumer: &str) -> u32 {
        self.falls(consumer) - u32::from(self.fallen.contains(consumer))
    }

    /// Records that these consumers may claim items that are redelivered at once, if their leases have expired.
    pub(super) fn may_miss<'a>(&mut self, consumers: impl Iterator<Item = &'a str>) {
        self.missed += u32::try_from(consumers.filter(|name| self.fallen.contains(*name)).count()).unwrap_or(u32::MAX);
    }

    /// Records a claim that a consumer has received; `has_fallen` since it asked for it.
    pub(super) fn received(&mut self, claim: &Claim, has_fallen: bool) -> Result<(), Violation> {
        let item = claim.item.to_string();
        if self.claims.insert(claim.id.clone(), item.clone()).is_some() {
            return Err(format!("id {} was used twice", claim.id));
        }
        let Some(fate) = self.items.get_mut(&item) else { return Err(format!("unknown item {item}: {claim:?}")) };
        let crashes = claim.history.as_ref().map_or(0, |history| history.crashes);
        let attempts = claim.attempt() - 1;
        if let Some(other) = fate.received.iter().find(|other| other.ended.is_none() && !has_fallen) {
            return Err(format!("{item} is claimed again as {}, and nothing has ended {other:?}", claim.id));
        }
        if !fate.received.is_empty() {
            self.again += 1;
        }
        if fate.acknowledgement == Acknowledgement::Confirmed && !has_fallen {
            return Err(format!("{item} is claimed again as {} after its acknowledgement", claim.id));
        }
        if let Some(last) = fate.received.last()
            && last.ended == Some(End::Fallen)
            && !has_fallen
            && !fate.begins_anew
            && crashes <= last.crashes
        {
            return Err(format!("{item} is claimed again as {}, and the crash is not counted: {last:?}", claim.id));
        }
        let least = if fate.begins_anew || has_fallen { 0 } else { fate.retries[1] };
        if !(least..=fate.retries[0]).contains(&attempts) {
            return Err(format!(
                "{item} has {attempts} failed attempts, of {:?} asked for and confirmed",
                fate.retries
            ));
        }
        fate.received.push(Received { id: claim.id.clone(), crashes, ended: has_fallen.then_some(End::Fallen) });
        Ok(())
    }

    /// Records an outcome that a consumer is about to send.
    pub(super) fn finishing(&mut self, finished: &Finished) {
        let item = self.claims.get(finished.id()).expect("only claims that were received").clone();
        let fate = self.fate(&item);
        match finished {
            Finished::Acknowledge { .. } => {
                fate.acknowledgement = fate.acknowledgement.max(Acknowledgement::Sent);
            }
            Finished::Retry { id, .. } => {
                fate.retries[0] += 1;
                fate.end(id, End::Returned);
            }
            Finished::DeadLetter { .. } => fate.retries[0] += 1,
            Finished::Requeue { id } => fate.end(id, End::Returned),
        }
    }

    /// Records that Redis has confirmed an outcome.
    pub(super) fn confirmed(&mut self, finished: &Finished) {
        let item = self.claims.get(finished.id()).expect("only claims that were received").clone();
        let fate = self.fate(&item);
        match finished {
            Finished::Acknowledge { .. } => fate.acknowledgement = Acknowledgement::Confirmed,
            Finished::Retry { .. } | Finished::DeadLetter { .. } => fate.retries[1] += 1,
            Finished::Requeue { .. } => {}
        }
    }

    /// Records that a consumer requeues all it holds.
    pub(super) fn requeueing(&mut self, consumer: &str) {
        let prefix = format!("{consumer}:");
        for fate in self.items.values_mut() {
            if fate.acknowledgement != Acknowledgement::Confirmed {
                for received in fate.received.iter_mut().filter(|received| received.id.starts_with(&prefix)) {
                    received.ended = Some(End::Returned);
                }
            }
        }
    }

    /// Records that all dead letters may be requeued, or purged.
    pub(super) fn moving_dead_letters(&mut self, snapshot: &Snapshot, purges: bool) {
        for found in snapshot.items().into_iter().filter(|found| found.place == Place::Dead) {
            let fate = self.fate(&found.item);
            fate.is_purged |= purges;
            if !purges {
                fate.begins_anew = true;
                fate.received.iter_mut().for_each(|received| received.ended = Some(End::Returned));
            }
        }
    }

    /// Compares all that is known with what Redis holds.
    pub(super) fn check(&mut self, snapshot: &Snapshot) -> Result<(), Violation> {
        snapshot.agrees()?;
        for consumer in snapshot.holders() {
            if !snapshot.is_expired(consumer) {
                self.fallen.remove(consumer);
            } else if self.fallen.insert(consumer.to_owned()) {
                *self.falls.entry(consumer.to_owned()).or_default() += 1;
            }
        }
        let mut places: HashMap<String, Found> = HashMap::new();
        for found in snapshot.items() {
            self.see(&found, snapshot)?;
            if let Some(other) = places.get(&found.item) {
                return Err(format!("in two places: {other:?} and {found:?}"));
            }
            places.insert(found.item.clone(), found);
        }
        let pushed: BTreeSet<&String> =
            self.items.iter().filter(|(_, fate)| fate.is_pushed).map(|(item, _)| item).collect();
        let missing: Vec<&String> = pushed.iter().copied().filter(|item| !places.contains_key(*item)).collect();
        for item in &missing {
            let fate = &self.items[*item];
            if fate.acknowledgement == Acknowledgement::None && !fate.is_purged {
                return Err(format!("{item} is lost: {fate:?}"));
            }
        }
        let settled = snapshot.counter("acknowledged") + snapshot.counter("purged");
        if settled != missing.len() {
            return Err(format!(
                "{settled} acknowledged and purged by the counters, not {}: {missing:?}",
                missing.len()
            ));
        }
        if snapshot.counter("pushed") != pushed.len() {
            return Err(format!("{} pushed by the counters, not {}", snapshot.counter("pushed"), pushed.len()));
        }
        Ok(())
    }

    /// Records where an item was found.
    fn see(&mut self, found: &Found, snapshot: &Snapshot) -> Result<(), Violation> {
        let missed = self.missed;
        let Some(fate) = self.items.get_mut(&found.item) else { return Err(format!("never pushed: {found:?}")) };
        fate.is_pushed = true;
        if fate.acknowledgement == Acknowledgement::Confirmed {
            return Err(format!("acknowledged, and still there: {found:?}"));
        }
        if let Place::InFlight { consumer, id } = &found.place
            && snapshot.is_expired(consumer)
        {
            let claim = format!("{consumer}:{id}");
            if fate.received.iter().any(|received| received.id == claim && received.ended.is_none()) {
                fate.end(&claim, End::Fallen);
            }
            fate.fallen.insert(claim);
        }
        let Some(history) = &found.history else { return Ok(()) };
        let fallen = u32::try_from(fate.fallen.len()).unwrap_or(u32::MAX).saturating_add(missed);
        if history.crashes > fallen || history.attempts > fate.retries[0] {
            return Err(format!("{found:?}, after {fallen} leases that expired and {} retries", fate.retries[0]));
        }
        Ok(())
    }

    /// Fails unless each item has come to its end.
    pub(super) fn is_settled(&self, snapshot: &Snapshot) -> Result<(), Violation> {
        let dead: HashSet<String> = snapshot.items().into_iter().map(|found| found.item).collect();
        let mut pushed = self.items.iter().filter(|(_, fate)| fate.is_pushed);
        let open = pushed.find(|(item, fate)| {
            fate.acknowledgement != Acknowledgement::Confirmed && !fate.is_purged && !dead.contains(*item)
                // Redis has counted the acknowledgement of a consumer that crashed, or it would still be there.
                && fate.acknowledgement != Acknowledgement::Sent
        });
        match open {
            Some((item, fate)) => Err(format!("{item} has come to no end: {fate:?}")),
            None => Ok(()),
        }
    }
}

impl Fate {
    fn end(&mut self, id: &str, end: End) {
        if let Some(received) = self.received.iter_mut().find(|received| received.id == id) {
            received.ended = Some(end);
        }
    }
}
