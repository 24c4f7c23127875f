//! The rules as a page of the manual, docs/lints.md.

use std::iter;

use super::rule::Rule;

/// Start of the page; the rest is made from the rules.
const INTRODUCTION: &str = "\
# Lint rules

`qscale render --check` checks a profile and the objects rendered from it; `qscale render --lint FILE…` checks any
manifests. Both work offline. Each finding names its rule:

```text
warning[short-host]: scaledobject.yaml:14:16: ScaledObject/worker: spec.triggers[0].metadata.address: …
```

An *error* is refused by the API server or by KEDA, or does not do what it says; a *warning* is accepted and most likely
not what was meant. Errors exit with status 4, and with `--deny-warnings` warnings do as well.

`--allow CODE` silences a rule; repeat it or separate codes by commas:

```sh
qscale render --lint k8s/*.yaml --deny-warnings --allow short-host,image-tag
```

`qscale render --rules` prints this page.
";

/// Renders all rules as Markdown: a table per subject, then a section per rule.
pub fn markdown() -> String {
    let tables = Rule::SUBJECTS.iter().flat_map(|(subject, rules)| {
        let header = format!("\n## {subject}\n\n| Rule | Severity | Finding |\n|---|---|---|\n");
        iter::once(header).chain(rules.iter().copied().map(row))
    });
    let descriptions = iter::once("\n## Descriptions\n".to_owned()).chain(Rule::all().map(section));
    iter::once(INTRODUCTION.to_owned()).chain(tables).chain(descriptions).collect()
}

fn row(rule: Rule) -> String {
    let about = rule.about();
    format!("| [`{rule}`](#{rule}) | {} | {} |\n", about.severity, about.summary)
}

fn section(rule: Rule) -> String {
    let about = rule.about();
    let source = about.source.map(|source| match source.strip_prefix("Kubernetes, ") {
        Some(source) if source.starts_with("https://") => format!("\nSource: <{source}>\n"),
        Some(source) => format!("\nSource: Kubernetes, `{source}`\n"),
        None => format!("\nSource: KEDA, `{source}`\n"),
    });
    let example = about.example.map(|example| format!("\n```yaml\n{example}\n```\n"));
    let text = format!("\n### {rule}\n\n{} ({}).\n\n{}\n", about.summary, about.severity, about.text);
    [Some(text), source, example].into_iter().flatten().collect()
}
