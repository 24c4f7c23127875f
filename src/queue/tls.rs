//! TLS configuration of the client.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::error::Fault;
use crate::endpoint::Tls;
use crate::units::{MIB, read_bytes};

/// Limit of a PEM file, in bytes: that of all public authorities has a quarter of a mebibyte.
const MAX_PEM: u64 = 16 * MIB;

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Builds the client configuration; reads the files at every call, so that renewed certificates are picked up.
pub(super) fn client_config(tls: &Tls) -> Result<ClientConfig, Fault> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::Tls(error.to_string()))?;
    let builder = if tls.skip_verify {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AcceptAny(provider)))
    } else {
        builder.with_root_certificates(roots(tls.ca.as_deref())?)
    };
    match &tls.client {
        None => Ok(builder.with_no_client_auth()),
        Some((cert, key)) => {
            let pem = pem(key)?;
            let private =
                PrivateKeyDer::from_pem_slice(&pem).map_err(|error| unusable(key, &without_key(&pem, &error)))?;
            builder.with_client_auth_cert(certificates(cert)?, private).map_err(|error| unusable(cert, &error))
        }
    }
}

fn roots(ca: Option<&Path>) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = ca {
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|error| unusable(path, &error))?;
        }
        return Ok(roots);
    }
    // One invalid certificate must not invalidate the others.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(Fault::Tls("this system has no trusted certificates: set --tls-ca FILE".to_owned()));
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let pem = pem(path)?;
    let certificates = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| unusable(path, &error))?;
    if certificates.is_empty() {
        return Err(unusable(path, &without_certificate(&pem)));
    }
    Ok(certificates)
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

fn unusable(path: &Path, error: &impl ToString) -> Fault {
    Fault::File { path: path.display().to_string(), reason: error.to_string() }
}

/// Accepts any certificate, for `--tls-skip-verify`.
#[derive(Debug)]
pub(super) struct AcceptAny(pub(super) Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
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

    #[test]
    fn byte_order_mark_is_not_part_of_a_pem_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, b"\xef\xbb\xbf-----BEGIN").unwrap();
        assert_eq!(pem(&path).unwrap(), b"-----BEGIN");
    }
}
