//! Names of objects.

use crate::lint::finding::Report;
use crate::lint::object::Cursor;
use crate::lint::rule::Rule;

/// A name that Kubernetes takes: RFC 1123.
pub(super) fn dns_name(at: &Cursor<'_>, report: &mut Report) {
    let Some(name) = at.text() else {
        let generated = at.object.at(&["metadata", "generateName"]).is_there();
        if !generated {
            report.add(Rule::InvalidName, at, "is missing: an object needs a name", "set a name");
        }
        return;
    };
    let outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let inner = |c: char| outer(c) || c == '-';
    let part = |part: &str| part.chars().all(inner) && part.starts_with(outer) && part.ends_with(outer);
    if !name.split('.').all(part) {
        let message = "is not a valid name: expected lowercase letters, digits and `-`, with a letter or digit at \
                       both ends, or several such parts joined by `.`";
        report.add(Rule::InvalidName, at, message, "choose another name");
    }
}
