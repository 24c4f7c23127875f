//! Reconciliation: compares what was pushed with what became of it, once a list has settled.

use serde::Serialize;

use super::snapshot::{ClaimState, Snapshot};

/// Outcome of a reconciliation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every item pushed was processed or dead-lettered.
    Pass,
    /// Items were lost, or some remain.
    Fail,
    /// No item remains, but other clients push or pop as well, so the counters cannot account for every item.
    Unknown,
}

/// The sums of a list, and the verdict that follows from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// Outcome.
    pub verdict: Verdict,
    /// Items pushed by `produce`.
    pub pushed: u64,
    /// Items processed successfully.
    pub acknowledged: u64,
    /// Items dead-lettered and not put back on the list since.
    pub dead: u64,
    /// Dead letters deleted.
    pub purged: u64,
    /// Items waiting, in flight or delayed.
    pub remaining: u64,
    /// Items given to another consumer after a crash or an expired lease: an upper bound for items processed twice.
    pub redelivered: u64,
    /// Failed attempts that were scheduled for a retry.
    pub retried: u64,
    /// Items lost, or held where no consumer finds them.
    pub lost: u64,
    /// Reasons why the verdict is not `Pass`.
    pub reasons: Vec<String>,
}

impl Reconciliation {
    /// Reconciles the keys and counters of a list; `stranded` items are held by consumers that Redis has forgotten.
    ///
    /// Items enter the list as pushed or dead-requeued and leave it as claimed; a claimed item ends as acknowledged, dead
    /// or requeued. So an item that was claimed and has not ended is lost, whatever other clients do. Items that ended
    /// without having been pushed, or the reverse, were pushed or popped by other clients: nothing is known about them.
    pub fn of(snapshot: &Snapshot, stranded: u64) -> Self {
        let nothing = ClaimState::default();
        let claims = snapshot.claims.as_ref().unwrap_or(&nothing);
        let counters = &claims.counters;
        let mut lost = Vec::new();
        let mut unknown = Vec::new();

        let ended = counters.acknowledged + counters.dead;
        let vanished = counters.claimed.saturating_sub(ended + counters.requeued + claims.in_flight + claims.delayed);
        if vanished > 0 {
            lost.push((vanished, "claimed but neither acknowledged, dead-lettered nor requeued"));
        }
        if stranded > 0 {
            lost.push((stranded, "held by consumers that no longer exist"));
        }
        if claims.orphaned > 0 {
            lost.push((claims.orphaned, "delayed without a due time, never redelivered"));
        }

        let entered = counters.pushed + counters.dead_requeued;
        if snapshot.claims.is_none() {
            unknown.push("only the list can be read: the user needs scripts and the keys {LIST}:*".to_owned());
        } else if counters.pushed == 0 && counters.claimed == 0 {
            unknown.push("no counters: qscale has neither pushed to nor claimed from this list".to_owned());
        } else if entered > ended {
            unknown.push(format!("items popped by other clients: {}", entered - ended));
        } else if entered < ended {
            unknown.push(format!("items pushed by other clients: {}", ended - entered));
        }
        let kept = counters.dead.saturating_sub(counters.dead_requeued + counters.purged);
        if kept > claims.dead {
            unknown.push(format!("dead letters removed by other clients: {}", kept - claims.dead));
        }

        let verdict = match (lost.is_empty() && snapshot.is_settled(), unknown.is_empty()) {
            (false, _) => Verdict::Fail,
            (true, true) => Verdict::Pass,
            (true, false) => Verdict::Unknown,
        };
        let lost_items = lost.iter().map(|(items, _)| items).sum();
        let reasons = lost.into_iter().map(|(items, what)| format!("items {what}: {items}")).chain(unknown).collect();
        Self {
            verdict,
            pushed: counters.pushed,
            acknowledged: counters.acknowledged,
            dead: counters.still_dead(),
            purged: counters.purged,
            remaining: snapshot.waiting + claims.in_flight + claims.delayed,
            redelivered: counters.redelivered,
            retried: counters.retried,
            lost: lost_items,
            reasons,
        }
    }

