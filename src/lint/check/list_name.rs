//! Names of lists that queue libraries never use.

use super::target::template;
use crate::lint::finding::Report;
use crate::lint::object::{Cursor, Objects};
use crate::lint::placeholder::Placeholder;
use crate::lint::pod;
use crate::lint::rule::Rule;

/// A queue library, and the key that it keeps the items of a queue under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Library {
    Bull,
    BeeQueue,
    Asynq,
    Sidekiq,
    Resque,
    Rq,
    Celery,
    Laravel,
    Faktory,
}

/// Key that a library keeps under a name.
#[derive(Debug, PartialEq, Eq)]
struct Misnomer {
    library: Library,
    /// Name of the list that is most likely meant; `None` where KEDA cannot read it.
    meant: Option<String>,
}

/// Keys of BullMQ and Bull below the queue's name; what is a number or an id is a job.
const OF_BULL: [&str; 10] = [
    "wait",
    "active",
    "paused",
    "delayed",
    "prioritized",
    "priority",
    "waiting-children",
    "completed",
    "failed",
    "stalled",
];

const OF_BEE_QUEUE: [&str; 6] = ["waiting", "active", "delayed", "succeeded", "failed", "stalling"];

const OF_ASYNQ: [&str; 7] = ["pending", "active", "scheduled", "retry", "archived", "completed", "lease"];

impl Library {
    const fn name(self) -> &'static str {
        match self {
            Self::Bull => "BullMQ",
            Self::BeeQueue => "Bee-Queue",
            Self::Asynq => "asynq",
            Self::Sidekiq => "Sidekiq",
            Self::Resque => "Resque",
            Self::Rq => "RQ",
            Self::Celery => "Celery",
            Self::Laravel => "Laravel",
            Self::Faktory => "Faktory",
        }
    }

    /// Returns the key of the items that wait in `queue`; `None` where KEDA cannot read it.
    fn key(self, queue: &str) -> Option<String> {
        Some(match self {
            Self::Bull => format!("bull:{queue}:wait"),
            Self::BeeQueue => format!("bq:{queue}:waiting"),
            Self::Asynq => format!("asynq:{{{queue}}}:pending"),
            Self::Sidekiq => format!("queue:{queue}"),
            Self::Resque => format!("resque:queue:{queue}"),
            Self::Rq => format!("rq:queue:{queue}"),
            Self::Celery => queue.to_owned(),
            Self::Laravel => format!("queues:{queue}"),
            Self::Faktory => return None,
        })
    }

    fn misnomer(self, queue: &str) -> Misnomer {
        Misnomer { library: self, meant: self.key(queue) }
    }
}

/// Checks the name of a trigger's list.
pub(super) fn check(trigger: &Cursor<'_>, objects: &Objects<'_>, report: &mut Report) {
    let at = trigger.at(&["metadata", "listName"]);
    let Some(name) = at.text().filter(|name| !name.trim().is_empty() && Placeholder::of(name).is_none()) else {
        return;
    };
    let of_program = || of_program(&program(trigger, objects)?, name);
    let Some(Misnomer { library, meant }) = of_name(name).or_else(of_program) else { return };
    let library = library.name();
    let (message, hint) = match meant {
        Some(meant) => (
            format!("is not where {library} keeps waiting items: KEDA treats a missing key as an empty list"),
            format!("write `{meant}`; with a prefix of your own, that prefix comes first"),
        ),
        None => (
            format!("cannot be read by KEDA: {library} keeps its items in a Redis of its own, behind a socket"),
            "use a `metrics-api` or `prometheus` trigger over the sizes that it reports".to_owned(),
        ),
    };
    report.add(Rule::UnusedListName, &at, message, hint);
}

