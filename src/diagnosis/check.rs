//! Results of checks: what was tried, what came back, what to do.

use super::code::{FaultCode, FaultSeverity};

/// Result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Name of the check, such as `tcp`.
    pub check: &'static str,
    /// Result.
    pub result: CheckResult,
    /// Thing that was checked: an address, a key, an object.
    pub subject: String,
    /// Answer in words, without a full stop.
    pub got: String,
}

/// Result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckResult {
    /// Nothing is wrong.
    Passed,
    /// The check was not possible, for the reason that is said.
    NotChecked {
        /// Remedy.
        hint: String,
    },
    /// Something is wrong.
    Found {
        /// Its code, which has the severity.
        code: FaultCode,
        /// Remedy.
        hint: String,
    },
}

impl Checked {
    /// Creates the result of a check that has found nothing wrong.
    pub fn passed(check: &'static str, subject: impl Into<String>, got: impl Into<String>) -> Self {
        Self { check, result: CheckResult::Passed, subject: subject.into(), got: got.into() }
    }

    /// Creates the result of a check that was not possible.
    pub fn not_checked(
        check: &'static str,
        subject: impl Into<String>,
        got: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let result = CheckResult::NotChecked { hint: hint.into() };
        Self { check, result, subject: subject.into(), got: got.into() }
    }

    /// Creates the result of a check that has found something.
    pub fn found(
        check: &'static str,
        code: FaultCode,
        subject: impl Into<String>,
        got: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let result = CheckResult::Found { code, hint: hint.into() };
        Self { check, result, subject: subject.into(), got: got.into() }
    }

    /// Code of what was found.
    pub fn code(&self) -> Option<FaultCode> {
        if let CheckResult::Found { code, .. } = self.result { Some(code) } else { None }
    }

    /// Severity of what was found.
    pub fn severity(&self) -> Option<FaultSeverity> {
        self.code().map(FaultCode::severity)
    }

    /// Remedy; `None` only where nothing is wrong.
    pub fn hint(&self) -> Option<&str> {
        match &self.result {
            CheckResult::Passed => None,
            CheckResult::NotChecked { hint } | CheckResult::Found { hint, .. } => Some(hint),
        }
    }
}
