//! The `[consume.exit]` table: what the exit status of a command says of its item.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::error::ProfileError;
use super::source::Source;

/// The place of the table in the profile.
const TABLE: [&str; 2] = ["consume", "exit"];

/// What an exit status says of the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExitMeaning {
    /// It was worked.
    Ack,
    /// Nobody can work it: a dead letter.
    Dead,
    /// Try again later; no attempt is spent.
    Retry,
    /// Try again later; an attempt is spent.
    Fail,
    /// Nothing of the item, but of the command: it cannot be run, and the consumer stops.
    Stop,
}

/// The meanings by the names they are written with.
const MEANINGS: [(&str, ExitMeaning); 5] = [
    ("ack", ExitMeaning::Ack),
    ("dead", ExitMeaning::Dead),
    ("retry", ExitMeaning::Retry),
    ("fail", ExitMeaning::Fail),
    ("stop", ExitMeaning::Stop),
];

/// `[consume.exit]`: meaning of the command's exit statuses. A list replaces the default of its key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExitTable {
    /// Statuses that acknowledge the item.
    #[schemars(extend("default" = [0], "examples" = [[0]]))]
    pub ack: Option<Vec<i64>>,
    /// Statuses that dead-letter the item: it can never be processed.
    #[schemars(extend("default" = [65], "examples" = [[65]]))]
    pub dead: Option<Vec<i64>>,
    /// Statuses that retry the item later without spending an attempt.
    #[schemars(extend("default" = [75], "examples" = [[75, 3]]))]
    pub retry: Option<Vec<i64>>,
    /// Statuses that spend an attempt and retry the item later.
    #[schemars(extend("default" = [], "examples" = [[1]]))]
    pub fail: Option<Vec<i64>>,
    /// Statuses that requeue the item and stop the consumer: the command cannot run.
    #[schemars(extend("default" = [126, 127], "examples" = [[126, 127]]))]
    pub stop: Option<Vec<i64>>,
    /// Meaning of all other statuses.
    #[schemars(extend("default" = "fail", "examples" = ["fail", "dead"]))]
    pub other: Option<ExitMeaning>,
}

/// What each exit status means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExitMap {
    meanings: BTreeMap<u8, ExitMeaning>,
    other: ExitMeaning,
}

impl ExitMap {
    /// Returns what an exit with `status` says of the item.
    pub fn meaning(&self, status: u8) -> ExitMeaning {
        self.meanings.get(&status).copied().unwrap_or(self.other)
    }

    /// The map with `rules` laid over it.
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
}

impl Default for ExitMap {
    /// 0 acknowledges, 65 is a dead letter, 75 tries again for free, 126 and 127 stop, any other spends an attempt.
    fn default() -> Self {
        Self::from(&ExitTable::default())
    }
}

impl From<&ExitTable> for ExitMap {
    fn from(table: &ExitTable) -> Self {
        let usual = [
            (0, ExitMeaning::Ack, &table.ack),
            (65, ExitMeaning::Dead, &table.dead),
            (75, ExitMeaning::Retry, &table.retry),
            (126, ExitMeaning::Stop, &table.stop),
            (127, ExitMeaning::Stop, &table.stop),
        ];
        let usual = usual.into_iter().filter(|(.., list)| list.is_none()).map(|(status, meaning, _)| (status, meaning));
        // What is written comes last: it moves a status out of another meaning's usual list.
        let written = table.written().filter_map(|(_, meaning, status)| Some((u8::try_from(status).ok()?, meaning)));
        Self { meanings: usual.chain(written).collect(), other: table.other.unwrap_or(ExitMeaning::Fail) }
    }
}

/// One rule as it is typed: `3=dead`, or `other=retry`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitRule {
    /// The exit status; `None` for every one that stands nowhere.
    status: Option<u8>,
    meaning: ExitMeaning,
}

impl FromStr for ExitRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (status, meaning) = text.split_once('=').ok_or("is not like 3=dead or other=retry")?;
        let status = match status {
            "other" => None,
            status => Some(status.parse().map_err(|_| format!("`{status}` is no exit status from 0 to 255"))?),
        };
        let meaning = MEANINGS.iter().find(|(name, _)| *name == meaning).ok_or_else(|| {
            let names = MEANINGS.map(|(name, _)| name).join(", ");
            format!("`{meaning}` is none of {names}")
        })?;
        Ok(Self { status, meaning: meaning.1 })
    }
}

impl fmt::Display for ExitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = MEANINGS.iter().find(|(_, meaning)| *meaning == self.meaning).map_or("fail", |(name, _)| name);
        match self.status {
            Some(status) => write!(f, "{status}={meaning}"),
            None => write!(f, "other={meaning}"),
        }
    }
}

impl ExitTable {
    /// The same as rules, for who starts from the usual map.
    pub fn rules(&self) -> Vec<ExitRule> {
        let (map, usual) = (ExitMap::from(self), ExitMap::default());
        let other = (map.other != usual.other).then_some(ExitRule { status: None, meaning: map.other });
        let differs = |status: &u8| map.meaning(*status) != usual.meanings.get(status).copied().unwrap_or(map.other);
        let rules =
            (0..=u8::MAX).filter(differs).map(|status| ExitRule { status: Some(status), meaning: map.meaning(status) });
        other.into_iter().chain(rules).collect()
    }

