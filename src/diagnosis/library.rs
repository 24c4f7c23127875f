//! Names of the lists of other libraries: BullMQ, Sidekiq, asynq, RQ, Laravel, Resque and Celery.

/// Name of the list of a library's waiting items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryList {
    /// The library.
    pub library: &'static str,
    /// Its key.
    pub key: String,
}

/// Libraries, with what is before and after the name of a queue in the key of its waiting items.
const LIBRARIES: [(&str, &str, &str); 7] = [
    ("BullMQ", "bull:", ":wait"),
    ("Sidekiq", "queue:", ""),
    ("asynq", "asynq:{", "}:pending"),
    ("RQ", "rq:queue:", ""),
    ("Laravel", "queues:", ""),
    ("Resque", "resque:queue:", ""),
    ("Celery", "", ""),
];

/// Between the name of a queue of Celery and a priority, whose items are in a list of their own.
const CELERY_SEPARATOR: &str = "\x06\x16";

/// Priorities of Celery, other than the one without a list of its own.
const CELERY_PRIORITIES: [u8; 3] = [3, 6, 9];

/// Beginnings and ends around the name of a queue that people write, none of which the library of that name uses for its
/// waiting items.
const MISTAKES: [(&str, &str, &str); 15] = [
    ("BullMQ", "bull:", ":waiting"),
    ("BullMQ", "bull:", ":pending"),
    ("BullMQ", "bull:{", "}:waiting"),
    ("BullMQ", "bullmq:", ":wait"),
    ("BullMQ", "bullmq:", ""),
    ("BullMQ", "bull:", ""),
    ("asynq", "asynq:{", "}:queue"),
    ("asynq", "asynq:{", "}:wait"),
    ("asynq", "asynq:{", "}"),
    ("asynq", "asynq:", ":pending"),
    ("asynq", "asynq:queues:", ""),
    ("asynq", "asynq:", ""),
    ("Sidekiq", "sidekiq:queue:", ""),
    ("RQ", "rq:", ""),
    ("Resque", "resque:", ""),
];

/// Returns the library and the key that were most likely meant, for a name that its library never uses.
pub fn mistaken(list: &str) -> Option<LibraryList> {
    if LIBRARIES.iter().any(|(library, ..)| *library != "Celery" && name_in(list, library).is_some()) {
        return None;
    }
    MISTAKES.iter().find_map(|(library, before, after)| {
        let name = within(list, before, after)?;
        Some(LibraryList { library, key: key(library, name) })
    })
}

/// Returns the keys under which libraries keep the queue that `list` seems to be, other than `list` itself.
pub fn candidates(list: &str) -> Vec<LibraryList> {
    let mistake = MISTAKES.iter().find_map(|(_, before, after)| within(list, before, after));
    let regular = LIBRARIES.iter().find_map(|(library, ..)| name_in(list, library).filter(|name| *name != list));
    let name = regular.or(mistake).unwrap_or(list);
    let all = LIBRARIES.iter().map(|(library, ..)| LibraryList { library, key: key(library, name) });
    all.filter(|candidate| candidate.key != list).collect()
}

/// Returns the keys of the lists in which Celery keeps items of the queue `list` that have a priority.
pub fn priorities(list: &str) -> Vec<String> {
    if list.contains(CELERY_SEPARATOR) {
        return Vec::new();
    }
    CELERY_PRIORITIES.iter().map(|priority| format!("{list}{CELERY_SEPARATOR}{priority}")).collect()
}

fn key(library: &str, name: &str) -> String {
    let found = LIBRARIES.iter().find(|(known, ..)| *known == library);
    let (_, before, after) = found.copied().unwrap_or((library, "", ""));
    format!("{before}{name}{after}")
}

fn name_in<'a>(list: &'a str, library: &str) -> Option<&'a str> {
    let (_, before, after) = LIBRARIES.iter().find(|(known, ..)| *known == library)?;
    within(list, before, after)
}

/// Returns what is between `before` and `after`, if it is the name of a queue.
fn within<'a>(list: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let name = list.strip_prefix(before)?.strip_suffix(after)?;
    (!name.is_empty() && !name.contains([':', '{', '}'])).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_that_a_library_never_uses_is_told_from_its_own() {
        for (list, expected) in [
            ("bull:mail:waiting", Some(("BullMQ", "bull:mail:wait"))),
            ("bull:mail", Some(("BullMQ", "bull:mail:wait"))),
            ("asynq:{default}", Some(("asynq", "asynq:{default}:pending"))),
            ("asynq:default:pending", Some(("asynq", "asynq:{default}:pending"))),
            ("rq:default", Some(("RQ", "rq:queue:default"))),
            ("resque:default", Some(("Resque", "resque:queue:default"))),
            ("queues:default", None),
            ("resque:queue:default", None),
            ("bull:mail:wait", None),
            ("asynq:{default}:pending", None),
            ("rq:queue:default", None),
            ("queue:default", None),
            ("mylist", None),
            ("a:b", None),
        ] {
            let found = mistaken(list);
            let found = found.as_ref().map(|found| (found.library, found.key.as_str()));
            assert_eq!(found, expected, "{list}");
        }
    }

    #[test]
    fn candidates_have_the_name_of_the_queue() {
        let keys = |list: &str| candidates(list).into_iter().map(|found| found.key).collect::<Vec<_>>();
        let of_x = ["bull:x:wait", "queue:x", "asynq:{x}:pending", "rq:queue:x", "queues:x", "resque:queue:x"];
        assert_eq!(keys("x"), of_x);
        assert_eq!(keys("bull:x:waiting"), [&of_x[..], &["x"]].concat());
        let of_queue = ["bull:x:wait", "asynq:{x}:pending", "rq:queue:x", "queues:x", "resque:queue:x", "x"];
        assert_eq!(keys("queue:x"), of_queue);
        assert_eq!(keys("a:b")[..2], ["bull:a:b:wait", "queue:a:b"]);
        assert_eq!(priorities("celery"), ["celery\u{6}\u{16}3", "celery\u{6}\u{16}6", "celery\u{6}\u{16}9"]);
        assert!(priorities("celery\u{6}\u{16}3").is_empty());
    }
}