/// Recognizes a library by the prefix of its keys.
fn of_name(name: &str) -> Option<Misnomer> {
    let parts: Vec<&str> = name.split(':').collect();
    // A hash tag of a cluster may enclose the prefix or the queue.
    let plain = |part: &str| part.trim_matches(['{', '}']).to_owned();
    let (first, rest) = parts.split_first()?;
    match (plain(first).as_str(), rest) {
        ("bull", [queue]) => Some(Library::Bull.misnomer(queue)),
        ("bull", [queue, kind]) if !OF_BULL.contains(kind) => {
            Some(Misnomer { library: Library::Bull, meant: Some(format!("{first}:{queue}:wait")) })
        }
        ("bq", [queue]) => Some(Library::BeeQueue.misnomer(queue)),
        ("bq", [queue, kind]) if !OF_BEE_QUEUE.contains(kind) => Some(Library::BeeQueue.misnomer(queue)),
        ("asynq", ["queues"]) => Some(Library::Asynq.misnomer("default")),
        ("asynq", ["queues", queue]) => Some(Library::Asynq.misnomer(&plain(queue))),
        ("asynq", [queue]) if !matches!(*queue, "servers" | "workers" | "schedulers") => {
            Some(Library::Asynq.misnomer(&plain(queue)))
        }
        ("asynq", [queue, kind]) if !(queue.starts_with('{') && OF_ASYNQ.contains(kind)) => {
            Some(Library::Asynq.misnomer(&plain(queue)))
        }
        ("sidekiq", ["queue" | "queues", _] | ["schedule" | "retry" | "dead"]) => None,
        ("sidekiq", [queue]) => Some(Library::Sidekiq.misnomer(queue)),
        ("resque", ["queues"]) => Some(Library::Resque.misnomer("default")),
        ("resque", ["queues", queue]) => Some(Library::Resque.misnomer(queue)),
        ("resque", [queue]) if !matches!(*queue, "failed" | "workers") && !queue.starts_with("delayed") => {
            Some(Library::Resque.misnomer(queue))
        }
        ("rq", ["queues"]) => Some(Library::Rq.misnomer("default")),
        ("rq", ["queues", queue]) => Some(Library::Rq.misnomer(queue)),
        ("rq", [queue]) if !matches!(*queue, "workers" | "queue") => Some(Library::Rq.misnomer(queue)),
        ("_kombu.binding.celery", []) => Some(Library::Celery.misnomer("celery")),
        (binding, []) if binding.starts_with("_kombu.binding.") => {
            Some(Library::Celery.misnomer(&binding["_kombu.binding.".len()..]))
        }
        (prefix, [queue]) if prefix.ends_with("_database_queue") || prefix.ends_with("-database-queue") => {
            let meant = Some(format!("{prefix}s:{queue}"));
            Some(Misnomer { library: Library::Laravel, meant })
        }
        _ => None,
    }
}

/// Recognizes a bare queue name, as the program that the target runs has it.
fn of_program(words: &[String], name: &str) -> Option<Misnomer> {
    let bare = !name.contains([':', '{', '_']);
    let library = Library::of_command(words)?;
    match library {
        // A queue of Celery is a list of that name.
        Library::Celery => None,
        Library::Faktory => Some(library.misnomer(name)),
        _ if bare => Some(library.misnomer(name)),
        _ => None,
    }
}

impl Library {
    /// Returns the library whose worker these words start.
    fn of_command(words: &[String]) -> Option<Self> {
        let words: Vec<&str> = words.iter().flat_map(|word| word.split_whitespace()).collect();
        let runs = |name: &str| words.iter().any(|word| word.rsplit('/').next() == Some(name));
        let has = |word: &str| words.contains(&word);
        [
            (Self::Sidekiq, runs("sidekiq") || runs("sidekiqswarm")),
            (Self::Resque, words.iter().any(|word| word.starts_with("resque:work")) || runs("resque-pool")),
            (Self::Rq, runs("rq") && (has("worker") || has("worker-pool"))),
            (Self::Rq, runs("rqworker") || has("rqworker")),
            (Self::Celery, runs("celery")),
            (Self::Laravel, runs("artisan") && (has("queue:work") || has("queue:listen") || has("horizon"))),
            (Self::Faktory, runs("faktory-worker") || runs("faktory_worker")),
        ]
        .into_iter()
        .find_map(|(library, runs)| runs.then_some(library))
    }
}

