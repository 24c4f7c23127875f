//! Profiles: those shipped are right and name every key, and what is wrong in one is shown where it stands.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use qscale::profile::Profile;

use crate::support::{Finished, Qscale, toml_files};

/// Password that no error may show; invalid profiles with a password have this one.
const PASSWORD: &str = "s3cret";

/// Settings that only `render` needs, so that it reports nothing else.
const RENDERED: &str = "[redis]\nhost = \"redis.example.com\"\n";

#[test]
fn shipped_profiles_are_valid() {
    for path in toml_files("config") {
        let text = fs::read_to_string(&path).unwrap();
        if let Err(error) = Profile::parse(&path.display().to_string(), &text) {
            panic!("{error}");
        }
    }
}

#[test]
fn shipped_profiles_show_every_key() {
    let known = known_keys(&[]);
    let shown: BTreeSet<Key> = shipped_lines().iter().flat_map(Line::keys).collect();
    let missing: Vec<String> = known.difference(&shown).map(|key| key.join(".")).collect();
    assert!(missing.is_empty(), "set these in a file of config/, or show them in a comment: {}", missing.join(", "));
}

#[test]
fn commented_keys_of_shipped_profiles_are_valid() {
    for line in shipped_lines().iter().filter(|line| line.commented) {
        let header = if line.tables.is_empty() { String::new() } else { format!("[{}]", line.tables.join(".")) };
        let alone = Profile::parse("alone", &format!("{header}\n{}\n", line.setting));
        // Some keys mean nothing without another, which the file sets.
        let in_place = Profile::parse("in place", &line.uncommented());
        if let (Err(alone), Err(in_place)) = (alone, in_place) {
            panic!("{}: cannot be used as the comment shows it:\n{alone}\n{in_place}", line.path.display());
        }
    }
}

#[test]
fn profile_error_points_at_its_place() {
    let mut outdated = Vec::new();
    for path in toml_files("tests/profiles/invalid") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let Finished { stderr, stdout, .. } =
            Qscale::new(["--profile", name, "render"]).file(name, &text).output().exits(78);
        assert!(stdout.is_empty(), "{name}: {stdout}");
        assert!(!stderr.contains(PASSWORD), "{name} shows a password:\n{stderr}");

        let (line, column) = place(&stderr, name).unwrap_or_else(|| panic!("{name}: no place:\n{stderr}"));
        let written = text.lines().nth(line - 1).unwrap_or_else(|| panic!("{name} has no line {line}:\n{stderr}"));
        assert!((1..=written.chars().count() + 1).contains(&column), "{name}: no column {column}:\n{stderr}");
        assert!(stderr.contains(&format!("\n{line} | ")) && stderr.contains('^'), "{name}: not shown:\n{stderr}");

        let expected = path.with_extension("stderr");
        if fs::read_to_string(&expected).is_ok_and(|expected| expected == stderr) {
            continue;
        }
        if std::env::var_os("OVERWRITE").is_some() {
            fs::write(&expected, &stderr).unwrap();
        }
        outdated.push(format!("{} is another:\n{stderr}", expected.display()));
    }
    assert!(outdated.is_empty(), "{}\nOVERWRITE=1 writes them anew", outdated.join("\n"));
}

#[test]
fn invalid_profile_fails_every_subcommand() {
    for words in [&["produce"][..], &["consume"], &["watch"], &["demo"], &["render"]] {
        let run = Qscale::new(words).file("qscale.toml", "[produce]\nbacth = 5\n").output().exits(78);
        assert!(run.stderr.starts_with("error: qscale.toml:2:1: unknown key `bacth`\n"), "{}", run.stderr);
        assert!(run.stderr.ends_with("hint: did you mean `batch`?\n"), "{}", run.stderr);
    }
}

#[test]
fn unreadable_profile_is_named() {
    let missing = Qscale::new(["--profile", "missing.toml", "render"]).output().exits(78);
    let error =
        "error: cannot read profile `missing.toml`: No such file or directory (os error 2)\nhint: check the path, ";
    assert!(missing.stderr.starts_with(error), "{}", missing.stderr);
    let missing = Qscale::new(["render"]).env("QSCALE_PROFILE", "missing.toml").output().exits(78);
    assert!(missing.stderr.contains("`missing.toml`"), "{}", missing.stderr);
    let folder = Qscale::new(["--profile", ".", "render"]).output().exits(78);
    assert!(folder.stderr.starts_with("error: cannot read profile `.`: "), "{}", folder.stderr);
}

