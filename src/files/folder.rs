//! A folder that files are written into, each whole or not at all.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::{fmt, fs};

/// A folder.
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
    /// Whether another folder would do: this one may not be written to, or is none.
    pub(crate) fn is_of_place(&self) -> bool {
        use io::ErrorKind::{AlreadyExists, NotADirectory, PermissionDenied, ReadOnlyFilesystem};
        matches!(self.source.kind(), AlreadyExists | NotADirectory | PermissionDenied | ReadOnlyFilesystem)
    }
}

impl Folder {
    /// Takes the folder `path`, and makes it where it is not there.
    ///
    /// # Errors
    ///
    /// Fails where something else is there, or none may be made.
    pub(crate) fn make(path: &Path) -> Result<Self, FolderError> {
        let folder = Self(path.to_owned());
        fs::create_dir_all(path).map_err(|source| FolderError { verb: "make", path: path.to_owned(), source })?;
        Ok(folder)
    }

    /// Where the file `name` is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Returns what the file `name` holds; `None` where there is no such file.
    ///
    /// # Errors
    ///
    /// Fails when it may not be read, or holds no text.
    pub(crate) fn read(&self, name: &str) -> Result<Option<String>, FolderError> {
        match fs::read_to_string(self.path(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(FolderError { verb: "read", path: self.path(name), source }),
        }
    }

    /// Writes the file `name`, in place of one that is there. Who reads it meanwhile reads the old or the new one.
    ///
    /// # Errors
    ///
    /// Fails when nothing may be written, or the disk is full; what was there then stays.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), FolderError> {
        let write = || {
            let mut file = builder().tempfile_in(&self.0)?;
            file.write_all(text.as_bytes())?;
            file.persist(self.path(name)).map_err(|error| error.error).map(drop)
        };
        write().map_err(|error| FolderError { verb: "write", path: self.path(name), source: plain(error) })
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

/// The same without the path of the temporary file, which nobody has heard of; the library wraps both up as one text.
fn plain(error: io::Error) -> io::Error {
    match (error.get_ref(), error.to_string().split_once(" at path ")) {
        (Some(_), Some((reason, _))) => io::Error::new(error.kind(), reason.to_owned()),
        _ => error,
    }
}

/// Files for everybody, as far as the surroundings allow: temporary ones are for their owner alone.
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
    fn an_error_names_the_file_that_was_meant_and_no_other() {
        let error = Folder("/nowhere/at-all".into()).write("a.yaml", "").unwrap_err();
        assert_eq!(error.to_string(), "cannot write `/nowhere/at-all/a.yaml`");
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        assert_eq!(cause, "No such file or directory (os error 2)");
        assert!(!error.is_of_place());
    }
}
