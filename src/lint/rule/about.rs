//! The description of one rule.

use crate::lint::severity::Severity;

/// The description of one rule.
pub(crate) struct About {
    pub(crate) code: &'static str,
    pub(crate) severity: Severity,
    /// The fault, in one line without a full stop.
    pub(crate) summary: &'static str,
    /// Description: the check, why it matters, and what to do.
    pub(crate) text: &'static str,
    /// Source in KEDA or Kubernetes.
    pub(crate) source: Option<&'static str>,
    /// YAML that breaks the rule.
    pub(crate) example: Option<&'static str>,
}

impl About {
    pub(super) const fn error(code: &'static str, summary: &'static str, text: &'static str) -> Self {
        Self { code, severity: Severity::Error, summary, text, source: None, example: None }
    }

    pub(super) const fn warning(code: &'static str, summary: &'static str, text: &'static str) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, summary, text) }
    }

    pub(super) const fn source(self, source: &'static str) -> Self {
        Self { source: Some(source), ..self }
    }

    pub(super) const fn example(self, example: &'static str) -> Self {
        Self { example: Some(example), ..self }
    }
}
