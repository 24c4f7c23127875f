//! Meaning of a command's exit statuses for its item.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

/// Meaning of an exit status for the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExitMeaning {
    /// The item was processed: acknowledge it.
    Ack,
    /// The item can never be processed: dead-letter it.
    Dead,
    /// Retry the item later; no attempt is spent.
    Retry,
    /// Retry the item later; an attempt is spent.
    Fail,
    /// The command cannot run: requeue the item and stop the consumer.
    Stop,
}

impl ExitMeaning {
    const ALL: [Self; 5] = [Self::Ack, Self::Dead, Self::Retry, Self::Fail, Self::Stop];

    /// Returns the meaning with this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|meaning| meaning.to_string() == name)
    }

    /// Statuses that have this meaning by default: those of sysexits.h and of shells.
    fn default_statuses(self) -> &'static [u8] {
        match self {
            Self::Ack => &[0],
            Self::Dead => &[65],
            Self::Retry => &[75],
            Self::Fail => &[],
            Self::Stop => &[126, 127],
        }
    }
}

impl fmt::Display for ExitMeaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ack => "ack",
            Self::Dead => "dead",
            Self::Retry => "retry",
            Self::Fail => "fail",
            Self::Stop => "stop",
        })
    }
}

/// Meaning of every exit status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExitMap {
    meanings: BTreeMap<u8, ExitMeaning>,
    other: ExitMeaning,
}

impl ExitMap {
    /// Creates a map in which each listed meaning has its own statuses in place of its default ones.
    ///
    /// A listed status leaves the defaults of another meaning. `other` is the meaning of statuses not in the map.
    pub fn of(lists: &[(ExitMeaning, Vec<u8>)], other: Option<ExitMeaning>) -> Self {
        let is_listed = |meaning: ExitMeaning| lists.iter().any(|(listed, _)| *listed == meaning);
        let statuses = |meaning: ExitMeaning, statuses: &[u8]| -> Vec<(u8, ExitMeaning)> {
            statuses.iter().map(|status| (*status, meaning)).collect()
        };
        let defaults = ExitMeaning::ALL.into_iter().filter(|meaning| !is_listed(*meaning));
        let defaults = defaults.flat_map(|meaning| statuses(meaning, meaning.default_statuses()));
        let listed = lists.iter().flat_map(|(meaning, list)| statuses(*meaning, list));
        Self { meanings: defaults.chain(listed).collect(), other: other.unwrap_or(ExitMeaning::Fail) }
    }

    /// Returns the meaning of `status`.
    pub fn meaning(&self, status: u8) -> ExitMeaning {
        self.meanings.get(&status).copied().unwrap_or(self.other)
    }

    /// Returns whether any status acknowledges an item.
    pub fn acknowledges(&self) -> bool {
        (0..=u8::MAX).any(|status| self.meaning(status) == ExitMeaning::Ack)
    }

    /// Returns the map with `rules` applied.
    #[must_use]
    pub fn with(mut self, rules: &[ExitRule]) -> Self {
        for rule in rules {
            match rule.status {
                Some(status) => drop(self.meanings.insert(status, rule.meaning)),
                None => self.other = rule.meaning,
            }
        }
        self
    }

    /// Returns the rules that turn the default map into this one.
    pub fn rules(&self) -> Vec<ExitRule> {
        let default = Self::default();
        let other = (self.other != default.other).then_some(ExitRule { status: None, meaning: self.other });
        let differs =
            |status: &u8| self.meaning(*status) != default.meanings.get(status).copied().unwrap_or(self.other);
        let rules = (0..=u8::MAX).filter(differs);
        let rules = rules.map(|status| ExitRule { status: Some(status), meaning: self.meaning(status) });
        other.into_iter().chain(rules).collect()
    }
}

impl Default for ExitMap {
    /// 0 acknowledges, 65 dead-letters, 75 retries without spending an attempt, 126 and 127 stop, any other status fails.
    fn default() -> Self {
        Self::of(&[], None)
    }
}

/// One rule as given on the command line: `3=dead` or `other=retry`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitRule {
    /// Exit status; `None` for all statuses not in the map.
    status: Option<u8>,
    meaning: ExitMeaning,
}

