//! Circles of modules.
//!
//! Two modules meet where their paths part: `queue/claims.rs` and `queue/keys.rs` as `claims` and `keys` in `queue`,
//! `queue/claims.rs` and `scaler/hpa.rs` as `queue` and `scaler` in the program. There, siblings may not depend on each
//! other in a circle, and what a path names is where it is defined, through whatever re-export. A folder's `mod.rs` and
//! the files below it are no siblings: a parent may use its children, and they what it defines for all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Module, definer};

/// A dependency between siblings: the name of each from `src/` on.
pub(super) type Edge = (String, String);

/// Returns every dependency between siblings, with the places that cause it.
pub(super) fn edges(modules: &[Module]) -> BTreeMap<Edge, BTreeSet<String>> {
    let mut edges: BTreeMap<Edge, BTreeSet<String>> = BTreeMap::new();
    for module in modules.iter().filter(|module| module.file != "main.rs") {
        for named in &module.paths {
            let Some(target) = definer(&named.path, modules) else { continue };
            let common = module.name.iter().zip(&target.name).take_while(|(one, other)| one == other).count();
            if module.name.len() > common && target.name.len() > common {
                let edge = (module.name[..=common].join("::"), target.name[..=common].join("::"));
                let place = format!("{}:{} names {}", module.file, named.line, named.path.join("::"));
                edges.entry(edge).or_default().insert(place);
            }
        }
    }
    edges
}

/// Returns the edges that lie on a circle.
pub(super) fn circular(edges: &BTreeSet<Edge>) -> BTreeSet<Edge> {
    edges.iter().filter(|(from, to)| reaches(edges, to, from)).cloned().collect()
}

fn reaches(edges: &BTreeSet<Edge>, from: &str, goal: &str) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(node) = open.pop() {
        if node == goal {
            return true;
        }
        open.extend(
            edges
                .iter()
                .filter(|(one, _)| one == node)
                .map(|(_, other)| other.as_str())
                .filter(|other| seen.insert(other)),
        );
    }
    false
}

#[test]
fn circles_are_found_among_siblings() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a/mod.rs", "mod one; mod two; pub use self::one::One; pub struct Shared;"),
        ("a/one.rs", "use super::Shared; use crate::b::B; pub struct One; fn f() -> super::two::Two {}"),
        ("a/two.rs", "pub struct Two; fn g() { super::One; }"),
        ("b.rs", "pub struct B; use crate::c::C;"),
        ("c.rs", "pub struct C;"),
    ];
    let modules = super::source::read(&files.map(|(file, text)| (file.to_owned(), text.to_owned())));
    let edges: BTreeSet<Edge> = edges(&modules).into_keys().collect();
    let edge = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    assert_eq!(edges, [edge("a", "b"), edge("a::one", "a::two"), edge("a::two", "a::one"), edge("b", "c")].into());
    assert_eq!(circular(&edges), [edge("a::one", "a::two"), edge("a::two", "a::one")].into());
}
