//! Connections to the API server, plain or with TLS.

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use hyper::Uri;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::kubeconfig::{ClusterEntry, UserEntry};
use super::request_error::RequestError;
use crate::tls::{self, ClientIdentity, TlsError, Trust};

/// Opens a connection.
pub(super) type Dial = Box<dyn Fn() -> BoxFuture<'static, Result<Box<dyn ByteStream>, RequestError>> + Send + Sync>;

/// Bytes to and from a server.
pub(super) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// Server, and what its certificate is checked against.
struct SecuredServer {
    host: String,
    port: u16,
    is_secure: bool,
    cluster: ClusterEntry,
    user: UserEntry,
}

/// Returns the way to connect to the server at `address` for a user.
pub(super) fn dial(address: &Uri, cluster: ClusterEntry, user: UserEntry) -> Dial {
    let is_secure = address.scheme_str() != Some("http");
    let host = address.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = address.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
    let server = Arc::new(SecuredServer { host, port, is_secure, cluster, user });
    Box::new(move || Box::pin(connect(Arc::clone(&server))))
}

async fn connect(server: Arc<SecuredServer>) -> Result<Box<dyn ByteStream>, RequestError> {
    let stream = TcpStream::connect((server.host.as_str(), server.port)).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    if !server.is_secure {
        return Ok(Box::new(stream));
    }
    let name = server.cluster.tls_server_name.as_ref().filter(|name| !name.is_empty()).unwrap_or(&server.host).clone();
    let name = ServerName::try_from(name).map_err(|error| RequestError::Configuration(error.to_string()))?;
    // At each connection, so that renewed certificates are picked up; files are read apart from all else.
    let config = tokio::task::spawn_blocking(move || config(&server)).await.map_err(io::Error::other);
    let connector = TlsConnector::from(Arc::new(config.map_err(unreachable)??));
    Ok(Box::new(connector.connect(name, stream).await.map_err(unreachable)?))
}

fn config(SecuredServer { cluster, user, .. }: &SecuredServer) -> Result<rustls::ClientConfig, RequestError> {
    let of_cluster = |reason: String| RequestError::Configuration(format!("certificate authority: {reason}"));
    let of_user = |reason: String| RequestError::Configuration(format!("client certificate: {reason}"));
    let authorities = cluster.authorities().map_err(of_cluster)?;
    let trust = match &authorities {
        _ if cluster.insecure_skip_tls_verify == Some(true) => Trust::Any,
        Some(pem) => Trust::Authorities(pem),
        None => Trust::System,
    };
    let identity = user.identity().map_err(of_user)?;
    let identity = identity.as_ref().map(|(certificate, key)| ClientIdentity { certificate, key });
    tls::client_config(trust, identity).map_err(|error| match error {
        TlsError::Authorities(_) | TlsError::NoSystemAuthorities => of_cluster(error.to_string()),
        TlsError::Certificate(_) => of_user(error.to_string()),
        TlsError::Key(reason) => RequestError::Configuration(format!("client key: {reason}")),
        TlsError::Setup(reason) => RequestError::Configuration(reason),
    })
}

fn unreachable(error: io::Error) -> RequestError {
    RequestError::Unreachable(error.into())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::server::WebPkiClientVerifier;
    use rustls::{RootCertStore, ServerConfig};
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    type Authority = CertifiedIssuer<'static, KeyPair>;

    fn authority() -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    /// Returns the certificate and the key of a name, in PEM.
    fn identity(name: &str, authority: &Authority) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// Starts a server that greets clients with a certificate of `authority`, and returns its port.
    async fn serve(name: &str, authority: &Authority) -> u16 {
        use rustls::pki_types::pem::PemObject as _;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
        let (certificate, key) = identity(name, authority);
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.unwrap())
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            );
        let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    use tokio::io::AsyncWriteExt as _;
                    if let Ok(mut stream) = acceptor.accept(stream).await {
                        let _ = stream.write_all(b"hello").await;
                        let _ = stream.shutdown().await;
                    }
                });
            }
        });
        port
    }

    #[tokio::test]
    async fn server_is_verified_and_the_client_shows_its_certificate() {
        let (ours, another) = (authority(), authority());
        let port = serve("api.internal", &ours).await;
        let pem = |text: &str| Some(BASE64_STANDARD.encode(text));
        let (certificate, key) = identity("jane", &ours);
        let jane = UserEntry {
            client_certificate_data: pem(&certificate),
            client_key_data: pem(&key),
            ..UserEntry::default()
        };
        let trusting = |authority: &Authority, name: Option<&str>| ClusterEntry {
            certificate_authority_data: pem(&authority.pem()),
            tls_server_name: name.map(str::to_owned),
            ..ClusterEntry::default()
        };
        let named = Some("api.internal");
        let insecure = ClusterEntry { insecure_skip_tls_verify: Some(true), ..ClusterEntry::default() };
        let broken = ClusterEntry { certificate_authority_data: pem("no PEM"), ..ClusterEntry::default() };
        for (cluster, user, expected) in [
            (trusting(&ours, named), jane.clone(), "hello"),
            (insecure, jane.clone(), "hello"),
            (trusting(&another, named), jane.clone(), "invalid peer certificate: BadSignature"),
            (trusting(&ours, None), jane.clone(), "certificate not valid for name"),
            (trusting(&ours, named), UserEntry::default(), "CertificateRequired"),
            (broken, jane, "certificate authority: it contains no PEM certificate"),
        ] {
            let address = format!("https://127.0.0.1:{port}").parse().unwrap();
            let greeting = match dial(&address, cluster, user)().await {
                Ok(mut stream) => {
                    let mut greeting = String::new();
                    stream.read_to_string(&mut greeting).await.map_or_else(|error| format!("{error:?}"), |_| greeting)
                }
                Err(RequestError::Unreachable(error)) => error.to_string(),
                Err(error) => format!("{error:?}"),
            };
            assert!(greeting.contains(expected), "{expected}: {greeting}");
        }
    }
}
