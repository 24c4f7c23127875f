//! Label selectors, and the scaled pods that they select.

use std::collections::HashMap;

use crate::lint::object::{Cursor, Object};

/// A ScaledObject and its target.
type Scaled<'a> = (&'a Object<'a>, &'a Object<'a>);

/// Scaled pods by their labels, so that a selector need not be compared with all of them.
pub(super) struct Labels<'a> {
    all: Vec<Scaled<'a>>,
    /// Indexes of those with a label, by key and value.
    by_label: HashMap<&'a str, HashMap<&'a str, Vec<usize>>>,
}

impl<'a> Labels<'a> {
    pub(super) fn of(scaled: impl Iterator<Item = Scaled<'a>>) -> Self {
        let all: Vec<Scaled<'a>> = scaled.collect();
        let mut by_label: HashMap<&str, HashMap<&str, Vec<usize>>> = HashMap::new();
        for (index, (_, target)) in all.iter().enumerate() {
            let labels = target.template().map(|template| template.at(&["metadata", "labels"]).entries());
            for (key, value) in labels.into_iter().flatten() {
                by_label.entry(key).or_default().entry(value.text().unwrap_or_default()).or_default().push(index);
            }
        }
        Self { all, by_label }
    }

    /// Those that a selector may select: of its labels, the one that the fewest have decides.
    pub(super) fn candidates(&self, selector: &Cursor<'_>) -> Vec<Scaled<'a>> {
        let labels = selector.get("matchLabels").entries();
        let with = |key: &str, value: &Cursor<'_>| {
            let indexes = self.by_label.get(key)?.get(value.text().unwrap_or_default());
            indexes.map(Vec::as_slice)
        };
        match labels.iter().map(|(key, value)| with(key, value).unwrap_or_default()).min_by_key(|indexes| indexes.len())
        {
            Some(indexes) => indexes.iter().map(|index| self.all[*index]).collect(),
            None => self.all.clone(),
        }
    }
}

/// Returns whether a selector, of labels or of terms, selects the pods of an object; an empty one selects none here.
pub(super) fn selects(selector: &Cursor<'_>, target: &Object<'_>) -> bool {
    let (labels, terms) = (selector.get("matchLabels").entries(), selector.get("matchExpressions").items());
    let Some(template) = target.template() else { return false };
    let own = template.at(&["metadata", "labels"]);
    let fits = |term: &Cursor<'_>| {
        let value = term.get("key").text().and_then(|key| own.get(key).text());
        let among = term.get("values").items().iter().any(|item| item.text() == value);
        match term.get("operator").text() {
            Some("In") => value.is_some() && among,
            Some("NotIn") => value.is_none() || !among,
            Some("Exists") => value.is_some(),
            Some("DoesNotExist") => value.is_none(),
            _ => false,
        }
    };
    !(labels.is_empty() && terms.is_empty())
        && labels.iter().all(|(key, value)| own.get(key).text() == value.text())
        && terms.iter().all(fits)
}

/// Returns whether the `spec.selector` of a Service selects the pods of an object.
pub(super) fn serves(service: &Object<'_>, target: &Object<'_>) -> bool {
    let labels = service.at(&["spec", "selector"]).entries();
    let own = target.template().map(|template| template.at(&["metadata", "labels"]));
    own.is_some_and(|own| !labels.is_empty() && labels.iter().all(|(key, value)| own.get(key).text() == value.text()))
}
