//! Words that no longer stand in the tree, and the terms used instead.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A phrase, the term to use instead, and what a line may hold in which the phrase means something else.
type Banned = (&'static str, &'static str, &'static [&'static str]);

/// Compared word by word, whatever the case; `in_work`, `InWork` and `in work` are the same.
const BANNED: &[Banned] = &[
    // Items
    ("in work", "in flight", &[]),
    ("in hand", "in flight", &[]),
    ("at work", "busy", &[]),
    ("worked", "processed", &[]),
    ("worked twice", "redelivered", &[]),
    ("give back", "requeue", &[]),
    ("gives back", "requeues", &[]),
    ("giving back", "requeueing", &[]),
    ("given back", "requeued", &[]),
    ("answered for", "acknowledged", &[]),
    ("handed in", "acknowledged", &[]),
    ("acked", "acknowledged", &[]),
    ("bury", "dead-letter", &[]),
    ("buries", "dead-letters", &[]),
    ("buried", "dead-lettered", &[]),
    (
        "letter",
        "dead letter",
        &[
            "dead letter",
            "dead-letter",
            "dead_letter",
            "deadletter",
            "digit",
            "case",
            "capital",
            "brace",
            "start with a letter",
        ],
    ),
    (
        "letters",
        "dead letters",
        &["dead letter", "dead-letter", "dead_letter", "deadletter", "digit", "case", "capital", "char"],
    ),
    ("how surely", "delivery guarantee", &[]),
    // Redis
    (
        "topology",
        "mode",
        &[
            "topologyspread",
            "topologykey",
            "topology_key",
            "topology_spread",
            "topology.kubernetes.io",
            "topology-spread",
            "topology-key",
        ],
    ),
    // Metrics
    ("figure", "metric", &[]),
    ("figures", "metrics", &[]),
    // Scaling
    ("KEDA looks", "KEDA polls", &[]),
    ("HPA looks", "the HPA syncs", &[]),
    ("a look", "a poll, a sync", &[]),
    ("each look", "each poll, each sync", &[]),
    ("every look", "every poll, every sync", &[]),
    ("first look", "first poll, first sync", &[]),
    ("next look", "next poll, next sync", &[]),
    ("last look", "last poll, last sync", &[]),
    ("look again", "poll", &[]),
    ("wish", "proposal", &[]),
    ("wishes", "proposes", &[]),
    ("near enough", "within tolerance", &[]),
    ("reckon", "evaluate", &[]),
    ("reckons", "evaluates", &[]),
    ("reckoned", "evaluated", &[]),
    ("reckoning", "evaluation", &[]),
    ("unreckoned", "evaluation error", &[]),
    ("chance", "seed, randomness", &[]),
    ("chances", "seeds", &[]),
    // Messages
    ("way out", "hint", &[]),
    ("ways out", "hints", &[]),
    ("passed over", "skipped", &[]),
    ("what it came to", "summary", &[]),
    // Code
    ("door", "adapter", &[]),
    ("doors", "adapters", &[]),
    ("doorbell", "wakeup", &[]),
    ("notion", "domain, concept", &[]),
    ("notions", "domain, concepts", &[]),
    ("walls", "layers", &[]),
    ("rooms", "modules", &[]),
    // Style
    ("hands", "slots, or name the actor", &[]),
    ("for ever", "forever, indefinitely", &[]),
    ("nobody", "no one, or name the actor", &[]),
    ("somebody", "someone, or name the actor", &[]),
    ("anybody", "anyone, or name the actor", &[]),
    ("whoever", "anyone who, or name the actor", &[]),
    ("beside", "next to", &[]),
    ("by the way", "leave it out", &[]),
    ("no more than", "at most, only", &[]),
];

/// Rules by the first word of their phrase.
static RULES: LazyLock<HashMap<String, Vec<&Banned>>> = LazyLock::new(|| {
    let mut rules: HashMap<String, Vec<&Banned>> = HashMap::new();
    for rule in BANNED {
        let first = rule.0.split(' ').next().unwrap_or_default().to_lowercase();
        rules.entry(first).or_default().push(rule);
    }
    rules
});

/// Generated files are left out: completions/ and man/ follow src/.
const TREE: &[&str] = &[
    ".ci",
    "benches",
    "config",
    "docs",
    "k8s",
    "src",
    "tests",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.toml",
    "Dockerfile",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "book.toml",
    "deny.toml",
];

#[test]
fn banned_words_stand_nowhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for name in TREE {
        collect(&root.join(name), &mut files);
    }
    assert!(files.len() > 100, "{files:?}");
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !file.ends_with("tests/it/words.rs")) {
        let Ok(text) = fs::read_to_string(file) else { continue };
        let name = file.strip_prefix(root).expect("a file of the tree").display();
        for (line, (phrase, instead, _)) in banned(&text) {
            let shown = text.lines().nth(line - 1).unwrap_or_default().trim();
            found.push(format!("{name}:{line}: `{phrase}` ({instead}): {shown}"));
        }
    }
    assert!(found.is_empty(), "words to replace (see the terms in CONTRIBUTING.md):\n{}", found.join("\n"));
}

#[test]
fn banned_words_are_found_in_names_and_across_lines() {
    let text = "let in_work = 1;\n/// waits for\n/// ever. Given. Back\nstruct GivenBack; // dead letters, upper-case letters\nA letter!";
    let found: Vec<(usize, &str)> = banned(text).into_iter().map(|(line, (phrase, ..))| (line, *phrase)).collect();
    assert_eq!(found, [(1, "in work"), (2, "for ever"), (4, "given back"), (5, "letter")]);
}

pub(crate) fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder of the tree can be listed") {
            collect(&entry.expect("a folder of the tree can be listed").path(), files);
        }
    } else if path.is_file() {
        files.push(path.to_owned());
    }
}

/// A word of a text in lower case, and whether nothing but space or a comment's marks parts it from the one before.
struct Word {
    text: String,
    line: usize,
    continues: bool,
}

/// Returns line and rule of each banned phrase in `text`.
fn banned(text: &str) -> Vec<(usize, &'static Banned)> {
    let lines: Vec<&str> = text.lines().collect();
    let words = words(text);
    let mut found = Vec::new();
    for (at, first) in words.iter().enumerate() {
        for rule @ (phrase, _, unless) in RULES.get(first.text.as_str()).into_iter().flatten() {
            let fits = phrase.split(' ').enumerate().skip(1).all(|(offset, part)| {
                words.get(at + offset).is_some_and(|word| word.continues && part.eq_ignore_ascii_case(&word.text))
            });
            let line = lines[first.line - 1].to_lowercase();
            if fits && !unless.iter().any(|other| line.contains(other)) {
                found.push((first.line, *rule));
            }
        }
    }
    found
}

/// Splits a text into words, and names in `snake_case` and `CamelCase` into theirs.
fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let (mut line, mut continues, mut within) = (1, false, false);
    let mut before = ' ';
    for char in text.chars() {
        if char.is_alphanumeric() {
            let camel = before.is_lowercase() && char.is_uppercase();
            if within && !camel {
                words.last_mut().expect("within a word").text.extend(char.to_lowercase());
            } else {
                words.push(Word { text: char.to_lowercase().to_string(), line, continues });
            }
            (within, continues) = (true, true);
        } else {
            within = false;
            continues &= char.is_whitespace() || "_-/!#*>".contains(char);
            line += usize::from(char == '\n');
        }
        before = char;
    }
    words
}
