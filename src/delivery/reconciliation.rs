//! What the keys of a list hold at one moment, and what its counters say when nothing moves any more.

use serde::Serialize;

/// A list and its companions at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// How many items wait.
    pub waiting: u64,
    /// The rest; `None` when it may not be looked at.
    pub claims: Option<Claimed>,
}

/// What at-least-once delivery keeps beside a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claimed {
    /// Whether anybody has claimed an item of this list yet.
    pub any: bool,
    /// How many items are in flight.
    pub in_flight: u64,
    /// How many of them are held by consumers whose lease has run out.
    pub abandoned: u64,
    /// How many consumers count as busy.
    pub busy: u64,
    /// How many items wait for another try.
    pub delayed: u64,
    /// How many items are kept as delayed that nobody will be given.
    pub astray: u64,
    /// How many dead letters there are.
    pub dead: u64,
    /// What has happened so far.
    pub counters: Counters,
}

/// What has happened to the items of a list since its counters began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Pushed by `produce`.
    pub pushed: u64,
    /// Taken off the list under a lease; again when they were given back to it.
    pub claimed: u64,
    /// Worked.
    pub acknowledged: u64,
    /// Tried again after a failure.
    pub retried: u64,
    /// Given up; again when they were requeued.
    pub dead: u64,
    /// Taken from consumers that died or lost their lease, and given to others.
    pub recovered: u64,
    /// Put back unfinished, on the list or to be tried again.
    pub given_back: u64,
    /// Dead letters put back on the list.
    pub requeued: u64,
    /// Dead letters thrown away.
    pub purged: u64,
}

impl Counters {
    /// Takes in a counter as Redis names it; others than these are left alone.
    pub fn set(&mut self, name: &str, value: u64) {
        match name {
            "pushed" => self.pushed = value,
            "claimed" => self.claimed = value,
            "acked" => self.acknowledged = value,
            "retried" => self.retried = value,
            "dead" => self.dead = value,
            "recovered" => self.recovered = value,
            "given_back" => self.given_back = value,
            "requeued" => self.requeued = value,
            "purged" => self.purged = value,
            _ => {}
        }
    }

    /// Given up for good, or so far: what was requeued had its chance again.
    fn given_up(&self) -> u64 {
        self.dead.saturating_sub(self.requeued)
    }
}

impl Standing {
    /// Whether nothing waits, is in flight, or is to be tried again.
    pub fn is_settled(&self) -> bool {
        let nothing_held = |claimed: &Claimed| claimed.in_flight == 0 && claimed.busy == 0 && claimed.delayed == 0;
        self.waiting == 0 && self.claims.as_ref().is_none_or(nothing_held)
    }
}

/// What there is to say of all items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// All that was pushed was worked or is a dead letter.
    Pass,
    /// Items are lost.
    Fail,
    /// Nothing is left, but others push or take as well: the counters cannot tell what became of every item.
    Unknown,
}

/// The sums, and what follows from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// In a word.
    pub verdict: Answer,
    /// Pushed by `produce`.
    pub pushed: u64,
    /// Worked.
    pub acknowledged: u64,
    /// Given up, and not requeued since.
    pub dead: u64,
    /// How many of these were thrown away.
    pub purged: u64,
    /// Still on the list, in flight or to be tried again.
    pub left: u64,
    /// Begun and then given to others, as their consumer had died or lost its lease; no more than so many were worked more
    /// than once.
    pub worked_twice: u64,
    /// Tried again after a failure.
    pub retried: u64,
    /// Lost, or held where nobody will find them.
    pub lost: u64,
    /// What keeps it from being a pass.
    pub because: Vec<String>,
}

impl Verdict {
    /// Judges a list by its keys and counters; `stranded` are items held by consumers that Redis has forgotten.
    ///
    /// What enters the list is counted as pushed or requeued, what leaves it as claimed; a claimed item ends as acknowledged,
    /// as dead, or given back. So what was claimed and has not ended is lost here, whatever others do. What has ended
    /// without having been pushed here, or the other way round, others have pushed or taken: of these nothing is known.
    pub fn of(standing: &Standing, stranded: u64) -> Self {
        let nothing = Claimed::default();
        let claimed = standing.claims.as_ref().unwrap_or(&nothing);
        let counters = &claimed.counters;
        let mut lost = Vec::new();
        let mut unknown = Vec::new();

        let ended = counters.acknowledged + counters.dead;
        let vanished =
            counters.claimed.saturating_sub(ended + counters.given_back + claimed.in_flight + claimed.delayed);
        if vanished > 0 {
            lost.push((vanished, "were claimed, and neither acknowledged, given up nor given back"));
        }
        if stranded > 0 {
            lost.push((stranded, "are held by consumers that are gone, where nobody looks for them"));
        }
        if claimed.astray > 0 {
            lost.push((claimed.astray, "were to be tried again, and nobody will be given them"));
        }

        let entered = counters.pushed + counters.requeued;
        if standing.claims.is_none() {
            unknown.push(
                "nothing but the list itself may be looked at: the user needs scripts and the keys {LIST}:*".to_owned(),
            );
        } else if counters.pushed == 0 && counters.claimed == 0 {
            unknown.push("nothing was counted: qscale has neither pushed nor claimed here".to_owned());
        } else if entered > ended {
            let others = entered - ended;
            unknown.push(format!("{others} of the items pushed were taken by others, who count nothing"));
        } else if entered < ended {
            let others = ended - entered;
            unknown.push(format!("{others} of the items worked were pushed by others, who count nothing"));
        }
        let kept = counters.dead.saturating_sub(counters.requeued + counters.purged);
        if kept > claimed.dead {
            unknown.push(format!("{} dead letters were removed by others", kept - claimed.dead));
        }

        let left = standing.waiting + claimed.in_flight + claimed.delayed;
        let verdict = match (lost.is_empty() && standing.is_settled(), unknown.is_empty()) {
            (false, _) => Answer::Fail,
            (true, true) => Answer::Pass,
            (true, false) => Answer::Unknown,
        };
        let lost_items = lost.iter().map(|(items, _)| items).sum();
        let because = lost.into_iter().map(|(items, what)| format!("{items} items {what}")).chain(unknown).collect();
        Self {
            verdict,
            pushed: counters.pushed,
            acknowledged: counters.acknowledged,
            dead: counters.given_up(),
            purged: counters.purged,
            left,
            worked_twice: counters.recovered,
            retried: counters.retried,
            lost: lost_items,
            because,
        }
    }

