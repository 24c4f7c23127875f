//! The architecture of `src/`: layers, circles, libraries, names, doc comments.

mod graph;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use self::graph::Edge;
use self::source::Module;

/// A layer; imports only point down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    /// Pure: no clock, no network, no terminal, no file, no unseeded randomness.
    Domain,
    /// Profiles and manifests: pure but for the reading of the profile.
    Configuration,
    /// Each the only place that names its library; knows the domain, and no profile.
    Adapter,
    /// The flows, and the command line they are called by.
    Command,
}

use Layer::{Adapter, Command, Configuration, Domain};

/// Modules at the top of `src/`: layer, and the modules of the same layer (or, for an exception, of a higher one) that
/// it may import.
///
/// Lower layers are free: the domain for configuration and adapters, everything for commands.
const MODULES: &[(&str, Layer, &[&str])] = &[
    ("units", Domain, &[]),
    ("endpoint", Domain, &["units"]),
    ("delivery", Domain, &["units"]),
    ("workload", Domain, &["delivery", "units"]),
    ("scaler", Domain, &["delivery", "units"]),
    ("sample", Domain, &["delivery", "scaler", "units"]),
    ("cluster", Domain, &["delivery", "scaler", "units"]),
    ("diagnosis", Domain, &["cluster", "units"]),
    ("simulation", Domain, &["delivery", "sample", "scaler", "units", "workload"]),
    ("tuning", Domain, &["scaler", "simulation", "units", "workload"]),
    ("comparison", Domain, &["delivery", "sample", "scaler", "simulation", "units", "workload"]),
    ("profile", Configuration, &[]),
    ("manifest", Configuration, &["profile"]),
    ("lint", Configuration, &["profile"]),
    ("queue", Adapter, &[]),
    ("kubernetes", Adapter, &[]),
    // What a command prints is passed on.
    ("handler", Adapter, &["terminal"]),
    ("metrics", Adapter, &["sample"]),
    ("page", Adapter, &[]),
    ("files", Adapter, &[]),
    ("sandbox", Adapter, &[]),
    ("shutdown", Adapter, &[]),
    ("terminal", Adapter, &[]),
    // Errors that have a status of their own.
    ("exit", Adapter, &["files", "kubernetes", "profile", "queue", "sandbox"]),
    ("args", Command, &[]),
    ("commands", Command, &["args"]),
    ("cli", Command, &["args", "commands"]),
];

/// Paths of libraries, and the only modules that may name them. Of several entries the longest that fits decides.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("fred", &["queue/"]),
    ("socket2", &["queue/"]),
    ("kube", &["kubernetes/"]),
    ("tokio::signal", &["shutdown.rs"]),
    ("std::process::exit", &["shutdown.rs"]),
    ("indicatif", &["terminal/"]),
    ("ratatui", &["terminal/"]),
    ("console", &["terminal/"]),
    ("tracing_subscriber", &["terminal/"]),
    // The command line knows the words for colour, and no stream.
    ("anstream", &["terminal/"]),
    ("anstream::ColorChoice", &["terminal/", "cli/"]),
    ("print!", &[]),
    ("println!", &[]),
    ("eprint!", &[]),
    ("eprintln!", &[]),
    ("std::io::stderr", &["terminal/"]),
    // Without a command, items are printed.
    ("std::io::stdout", &["terminal/", "handler/"]),
    ("std::io::stdin", &["files/"]),
    ("std::process::Command", &["handler/", "sandbox/"]),
    ("std::process::Child", &["handler/", "sandbox/"]),
    ("tokio::process", &["handler/", "kubernetes/", "sandbox/"]),
    ("k8s_openapi", &["manifest/"]),
    ("granit_parser", &["lint/"]),
    // The schema of a key is derived where its type is.
    ("schemars", &["delivery/", "endpoint/", "profile/", "units/", "workload/"]),
    ("prometheus_client", &["metrics/"]),
    ("axum", &["metrics/", "page/"]),
    ("hyper", &["handler/", "metrics/", "page/"]),
    ("hyper_util", &["handler/", "metrics/", "page/"]),
    ("http_body_util", &["handler/"]),
    ("httpdate", &["handler/"]),
    ("clap_complete", &["commands/completions.rs"]),
    ("clap_mangen", &["commands/completions.rs"]),
    // The number of an exit status; all others say `Status`.
    ("std::process::ExitCode", &["exit.rs", "lib.rs", "main.rs"]),
    ("std::process::ExitCode::SUCCESS", &[]),
    ("std::process::ExitCode::FAILURE", &[]),
];

