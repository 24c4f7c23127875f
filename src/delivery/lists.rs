//! Lists that a consumer takes items from, and the order among them.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use super::keys::base;

/// Lists of a consumer: one, or several with a strict priority or with weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lists {
    /// Keys; without weights, the first comes first.
    keys: Vec<String>,
    weights: Option<Vec<NonZeroU32>>,
}

/// Lists that cannot be used together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListsError {
    /// No list, or one without a name.
    #[error("is empty: set the key of a list, or remove it for the default")]
    Empty,
    /// A list that is named twice.
    #[error("`{0}` is named twice: name each list once")]
    Repeated(String),
    /// Lists whose companion keys are the same, so that a retry of one would be taken for that of the other.
    #[error("`{0}` and `{1}` have the same companion keys: rename one of them")]
    Related(String, String),
    /// Weights for some of the lists only.
    #[error(
        "`{weighted}` has a weight and `{plain}` has none: give each list one, as in `{weighted},{plain}=1`, or remove all for a strict priority"
    )]
    Mixed {
        /// First list with a weight.
        weighted: String,
        /// First list without one.
        plain: String,
    },
    /// A key with a comma, which separates keys.
    #[error("`{0}` names several lists: name each by itself")]
    Together(String),
    /// A weight that is out of range.
    #[error("`{0}` has no weight from 1 to 1000000")]
    Weight(String),
}

/// Largest weight.
const MAX_WEIGHT: u32 = 1_000_000;

impl Lists {
    /// A single list.
    pub fn one(key: impl Into<String>) -> Self {
        Self { keys: vec![key.into()], weights: None }
    }

    /// Several lists with a strict priority, or with one weight each.
    ///
    /// # Errors
    ///
    /// Fails without a list, with an empty key or one that holds a comma, when a list is named twice, and when two share their
    /// companion keys.
    pub fn of(keys: Vec<String>, weights: Option<Vec<NonZeroU32>>) -> Result<Self, ListsError> {
        if keys.is_empty() || keys.iter().any(String::is_empty) {
            return Err(ListsError::Empty);
        }
        if let Some(key) = keys.iter().find(|key| key.contains(',')) {
            return Err(ListsError::Together(key.clone()));
        }
        if let Some((_, key)) = keys.iter().enumerate().find(|(place, key)| keys[..*place].contains(key)) {
            return Err(ListsError::Repeated(key.clone()));
        }
        for (place, key) in keys.iter().enumerate() {
            if let Some(other) = keys[..place].iter().find(|other| base(other) == base(key)) {
                return Err(ListsError::Related(other.clone(), key.clone()));
            }
        }
        Ok(Self { keys, weights })
    }

    /// Reads lists as they are typed: `KEY`, or `KEY=WEIGHT` if there are several. The last `=` counts, and only if nothing but
    /// digits follows it: a key may hold one.
    ///
    /// # Errors
    ///
    /// Fails as [`of`](Self::of) does, with weights for some of several lists only, and with a weight out of range.
    pub fn read<T: AsRef<str>>(words: &[T]) -> Result<Self, ListsError> {
        if let [word] = words {
            return Self::of(vec![word.as_ref().to_owned()], None);
        }
        let read: Vec<(&str, Option<&str>)> = words.iter().map(|word| split(word.as_ref())).collect();
        let weighted = read.iter().position(|(_, weight)| weight.is_some());
        let plain = read.iter().position(|(_, weight)| weight.is_none());
        if let (Some(weighted), Some(plain)) = (weighted, plain) {
            let named = |place: usize| words[place].as_ref().to_owned();
            return Err(ListsError::Mixed { weighted: named(weighted), plain: named(plain) });
        }
        let weights = read.iter().zip(words).filter_map(|((_, weight), word)| {
            let weight = (*weight)?.parse::<NonZeroU32>().ok().filter(|weight| weight.get() <= MAX_WEIGHT);
            Some(weight.ok_or_else(|| ListsError::Weight(word.as_ref().to_owned())))
        });
        let weights: Vec<NonZeroU32> = weights.collect::<Result<_, _>>()?;
        let keys = read.iter().map(|(key, _)| (*key).to_owned()).collect();
        Self::of(keys, (!weights.is_empty()).then_some(weights))
    }

    /// Keys, in the order of their priority.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The list that comes first.
    pub fn first(&self) -> &str {
        self.keys.first().map_or("", String::as_str)
    }

    /// Weights in the order of the keys; `None` for a strict priority.
    pub fn weights(&self) -> Option<&[NonZeroU32]> {
        self.weights.as_deref()
    }

    /// Returns the same lists with their weights, or with equal ones.
    #[must_use]
    pub fn evenly_unless_weighted(&self) -> Self {
        let even = || vec![NonZeroU32::MIN; self.keys.len()];
        Self { keys: self.keys.clone(), weights: Some(self.weights.clone().unwrap_or_else(even)) }
    }

    /// Returns true unless there are several lists.
    pub fn is_one(&self) -> bool {
        self.keys.len() == 1
    }
}

/// Splits a key and its weight.
fn split(word: &str) -> (&str, Option<&str>) {
    match word.rsplit_once('=') {
        Some((key, weight)) if !weight.is_empty() && weight.bytes().all(|byte| byte.is_ascii_digit()) => {
            (key, Some(weight))
        }
        _ => (word, None),
    }
}

impl fmt::Display for Lists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, key) in self.keys.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{key}")?;
            if let Some(weight) = self.weights.as_ref().and_then(|weights| weights.get(place)) {
                write!(f, "={weight}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Lists {
    type Err = ListsError;

    /// Reads lists that are separated by commas.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::read(&text.split(',').map(str::trim).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_written_as_they_are_read() {
        for text in ["mylist", "a=6", "critical,default,low", "critical=6,default=3,low=1", "a=b=2,c=1", "a=b,c"] {
            assert_eq!(text.parse::<Lists>().unwrap().to_string(), text);
        }
        let lists: Lists = "a=b=2, c=1".parse().unwrap();
        assert_eq!(lists.keys(), ["a=b", "c"]);
        assert_eq!(lists.weights().unwrap().iter().map(|weight| weight.get()).collect::<Vec<_>>(), [2, 1]);
        assert!("a=b,c".parse::<Lists>().unwrap().weights().is_none());
        assert_eq!("a=6".parse::<Lists>().unwrap().first(), "a=6");
    }

    #[test]
    fn several_lists_in_one_name_are_refused() {
        for words in [&["critical=6,low=1"][..], &["a,b"], &["a,b", "c"], &["a", "b,"]] {
            let key = words.iter().find(|word| word.contains(',')).unwrap();
            let error = Lists::read(words).unwrap_err().to_string();
            assert_eq!(error, format!("`{key}` names several lists: name each by itself"));
        }
    }

    #[test]
    fn lists_that_do_not_fit_together_are_refused() {
        for (text, words) in [
            ("", "is empty"),
            ("a,", "is empty"),
            ("a,b,a", "`a` is named twice"),
            ("x,y,{x}", "`x` and `{x}` have the same companion keys"),
            ("a=6,b", "give each list one, as in `a=6,b=1`"),
            ("a,b=6", "`b=6` has a weight and `a` has none"),
            ("a=0,b=1", "`a=0` has no weight"),
            ("a=1,b=9999999999", "`b=9999999999` has no weight"),
        ] {
            let error = text.parse::<Lists>().unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
