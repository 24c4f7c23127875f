//! Reads the modules under `src/` as tokens: paths named, types defined, doc comments.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The segments of a path; a path within the program begins with `crate`.
pub(super) type Segments = Vec<String>;

/// A path that a module names, in full: `use` declarations are followed.
pub(super) struct Named {
    pub(super) line: usize,
    pub(super) path: Segments,
}

/// A file under `src/`, without its tests.
pub(super) struct Module {
    /// Path from `src/` on.
    pub(super) file: String,
    /// Path of the module: `["queue", "claims"]` for `queue/claims.rs`, `["queue"]` for `queue/mod.rs`.
    pub(super) name: Segments,
    pub(super) text: String,
    /// Number of lines before the tests at its end.
    pub(super) lines: usize,
    /// Names of its types and traits.
    pub(super) types: BTreeSet<String>,
    pub(super) paths: Vec<Named>,
    /// Names that `use` brings into its scope, for its children and importers too.
    imports: BTreeMap<String, Segments>,
}

/// Reads every file under `src/`.
pub(super) fn modules() -> Vec<Module> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&src, &mut files);
    files.sort();
    let files: Vec<(String, String)> = files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source file can be read");
            let name = path.strip_prefix(&src).expect("a file under src/").to_str().expect("a plain name").to_owned();
            (name, text)
        })
        .collect();
    read(&files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src/ can be listed") {
        let path = entry.expect("src/ can be listed").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Reads files, given by path from `src/` on and text.
pub(super) fn read(files: &[(String, String)]) -> Vec<Module> {
    let scans: Vec<Scan> = files.iter().map(|(_, text)| Scan::of(text)).collect();
    // A module that only tests declare is one of the tests.
    let tests: BTreeSet<Segments> = files
        .iter()
        .zip(&scans)
        .flat_map(|((file, _), scan)| scan.test_modules.iter().map(|child| joined(&module_name(file), child)))
        .collect();
    let files: Vec<(&(String, String), &Scan)> = files
        .iter()
        .zip(&scans)
        .filter(|((file, _), _)| !tests.iter().any(|test| module_name(file).starts_with(test)))
        .collect();
    let known: BTreeSet<Segments> = files.iter().map(|((file, _), _)| module_name(file)).collect();
    files
        .into_iter()
        .map(|((file, text), scan)| {
            let name = module_name(file);
            let none = BTreeMap::new();
            let imports: BTreeMap<String, Segments> =
                scan.uses.iter().map(|used| (used.alias.clone(), absolute(&used.path, &name, &known, &none))).collect();
            let used = scan.uses.iter().map(|used| (used.line, absolute(&used.path, &name, &known, &none)));
            let named = scan.paths.iter().map(|(line, path)| (*line, absolute(path, &name, &known, &imports)));
            let paths = used.chain(named).map(|(line, path)| Named { line, path }).collect();
            let lines = scan.tests_from.map_or(text.lines().count(), |line| line - 1);
            Module { file: file.clone(), name, text: text.clone(), lines, types: scan.types.clone(), paths, imports }
        })
        .collect()
}

/// Returns `["queue", "claims"]` for `queue/claims.rs`, `["queue"]` for `queue/mod.rs`, nothing for `lib.rs`.
fn module_name(file: &str) -> Segments {
    let mut name: Segments = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if ["mod", "lib"].contains(&name.last().map_or("", String::as_str)) {
        name.pop();
    }
    name
}

fn joined(module: &[String], child: &str) -> Segments {
    module.iter().cloned().chain([child.to_owned()]).collect()
}

/// Writes `path`, named in `module`, in full.
fn absolute(
    path: &[String],
    module: &[String],
    known: &BTreeSet<Segments>,
    imports: &BTreeMap<String, Segments>,
) -> Segments {
    let (first, rest) = path.split_first().expect("a path has a segment");
    let within = |module: &[String], rest: &[String]| {
        ["crate".to_owned()].into_iter().chain(module.iter().cloned()).chain(rest.iter().cloned()).collect()
    };
    match first.as_str() {
        "crate" => path.to_vec(),
        "self" => within(module, rest),
        "super" => {
            let supers = path.iter().take_while(|segment| *segment == "super").count();
            within(&module[..module.len().saturating_sub(supers)], &path[supers..])
        }
        _ if known.contains(&joined(module, first)) => within(module, path),
        first => match imports.get(first) {
            Some(import) => import.iter().chain(rest).cloned().collect(),
            None => path.to_vec(),
        },
    }
}

/// Returns the module that defines what `path` names; re-exports are followed.
pub(super) fn definer<'a>(path: &[String], modules: &'a [Module]) -> Option<&'a Module> {
    definer_within(path, modules, 8)
}

