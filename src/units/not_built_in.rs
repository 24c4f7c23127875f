//! The error of a flag whose feature was left out of the build.

/// Flag of a feature that is not in this build.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("{flag}: this build of qscale has no feature `{feature}`")]
pub struct NotBuiltIn {
    /// The flag, such as `--serve`.
    pub flag: &'static str,
    /// The feature of the package that it needs.
    pub feature: &'static str,
}

impl NotBuiltIn {
    /// Returns the way to a build that has it.
    pub fn hint(&self) -> String {
        format!("build qscale with it: `cargo install --locked --path . --features {}`", self.feature)
    }
}
