//! Folder of output files, each written atomically.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use tempfile::NamedTempFile;

use crate::units::without_path;

/// A folder for output files.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

/// A file that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} `{}`", path.display())]
pub(crate) struct FolderError {
    verb: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl FolderError {
    /// Returns true if another folder would help: this one is not writable, or not a folder.
    pub(crate) fn is_folder_unusable(&self) -> bool {
        use io::ErrorKind::{AlreadyExists, NotADirectory, PermissionDenied, ReadOnlyFilesystem};
        matches!(self.source.kind(), AlreadyExists | NotADirectory | PermissionDenied | ReadOnlyFilesystem)
    }
}

impl Folder {
    /// Opens the folder `path`; creates it if it does not exist.
    ///
    /// # Errors
    ///
    /// Fails when `path` is not a folder, or cannot be created.
    pub(crate) fn create(path: &Path) -> Result<Self, FolderError> {
        let folder = Self(path.to_owned());
        fs::create_dir_all(path).map_err(|source| FolderError { verb: "create", path: path.to_owned(), source })?;
        Ok(folder)
    }

    /// Opens the folder `path`; `None` if there is none.
    pub(crate) fn open(path: &Path) -> Option<Self> {
        path.is_dir().then(|| Self(path.to_owned()))
    }

    /// Returns the path of the file `name`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Returns the content of the file `name`; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Fails when the file cannot be read, or is not UTF-8.
    pub(crate) fn read(&self, name: &str) -> Result<Option<String>, FolderError> {
        match fs::read_to_string(self.path(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(FolderError { verb: "read", path: self.path(name), source }),
        }
    }

    /// Writes the file `name` atomically: a reader sees either the old or the new content.
    ///
    /// # Errors
    ///
    /// Fails when the folder is not writable or the disk is full; the old file is then kept.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), FolderError> {
        let write = || self.temporary(text)?.persist(self.path(name)).map_err(|error| error.error).map(drop);
        write().map_err(|error| self.unwritable(name, error))
    }

    /// Writes the file `name` as [`Folder::write`] does, unless there is one; returns whether it was written.
    ///
    /// # Errors
    ///
    /// Fails as [`Folder::write`] does.
    pub(crate) fn write_new(&self, name: &str, text: &str) -> Result<bool, FolderError> {
        let write = || self.temporary(text)?.persist_noclobber(self.path(name)).map_err(|error| error.error).map(drop);
        match write() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            written => written.map(|()| true).map_err(|error| self.unwritable(name, error)),
        }
    }

    /// Deletes the file `name`.
    ///
    /// # Errors
    ///
    /// Fails when the folder is not writable.
    pub(crate) fn remove(&self, name: &str) -> Result<(), FolderError> {
        fs::remove_file(self.path(name)).map_err(|source| FolderError { verb: "delete", path: self.path(name), source })
    }

    fn temporary(&self, text: &str) -> io::Result<NamedTempFile> {
        let mut file = builder().tempfile_in(&self.0)?;
        file.write_all(text.as_bytes())?;
        Ok(file)
    }

    /// Returns an error without the path of the temporary file, which means nothing to the user.
    fn unwritable(&self, name: &str, error: io::Error) -> FolderError {
        FolderError { verb: "write", path: self.path(name), source: without_path(error) }
    }
}

/// Returns the paths of the files in a folder, not below it, whose name has one of these endings; sorted, without hidden ones.
///
/// # Errors
///
/// Fails when the folder cannot be read.
pub(crate) fn files(folder: &Path, endings: &[&str]) -> io::Result<Vec<PathBuf>> {
    let has_ending = |path: &Path| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| endings.contains(&ending))
    };
    entries(folder, |path| has_ending(path) && path.is_file())
}

/// Returns the paths of the folders in a folder, sorted, without hidden ones.
///
/// # Errors
///
/// Fails when the folder cannot be read.
pub(crate) fn folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    entries(folder, Path::is_dir)
}

/// Returns the paths of the entries of a folder that are `meant`, sorted, without hidden ones.
fn entries(folder: &Path, meant: impl Fn(&Path) -> bool) -> io::Result<Vec<PathBuf>> {
    let is_hidden = |path: &Path| path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        entries.push(entry?.path());
    }
    entries.retain(|path| !is_hidden(path) && meant(path));
    entries.sort();
    Ok(entries)
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

/// Creates files with the permissions that the umask allows; temporary files are readable only by their owner.
fn builder() -> tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut builder = tempfile::Builder::new();
    builder.permissions(fs::Permissions::from_mode(0o666));
    builder
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn folder_error_names_the_file_and_not_the_temporary_one() {
        let error = Folder("/nowhere/at-all".into()).write("a.yaml", "").unwrap_err();
        assert_eq!(error.to_string(), "cannot write `/nowhere/at-all/a.yaml`");
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        assert_eq!(cause, "No such file or directory (os error 2)");
        assert!(!error.is_folder_unusable());
    }
}
