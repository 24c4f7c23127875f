//! Hands the process over to the library and turns its answer into an exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    qscale::run(std::env::args_os())
}