    /// For people, in one line.
    pub fn text(&self) -> String {
        let Self { verdict, pushed, acknowledged, dead, purged, left, worked_twice, .. } = self;
        let purged = if *purged > 0 { format!(" ({purged} purged)") } else { String::new() };
        let twice = match worked_twice {
            0 => String::new(),
            count => format!("; at most {count} worked more than once"),
        };
        let left = if *left == 0 { "nothing left".to_owned() } else { format!("{left} left") };
        let because = self.because.join("; ");
        match verdict {
            Answer::Pass => {
                format!("PASS: {pushed} pushed = {acknowledged} acknowledged + {dead} dead{purged}, {left}{twice}")
            }
            Answer::Fail => {
                format!(
                    "FAIL: {pushed} pushed, {acknowledged} acknowledged, {dead} dead{purged}, {left}{twice}: {because}"
                )
            }
            Answer::Unknown => format!(
                "SETTLED: {pushed} pushed, {acknowledged} acknowledged, {dead} dead{purged}, {left}{twice}; the counters \
                 cannot tell whether every item was worked: {because}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(counters: Counters) -> Verdict {
        let dead = counters.dead.saturating_sub(counters.requeued + counters.purged);
        let claims = Claimed { any: true, dead, counters, ..Claimed::default() };
        Verdict::of(&Standing { waiting: 0, claims: Some(claims) }, 0)
    }

    const WORKED: Counters = Counters {
        pushed: 100,
        claimed: 100,
        acknowledged: 98,
        retried: 5,
        dead: 2,
        recovered: 3,
        given_back: 0,
        requeued: 0,
        purged: 0,
    };

    #[test]
    fn what_was_pushed_is_worked_or_dead() {
        let verdict = judge(WORKED);
        assert_eq!(
            verdict.text(),
            "PASS: 100 pushed = 98 acknowledged + 2 dead, nothing left; at most 3 worked more than once"
        );
        assert_eq!((verdict.lost, verdict.worked_twice), (0, 3));
    }

    #[test]
    fn dead_letters_may_be_requeued_and_purged_and_items_given_back() {
        for (counters, text) in [
            // Two requeued, one of them worked, one dead again and purged.
            (
                Counters { claimed: 102, acknowledged: 99, dead: 3, requeued: 2, purged: 1, ..WORKED },
                "100 pushed = 99 acknowledged + 1 dead (1 purged), nothing left",
            ),
            // Ten given back to the list and claimed anew, five given back to be tried again.
            (
                Counters { claimed: 110, given_back: 15, ..WORKED },
                "100 pushed = 98 acknowledged + 2 dead, nothing left",
            ),
        ] {
            let text = format!("PASS: {text}; at most 3 worked more than once");
            assert_eq!(judge(counters).text(), text);
        }
    }

    #[test]
    fn what_was_claimed_and_has_no_end_is_lost() {
        let verdict = judge(Counters { acknowledged: 97, ..WORKED });
        assert_eq!((verdict.verdict, verdict.lost), (Answer::Fail, 1));
        assert!(verdict.text().contains("1 items were claimed, and neither acknowledged"), "{}", verdict.text());
        // Even where others have pushed as many.
        let verdict = judge(Counters { pushed: 99, acknowledged: 97, ..WORKED });
        assert_eq!((verdict.verdict, verdict.lost), (Answer::Fail, 1));
    }

    #[test]
    fn what_others_push_or_take_cannot_be_told() {
        for (counters, because) in [
            (Counters { pushed: 90, ..WORKED }, "10 of the items worked were pushed by others"),
            (Counters { claimed: 90, acknowledged: 88, ..WORKED }, "10 of the items pushed were taken by others"),
            (Counters::default(), "nothing was counted"),
        ] {
            let verdict = judge(counters);
            assert_eq!((verdict.verdict, verdict.lost), (Answer::Unknown, 0), "{counters:?}");
            assert!(verdict.because[0].starts_with(because), "{:?}", verdict.because);
        }
        let claims = Claimed { dead: 1, counters: WORKED, ..Claimed::default() };
        let verdict = Verdict::of(&Standing { waiting: 0, claims: Some(claims) }, 0);
        assert_eq!(
            (verdict.verdict, verdict.because),
            (Answer::Unknown, vec!["1 dead letters were removed by others".to_owned()])
        );
    }

    #[test]
    fn what_nobody_will_find_is_lost() {
        let claims = Claimed { dead: 2, counters: WORKED, astray: 1, ..Claimed::default() };
        let verdict = Verdict::of(&Standing { waiting: 0, claims: Some(claims) }, 2);
        assert_eq!((verdict.verdict, verdict.lost, verdict.because.len()), (Answer::Fail, 3, 2));
    }
}