    /// Returns the result as one line for people.
    pub fn text(&self) -> String {
        let Self { verdict, pushed, acknowledged, dead, purged, remaining, redelivered, .. } = self;
        let purged = if *purged > 0 { format!(" ({purged} purged)") } else { String::new() };
        let redelivered = match redelivered {
            0 => String::new(),
            count => format!(", {count} redelivered"),
        };
        let ended = format!("{acknowledged} acknowledged + {dead} dead{purged}");
        let rest = format!("{remaining} remaining{redelivered}");
        let reasons = self.reasons.join("; ");
        match verdict {
            Verdict::Pass => format!("PASS: {pushed} pushed = {ended}, {rest}"),
            Verdict::Fail if reasons.is_empty() => format!("FAIL: {pushed} pushed, {ended}, {rest}"),
            Verdict::Fail => format!("FAIL: {pushed} pushed, {ended}, {rest}: {reasons}"),
            Verdict::Unknown => format!("UNKNOWN: {pushed} pushed, {ended}, {rest}: {reasons}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::snapshot::Counters;

    fn judge(counters: Counters) -> Reconciliation {
        let dead = counters.dead.saturating_sub(counters.dead_requeued + counters.purged);
        let claims = ClaimState { any: true, dead, counters, ..ClaimState::default() };
        Reconciliation::of(&Snapshot { waiting: 0, claims: Some(claims) }, 0)
    }

    const PROCESSED: Counters = Counters {
        pushed: 100,
        claimed: 100,
        acknowledged: 98,
        retried: 5,
        dead: 2,
        redelivered: 3,
        requeued: 0,
        dead_requeued: 0,
        purged: 0,
    };

    #[test]
    fn reconciliation_passes_when_every_item_is_processed_or_dead() {
        let result = judge(PROCESSED);
        assert_eq!(result.text(), "PASS: 100 pushed = 98 acknowledged + 2 dead, 0 remaining, 3 redelivered");
        assert_eq!((result.lost, result.redelivered), (0, 3));
    }

    #[test]
    fn reconciliation_accounts_for_requeued_items_and_requeued_or_purged_dead_letters() {
        for (counters, text) in [
            // Two put back on the list: one processed, one dead-lettered again and purged.
            (
                Counters { claimed: 102, acknowledged: 99, dead: 3, dead_requeued: 2, purged: 1, ..PROCESSED },
                "100 pushed = 99 acknowledged + 1 dead (1 purged)",
            ),
            // Ten requeued on the list and claimed again, five requeued as delayed.
            (Counters { claimed: 110, requeued: 15, ..PROCESSED }, "100 pushed = 98 acknowledged + 2 dead"),
        ] {
            assert_eq!(judge(counters).text(), format!("PASS: {text}, 0 remaining, 3 redelivered"));
        }
    }

    #[test]
    fn reconciliation_fails_when_a_claimed_item_has_no_end() {
        let result = judge(Counters { acknowledged: 97, ..PROCESSED });
        assert_eq!((result.verdict, result.lost), (Verdict::Fail, 1));
        let reason = "items claimed but neither acknowledged, dead-lettered nor requeued: 1";
        assert!(result.text().contains(reason), "{}", result.text());
        // Even if other clients pushed as many.
        let result = judge(Counters { pushed: 99, acknowledged: 97, ..PROCESSED });
        assert_eq!((result.verdict, result.lost), (Verdict::Fail, 1));
    }

    #[test]
    fn reconciliation_is_unknown_when_other_clients_push_or_pop() {
        for (counters, reason) in [
            (Counters { pushed: 90, ..PROCESSED }, "items pushed by other clients: 10"),
            (Counters { claimed: 90, acknowledged: 88, ..PROCESSED }, "items popped by other clients: 10"),
            (Counters::default(), "no counters"),
        ] {
            let result = judge(counters);
            assert_eq!((result.verdict, result.lost), (Verdict::Unknown, 0), "{counters:?}");
            assert!(result.reasons[0].starts_with(reason), "{:?}", result.reasons);
        }
        let claims = ClaimState { dead: 1, counters: PROCESSED, ..ClaimState::default() };
        let result = Reconciliation::of(&Snapshot { waiting: 0, claims: Some(claims) }, 0);
        assert_eq!(
            (result.verdict, result.reasons),
            (Verdict::Unknown, vec!["dead letters removed by other clients: 1".to_owned()])
        );
    }

    #[test]
    fn reconciliation_counts_stranded_and_orphaned_items_as_lost() {
        let claims = ClaimState { dead: 2, counters: PROCESSED, orphaned: 1, ..ClaimState::default() };
        let result = Reconciliation::of(&Snapshot { waiting: 0, claims: Some(claims) }, 2);
        assert_eq!((result.verdict, result.lost, result.reasons.len()), (Verdict::Fail, 3, 2));
    }
}