    /// Each status that is written, with its key and its meaning.
    fn written(&self) -> impl Iterator<Item = (&'static str, ExitMeaning, i64)> {
        let lists = [
            ("ack", ExitMeaning::Ack, &self.ack),
            ("dead", ExitMeaning::Dead, &self.dead),
            ("retry", ExitMeaning::Retry, &self.retry),
            ("fail", ExitMeaning::Fail, &self.fail),
            ("stop", ExitMeaning::Stop, &self.stop),
        ];
        lists
            .into_iter()
            .flat_map(|(key, meaning, list)| list.iter().flatten().map(move |status| (key, meaning, *status)))
    }

    /// What no single list can be wrong in alone.
    pub(super) fn check(&self, source: &Source) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: String| Err(source.error_at(&[TABLE[0], TABLE[1], key], message));
        let mut seen = BTreeMap::new();
        for (key, _, status) in self.written() {
            if u8::try_from(status).is_err() {
                return wrong(key, format!("holds {status}: an exit status is 0 to 255"));
            }
            if let Some(first) = seen.insert(status, key) {
                let again = if first == key { "twice".to_owned() } else { format!("as `{first}` does") };
                return wrong(key, format!("holds {status} {again}: a status has one meaning"));
            }
        }
        let map = ExitMap::from(self);
        if !(0..=u8::MAX).any(|status| map.meaning(status) == ExitMeaning::Ack) {
            return wrong("ack", "leaves no status that acknowledges an item".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Profile;
    use super::ExitMeaning::{Ack, Dead, Fail, Retry, Stop};
    use super::*;

    fn map(text: &str) -> ExitMap {
        let profile = Profile::parse("test", &format!("[consume.exit]\n{text}")).expect("the profile can be read");
        ExitMap::from(&profile.consume.exit.expect("the table is written"))
    }

    #[test]
    fn statuses_mean_what_sysexits_and_shells_say() {
        for (status, meaning) in
            [(0, Ack), (1, Fail), (64, Fail), (65, Dead), (75, Retry), (126, Stop), (127, Stop), (255, Fail)]
        {
            assert_eq!(ExitMap::default().meaning(status), meaning, "{status}");
            assert_eq!(map("").meaning(status), meaning, "{status}");
        }
    }

    #[test]
    fn a_written_list_takes_the_place_of_the_usual_one() {
        let map = map("dead = [3, 4]");
        assert_eq!([3, 4, 65, 0].map(|status| map.meaning(status)), [Dead, Dead, Fail, Ack]);
    }

    #[test]
    fn a_written_status_leaves_the_usual_list_of_another_meaning() {
        let map = map("fail = [65, 127]\nack = [0, 1]");
        assert_eq!([65, 127, 126, 1].map(|status| map.meaning(status)), [Fail, Fail, Stop, Ack]);
    }

    #[test]
    fn what_stands_nowhere_can_be_given_a_meaning() {
        let map = map("other = \"dead\"\nfail = [1]");
        assert_eq!([0, 1, 2, 75].map(|status| map.meaning(status)), [Ack, Fail, Dead, Retry]);
    }

    #[test]
    fn a_map_that_cannot_be_meant_is_refused_at_its_place() {
        for (text, path, reason) in [
            ("dead = [256]", "consume.exit.dead", "0 to 255"),
            ("retry = [-1]", "consume.exit.retry", "0 to 255"),
            ("dead = [3]\nretry = [3]", "consume.exit.retry", "as `dead` does"),
            ("dead = [3, 3]", "consume.exit.dead", "twice"),
            ("ack = []", "consume.exit.ack", "no status that acknowledges"),
            ("fail = [0]", "consume.exit.ack", "no status that acknowledges"),
            ("other = \"drop\"", "", "unknown value `drop`"),
        ] {
            let error = Profile::parse("test", &format!("[consume.exit]\n{text}")).unwrap_err().to_string();
            assert!(error.contains(path) && error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn rules_say_what_the_table_says() {
        for text in ["", "dead = [3, 4]", "other = \"retry\"\nack = [0, 9]", "stop = []"] {
            let profile = Profile::parse("test", &format!("[consume.exit]\n{text}")).expect("the profile can be read");
            let table = profile.consume.exit.expect("the table is written");
            let typed: Vec<ExitRule> = table.rules().iter().map(|rule| rule.to_string().parse().unwrap()).collect();
            let (read, laid) = (ExitMap::from(&table), ExitMap::default().with(&typed));
            assert!((0..=u8::MAX).all(|status| read.meaning(status) == laid.meaning(status)), "{text}: {typed:?}");
        }
        assert!("dead=3".parse::<ExitRule>().is_err() && "3=gone".parse::<ExitRule>().is_err());
    }
}
