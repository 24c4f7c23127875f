//! The sandbox of `demo`: a private Redis, qscale processes, and a supervisor that ends them when the demo is gone.

mod error;
mod folder;
mod leftover;
mod process;
mod server;
mod supervisor;

pub(crate) use error::SandboxError;
pub(crate) use folder::Sandbox;
pub(crate) use process::{Process, RedisAt, SUPERVISED};
pub(crate) use supervisor::Supervised;
