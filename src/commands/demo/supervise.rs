//! The supervisor of a demo: it waits for the end of the demo, and cleans up after one that was killed.

use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, bail};
use tokio_util::sync::CancellationToken;

use super::super::Context;
use super::RECONNECT_FOR;
use crate::args::RedisArgs;
use crate::delivery::lists::Lists;
use crate::exit::Outcome;
use crate::files::input;
use crate::queue::{Inspector, Redis};
use crate::sandbox::Supervised;

/// Longest announcement of an orderly end, in bytes.
const MAX_ANNOUNCEMENT: u64 = 1024;

/// Arguments of a supervisor, for `demo` itself.
#[derive(Debug, clap::Args)]
pub(super) struct SupervisorArgs {
    /// Folder of the demo to supervise
    #[arg(long, value_name = "FOLDER", hide = true)]
    pub(super) supervise: Option<PathBuf>,

    /// Program of the private Redis
    #[arg(long, value_name = "PROGRAM", hide = true, requires = "supervise")]
    server: Option<PathBuf>,

    /// Lists to delete on the Redis of REDIS_URL
    #[arg(long = "list", value_name = "KEY", hide = true, requires = "supervise")]
    lists: Vec<String>,
}

/// Returns the function that writes the arguments of a supervisor: for a private server, or for `lists` on another.
pub(super) fn arguments(lists: &Lists, is_private: bool) -> impl FnOnce(&Path, Option<&Path>) -> Vec<String> {
    let keys = if is_private { &[] } else { lists.keys() };
    let lists: Vec<String> = keys.iter().map(|key| format!("--list={key}")).collect();
    move |folder, server| {
        let server = server.map(|program| format!("--server={}", program.display()));
        let folder = format!("--supervise={}", folder.display());
        ["demo".to_owned(), folder].into_iter().chain(server).chain(lists).collect()
    }
}

/// Supervises the demo whose folder is `folder`, until it closes this process' stdin.
pub(super) async fn run(folder: &Path, args: &SupervisorArgs, context: &Context) -> Result<Outcome> {
    let mut supervised = Supervised::start(folder, args.server.as_deref())?;
    let said = tokio::select! {
        said = input::text(Path::new("-"), MAX_ANNOUNCEMENT) => said.unwrap_or_default(),
        () = supervised.failed() => bail!("the server did not start"),
    };
    // An orderly end is announced: no process and no key is left.
    if said.is_empty() {
        supervised.ended().await;
        for list in &args.lists {
            // What cannot be deleted must not keep the rest from being deleted.
            let _ = delete(list, context).await;
        }
    }
    supervised.remove().await?;
    Ok(Outcome::Done)
}

/// Deletes the keys of `list` on the user's own Redis.
async fn delete(list: &str, context: &Context) -> Result<()> {
    let redis = Redis::new(context.endpoint(RedisArgs::default())?, Some(RECONNECT_FOR), CancellationToken::new());
    Inspector::connect(&redis, list).await?.delete().await?;
    Ok(())
}