fn definer_within<'a>(path: &[String], modules: &'a [Module], depth: usize) -> Option<&'a Module> {
    let path = path.strip_prefix(&["crate".to_owned()])?;
    let module = (0..=path.len())
        .rev()
        .find_map(|length| modules.iter().find(|module| module.name == path[..length] && module.file != "main.rs"))?;
    let Some(item) = path.get(module.name.len()) else { return Some(module) };
    match module.imports.get(item) {
        Some(import) if import[0] == "crate" && depth > 0 => definer_within(import, modules, depth - 1),
        _ => Some(module),
    }
}

/// A name brought into scope.
struct Use {
    line: usize,
    alias: String,
    path: Segments,
}

/// Content of one file by its tokens, paths as they are written.
#[derive(Default)]
struct Scan {
    uses: Vec<Use>,
    paths: Vec<(usize, Segments)>,
    types: BTreeSet<String>,
    /// Modules declared under `#[cfg(test)]`.
    test_modules: Vec<String>,
    /// Line of the first `#[cfg(test)] mod`.
    tests_from: Option<usize>,
}

impl Scan {
    fn of(text: &str) -> Self {
        let mut scan = Self::default();
        scan.tokens(text.parse().expect("a source file is Rust"), true);
        scan
    }

    /// Scans tokens; `top` where items of the module stand.
    fn tokens(&mut self, tokens: TokenStream, top: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at] {
                TokenTree::Punct(punct) if punct.as_char() == '#' => self.attribute(&tokens, at, top),
                TokenTree::Group(group) => {
                    self.tokens(group.stream(), false);
                    at + 1
                }
                TokenTree::Literal(literal) => {
                    // Attributes of serde name functions in strings.
                    let text = literal.to_string();
                    let path = text.trim_matches('"');
                    if ["crate::", "self::", "super::"].iter().any(|start| path.starts_with(start)) {
                        let path = path.split("::").map(str::to_owned).collect();
                        self.paths.push((line_of(&tokens[at]), path));
                    }
                    at + 1
                }
                TokenTree::Ident(ident) if ident == "use" && !is_punct(tokens.get(at + 1), '<') => {
                    self.use_tree(&tokens, at + 1, &[])
                }
                TokenTree::Ident(ident) => {
                    let word = ident.to_string();
                    if top && ["struct", "enum", "union", "trait", "type"].contains(&word.as_str()) {
                        self.types.extend(ident_at(&tokens, at + 1));
                    }
                    self.path(&tokens, at)
                }
                TokenTree::Punct(_) => at + 1,
            };
        }
    }

    /// Scans an attribute; leaves out the item of a `#[cfg(test)]`. Returns the index after it.
    fn attribute(&mut self, tokens: &[TokenTree], at: usize, top: bool) -> usize {
        let at = if is_punct(tokens.get(at + 1), '!') { at + 1 } else { at };
        let Some(TokenTree::Group(group)) = tokens.get(at + 1) else { return at + 1 };
        if !is_cfg_test(group) {
            self.tokens(group.stream(), false);
            return at + 2;
        }
        let mut end = at + 2;
        let mut by_semicolon = false;
        while let Some(token) = tokens.get(end) {
            end += 1;
            match token {
                TokenTree::Ident(ident) if ident == "mod" => {
                    self.tests_from.get_or_insert(group.span_open().start().line);
                    self.test_modules.extend(ident_at(tokens, end));
                }
                TokenTree::Ident(ident) => {
                    by_semicolon |= ["use", "const", "static", "type"].iter().any(|word| ident == word);
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => break,
                TokenTree::Punct(punct) if punct.as_char() == ',' && !top => break,
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && !by_semicolon => break,
                _ => {}
            }
        }
        end
    }

    /// Scans `a::b::c` or the name of a macro. Returns the index after it.
    fn path(&mut self, tokens: &[TokenTree], start: usize) -> usize {
        // The rest of `<T as Trait>::Item` and of `value.field`: no path of its own.
        let continued =
            start > 0 && (is_punct(tokens.get(start - 1), ':') && start > 1 && is_punct(tokens.get(start - 2), ':'));
        let field = start > 0 && is_punct(tokens.get(start - 1), '.');
        let mut path: Segments = ident_at(tokens, start).into_iter().collect();
        let mut at = start + 1;
        while is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':') {
            let Some(segment) = ident_at(tokens, at + 2) else { break };
            path.push(segment);
            at += 3;
        }
        if is_punct(tokens.get(at), '!') && !is_punct(tokens.get(at + 1), '=') {
            path.last_mut().expect("it has a first segment").push('!');
        }
        if !continued && !field && (path.len() > 1 || path[0].ends_with('!')) {
            self.paths.push((line_of(&tokens[start]), path));
        }
        at
    }

    /// Scans a `use` tree below `prefix`. Returns the index after its end.
    fn use_tree(&mut self, tokens: &[TokenTree], mut at: usize, prefix: &[String]) -> usize {
        let mut path = prefix.to_vec();
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Ident(ident) if ident == "as" => {
                    let alias = ident_at(tokens, at + 1).unwrap_or_default();
                    self.uses.push(Use { line: line_of(token), alias, path: path.clone() });
                    path.clear();
                    at += 1;
                }
                // `a::{self}` is `a`.
                TokenTree::Ident(ident) if ident == "self" && !path.is_empty() => {}
                TokenTree::Ident(ident) => path.push(ident.to_string()),
                TokenTree::Group(group) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    let mut from = 0;
                    while from < inner.len() {
                        from = self.use_tree(&inner, from, &path);
                    }
                    path.clear();
                }
                TokenTree::Punct(punct) if [';', ','].contains(&punct.as_char()) => {
                    self.end_use(path, prefix, token);
                    return at + 1;
                }
                TokenTree::Punct(punct) if punct.as_char() == '*' => path.push("*".to_owned()),
                _ => {}
            }
            at += 1;
        }
        if let Some(last) = tokens.last() {
            self.end_use(path, prefix, last);
        }
        at
    }

    fn end_use(&mut self, path: Segments, prefix: &[String], token: &TokenTree) {
        if let Some(alias) = path.last()
            && path.len() >= prefix.len()
        {
            self.uses.push(Use { line: line_of(token), alias: alias.clone(), path });
        }
    }
}

