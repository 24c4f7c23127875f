//! Steps to a connection: address, name, TCP, TLS; through Sentinels and the nodes of a cluster.

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::join_all;
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::timeout;

use super::super::certificate;
use super::super::cluster::Nodes;
use super::super::diagnosis::{answers_in_tls, name_of, of_io, secured, without_tls};
use super::super::error::Fault;
use super::super::{sentinel, tls};
use super::Examination;
use super::wire::Wire;
use crate::diagnosis::{Checked, FaultCode};
use crate::endpoint::{Endpoint, Mode, NodeAddress, Tls};
use crate::units::Origin;

/// Validity of a certificate that is worth a warning.
const EXPIRES_SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Settings that are a part of the address, and may be set elsewhere than the host.
const PARTS: [&str; 5] = ["port", "db", "mode", "sentinel-master", "tls"];

/// A server that is connected to.
pub(super) struct Reached {
    /// Its address, as it is shown.
    pub(super) server: String,
    pub(super) wire: Wire,
}

impl Examination<'_> {
    /// Says where the server is, and where that was set.
    pub(super) fn address(&mut self) {
        let Endpoint { address, servers, withheld, .. } = self.endpoint;
        let shown = self.endpoint.to_string();
        let servers = match servers {
            Some(servers) => {
                let master = servers.master().map(|master| format!(", master `{master}`")).unwrap_or_default();
                format!("{} {}{master}", servers.mode(), servers.addresses())
            }
            None => shown.clone(),
        };
        let is_part = |name: &str, origin: &Origin| {
            PARTS.contains(&name) && *origin != address.origin && *origin != Origin::Default
        };
        let parts = self.endpoint.explain().into_iter().filter(|(name, _, origin)| is_part(name, origin));
        let parts = parts.map(|(name, _, origin)| format!("{name} from {origin}"));
        let origins: Vec<String> = std::iter::once(format!("from {}", address.origin)).chain(parts).collect();
        self.passed("address", &shown, format!("{servers} ({})", origins.join("; ")));
        if let Some(origin) = withheld {
            let got = format!("the password of {origin} is not sent: it was given for another host");
            let hint = "set REDIS_PASSWORD or --password-file FILE";
            (self.report)(Checked::found("password", FaultCode::PasswordWithheld, &shown, got, hint));
        }
    }

    /// Connects to a socket.
    pub(super) async fn socket(&mut self, path: &Path) -> Option<Reached> {
        let server = format!("unix://{}", path.display());
        match UnixStream::connect(path).await {
            Ok(stream) => {
                self.passed("socket", &server, "connected");
                Some(Reached { server, wire: Wire::new(stream, self.limit, "") })
            }
            Err(error) => self.failed("socket", &server, &of_io(&error, Fault::NoSocket)),
        }
    }

    /// Connects to a server by name and port, with TLS if it is on.
    pub(super) async fn server(&mut self, host: &str, port: u16) -> Option<Reached> {
        let server = NodeAddress { host: host.to_owned(), port }.to_string();
        let stream = self.tcp(host, port, &server).await?;
        let wire = match &self.endpoint.tls {
            Some(tls) => self.with_tls(stream, tls, host, port, &server).await?,
            None => self.without_tls(stream, host, port, &server).await?,
        };
        Some(Reached { server, wire })
    }

    async fn tcp(&mut self, host: &str, port: u16, server: &str) -> Option<TcpStream> {
        let resolved = timeout(self.limit, lookup_host((host, port))).await;
        let addresses: Vec<_> = resolved.ok().and_then(Result::ok).into_iter().flatten().collect();
        if addresses.is_empty() {
            return self.failed("name", host, &Fault::UnknownHost(host.to_owned()));
        }
        if host.parse::<IpAddr>().is_err() {
            let all: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
            self.passed("name", host, format!("{host} is {}", all.join(", ")));
        }
        let mut fault = Fault::ConnectionRefused;
        for address in addresses {
            let start = Instant::now();
            match timeout(self.limit, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    let _ = stream.set_nodelay(true);
                    self.passed("tcp", server, format!("connected to {address} in {}", millis(start.elapsed())));
                    return Some(stream);
                }
                Ok(Err(error)) => fault = of_io(&error, Fault::ConnectionRefused),
                Err(_) => fault = Fault::TimedOut(self.limit),
            }
        }
        let hint = match (&fault, self.mode()) {
            (Fault::ConnectionRefused, Mode::Cluster) => {
                "check that the node is running; `CLUSTER NODES` shows its state"
            }
            (Fault::ConnectionRefused, Mode::Sentinel) => {
                "check that the master is running: the sentinels still name it"
            }
            _ => return self.failed("tcp", server, &fault),
        };
        (self.report)(Checked::found("tcp", fault.code(), server, fault.to_string(), hint));
        None
    }

    async fn with_tls(&mut self, stream: TcpStream, tls: &Tls, host: &str, port: u16, server: &str) -> Option<Wire> {
        let config = match tls::client_config(tls) {
            Ok(config) => config,
            Err(fault) => return self.failed("tls", server, &fault),
        };
        let name = name_of(tls, host);
        let fault = match timeout(self.limit, secured(stream, config, name)).await {
            Ok(Ok(stream)) => {
                let (_, connection) = stream.get_ref();
                let version = match connection.protocol_version() {
                    Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
                    _ => "TLS 1.3",
                };
                let first = connection.peer_certificates().and_then(|all| all.first());
                self.certificate(tls, name, version, first.and_then(|one| certificate::expiry(one)), server);
                return Some(Wire::new(stream, self.limit, name));
            }
            Ok(Err(Some(fault))) => fault,
            Ok(Err(None)) => {
                let closed = || Fault::ConnectionLost("closed in the TLS handshake".to_owned());
                without_tls(host, port).await.unwrap_or_else(closed)
            }
            Err(_) => without_tls(host, port).await.unwrap_or(Fault::TimedOut(self.limit)),
        };
        self.failed("tls", server, &fault)
    }

    fn certificate(&mut self, tls: &Tls, name: &str, version: &str, expiry: Option<SystemTime>, server: &str) {
        if tls.skip_verify {
            let got = format!("{version}, and the certificate is not verified: the connection can be intercepted");
            let hint = "set the CA certificate with --tls-ca FILE in place of tls-skip-verify";
            (self.report)(Checked::found("tls", FaultCode::CertificateUnverified, server, got, hint));
            return;
        }
        let left = expiry.and_then(|end| end.duration_since(SystemTime::now()).ok());
        let days = left.map(|left| left.as_secs() / (24 * 60 * 60));
        let validity = days.map(|days| format!(" for {days} more days")).unwrap_or_default();
        let got = format!("{version}, the certificate of `{name}` is valid{validity}");
        if left.is_some_and(|left| left < EXPIRES_SOON) {
            let hint = "renew the server's certificate";
            (self.report)(Checked::found("tls", FaultCode::CertificateExpiring, server, got, hint));
        } else {
            self.passed("tls", server, got);
        }
    }

    /// Checks that the server answers without TLS, whatever it answers.
    async fn without_tls(&mut self, stream: TcpStream, host: &str, port: u16, server: &str) -> Option<Wire> {
        let mut wire = Wire::new(stream, self.limit, host);
        match wire.call(&["PING"]).await {
            Ok(answer) => {
                let fault = answer.error().map(|text| Fault::of_text(text, "", ""));
                if let Some(fault @ (Fault::TooManyClients | Fault::Rejected(_))) = fault {
                    return self.failed("tcp", server, &fault);
                }
                self.passed("tls", server, "off, and the server answers without it");
                Some(wire)
            }
            Err(Fault::NotRedis(text)) => self.failed("protocol", server, &Fault::NotRedis(text)),
            Err(_) if timeout(self.limit, answers_in_tls(host, port)).await.unwrap_or(false) => {
                self.failed("tls", server, &Fault::TlsRequired)
            }
            Err(fault) => self.failed("protocol", server, &fault),
        }
    }

    /// Asks each Sentinel for the master, and connects to it.
    pub(super) async fn by_sentinels(&mut self, sentinels: &[NodeAddress], master: &str) -> Option<Reached> {
        let credentials = match sentinel::credentials(self.endpoint).await {
            Ok(credentials) => credentials,
            Err(fault) => return self.failed("sentinel", master, &fault),
        };
        let mut found = None;
        let mut faults = Vec::new();
        for NodeAddress { host, port } in sentinels {
            let address = NodeAddress { host: host.clone(), port: *port }.to_string();
            let asked = timeout(self.limit, ask(self.endpoint, host, *port, &address, master, credentials.as_ref()));
            let asked = asked.await.unwrap_or(Err(Some(Fault::TimedOut(self.limit))));
            match asked {
                Ok((host, port)) => {
                    self.passed("sentinel", &address, format!("{address} names {host}:{port} as master `{master}`"));
                    found.get_or_insert((host, port));
                }
                Err(fault) => {
                    let none = || Fault::ConnectionLost("closed by the Sentinel".to_owned());
                    faults.push((address, fault.unwrap_or_else(none)));
                }
            }
        }
        for (address, fault) in faults {
            let code = match (&found, &fault) {
                (Some(_), _) => FaultCode::SentinelDown,
                (_, Fault::Sentinel(_)) => FaultCode::SentinelRefused,
                _ => FaultCode::SentinelsUnreachable,
            };
            let (got, hint) = match &fault {
                Fault::Sentinel(fault) => (fault.to_string(), fault.hint()),
                Fault::ConnectionRefused => (
                    format!("{address}: {fault}"),
                    "check that the sentinel is running, and --addresses or REDIS_ADDRESSES".to_owned(),
                ),
                _ => (format!("{address}: {fault}"), fault.hint()),
            };
            (self.report)(Checked::found("sentinel", code, address, got, hint));
        }
        let (host, port) = found?;
        self.server(&host, port).await
    }

    /// Finds the node that has the slot of the list, and connects to it.
    pub(super) async fn by_cluster(&mut self, seeds: &[NodeAddress]) -> Option<Reached> {
        let all = self.endpoint.to_string();
        match Nodes::default().of_list(self.endpoint, seeds, self.list, self.limit).await {
            Ok(NodeAddress { host, port }) => {
                let node = NodeAddress { host, port };
                self.passed("cluster", &all, format!("the slot of `{}` is on {node}", self.list));
                self.others_of_cluster(seeds, &node).await;
                self.server(&node.host, node.port).await
            }
            Err(fault) => {
                // The steps to the first node say more than the fault of all of them.
                let first = seeds.first()?;
                self.server(&first.host, first.port).await?;
                self.failed("cluster", &all, &fault)
            }
        }
    }

    /// Warns of listed nodes, but for that of the list, that cannot be reached: one that can answers for all of them.
    async fn others_of_cluster(&mut self, seeds: &[NodeAddress], of_list: &NodeAddress) {
        let others = seeds.iter().filter(|seed| *seed != of_list);
        let limit = self.limit;
        let reached = join_all(others.map(|seed| async move { (seed.to_string(), reach(seed, limit).await) })).await;
        for (address, result) in reached {
            if let Err(fault) = result {
                let hint = "check the node with `CLUSTER NODES`, or remove it from --addresses or REDIS_ADDRESSES";
                let got = format!("{address}: {fault}");
                (self.report)(Checked::found("cluster", FaultCode::ClusterNodeDown, address, got, hint));
            }
        }
    }
}

