//! Exit statuses: the enum, the table under `--help`, and the status and hint of each error.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use color_eyre::eyre::Report;

use crate::files::folder::FolderError;
use crate::kubernetes::KubernetesError;
use crate::profile::ProfileError;
use crate::queue::QueueError;
use crate::sandbox::SandboxError;
use crate::units::{NotBuiltIn, Origin, SettingError};

/// Outcome of a run without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Success, or an open-ended run that was stopped.
    Done,
    /// A check failed.
    CheckFailed,
    /// Stopped before the requested goal was reached.
    Unfinished,
}

/// Exit status of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Done = 0,
    Failed = 1,
    Usage = 2,
    CheckFailed = 4,
    Unavailable = 69,
    Unfinished = 75,
    BadProfile = 78,
}

/// The table under `--help`.
pub(crate) const TABLE: &str = "\
Exit status:
   0  success; also an open-ended run that was stopped, and a closed output pipe
   1  unexpected error
   2  invalid command line or environment
   4  a check failed
  69  Redis or Kubernetes unreachable, or request refused
  75  stopped before the requested goal; running it again may reach it
  78  invalid profile
 130  aborted before an orderly stop";

impl Status {
    pub(crate) fn of(result: &Result<Outcome, Report>) -> Self {
        match result {
            Ok(Outcome::Done) => Self::Done,
            Ok(Outcome::CheckFailed) => Self::CheckFailed,
            Ok(Outcome::Unfinished) => Self::Unfinished,
            Err(report) => Self::of_report(report),
        }
    }

    /// The first cause with a status of its own decides.
    fn of_report(report: &Report) -> Self {
        report.chain().find_map(Known::of).map_or(Self::Failed, |known| known.status)
    }
}

/// Returns the hint of the first cause that has one.
pub(crate) fn hint(report: &Report) -> Option<String> {
    report.chain().find_map(|cause| Known::of(cause)?.hint)
}

/// Status and hint of an error.
struct Known {
    status: Status,
    hint: Option<String>,
}

impl Known {
    /// Returns status and hint of a single cause; `None` for errors of other crates.
    fn of(cause: &(dyn Error + 'static)) -> Option<Self> {
        let known = |status: Status, hint: Option<String>| Some(Self { status, hint });
        if let Some(error) = cause.downcast_ref::<QueueError>() {
            let status = if error.is_of_settings() { Status::Usage } else { Status::Unavailable };
            return known(status, Some(error.hint()));
        }
        if let Some(error) = cause.downcast_ref::<SandboxError>() {
            let is_usage = matches!(error, SandboxError::NoFolder(_));
            return known(if is_usage { Status::Usage } else { Status::Unavailable }, Some(error.hint().to_owned()));
        }
        if let Some(error) = cause.downcast_ref::<KubernetesError>() {
            let is_usage = matches!(error, KubernetesError::NoContext { .. });
            return known(if is_usage { Status::Usage } else { Status::Unavailable }, Some(error.hint()));
        }
        if let Some(error) = cause.downcast_ref::<ProfileError>() {
            let status = match error {
                ProfileError::Setting(error) => of_setting(error),
                _ => Status::BadProfile,
            };
            return known(status, error.hint().map(str::to_owned));
        }
        if let Some(error) = cause.downcast_ref::<SettingError>() {
            return known(of_setting(error), None);
        }
        if let Some(error) = cause.downcast_ref::<NotBuiltIn>() {
            return known(Status::Usage, Some(error.hint()));
        }
        if cause.is::<UsageError>() || cause.downcast_ref::<FolderError>().is_some_and(FolderError::is_folder_unusable)
        {
            return known(Status::Usage, None);
        }
        if is_broken_pipe(cause) {
            return known(Status::Done, None);
        }
        None
    }
}

/// A setting that is not valid counts for the place that it came from.
fn of_setting(error: &SettingError) -> Status {
    if matches!(error.origin, Origin::Profile { .. }) { Status::BadProfile } else { Status::Usage }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// Invalid command line, found by the subcommand itself.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// Returns true if the output pipe was closed, which is not an error.
pub(crate) fn is_broken_pipe(cause: &(dyn Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use color_eyre::eyre::WrapErr;

    use super::*;
    use crate::shutdown;

    fn status(error: impl std::error::Error + Send + Sync + 'static) -> Status {
        Status::of(&Err(error).wrap_err("while consuming").wrap_err("in pod 3"))
    }

    #[test]
    fn status_is_found_below_context() {
        assert_eq!(status(UsageError("x".into())), Status::Usage);
        assert_eq!(status(io::Error::from(io::ErrorKind::BrokenPipe)), Status::Done);
        assert_eq!(status(io::Error::from(io::ErrorKind::NotFound)), Status::Failed);
        assert_eq!(
            status(KubernetesError::NotFound { kind: "Deployment".into(), namespace: "n".into(), name: "d".into() }),
            Status::Unavailable
        );
        assert_eq!(status(KubernetesError::NoContext { context: "c".into(), known: Vec::new() }), Status::Usage);
        let profile = Origin::Profile { name: "q.toml".into(), line: 1 };
        assert_eq!(status(SettingError::new(profile, "x")), Status::BadProfile);
        assert_eq!(status(SettingError::new(Origin::variable("REDIS_PORT"), "x")), Status::Usage);
    }

    #[test]
    fn table_lists_every_status() {
        let listed: Vec<u8> =
            TABLE.lines().skip(1).filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
        let all = [
            Status::Done,
            Status::Failed,
            Status::Usage,
            Status::CheckFailed,
            Status::Unavailable,
            Status::Unfinished,
            Status::BadProfile,
        ];
        assert_eq!(listed.split_last(), Some((&shutdown::ABORTED, all.map(|status| status as u8).as_slice())));
    }
}
