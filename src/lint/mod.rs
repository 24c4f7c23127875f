//! Lint: rules over manifests, whoever wrote them, and over profiles; offline.

mod check;
mod file;
mod finding;
mod object;
mod pod;
mod profile;
mod redaction;
mod schema;
mod spelling;
mod yaml;

pub use self::check::check;
pub use self::file::File;
pub use self::finding::{Finding, Severity};
pub use self::profile::{ProfileFinding, check as check_profile};
pub use self::yaml::node::Place;
