//! Certificates and keys in PEM, and the reasons why a file holds none.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Returns the certificates of a file.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| error.to_string())?;
    if certificates.is_empty() { Err(without_certificate(pem)) } else { Ok(certificates) }
}

/// Returns the private key of a file.
pub(super) fn key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| without_key(pem, &error))
}

/// Returns why a file holds no certificate.
fn without_certificate(pem: &[u8]) -> String {
    let reason = match pem {
        _ if contains(pem, "PRIVATE KEY-----") => "it contains a private key and no certificate",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it is UTF-16: save it as UTF-8",
        [0x30, 0x80..=0x84, ..] => {
            "it is DER and not PEM: convert it with `openssl x509 -inform der -in FILE -out FILE.pem`"
        }
        _ => "it contains no PEM certificate",
    };
    reason.to_owned()
}

/// Returns why a file holds no private key that can be used.
fn without_key(pem: &[u8], error: &impl ToString) -> String {
    let encrypted = contains(pem, "BEGIN ENCRYPTED PRIVATE KEY") || contains(pem, "Proc-Type: 4,ENCRYPTED");
    let reason = match pem {
        _ if encrypted => {
            "the key has a passphrase, which cannot be entered: decrypt it with `openssl pkey -in FILE -out FILE.plain`"
        }
        _ if contains(pem, "PRIVATE KEY-----") => return error.to_string(),
        _ if contains(pem, "BEGIN CERTIFICATE") => "it contains a certificate and no private key",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it is UTF-16: save it as UTF-8",
        [0x30, 0x80..=0x84, ..] => {
            "it is DER and not PEM: convert it with `openssl pkey -inform der -in FILE -out FILE.pem`"
        }
        _ => "it contains no PEM private key",
    };
    reason.to_owned()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_pem_is_named_by_what_it_is() {
        for (pem, certificate, key) in [
            (&b"-----BEGIN CERTIFICATE-----\nx\n"[..], "no PEM certificate", "a certificate and no private key"),
            (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n", "a private key and no certificate", "has a passphrase"),
            (
                b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nx\n-----END RSA PRIVATE KEY-----\n",
                "a private key and no certificate",
                "has a passphrase",
            ),
            (b"-----BEGIN PRIVATE KEY-----\n!\n", "a private key and no certificate", "original error"),
            (b"\xff\xfe-\0", "UTF-16", "UTF-16"),
            (b"\x30\x82\x01\x02", "DER", "DER"),
            (b"", "no PEM certificate", "no PEM private key"),
        ] {
            let found = (without_certificate(pem), without_key(pem, &"original error"));
            assert!(found.0.contains(certificate) && found.1.contains(key), "{found:?}");
        }
    }
}
