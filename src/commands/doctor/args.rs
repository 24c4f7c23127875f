//! The command line of `doctor`.

use crate::args::{self, ConsumersArgs, RedisArgs};
use crate::terminal::Output;

/// Fields of the JSON output.
const FIELDS: &str = "\
With --output json each check is an object on a line of its own:
  check     name of the check, such as tcp
  severity  ok, warning, fault, or not-checked where the check was not possible
  code      null, or the code of what was found, such as redis-wrong-type
  subject   thing that was checked: an address, a key, an object
  got       answer in words
  hint      what to do; null where nothing is wrong

The last line is an object `summary`: verdict (ok, warning or fault), faults, warnings, passed, not_checked.

Exit status 4 if a fault was found; warnings do not change the exit status.";

/// Find why KEDA or qscale cannot read or scale a list
///
/// Checks address, name, TCP, TLS, password, rights, each list, and the state of the server; then KEDA, the ScaledObject or
/// ScaledJob, what it refers to, its HPA and its pods, where a cluster is configured. It only reads, and shows no password.
#[derive(Debug, clap::Args)]
#[command(after_long_help = FIELDS)]
pub(crate) struct Args {
    /// List to examine; may be repeated [default: mylist]
    #[arg(long = "list", short, value_name = "KEY", env = "LIST_NAME", value_parser = args::one_of_lists)]
    pub(super) lists: Vec<String>,

    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(super) output: Output,

    /// Print the list of codes as Markdown, and exit
    #[arg(long, exclusive = true, hide_short_help = true)]
    pub(super) codes: bool,

    /// Examine Redis only, even where a cluster is configured
    #[arg(long, conflicts_with_all = ["context", "namespace", "deployment", "target", "keda_namespace"], help_heading = "Kubernetes")]
    pub(super) no_cluster: bool,

    #[command(flatten)]
    pub(super) consumers: ConsumersArgs,

    /// Namespace of KEDA
    #[arg(long, value_name = "NAME", default_value = "keda", value_parser = args::name, help_heading = "Kubernetes", hide_short_help = true)]
    pub(super) keda_namespace: String,

    #[command(flatten)]
    pub(super) redis: RedisArgs,
}
