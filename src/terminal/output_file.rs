//! A file that a run leaves.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr as _};

use super::printer::PipeWait;

/// A file that is open for writing. A new one that nothing is written to, and one that cannot be written whole, is removed.
#[derive(Debug)]
pub(crate) struct OutputFile {
    path: PathBuf,
    file: File,
    waiting: PipeWait,
    is_complete: bool,
}

impl OutputFile {
    /// Opens the file; its content stays until it is replaced.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be written.
    pub(crate) fn open(path: &Path, waiting: &PipeWait) -> Result<Self> {
        let is_complete = path.exists();
        let file = waiting.during(|| OpenOptions::new().create(true).write(true).truncate(false).open(path));
        let file = file.wrap_err_with(|| format!("cannot write `{}`", path.display()))?;
        Ok(Self { path: path.to_owned(), file, waiting: waiting.clone(), is_complete })
    }

    fn failure(&self) -> String {
        format!("cannot write `{}`", self.path.display())
    }

    /// Makes it an empty file, to add lines to.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be written.
    pub(super) fn clear(&mut self) -> Result<()> {
        self.is_complete = true;
        // A device or pipe has no length.
        let cleared = self.file.metadata().and_then(|data| if data.is_file() { self.file.set_len(0) } else { Ok(()) });
        cleared.wrap_err_with(|| self.failure())
    }

    /// Adds whole lines, unbuffered: what was written is there however the run ends.
    ///
    /// # Errors
    ///
    /// Fails when they cannot be written.
    pub(super) fn add(&mut self, lines: &str) -> Result<()> {
        self.write(lines.as_bytes())
    }

    /// Replaces the content.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be written; the file is removed, as a part of it is of no use.
    pub(crate) fn replace(mut self, content: &[u8]) -> Result<()> {
        self.clear()?;
        let written = self.write(content);
        self.is_complete = written.is_ok();
        written
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let Self { file, waiting, .. } = self;
        waiting.during(|| file.write_all(bytes)).wrap_err_with(|| self.failure())
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if !self.is_complete && fs::symlink_metadata(&self.path).is_ok_and(|data| data.is_file()) {
            // Best effort: the run has ended.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_file_stays_only_if_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let [unwritten, written, old] = ["unwritten", "written", "old"].map(|name| folder.path().join(name));
        fs::write(&old, "a picture of an earlier run").unwrap();
        let open = |path: &Path| OutputFile::open(path, &PipeWait::default()).unwrap();
        open(&written).replace(b"a picture").unwrap();
        drop([open(&unwritten), open(&old)]);
        assert!(written.exists() && old.exists() && !unwritten.exists());
        open(&old).replace(b"b").unwrap();
        assert_eq!(fs::read_to_string(&old).unwrap(), "b");
    }
}
