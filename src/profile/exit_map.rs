//! The `[consume.exit]` table.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::error::ProfileError;
use super::source::Source;
use crate::delivery::exit_map::{ExitMap, ExitMeaning, ExitRule};

/// Path of the table in the profile.
const TABLE: [&str; 2] = ["consume", "exit"];

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

impl From<&ExitTable> for ExitMap {
    fn from(table: &ExitTable) -> Self {
        let statuses = |list: &[i64]| list.iter().filter_map(|status| u8::try_from(*status).ok()).collect();
        let lists: Vec<_> = table.lists().map(|(_, meaning, list)| (meaning, statuses(list))).collect();
        Self::of(&lists, table.other)
    }
}

impl ExitTable {
    /// Returns the table as rules over the default map.
    pub fn rules(&self) -> Vec<ExitRule> {
        ExitMap::from(self).rules()
    }

    /// Iterates over the lists that are set, with key and meaning.
    fn lists(&self) -> impl Iterator<Item = (&'static str, ExitMeaning, &[i64])> {
        let lists = [
            ("ack", ExitMeaning::Ack, &self.ack),
            ("dead", ExitMeaning::Dead, &self.dead),
            ("retry", ExitMeaning::Retry, &self.retry),
            ("fail", ExitMeaning::Fail, &self.fail),
            ("stop", ExitMeaning::Stop, &self.stop),
        ];
        lists.into_iter().filter_map(|(key, meaning, list)| Some((key, meaning, list.as_deref()?)))
    }

    /// Cross-field validation.
    pub(super) fn check(&self, source: &Source) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: String| Err(source.error_at(&[TABLE[0], TABLE[1], key], message));
        let mut seen = BTreeMap::new();
        for (key, status) in self.lists().flat_map(|(key, _, list)| list.iter().map(move |status| (key, *status))) {
            if u8::try_from(status).is_err() {
                return wrong(key, format!("`{status}` is not a valid exit status: expected 0 to 255"));
            }
            if let Some(first) = seen.insert(status, key) {
                let again = if first == key { "twice".to_owned() } else { format!("as `{first}` does") };
                return wrong(key, format!("lists {status} {again}: an exit status has one meaning"));
            }
        }
        if !ExitMap::from(self).acknowledges() {
            return wrong("ack", "leaves no exit status that acknowledges an item".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Profile;
    use super::ExitMeaning::{Ack, Dead, Fail, Retry};
    use super::*;

    #[test]
    fn exit_table_becomes_a_map() {
        for (text, meanings) in [
            ("", [Ack, Fail, Fail, Dead]),
            ("dead = [3, 4]", [Ack, Fail, Dead, Fail]),
            ("fail = [65]\nack = [0, 1]", [Ack, Ack, Fail, Fail]),
            ("other = \"retry\"\nfail = [1]", [Ack, Fail, Retry, Dead]),
        ] {
            let profile = Profile::parse("test", &format!("[consume.exit]\n{text}")).expect("a valid profile");
            let map = ExitMap::from(&profile.consume.exit.expect("the table is set"));
            assert_eq!([0, 1, 3, 65].map(|status| map.meaning(status)), meanings, "{text}");
        }
    }

    #[test]
    fn exit_table_errors_name_the_key() {
        for (text, path, reason) in [
            ("dead = [256]", "consume.exit.dead", "0 to 255"),
            ("retry = [-1]", "consume.exit.retry", "0 to 255"),
            ("dead = [3]\nretry = [3]", "consume.exit.retry", "as `dead` does"),
            ("dead = [3, 3]", "consume.exit.dead", "twice"),
            ("ack = []", "consume.exit.ack", "no exit status that acknowledges"),
            ("fail = [0]", "consume.exit.ack", "no exit status that acknowledges"),
            ("other = \"drop\"", "", "unknown value `drop`"),
        ] {
            let error = Profile::parse("test", &format!("[consume.exit]\n{text}")).unwrap_err().to_string();
            assert!(error.contains(path) && error.contains(reason), "{text}: {error}");
        }
    }
}