/// Command and arguments of the containers that a trigger scales.
fn program(trigger: &Cursor<'_>, objects: &Objects<'_>) -> Option<Vec<String>> {
    let containers = pod::containers(&template(trigger, objects)?);
    let words = containers.iter().flat_map(|container| ["command", "args"].map(|list| container.get(list).items()));
    Some(words.flatten().filter_map(|word| word.text().map(str::to_owned)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_library_uses_are_recognized_by_their_prefix() {
        for (name, library, meant) in [
            ("bull:translate:waiting", Library::Bull, "bull:translate:wait"),
            ("bull:translate:pending", Library::Bull, "bull:translate:wait"),
            ("bull:translate", Library::Bull, "bull:translate:wait"),
            ("{bull}:translate:waiting", Library::Bull, "{bull}:translate:wait"),
            ("bq:resize:wait", Library::BeeQueue, "bq:resize:waiting"),
            ("bq:resize", Library::BeeQueue, "bq:resize:waiting"),
            ("asynq:{default}", Library::Asynq, "asynq:{default}:pending"),
            ("asynq:default", Library::Asynq, "asynq:{default}:pending"),
            ("asynq:default:pending", Library::Asynq, "asynq:{default}:pending"),
            ("asynq:{default}:waiting", Library::Asynq, "asynq:{default}:pending"),
            ("asynq:queues:critical", Library::Asynq, "asynq:{critical}:pending"),
            ("asynq:queues", Library::Asynq, "asynq:{default}:pending"),
            ("sidekiq:default", Library::Sidekiq, "queue:default"),
            ("resque:default", Library::Resque, "resque:queue:default"),
            ("resque:queues:default", Library::Resque, "resque:queue:default"),
            ("resque:queues", Library::Resque, "resque:queue:default"),
            ("rq:default", Library::Rq, "rq:queue:default"),
            ("rq:queues", Library::Rq, "rq:queue:default"),
            ("_kombu.binding.celery", Library::Celery, "celery"),
            ("_kombu.binding.images", Library::Celery, "images"),
            ("laravel_database_queue:default", Library::Laravel, "laravel_database_queues:default"),
        ] {
            assert_eq!(of_name(name), Some(Misnomer { library, meant: Some(meant.to_owned()) }), "{name}");
        }
    }

    #[test]
    fn names_that_libraries_use_are_accepted() {
        for name in [
            "bull:translate:wait",
            "bull:translate:active",
            "bull:translate:paused",
            "bull:translate:prioritized",
            "bull:translate:delayed",
            "{bull}:translate:wait",
            "bull:{translate}:wait",
            "bq:resize:waiting",
            "asynq:{default}:pending",
            "asynq:{default}:retry",
            "queue:default",
            "sidekiq:queue:default",
            "resque:queue:default",
            "resque:failed",
            "rq:queue:default",
            "rq:queue:default:intermediate",
            "celery",
            "celery\u{6}\u{16}3",
            "unacked",
            "queues:default",
            "laravel_database_queues:default",
            "laravel_database_mylist",
            "q.fetch.p0",
            "mylist",
            "{mylist}:claims",
            "jobs:waiting",
            "waiting",
        ] {
            assert_eq!(of_name(name), None, "{name}");
        }
    }

    #[test]
    fn bare_queue_names_are_recognized_by_the_worker_of_the_target() {
        for (command, name, meant) in [
            (&["bundle", "exec", "sidekiq", "-q", "default"][..], "default", Some("queue:default")),
            (&["sh", "-c", "bundle exec sidekiq"], "mailers", Some("queue:mailers")),
            (&["bundle", "exec", "rake", "resque:work"], "images", Some("resque:queue:images")),
            (&["rq", "worker", "high"], "high", Some("rq:queue:high")),
            (&["/venv/bin/rq", "worker-pool"], "high", Some("rq:queue:high")),
            (&["php", "artisan", "queue:work"], "default", Some("queues:default")),
        ] {
            let words: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(of_program(&words, name).and_then(|found| found.meant).as_deref(), meant, "{command:?}");
        }
        for (command, name) in [
            (&["bundle", "exec", "sidekiq"][..], "queue:default"),
            (&["php", "artisan", "queue:work"], "laravel_database_queues:default"),
            (&["php", "artisan", "schedule:run"], "default"),
            (&["celery", "-A", "app", "worker"], "celery"),
            (&["python", "worker.py"], "default"),
            (&["qscale", "consume"], "default"),
        ] {
            let words: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(of_program(&words, name), None, "{command:?}");
        }
    }
}
