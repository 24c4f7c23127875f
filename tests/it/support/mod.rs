//! What the tests against real servers are made of: a private Redis, certificates, a bad network, and the program itself.

pub(crate) mod api_server;
mod census;
mod certificates;
pub(crate) mod manifest;
mod proxy;
mod qscale;
mod redis_server;
mod resp;
mod terminal;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(crate) use self::certificates::Certificates;
pub(crate) use self::proxy::Proxy;
pub(crate) use self::qscale::{Finished, Qscale, Running};
pub(crate) use self::redis_server::{RedisServer, free_port};
pub(crate) use self::resp::Reply;
pub(crate) use self::terminal::{Terminal, is_ignored, processes_with};

/// Limit for events that take a moment, on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(15);

/// Pause between two checks of a condition.
const PAUSE: Duration = Duration::from_millis(5);

/// Waits until `condition` holds.
///
/// Panics with `what` when it does not within `deadline`.
#[track_caller]
pub(crate) fn wait_until(what: &str, deadline: Duration, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < deadline, "not within {deadline:?}: {what}");
        std::thread::sleep(PAUSE);
    }
}

/// Runs `test` for all cases at once: most of their time is waiting.
pub(crate) fn at_once<T: Send>(cases: impl IntoIterator<Item = T>, test: impl Fn(T) + Sync) {
    let test = &test;
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(move || test(case));
        }
    });
}

/// The profiles in a folder of the repository, in order.
///
/// Panics when there are none.
pub(crate) fn toml_files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder).expect("the folder can be listed").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    assert!(!files.is_empty(), "no profiles in {}", folder.display());
    files
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

/// The header of a dead letter, which precedes the item.
pub(crate) fn header(dead: &[u8]) -> serde_json::Value {
    serde_json::Deserializer::from_slice(dead).into_iter().next().expect("a header").expect("a header in JSON")
}
