//! KEDA release that the objects are written for.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

/// Regular expression of a version, for the schema.
const PATTERN: &str = "^v?[0-9]+\\.[0-9]+(\\.[0-9]+)?$";

/// A release of KEDA; ordered by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = PATTERN, "examples" = ["2.20.2"]))]
pub struct KedaVersion(pub u16, pub u16, pub u16);

impl KedaVersion {
    /// Newest known release.
    pub const NEWEST: Self = Self(2, 20, 2);

    /// Oldest release with the `redis` triggers as they are rendered.
    pub const OLDEST: Self = Self(2, 8, 0);
}

impl Default for KedaVersion {
    fn default() -> Self {
        Self::NEWEST
    }
}

/// A KEDA release that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KedaVersionError {
    /// Malformed text.
    #[error("`{0}` is not a valid version: expected one such as `{newest}`", newest = KedaVersion::NEWEST)]
    Form(String),
    /// A release before [`KedaVersion::OLDEST`].
    #[error("{0} is not supported: must be at least {oldest}", oldest = KedaVersion::OLDEST)]
    TooOld(KedaVersion),
}

impl FromStr for KedaVersion {
    type Err = KedaVersionError;

    /// Parses `2.20.2`, `v2.20.2` or `2.20`, which stands for the first release of its line.
    fn from_str(text: &str) -> Result<Self, KedaVersionError> {
        let mut numbers = text.strip_prefix('v').unwrap_or(text).split('.').map(|number| {
            Some(number).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?.parse::<u16>().ok()
        });
        let version = match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
            (Some(Some(major)), Some(Some(minor)), None, None) => Self(major, minor, 0),
            (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) => Self(major, minor, patch),
            _ => return Err(KedaVersionError::Form(text.to_owned())),
        };
        if version < Self::OLDEST {
            return Err(KedaVersionError::TooOld(version));
        }
        Ok(version)
    }
}

impl TryFrom<String> for KedaVersion {
    type Error = KedaVersionError;

    fn try_from(text: String) -> Result<Self, KedaVersionError> {
        text.parse()
    }
}

impl fmt::Display for KedaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(major, minor, patch) = self;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_people_write_them() {
        for (text, version) in [("2.20.2", (2, 20, 2)), ("v2.17.0", (2, 17, 0)), ("2.9", (2, 9, 0)), ("3.0", (3, 0, 0))]
        {
            let (major, minor, patch) = version;
            assert_eq!(text.parse(), Ok(KedaVersion(major, minor, patch)), "{text}");
        }
        for text in ["", "2", "2.x", "2.20.2.1", "2.+1", "2.7.9", "2..1"] {
            assert!(text.parse::<KedaVersion>().is_err(), "{text}");
        }
        assert!("2.9".parse::<KedaVersion>().unwrap() < "2.10.1".parse().unwrap());
    }
}
