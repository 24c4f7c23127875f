//! Exit statuses: one enum, and the one function that finds the status of an error.

use std::io;
use std::process::ExitCode;

use color_eyre::eyre::Report;

use crate::files::folder::FolderError;
use crate::kubernetes::KubernetesError;
use crate::profile::ProfileError;
use crate::queue::QueueError;
use crate::sandbox::SandboxError;
use crate::units::{Origin, SettingError};

/// How a run ended that met no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All was done, or no goal was set.
    Done,
    /// A check said no.
    CheckFailed,
    /// Stopped before the goal that was set.
    Unfinished,
}

/// What the process tells who started it.
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
   0  done; told to stop when no goal was set; the reader of our pipe left
   1  something unforeseen
   2  the command line or the environment was wrong
   4  a check said no
  69  Redis or Kubernetes could not be reached, or refused
  75  stopped before the goal that was set; running it again may finish it
  78  the profile was wrong";

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
        report
            .chain()
            .find_map(|cause| {
                let setting = match cause.downcast_ref::<ProfileError>() {
                    Some(ProfileError::Setting(error)) => Some(error),
                    _ => cause.downcast_ref::<SettingError>(),
                };
                if let Some(error) = setting {
                    let in_profile = matches!(error.origin, Origin::Profile { .. });
                    return Some(if in_profile { Self::BadProfile } else { Self::Usage });
                }
                if cause.is::<QueueError>() || cause.is::<SandboxError>() {
                    return Some(Self::Unavailable);
                }
                if cause.is::<ProfileError>() {
                    return Some(Self::BadProfile);
                }
                if cause.is::<UsageError>() {
                    return Some(Self::Usage);
                }
                if let Some(error) = cause.downcast_ref::<KubernetesError>() {
                    let named_wrongly = matches!(error, KubernetesError::NoContext { .. });
                    return Some(if named_wrongly { Self::Usage } else { Self::Unavailable });
                }
                if cause.downcast_ref::<FolderError>().is_some_and(FolderError::is_of_place) {
                    return Some(Self::Usage);
                }
                if is_broken_pipe(cause) {
                    return Some(Self::Done);
                }
                None
            })
            .unwrap_or(Self::Failed)
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// The command line asks for what cannot be, in a way only the command itself could see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// Whether the reader of our pipe has seen enough: its right, and no error.
pub(crate) fn is_broken_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The way out that the first cause to know one names.
pub(crate) fn hint(report: &Report) -> Option<String> {
    report.chain().find_map(|cause| {
        if let Some(error) = cause.downcast_ref::<QueueError>() {
            return Some(error.hint());
        }
        if let Some(error) = cause.downcast_ref::<SandboxError>() {
            return Some(error.hint().to_owned());
        }
        if let Some(error) = cause.downcast_ref::<ProfileError>() {
            return error.hint().map(str::to_owned);
        }
        if let Some(error) = cause.downcast_ref::<KubernetesError>() {
            return Some(error.hint());
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use color_eyre::eyre::WrapErr;

    use super::*;

    fn status(error: impl std::error::Error + Send + Sync + 'static) -> Status {
        Status::of(&Err(error).wrap_err("while consuming").wrap_err("in pod 3"))
    }

    #[test]
    fn context_does_not_hide_the_cause() {
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
    fn the_table_names_every_status() {
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
        assert_eq!(listed, all.map(|status| status as u8));
    }
}
