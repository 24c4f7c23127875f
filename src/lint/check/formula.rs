//! `scalingModifiers`: a formula over the triggers, and its target.

use std::collections::BTreeSet;

use crate::lint::finding::Report;
use crate::lint::object::{Cursor, Object};
use crate::lint::placeholder::Placeholder;
use crate::lint::rule::Rule;
use crate::scaler::{Formula, FormulaError};

/// Reserved words of KEDA's formula language, <https://expr-lang.org/docs/language-definition>.
const WORDS: [&str; 20] = [
    "and",
    "or",
    "not",
    "in",
    "let",
    "nil",
    "true",
    "false",
    "if",
    "else",
    "matches",
    "contains",
    "startsWith",
    "endsWith",
    "all",
    "any",
    "one",
    "none",
    "map",
    "filter",
];

pub(super) fn check(scaled: &Object<'_>, report: &mut Report) {
    let modifiers = scaled.at(&["spec", "advanced", "scalingModifiers"]);
    let formula = modifiers.get("formula");
    if !modifiers.is_map() || modifiers.entries().is_empty() {
        return;
    }
    let Some(text) = formula.text().filter(|text| !text.trim().is_empty()) else {
        let message = "has no `formula`: the other settings have no effect";
        return report.add(Rule::Formula, &modifiers.by_key(), message, "set a formula over the names of the triggers");
    };
    let metric = modifiers.get("metricType");
    if metric.text() == Some("Value") {
        let message = "is `Value`, which multiplies the pods at every sync while the formula exceeds `target`: 1, \
                       2, 4, 8, … up to maxReplicaCount";
        report.add(Rule::MetricTypeValue, &metric, message, "remove it: lists need `AverageValue`, the default");
    }
    target(&modifiers, report);
    names(scaled, &formula, text, report);
}

/// Source: `scaledobject_types.go`, `pkg/fallback/fallback.go :: doFallback`
fn target(modifiers: &Cursor<'_>, report: &mut Report) {
    let target = modifiers.get("target");
    let number = target.number();
    if number.is_none_or(|number| number <= 0.0) {
        let at = if target.is_there() { target } else { modifiers.by_key() };
        let message = "needs a `target` above zero, the value per pod";
        return report.add(Rule::FormulaTarget, &at, message, "set `target` to a number such as \"10\"");
    }
    let fallback = modifiers.object.at(&["spec", "fallback"]);
    if fallback.is_there() && number.is_some_and(|number| number.fract() != 0.0) {
        let message = "is not an integer: KEDA ignores the `fallback`";
        report.add(Rule::FormulaTarget, &target, message, "set an integer");
    }
    let activation = modifiers.get("activationTarget");
    if activation.is_there() && activation.number().is_none() {
        report.add(Rule::FormulaTarget, &activation, "is not a number", "set a number, or remove it");
    }
}

fn names(scaled: &Object<'_>, at: &Cursor<'_>, text: &str, report: &mut Report) {
    let triggers = scaled.at(&["spec", "triggers"]).items();
    let (mut known, mut wrong) = (Vec::new(), BTreeSet::new());
    for trigger in &triggers {
        let name = trigger.get("name");
        let Some(word) = name.text() else {
            let of_resource = matches!(trigger.get("type").text(), Some("cpu" | "memory"));
            if !of_resource {
                let message = "has no `name`, by which a formula refers to triggers: it does not count";
                report.add(Rule::TriggerWithoutName, trigger, message, "name it, or remove it");
            }
            continue;
        };
        // Any word may be the name that it gets.
        if Placeholder::of(word).is_some() {
            return report.add(Rule::Formula, &name, "is not known", "");
        }
        known.push(word);
        if !is_name(word) {
            let message = format!("cannot be used in a formula: `{word}` is not an identifier, or a reserved word");
            report.add(Rule::Formula, &name, message, "choose another name, such as `waiting`");
            wrong.extend(words(word));
        }
    }
    let used = words(text);
    let is_unknown = |word: &&&str| !known.contains(*word) && !WORDS.contains(*word) && !wrong.contains(**word);
    if let Some(unknown) = used.iter().find(is_unknown) {
        let message = format!("uses `{unknown}`, which is not the name of a trigger: KEDA refuses the object");
        let hint = match known[..] {
            [] => format!("name a trigger: `name: {unknown}`"),
            _ => format!("known triggers: {}", known.join(", ")),
        };
        return report.add(Rule::Formula, at, message, hint);
    }
    // KEDA supports more of the language than is evaluated here.
    match Formula::parse(text, &known) {
        Err(FormulaError::Negative(_)) => {
            let message = "can become negative, which the HPA reads as a huge number: it scales to maxReplicaCount";
            report.add(Rule::FormulaBelowZero, at, message, format!("write `max(0, {text})`"));
        }
        Err(FormulaError::DivisionByZero) => {
            report.add(Rule::FormulaDivisionByZero, at, "can divide by zero", "write `/ max(1, …)`");
        }
        Err(error @ FormulaError::Incomplete) => {
            report.add(Rule::Formula, at, format!("{error}: KEDA refuses the object"), "complete it");
        }
        Err(error @ (FormulaError::TooDeep | FormulaError::TooLong)) => {
            report.add(Rule::Formula, at, format!("{error}: it is not checked"), "simplify it");
        }
        Err(FormulaError::Comparison) => {
            let message = "is a boolean, expected a number: KEDA refuses the object";
            report.add(Rule::Formula, at, message, format!("write `({text}) ? 1 : 0`"));
        }
        _ if !is_closed(text) => {
            let message = "has unbalanced parentheses: KEDA refuses the object";
            report.add(Rule::Formula, at, message, "balance `(` and `)`");
        }
        _ => {}
    }
}

fn is_closed(text: &str) -> bool {
    let quoted = text.contains(['"', '\'', '`']);
    quoted
        || [('(', ')'), ('[', ']')]
            .iter()
            .all(|(open, close)| text.matches(*open).count() == text.matches(*close).count())
}

/// The words of a formula that stand for triggers: not what is called, nor what `let` makes, nor what is in quotes.
fn words(text: &str) -> BTreeSet<&str> {
    let (mut found, mut made) = (BTreeSet::new(), BTreeSet::new());
    let (mut rest, mut before) = (text, "");
    while let Some(start) = rest.find(|c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '\'' | '`' | '.')) {
        rest = &rest[start..];
        let first = rest.chars().next().unwrap_or_default();
        if matches!(first, '"' | '\'' | '`') {
            let end = rest[1..].find(first).map_or(rest.len(), |end| end + 2);
            rest = &rest[end..];
            continue;
        }
        let end = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.')).unwrap_or(rest.len());
        let word = &rest[..end.max(1)];
        rest = &rest[end.max(1)..];
        if before == "let" {
            made.insert(word);
        } else if !word.starts_with(|c: char| c.is_ascii_digit() || c == '.') && !rest.trim_start().starts_with('(') {
            found.insert(word);
        }
        before = word;
    }
    found.retain(|word| !made.contains(word));
    found
}

fn is_name(word: &str) -> bool {
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain && !word.starts_with(|c: char| c.is_ascii_digit()) && !WORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formula_words_are_names_of_triggers() {
        let of = |text| words(text).into_iter().collect::<Vec<_>>();
        assert_eq!(of("max(0, waiting - busy * 1.5e3)"), ["busy", "waiting"]);
        assert_eq!(of("let x = a; x ?? 'b' + \"c\""), ["a", "let"]);
        assert_eq!(of("a>1?b:c"), ["a", "b", "c"]);
    }
}
