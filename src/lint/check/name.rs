//! Names of objects.

use crate::lint::finding::Report;
use crate::lint::object::Cursor;
use crate::lint::rule::Rule;

/// A name that Kubernetes takes: RFC 1123.
pub(super) fn dns_name(at: &Cursor<'_>, report: &mut Report) {
    let Some(name) = at.text() else {
        let generated = at.object.at(&["metadata", "generateName"]).is_there();
        if !generated {
            report.add(Rule::InvalidName, at, "is missing: the object has no name", "give it one");
        }
        return;
    };
    let outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let inner = |c: char| outer(c) || c == '-';
    let part = |part: &str| part.chars().all(inner) && part.starts_with(outer) && part.ends_with(outer);
    if !name.split('.').all(part) {
        let message = "is no name of an object: small letters, digits and `-`, a letter or digit at both ends; of several \
                       such parts, with one `.` between";
        report.add(Rule::InvalidName, at, message, "give it another");
    }
}