#[test]
fn profile_flag_beats_variable_beats_working_directory_beats_built_in() {
    let named = |name: &str| format!("{RENDERED}[deploy]\nname = \"{name}\"\n");
    let run = |words: &[&str]| {
        Qscale::new(words)
            .file("flag.toml", named("by-flag"))
            .file("variable.toml", named("by-variable"))
            .file("qscale.toml", named("by-folder"))
    };
    let name = |run: Qscale| {
        let yaml = run.output().exits(0).stdout;
        let line = yaml.lines().find_map(|line| line.trim().strip_prefix("name: ")).unwrap_or_default();
        line.to_owned()
    };
    assert_eq!(name(run(&["--profile", "flag.toml", "render"]).env("QSCALE_PROFILE", "variable.toml")), "by-flag");
    assert_eq!(name(run(&["render", "-p", "flag.toml"])), "by-flag");
    assert_eq!(name(run(&["render"]).env("QSCALE_PROFILE", "variable.toml")), "by-variable");
    assert_eq!(name(run(&["render"]).env("QSCALE_PROFILE", "")), "by-folder", "an empty variable is none");
    assert_eq!(name(run(&["render"])), "by-folder");
    let built_in = Qscale::new(["render"]).output().exits(0).stdout;
    assert_eq!(built_in, fs::read_to_string("k8s/demo.yaml").unwrap());
}

#[test]
fn schema_key_is_accepted() {
    let text = format!("\"$schema\" = \"https://example.com/qscale.schema.json\"\n{RENDERED}");
    Qscale::new(["render"]).file("qscale.toml", &text).output().exits(0);
}

/// The tables that a key is in, and the key.
type Key = Vec<String>;

/// A line of a profile that is shipped, which sets a key or shows one in a comment.
struct Line {
    path: PathBuf,
    /// Counted from 0.
    number: usize,
    tables: Key,
    commented: bool,
    /// Without the comment sign.
    setting: String,
}

impl Line {
    /// The key that is set, and those in its braces.
    fn keys(&self) -> Vec<Key> {
        // An overlay has the keys of the profile once more.
        if let Some("env") = self.tables.first().map(String::as_str) {
            return vec![vec!["env".to_owned()]];
        }
        let (key, value) = self.setting.split_once(" = ").unwrap_or_default();
        let key: Key = self.tables.iter().cloned().chain([key.trim_matches('"').to_owned()]).collect();
        let inner = value.split(['{', ',']).filter_map(|part| part.split_once(" = "));
        let inner = inner.map(|(inner, _)| key.iter().cloned().chain([inner.trim().to_owned()]).collect());
        inner.chain([key.clone()]).collect()
    }

    /// The whole file, with the comment sign of this line taken away.
    fn uncommented(&self) -> String {
        let file = fs::read_to_string(&self.path).expect("it has been read before");
        let lines = file.lines().enumerate();
        lines.flat_map(|(number, line)| [if number == self.number { &self.setting } else { line }, "\n"]).collect()
    }
}

/// Every key that the reader of profiles knows below `tables`. It lists them to who writes one that it does not know.
fn known_keys(tables: &[String]) -> BTreeSet<Key> {
    let mut keys = BTreeSet::new();
    for key in keys_of(tables).unwrap_or_default() {
        let path: Key = tables.iter().cloned().chain([key]).collect();
        let below = known_keys(&path);
        if below.is_empty() {
            keys.insert(path);
        } else {
            keys.extend(below);
        }
    }
    keys
}

/// The keys of a table, or of the tables in a list; `None` where there is neither.
fn keys_of(tables: &[String]) -> Option<Vec<String>> {
    let header = tables.iter().map(|table| format!("\"{table}\"")).collect::<Vec<_>>().join(".");
    let headers =
        if tables.is_empty() { vec![String::new()] } else { vec![format!("[{header}]"), format!("[[{header}]]")] };
    headers.iter().find_map(|header| {
        // Fields with the names of Kubernetes may be called anything.
        let error = Profile::parse("q.toml", &format!("{header}\n\"?\" = 0\n")).err()?;
        let keys = error.hint()?.strip_prefix("known keys: ")?.split(", ").map(str::to_owned).collect();
        Some(keys)
    })
}

/// The lines of `config/` that set a key or show one in a comment.
fn shipped_lines() -> Vec<Line> {
    let mut shipped = Vec::new();
    for path in toml_files("config") {
        let mut tables = Vec::new();
        for (number, line) in fs::read_to_string(&path).expect("a profile can be read").lines().enumerate() {
            let setting = line.strip_prefix("# ").unwrap_or(line);
            if let Some(header) = setting.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                tables = header.split('.').map(str::to_owned).collect();
            } else if setting.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) {
                let (commented, setting) = (setting != line, setting.to_owned());
                shipped.push(Line { path: path.clone(), number, tables: tables.clone(), commented, setting });
            }
        }
    }
    shipped
}

/// Line and column that `stderr` begins with, as in `error: name:2:1: …`.
fn place(stderr: &str, name: &str) -> Option<(usize, usize)> {
    let mut parts = stderr.strip_prefix(&format!("error: {name}:"))?.splitn(3, ':');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