/// Paths that domain and configuration do not name, except in the files given.
const IMPURE: &[(&str, &[&str])] = &[
    ("tokio", &[]),
    ("clap", &[]),
    ("color_eyre", &[]),
    ("tracing", &[]),
    ("std::net::TcpStream", &[]),
    ("std::os::unix::net", &[]),
    ("std::process", &[]),
    // `Profile::read`
    ("std::fs", &["profile/mod.rs"]),
    ("std::env", &[]),
    ("std::time::SystemTime::now", &[]),
    ("std::time::Instant::now", &[]),
    ("rand::rng", &[]),
    ("rand::random", &[]),
];

/// Lines without its tests that no file exceeds.
const LONGEST: usize = 350;

/// Type names that may stand in several files.
const SHARED_TYPES: &[&str] = &["Args", "Plan"];

const QUESTION_WORDS: &[&str] = &["What", "How", "Whether", "Who", "Why", "When", "Where", "Which"];

/// Percentage of doc comments that may open with a question word.
const MAX_QUESTIONS: f64 = 5.0;

static SOURCE: LazyLock<Vec<Module>> = LazyLock::new(source::modules);

#[test]
fn imports_point_down() {
    let layers: BTreeMap<&str, (Layer, &[&str])> =
        MODULES.iter().map(|(name, layer, also)| (*name, (*layer, *also))).collect();
    let top = |path: &str| !path.contains("::");
    let mut against = BTreeMap::new();
    for ((from, to), places) in graph::edges(&SOURCE).into_iter().filter(|((from, _), _)| top(from)) {
        let (layer, also) = layers.get(from.as_str()).unwrap_or_else(|| panic!("add `{from}` to MODULES"));
        let (below, _) = layers.get(to.as_str()).unwrap_or_else(|| panic!("add `{to}` to MODULES"));
        let free = match layer {
            Domain => false,
            Configuration | Adapter => *below == Domain,
            Command => below < layer,
        };
        if !free && !also.contains(&to.as_str()) {
            against.insert((from, to), places);
        }
    }
    assert_none(&against, "imports against the layers");
}

#[test]
fn every_module_has_a_layer() {
    for module in SOURCE.iter().filter(|module| !module.name.is_empty() && module.file != "main.rs") {
        assert!(MODULES.iter().any(|(name, ..)| *name == module.name[0]), "add `{}` to MODULES", module.name[0]);
    }
}

#[test]
fn modules_form_no_circle() {
    let mut edges = graph::edges(&SOURCE);
    let circular = graph::circular(&edges.keys().cloned().collect());
    edges.retain(|edge, _| circular.contains(edge));
    assert_none(&edges, "circles of modules");
}

#[test]
fn commands_do_not_import_each_other() {
    for (from, to) in graph::edges(&SOURCE).keys() {
        assert!(!from.starts_with("commands::") || from.matches("::").count() > 1, "{from} imports {to}");
    }
}

#[test]
fn libraries_are_named_in_their_adapter_only() {
    for (module, path, allowed) in named(LIBRARIES) {
        assert!(is_in(module, allowed), "{path}: only {allowed:?} may");
    }
}

#[test]
fn domain_and_configuration_are_pure() {
    let pure: Vec<&str> =
        MODULES.iter().filter(|(_, layer, _)| *layer <= Configuration).map(|(name, ..)| *name).collect();
    for (module, path, allowed) in named(IMPURE) {
        let is_pure = module.name.first().is_some_and(|top| pure.contains(&top.as_str()));
        assert!(!is_pure || is_in(module, allowed), "{path}: domain and configuration are pure");
    }
}

