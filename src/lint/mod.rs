//! Lint: rules over manifests and profiles; offline.

mod check;
mod connection_string;
mod document;
mod exposure;
mod file;
mod finding;
mod handler;
mod object;
mod patch;
mod placeholder;
mod pod;
mod profile;
mod redaction;
mod rule;
mod schema;
mod severity;
mod spelling;
mod yaml;

pub use self::check::check;
pub use self::document::markdown;
pub use self::file::File;
pub use self::finding::Finding;
pub(crate) use self::patch::normal as normal_path;
pub use self::patch::{KUSTOMIZATIONS, Kustomization};
pub use self::profile::{ProfileFinding, check as check_profile};
pub use self::rule::{Rule, UnknownRule};
pub use self::severity::Severity;
pub use self::yaml::node::Span;
