//! The limit of open files.

use rustix::process::{Resource, getrlimit};

/// Open files that every run needs at least: for its runtime, Redis, and a command.
pub(crate) const LEAST: u64 = 32;

/// Returns the limit of open files if it is too low for any run. Libraries panic where none is left.
pub(crate) fn too_low() -> Option<u64> {
    getrlimit(Resource::Nofile).current.filter(|limit| *limit < LEAST)
}
