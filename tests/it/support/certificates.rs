//! Certificates of our own making, right ones and wrong ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use tempfile::TempDir;

/// PEM files for one test, in a folder of their own.
pub(crate) struct Certificates {
    folder: TempDir,
    /// The authority that signed everything but `another_ca`.
    pub(crate) ca: PathBuf,
    /// An authority that signed nothing here.
    pub(crate) another_ca: PathBuf,
    /// Of a server called `localhost`, `127.0.0.1` or `redis.internal`.
    pub(crate) server: Identity,
    /// Of a server called `somewhere-else.example`.
    pub(crate) wrong_name: Identity,
    /// Of a client.
    pub(crate) client: Identity,
    authority: Authority,
}

/// A certificate and its key.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

type Authority = CertifiedIssuer<'static, KeyPair>;

impl Certificates {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let authority = authority("the authority of this test");
        let server = ["localhost", "127.0.0.1", "redis.internal"];
        Self {
            ca: write(&folder.path().join("ca.pem"), &authority.pem()),
            another_ca: write(&folder.path().join("another-ca.pem"), &self::authority("another authority").pem()),
            server: identity(folder.path(), "server", &server, &authority),
            wrong_name: identity(folder.path(), "wrong-name", &["somewhere-else.example"], &authority),
            client: identity(folder.path(), "client", &["a-client"], &authority),
            folder,
            authority,
        }
    }

    /// Creates a certificate of the server that is valid from one time to the other.
    pub(crate) fn valid(&self, file: &str, from: SystemTime, to: SystemTime) -> Identity {
        identity_of(self.folder.path(), file, &["localhost", "127.0.0.1"], &self.authority, Some((from, to)))
    }
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("a certificate that signs itself")
}

fn identity(folder: &Path, file: &str, names: &[&str], authority: &Authority) -> Identity {
    identity_of(folder, file, names, authority, None)
}

fn identity_of(
    folder: &Path,
    file: &str,
    names: &[&str],
    authority: &Authority,
    validity: Option<(SystemTime, SystemTime)>,
) -> Identity {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names that a certificate may hold");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    if let Some((from, to)) = validity {
        (params.not_before, params.not_after) = (from.into(), to.into());
    }
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, authority).expect("a signed certificate");
    Identity {
        certificate: write(&folder.join(format!("{file}.pem")), &certificate.pem()),
        key: write(&folder.join(format!("{file}.key")), &key.serialize_pem()),
    }
}

fn write(path: &Path, pem: &str) -> PathBuf {
    fs::write(path, pem).expect("the temporary folder takes a file");
    path.to_owned()
}