#[test]
fn configuration_reads_one_file() {
    let reads = named(&[("std::fs", &[])]).into_iter().filter(|(module, ..)| module.file == "profile/mod.rs");
    let calls: Vec<String> = reads.map(|(_, path, _)| path).filter(|path| !path.ends_with(" names std::fs")).collect();
    assert_eq!(calls.len(), 1, "Profile::read, and no other: {calls:?}");
}

#[test]
fn files_open_with_a_line_on_their_subject() {
    for module in SOURCE.iter() {
        let first = module.text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! ") && first.len() > 10, "{}: no `//!` line at the top", module.file);
    }
}

#[test]
fn folders_have_a_mod_rs() {
    for module in SOURCE.iter().filter(|module| !module.file.ends_with("mod.rs") && !module.name.is_empty()) {
        let child = SOURCE.iter().find(|other| other.name != module.name && other.name.starts_with(&module.name));
        assert!(child.is_none(), "move src/{} to mod.rs of its folder", module.file);
    }
}

#[test]
fn files_are_short() {
    for module in SOURCE.iter() {
        assert!(module.lines <= LONGEST, "{}: {} lines without its tests, limit {LONGEST}", module.file, module.lines);
    }
}

#[test]
fn type_names_stand_in_one_file() {
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    // Where a feature is left out, a file of this name has the same types.
    for module in SOURCE.iter().filter(|module| !module.file.ends_with("/absent.rs")) {
        for name in &module.types {
            files.entry(name).or_default().push(&module.file);
        }
    }
    let shared: BTreeMap<&str, Vec<&str>> =
        files.into_iter().filter(|(name, files)| files.len() > 1 && !SHARED_TYPES.contains(name)).collect();
    assert!(shared.is_empty(), "type names in several files: {shared:#?}");
}

#[test]
fn doc_comments_do_not_open_with_a_question_word() {
    let mut count = 0;
    let mut questions = Vec::new();
    for module in SOURCE.iter() {
        for (number, line) in doc_openings(&module.text) {
            count += 1;
            if QUESTION_WORDS.contains(&line.split(' ').next().unwrap_or_default()) {
                questions.push(format!("src/{}:{number}: {line}", module.file));
            }
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "some thousand comments")]
    let share = 100.0 * questions.len() as f64 / f64::from(count);
    assert!(share < MAX_QUESTIONS, "{share:.1} % of {count} doc comments:\n{}", questions.join("\n"));
}

/// Returns number and text of the first line of each doc comment.
fn doc_openings(text: &str) -> Vec<(usize, &str)> {
    let mut within = false;
    let mut openings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let doc = line.trim_start().strip_prefix("/// ");
        if let Some(doc) = doc
            && !within
        {
            openings.push((index + 1, doc));
        }
        within = line.trim_start().starts_with("///");
    }
    openings
}

/// Returns each place that names a path of `rules`: module, a message, and the files that the rule allows.
fn named<'a>(rules: &'a [(&str, &'a [&'a str])]) -> Vec<(&'static Module, String, &'a [&'a str])> {
    let fits =
        |path: &str, rule: &str| path.strip_prefix(rule).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    let mut found = Vec::new();
    for module in SOURCE.iter() {
        for named in &module.paths {
            let path = named.path.join("::");
            let rule = rules.iter().filter(|(rule, _)| fits(&path, rule)).max_by_key(|(rule, _)| rule.len());
            if let Some((_, allowed)) = rule {
                found.push((module, format!("src/{}:{} names {path}", module.file, named.line), *allowed));
            }
        }
    }
    assert!(found.len() > 1, "{rules:?}");
    found
}

fn is_in(module: &Module, allowed: &[&str]) -> bool {
    allowed.iter().any(|one| if one.ends_with('/') { module.file.starts_with(one) } else { module.file == *one })
}

/// Asserts that there are no such imports, and lists them with their places otherwise.
#[track_caller]
fn assert_none(found: &BTreeMap<Edge, BTreeSet<String>>, what: &str) {
    let found = found
        .iter()
        .map(|((from, to), places)| format!("{from} -> {to}: {:?}", places.iter().take(3).collect::<Vec<_>>()));
    let found: Vec<String> = found.collect();
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}
