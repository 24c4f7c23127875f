//! Errors of the operating system, without what a library adds to them.

use std::io;

/// Returns an error without the path that a library added, as the message names the path already.
pub fn without_path(error: io::Error) -> io::Error {
    match (error.get_ref(), error.to_string().rsplit_once(" at path ")) {
        (Some(_), Some((reason, _))) => io::Error::new(error.kind(), reason.to_owned()),
        _ => error,
    }
}
