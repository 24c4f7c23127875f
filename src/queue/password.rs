//! Passwords as they are sent.

use std::io;
use std::path::Path;

use secrecy::SecretString;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::error::{Fault, PASSWORD_FILE};
use crate::endpoint::Password;
use crate::units::text_within;

/// Limit of a password file, in bytes.
const MAX_PASSWORD: u64 = 64 * 1024;

/// Reads a password; that of a file at every call, so that a rotated one is picked up.
pub(super) async fn password_text(password: &Password) -> Result<SecretString, Fault> {
    match password {
        Password::Known(text) => Ok(text.clone()),
        Password::File(path) => match password_file(path).await {
            // Editors and `echo` end a file with a newline that is not part of the password.
            Ok(text) => Ok(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned())),
            // Without a slash it may be the password itself.
            Err(error) if !path.as_os_str().as_encoded_bytes().contains(&b'/') => {
                Err(Fault::File { path: PASSWORD_FILE.to_owned(), reason: error.to_string() })
            }
            Err(error) => Err(Fault::File { path: path.display().to_string(), reason: error.to_string() }),
        },
    }
}

/// Reads the whole of a password file.
async fn password_file(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path).await?.take(MAX_PASSWORD + 1).read_to_end(&mut bytes).await?;
    text_within(bytes, MAX_PASSWORD)
}