/// Connects to a node, and closes the connection.
async fn reach(NodeAddress { host, port }: &NodeAddress, limit: Duration) -> Result<(), Fault> {
    let connect = async {
        let addresses: Vec<_> = lookup_host((host.as_str(), *port)).await.into_iter().flatten().collect();
        if addresses.is_empty() {
            return Err(Fault::UnknownHost(host.clone()));
        }
        TcpStream::connect(&*addresses).await.map(drop).map_err(|error| of_io(&error, Fault::ConnectionRefused))
    };
    timeout(limit, connect).await.unwrap_or(Err(Fault::TimedOut(limit)))
}

/// Asks one Sentinel for the address of the master.
async fn ask(
    endpoint: &Endpoint,
    host: &str,
    port: u16,
    address: &str,
    master: &str,
    credentials: Option<&sentinel::SentinelLogin>,
) -> Result<(String, u16), Option<Fault>> {
    let stream = super::super::diagnosis::connect(host, port).await.map_err(Some)?;
    match &endpoint.tls {
        None => sentinel::master_of(stream, address, master, credentials).await,
        Some(tls) => {
            let config = tls::client_config(tls).map_err(Some)?;
            let stream = secured(stream, config, name_of(tls, host)).await?;
            sentinel::master_of(stream, address, master, credentials).await
        }
    }
}

/// Shows a time in milliseconds.
pub(super) fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
