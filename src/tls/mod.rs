//! TLS of clients: what they trust, and certificates of their own, from PEM.

mod pem;

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// Servers that are trusted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trust<'a> {
    /// Those with a certificate of an authority in this PEM file.
    Authorities(&'a [u8]),
    /// Those with a certificate of an authority of this system.
    System,
    /// All.
    Any,
}

/// Certificate and key of a client, in PEM.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientIdentity<'a> {
    /// The certificate, and those between it and its authority.
    pub(crate) certificate: &'a [u8],
    /// Its private key.
    pub(crate) key: &'a [u8],
}

/// Part that cannot be used, and the reason.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// The authorities.
    #[error("{0}")]
    Authorities(String),
    /// The certificate of the client.
    #[error("{0}")]
    Certificate(String),
    /// The key of the client.
    #[error("{0}")]
    Key(String),
    /// The system has no trusted certificates.
    #[error("this system has no trusted certificates")]
    NoSystemAuthorities,
    /// TLS itself.
    #[error("{0}")]
    Setup(String),
}

/// Returns the configuration of a client.
///
/// # Errors
///
/// Fails when a certificate or key cannot be used, or the system has none.
pub(crate) fn client_config(trust: Trust<'_>, identity: Option<ClientIdentity<'_>>) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Setup(error.to_string()))?;
    let builder = match trust {
        Trust::Any => builder.dangerous().with_custom_certificate_verifier(Arc::new(AcceptAny(provider))),
        Trust::System => builder.with_root_certificates(of_system()?),
        Trust::Authorities(pem) => builder.with_root_certificates(of_pem(pem)?),
    };
    let Some(ClientIdentity { certificate, key }) = identity else { return Ok(builder.with_no_client_auth()) };
    let key = pem::key(key).map_err(TlsError::Key)?;
    let certificates = pem::certificates(certificate).map_err(TlsError::Certificate)?;
    builder.with_client_auth_cert(certificates, key).map_err(|error| TlsError::Certificate(error.to_string()))
}

fn of_system() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    // One invalid certificate must not invalidate the others.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsError::NoSystemAuthorities) } else { Ok(roots) }
}

fn of_pem(pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in pem::certificates(pem).map_err(TlsError::Authorities)? {
        roots.add(certificate).map_err(|error| TlsError::Authorities(error.to_string()))?;
    }
    Ok(roots)
}

/// Accepts any certificate.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

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