impl ExitRule {
    /// Returns the first rule about a status that an earlier one is about.
    pub fn repeated(rules: &[Self]) -> Option<Self> {
        let mut seen = BTreeSet::new();
        rules.iter().find(|rule| !seen.insert(rule.status)).copied()
    }
}

/// Invalid exit rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExitRuleError {
    /// There is no `=`.
    #[error("expected STATUS=MEANING, such as 3=dead or other=retry")]
    NoMeaning,
    /// The status is not a number from 0 to 255.
    #[error("`{0}` is not an exit status: expected 0 to 255, or other")]
    Status(String),
    /// The meaning is unknown.
    #[error("unknown meaning `{0}`: expected ack, dead, retry, fail or stop")]
    Meaning(String),
}

impl FromStr for ExitRule {
    type Err = ExitRuleError;

    fn from_str(text: &str) -> Result<Self, ExitRuleError> {
        let (status, meaning) = text.split_once('=').ok_or(ExitRuleError::NoMeaning)?;
        // A list in a variable has blanks after its commas.
        let (status, meaning) = (status.trim(), meaning.trim());
        let status = match status {
            "other" => None,
            status => Some(status.parse().map_err(|_| ExitRuleError::Status(status.to_owned()))?),
        };
        let meaning = ExitMeaning::named(meaning).ok_or_else(|| ExitRuleError::Meaning(meaning.to_owned()))?;
        Ok(Self { status, meaning })
    }
}

impl fmt::Display for ExitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "{status}={}", self.meaning),
            None => write!(f, "other={}", self.meaning),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ExitMeaning::{Ack, Dead, Fail, Retry, Stop};
    use super::*;

    #[test]
    fn exit_statuses_mean_what_sysexits_and_shells_say() {
        for (status, meaning) in
            [(0, Ack), (1, Fail), (64, Fail), (65, Dead), (75, Retry), (126, Stop), (127, Stop), (255, Fail)]
        {
            assert_eq!(ExitMap::default().meaning(status), meaning, "{status}");
        }
    }

    #[test]
    fn exit_list_replaces_the_default_one() {
        let map = ExitMap::of(&[(Dead, vec![3, 4])], None);
        assert_eq!([3, 4, 65, 0].map(|status| map.meaning(status)), [Dead, Dead, Fail, Ack]);
    }

    #[test]
    fn exit_status_leaves_the_defaults_of_another_meaning() {
        let map = ExitMap::of(&[(Ack, vec![0, 1]), (Fail, vec![65, 127])], None);
        assert_eq!([65, 127, 126, 1].map(|status| map.meaning(status)), [Fail, Fail, Stop, Ack]);
    }

    #[test]
    fn exit_statuses_not_listed_have_the_meaning_of_other() {
        let map = ExitMap::of(&[(Fail, vec![1])], Some(Dead));
        assert_eq!([0, 1, 2, 75].map(|status| map.meaning(status)), [Ack, Fail, Dead, Retry]);
    }

    #[test]
    fn exit_rules_rebuild_the_map() {
        for map in [
            ExitMap::default(),
            ExitMap::of(&[(Dead, vec![3, 4])], None),
            ExitMap::of(&[(Ack, vec![0, 9])], Some(Retry)),
            ExitMap::of(&[(Stop, vec![])], None),
        ] {
            let typed: Vec<ExitRule> = map.rules().iter().map(|rule| rule.to_string().parse().unwrap()).collect();
            let rebuilt = ExitMap::default().with(&typed);
            assert!((0..=u8::MAX).all(|status| map.meaning(status) == rebuilt.meaning(status)), "{typed:?}");
        }
    }

    #[test]
    fn exit_rule_names_what_is_wrong() {
        assert_eq!(" 3 = dead".parse::<ExitRule>(), "3=dead".parse());
        let error = |text: &str| text.parse::<ExitRule>().unwrap_err();
        assert_eq!(error("3"), ExitRuleError::NoMeaning);
        assert_eq!(error("300=dead"), ExitRuleError::Status("300".to_owned()));
        assert_eq!(error("3=gone"), ExitRuleError::Meaning("gone".to_owned()));
    }
}