fn line_of(token: &TokenTree) -> usize {
    token.span().start().line
}

fn is_punct(token: Option<&TokenTree>, char: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

fn ident_at(tokens: &[TokenTree], at: usize) -> Option<String> {
    match tokens.get(at) {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    }
}

/// Returns whether an attribute is `cfg(test)` or `cfg(all(test, …))`.
fn is_cfg_test(attribute: &Group) -> bool {
    let text = attribute.stream().to_string().replace(' ', "");
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

#[test]
fn paths_are_read_in_full() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "mod inner; pub use self::inner::Thing; pub fn f() {}"),
        (
            "a/inner.rs",
            "use std::{fs, io::{self, Write as _}};\nuse crate::b::{self, x::{Y, Z as W}};\n\
             pub struct Thing;\nfn g() { fs::read(\"\"); b::run(); super::f(); vec![crate::b::last()]; println!(); }\n\
             #[cfg(test)]\nmod tests { use crate::c; }",
        ),
        ("b.rs", "use crate::a::Thing; #[serde(with = \"super::a\")] #[cfg(test)] use crate::d::{e}; struct B;"),
    ];
    let files = files.map(|(file, text)| (file.to_owned(), text.to_owned()));
    let modules = read(&files);
    let inner: Vec<String> = modules[2].paths.iter().map(|named| named.path.join("::")).collect();
    assert_eq!(
        inner,
        [
            "std::fs",
            "std::io",
            "std::io::Write",
            "crate::b",
            "crate::b::x::Y",
            "crate::b::x::Z",
            "std::fs::read",
            "crate::b::run",
            "crate::a::f",
            "vec!",
            "crate::b::last",
            "println!",
        ]
    );
    assert_eq!(modules[2].lines, 4);
    let b: Vec<String> = modules[3].paths.iter().map(|named| named.path.join("::")).collect();
    assert_eq!(b, ["crate::a::Thing", "crate::a"]);
    assert_eq!(definer(&modules[3].paths[0].path, &modules).unwrap().file, "a/inner.rs");
    assert_eq!(modules[3].types, BTreeSet::from(["B".to_owned()]));
}
