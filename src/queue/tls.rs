//! TLS configuration of the client, from its files.

use std::fs::File;
use std::path::Path;

use rustls::ClientConfig;

use super::error::Fault;
use crate::endpoint::Tls;
use crate::tls::{self, ClientIdentity, TlsError, Trust};
use crate::units::{MIB, read_bytes};

/// Limit of a PEM file, in bytes: that of all public authorities has a quarter of a mebibyte.
const MAX_PEM: u64 = 16 * MIB;

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Builds the client configuration; reads the files at every call, so that renewed certificates are picked up.
pub(super) fn client_config(settings: &Tls) -> Result<ClientConfig, Fault> {
    let ca = settings.ca.as_deref().filter(|_| !settings.skip_verify);
    let authorities = ca.map(pem).transpose()?;
    let trust = match &authorities {
        _ if settings.skip_verify => Trust::Any,
        Some(pem) => Trust::Authorities(pem),
        None => Trust::System,
    };
    let client = settings.client.as_ref();
    let identity = client.map(|(certificate, key)| Ok((pem(key)?, pem(certificate)?))).transpose()?;
    let identity = identity.as_ref().map(|(key, certificate)| ClientIdentity { certificate, key });
    tls::client_config(trust, identity).map_err(|error| {
        let file = match (&error, client) {
            (TlsError::Authorities(_), _) => ca,
            (TlsError::Certificate(_), Some((certificate, _))) => Some(certificate.as_path()),
            (TlsError::Key(_), Some((_, key))) => Some(key.as_path()),
            (TlsError::NoSystemAuthorities, _) => return Fault::Tls(format!("{error}: set --tls-ca FILE")),
            _ => None,
        };
        file.map_or_else(|| Fault::Tls(error.to_string()), |path| unusable(path, &error))
    })
}

/// Reads the whole of a PEM file, without the mark that editors of Windows put before it.
fn pem(path: &Path) -> Result<Vec<u8>, Fault> {
    let mut pem =
        File::open(path).and_then(|file| read_bytes(file, MAX_PEM)).map_err(|error| unusable(path, &error))?;
    if pem.starts_with(BYTE_ORDER_MARK) {
        pem.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(pem)
}

fn unusable(path: &Path, error: &impl ToString) -> Fault {
    Fault::File { path: path.display().to_string(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_mark_is_not_part_of_a_pem_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, b"\xef\xbb\xbf-----BEGIN").unwrap();
        assert_eq!(pem(&path).unwrap(), b"-----BEGIN");
    }
}
