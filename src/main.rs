//! Runs the library and returns its exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    qscale::run(std::env::args_os())
}
