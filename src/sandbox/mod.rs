//! The sandbox of `demo`: a private Redis, and qscale processes.

mod error;
mod process;
mod server;

pub(crate) use error::SandboxError;
pub(crate) use process::{Process, RedisAt};
pub(crate) use server::Server;
