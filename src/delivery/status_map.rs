//! Meaning of the status of an HTTP response for the item that was posted.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::exit_map::ExitMeaning;

/// One rule: `404=ack` or `4xx=fail`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(into = "String", extend("pattern" = PATTERN, "examples" = ["404=ack", "5xx=retry"]))]
pub struct StatusRule {
    first: u16,
    last: u16,
    meaning: ExitMeaning,
}

/// Regular expression of a rule, for the schema.
const PATTERN: &str = "^\\s*[1-5]([0-9][0-9]|xx)\\s*=\\s*(ack|dead|retry|fail|stop)\\s*$";

/// Invalid rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatusRuleError {
    /// There is no `=`.
    #[error("expected STATUS=MEANING, such as 404=ack or 5xx=retry")]
    NoMeaning,
    /// Neither a status nor a class.
    #[error("`{0}` is not a status of HTTP: expected 100 to 599, or a class such as 4xx")]
    Status(String),
    /// The meaning is unknown.
    #[error("unknown meaning `{0}`: expected ack, dead, retry, fail or stop")]
    Meaning(String),
}

impl FromStr for StatusRule {
    type Err = StatusRuleError;

    fn from_str(text: &str) -> Result<Self, StatusRuleError> {
        let (status, meaning) = text.split_once('=').ok_or(StatusRuleError::NoMeaning)?;
        let (status, meaning) = (status.trim(), meaning.trim());
        let wrong = || StatusRuleError::Status(status.to_owned());
        let is_status = status.len() == 3 && status.bytes().next().is_some_and(|class| (b'1'..=b'5').contains(&class));
        let (first, last) = if let Some(class) = status.strip_suffix("xx").filter(|_| is_status) {
            let class: u16 = class.parse().map_err(|_| wrong())?;
            (100 * class, 100 * class + 99)
        } else {
            let status: u16 = status.parse().ok().filter(|_| is_status).ok_or_else(wrong)?;
            (status, status)
        };
        let meaning = ExitMeaning::named(meaning).ok_or_else(|| StatusRuleError::Meaning(meaning.to_owned()))?;
        Ok(Self { first, last, meaning })
    }
}

impl TryFrom<String> for StatusRule {
    type Error = StatusRuleError;

    fn try_from(text: String) -> Result<Self, StatusRuleError> {
        text.parse()
    }
}

impl From<StatusRule> for String {
    fn from(rule: StatusRule) -> Self {
        rule.to_string()
    }
}

impl fmt::Display for StatusRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}={}", self.first, self.meaning)
        } else {
            write!(f, "{}xx={}", self.first / 100, self.meaning)
        }
    }
}

/// Rules that make no map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatusMapError {
    /// Two rules are about the same statuses.
    #[error("`{0}` is about a status that has a meaning already")]
    Repeated(StatusRule),
    /// No status acknowledges.
    #[error("leaves no status that acknowledges an item")]
    NoneAcknowledges,
}

/// Meaning of every status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusMap(Vec<StatusRule>);

impl StatusMap {
    /// Creates the default map with `rules` applied; a rule about one status comes before one about its class.
    ///
    /// # Errors
    ///
    /// Fails when two rules are about the same, or no status acknowledges an item.
    pub fn with(mut rules: Vec<StatusRule>) -> Result<Self, StatusMapError> {
        let mut seen = BTreeSet::new();
        if let Some(rule) = rules.iter().find(|rule| !seen.insert((rule.first, rule.last))) {
            return Err(StatusMapError::Repeated(*rule));
        }
        rules.sort_by_key(|rule| rule.last - rule.first);
        let map = Self(rules);
        let acknowledges = (100..600).any(|status| map.meaning(status, false) == ExitMeaning::Ack);
        if acknowledges { Ok(map) } else { Err(StatusMapError::NoneAcknowledges) }
    }

    /// Returns the meaning of `status`; by default 2xx acknowledges, 408, 425 and 429 retry, as does 503 that says when
    /// (`has_delay`), other 4xx dead-letter, and anything else fails.
    pub fn meaning(&self, status: u16, has_delay: bool) -> ExitMeaning {
        let rule = self.0.iter().find(|rule| (rule.first..=rule.last).contains(&status));
        rule.map_or_else(
            || match status {
                200..=299 => ExitMeaning::Ack,
                408 | 425 | 429 => ExitMeaning::Retry,
                503 if has_delay => ExitMeaning::Retry,
                400..=499 => ExitMeaning::Dead,
                _ => ExitMeaning::Fail,
            },
            |rule| rule.meaning,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::ExitMeaning::{Ack, Dead, Fail, Retry};
    use super::*;

    #[test]
    fn statuses_mean_what_http_says() {
        let map = StatusMap::default();
        for (status, meaning) in [
            (200, Ack),
            (204, Ack),
            (302, Fail),
            (400, Dead),
            (404, Dead),
            (408, Retry),
            (429, Retry),
            (500, Fail),
            (503, Fail),
        ] {
            assert_eq!(map.meaning(status, false), meaning, "{status}");
        }
        assert_eq!((map.meaning(503, true), map.meaning(500, true)), (Retry, Fail));
    }

    #[test]
    fn rule_about_a_status_comes_before_one_about_its_class() {
        let rules = ["4xx=fail", " 404 = ack", "503=dead"].map(|rule| rule.parse().unwrap());
        let map = StatusMap::with(rules.to_vec()).unwrap();
        assert_eq!([404, 400, 429, 200].map(|status| map.meaning(status, false)), [Ack, Fail, Fail, Ack]);
        assert_eq!(map.meaning(503, true), Dead);
        assert_eq!(rules.map(|rule| rule.to_string()), ["4xx=fail", "404=ack", "503=dead"]);
    }

    #[test]
    fn rules_that_make_no_map_are_refused() {
        for (rules, reason) in [
            (&["200=ack", "2xx=ack", "200=dead"][..], "`200=dead` is about a status that has a meaning already"),
            (&["4xx=fail", "4xx=fail"], "`4xx=fail` is about a status that has a meaning already"),
            (&["2xx=retry"], "leaves no status that acknowledges an item"),
        ] {
            let rules = rules.iter().map(|rule| rule.parse().unwrap()).collect();
            assert_eq!(StatusMap::with(rules).unwrap_err().to_string(), reason);
        }
    }

    #[test]
    fn rule_names_what_is_wrong() {
        let error = |text: &str| text.parse::<StatusRule>().unwrap_err();
        assert_eq!(error("404"), StatusRuleError::NoMeaning);
        for status in ["99", "600", "6xx", "xx", "4x", "+40"] {
            assert_eq!(error(&format!("{status}=ack")), StatusRuleError::Status(status.to_owned()));
        }
        assert_eq!(error("404=gone"), StatusRuleError::Meaning("gone".to_owned()));
    }
}
