//! Merges the connection settings of several sources into one endpoint.

use std::path::PathBuf;

use super::mode::{Mode, NodeAddress, Servers, node};
use super::url::{Address, DEFAULT_PORT, RedisUrl};
use super::{CONNECT_TIMEOUT, Endpoint, Explained, Layer, Password, Tls, host};
use crate::units::{Origin, Setting, SettingError};

/// A user and a password.
type Credentials = (Option<Setting<String>>, Option<Setting<Password>>);

/// Layers in order of precedence, the highest first.
pub(super) struct Resolution<'a> {
    layers: &'a [Layer],
}

impl<'a> Resolution<'a> {
    pub(super) fn of(layers: &'a [Layer]) -> Self {
        Self { layers }
    }

    pub(super) fn endpoint(self) -> Result<Endpoint, SettingError> {
        if let Some(Layer { addresses: Some(Setting { origin, .. }), url, host, .. }) = self.deciding()
            && (url.is_some() || host.is_some())
        {
            let message = "excludes a host or URL from the same place: keep one of them";
            return Err(SettingError::new(origin.clone(), message));
        }
        let address = self.address();
        if let Address::Tcp { host, .. } = &address.value
            && let Err(message) = host::check(host)
        {
            return Err(SettingError::new(address.origin, message));
        }
        let tls = self.tls(&address)?;
        let db = self.address_part(|layer| layer.db.clone(), |url| url.db, false).unwrap_or(Setting::default(0));
        let servers = self.servers(&address, &db)?;
        let password = self.first_or_url(
            &address.value,
            |layer| layer.password.clone(),
            |url| url.password.clone().map(Password::Known),
        );
        let username = self.first_or_url(
            &address.value,
            |layer| layer.username.clone().filter(|name| !name.value.is_empty()),
            |url| url.username.clone(),
        );
        if let Some(Setting { value, origin }) = &username
            && let Err(message) = check_user(value)
        {
            return Err(SettingError::new(origin.clone(), message));
        }
        let sentinel = self.sentinel_credentials(&address.value, servers.as_ref(), password.as_ref())?;
        let explained = self.explained(&address.value, tls.is_some(), servers.as_ref(), &sentinel);
        let (sentinel_username, sentinel_password) = sentinel;
        Ok(Endpoint {
            explained,
            sentinel_username,
            sentinel_password,
            user_of_url: username.as_ref().is_some_and(|user| self.is_of_url(&user.origin)),
            withheld: if password.is_none() { self.withheld(&address.value) } else { None },
            address,
            servers,
            tls,
            username,
            password,
            db,
            connect_timeout: self
                .any(|layer| layer.connect_timeout.clone())
                .unwrap_or(Setting::default(CONNECT_TIMEOUT)),
            connect_for: self
                .any(|layer| layer.connect_for.clone())
                .unwrap_or(Setting::default(std::time::Duration::ZERO)),
            reconnect_for: self.any(|layer| layer.reconnect_for.clone()),
        })
    }

    fn address(&self) -> Setting<Address> {
        let Some(layer) = self.deciding() else {
            let port = self.port().map_or(DEFAULT_PORT, |port| port.value);
            return Setting::default(Address::Tcp { host: "localhost".to_owned(), port });
        };
        if let Some(Setting { value, origin }) = self.addresses()
            && let Some(NodeAddress { host, port }) = value.into_iter().next()
        {
            return Setting { value: Address::Tcp { host, port }, origin };
        }
        let (mut address, origin) = match (&layer.url, &layer.host) {
            (Some(url), _) => (url.value.address.clone(), url.origin.clone()),
            (None, Some(host)) => (Address::Tcp { host: host.value.clone(), port: DEFAULT_PORT }, host.origin.clone()),
            (None, None) => (Address::Tcp { host: String::new(), port: DEFAULT_PORT }, Origin::Default),
        };
        if let Address::Tcp { port, .. } = &mut address {
            *port = self.port().map_or(*port, |port| port.value);
        }
        Setting { value: address, origin }
    }

    /// Returns the port of the one host that is named, or of the default.
    fn port(&self) -> Option<Setting<u16>> {
        let of_url = |url: &RedisUrl| match url.address {
            Address::Tcp { port, .. } => Some(port),
            Address::Unix { .. } => None,
        };
        self.address_part(|layer| layer.port.clone(), of_url, false)
    }

    /// Returns the servers that the deciding layer lists.
    fn addresses(&self) -> Option<Setting<Vec<NodeAddress>>> {
        self.deciding().filter(|layer| layer.url.is_none() && layer.host.is_none())?.addresses.clone()
    }

    fn servers(&self, address: &Setting<Address>, db: &Setting<u8>) -> Result<Option<Servers>, SettingError> {
        let mode = self.any(|layer| layer.mode.clone());
        let one = || Setting { value: node(&address.value).into_iter().collect(), origin: address.origin.clone() };
        let addresses = self.addresses().unwrap_or_else(one);
        if let Some(mode) = mode.as_ref().filter(|mode| mode.value != Mode::Single)
            && addresses.value.is_empty()
        {
            return Err(SettingError::new(mode.origin.clone(), "is nothing that a unix socket has"));
        }
        Servers::of(mode, addresses, self.any(|layer| layer.sentinel_master.clone()), db)
    }

    /// Returns user and password of the sentinels; `password` is that of Redis.
    ///
    /// The user of Redis is not a default, because sentinels have ACL users of their own.
    fn sentinel_credentials(
        &self,
        address: &Address,
        servers: Option<&Servers>,
        password: Option<&Setting<Password>>,
    ) -> Result<Credentials, SettingError> {
        if !matches!(servers, Some(Servers::Sentinel { .. })) {
            // Environment and profile may hold them for servers that are not those of this run.
            let typed = self.layers.first().and_then(Layer::sentinels_only);
            return match typed.filter(|origin| matches!(origin, Origin::Flag(_))) {
                Some(origin) => Err(SettingError::new(origin, "has no effect without sentinels: use --mode sentinel")),
                None => Ok((None, None)),
            };
        }
        let username = self.first_or_url(
            address,
            |layer| layer.sentinel_username.clone().filter(|name| !name.value.is_empty()),
            |url| url.sentinel_username.clone(),
        );
        let own = self.first_or_url(
            address,
            |layer| layer.sentinel_password.clone(),
            |url| url.sentinel_password.clone().map(Password::Known),
        );
        Ok((username, own.or_else(|| password.cloned())))
    }

    fn tls(&self, address: &Setting<Address>) -> Result<Option<Tls>, SettingError> {
        // `--tls` next to redis:// asks for TLS all the same.
        let wanted = self.address_part(|layer| layer.tls.clone(), |url| Some(url.tls), true);
        let tls = Tls {
            ca: self.any(|layer| layer.tls_ca.clone()).map(|ca| ca.value),
            client: self.client_certificate()?,
            server_name: self.any(|layer| layer.tls_server_name.clone()).map(|name| name.value),
            skip_verify: self.any(|layer| layer.tls_skip_verify.clone()).is_some_and(|skip| skip.value),
        };
        // Environment and profile may hold them for a server that is not the one of this run.
        let typed = self.layers.first().and_then(Layer::tls_only).filter(|origin| matches!(origin, Origin::Flag(_)));
        match (wanted, typed) {
            (Some(Setting { value: true, origin }), _) if matches!(address.value, Address::Unix { .. }) => {
                Err(SettingError::new(origin, "a unix socket does not speak TLS"))
            }
            (Some(Setting { value: true, .. }), _) => Ok(Some(tls)),
            (_, Some(origin)) => {
                Err(SettingError::new(origin, "has no effect: TLS is off; use --tls or a rediss:// URL"))
            }
            _ => Ok(None),
        }
    }

    fn client_certificate(&self) -> Result<Option<(PathBuf, PathBuf)>, SettingError> {
        match (self.any(|layer| layer.tls_cert.clone()), self.any(|layer| layer.tls_key.clone())) {
            (Some(cert), Some(key)) => Ok(Some((cert.value, key.value))),
            (None, None) => Ok(None),
            (Some(cert), None) => Err(SettingError::new(cert.origin, "a client certificate needs its key as well")),
            (None, Some(key)) => Err(SettingError::new(key.origin, "a client key needs its certificate as well")),
        }
    }

    /// Returns the first layer that names a server.
    fn deciding(&self) -> Option<&Layer> {
        let lists = |layer: &Layer| layer.addresses.as_ref().is_some_and(|all| !all.value.is_empty());
        self.layers.iter().find(|layer| layer.url.is_some() || layer.host.is_some() || lists(layer))
    }

    /// Returns a part of the address: explicit parts and the deciding URL, from the top down; a URL ends the search.
    /// Within one layer the URL has precedence, unless `explicit_first`.
    fn address_part<T>(
        &self,
        explicit: impl Fn(&Layer) -> Option<Setting<T>>,
        of_url: impl Fn(&RedisUrl) -> Option<T>,
        explicit_first: bool,
    ) -> Option<Setting<T>> {
        for layer in self.layers {
            let part = explicit(layer);
            let Some(url) = layer.url.as_ref().filter(|_| self.decides(layer)) else {
                match part {
                    Some(part) => return Some(part),
                    None => continue,
                }
            };
            let of_url = of_url(&url.value).map(|value| Setting { value, origin: url.origin.clone() });
            return if explicit_first { part.or(of_url) } else { of_url.or(part) };
        }
        None
    }

    fn decides(&self, layer: &Layer) -> bool {
        self.deciding().is_some_and(|deciding| std::ptr::eq(deciding, layer))
    }

    /// Returns a credential: in each layer the URL has precedence, and what it leaves open is taken from lower layers.
    ///
    /// The credentials of a URL are for its own server, and not sent to another that a layer above names.
    fn first_or_url<T>(
        &self,
        server: &Address,
        explicit: impl Fn(&Layer) -> Option<Setting<T>>,
        of_url: impl Fn(&RedisUrl) -> Option<T>,
    ) -> Option<Setting<T>> {
        self.layers.iter().find_map(|layer| {
            let url = layer.url.as_ref().filter(|url| is_same_server(&url.value.address, server));
            let from_url = url.and_then(|url| Some(Setting { value: of_url(&url.value)?, origin: url.origin.clone() }));
            from_url.or_else(|| explicit(layer))
        })
    }

    /// Returns the origin of a URL whose password is for another server.
    fn withheld(&self, server: &Address) -> Option<Origin> {
        let urls = self.layers.iter().filter_map(|layer| layer.url.as_ref());
        let mut others = urls.filter(|url| url.value.password.is_some() && !is_same_server(&url.value.address, server));
        others.next().map(|url| url.origin.clone())
    }

    fn is_of_url(&self, origin: &Origin) -> bool {
        self.layers.iter().any(|layer| layer.url.as_ref().is_some_and(|url| url.origin == *origin))
    }

    fn any<T>(&self, of: impl Fn(&Layer) -> Option<Setting<T>>) -> Option<Setting<T>> {
        self.layers.iter().find_map(of)
    }

    /// Returns the settings of port, mode and TLS that have an effect.
    fn explained(
        &self,
        address: &Address,
        tls: bool,
        servers: Option<&Servers>,
        sentinel: &Credentials,
    ) -> Vec<Explained> {
        fn row<T>(name: &'static str, show: impl Fn(&T) -> String, setting: Option<Setting<T>>) -> Option<Explained> {
            setting.map(|Setting { value, origin }| (name, show(&value), origin))
        }
        let path = |path: &PathBuf| path.display().to_string();
        let mut rows = Vec::new();
        if matches!(address, Address::Tcp { .. }) && self.addresses().is_none() {
            rows.extend(row("port", u16::to_string, self.port()));
        }
        if let Some(servers) = servers {
            rows.extend(row("mode", Mode::to_string, self.any(|layer| layer.mode.clone())));
            let addresses = self.addresses().map(|Setting { origin, .. }| ("addresses", servers.addresses(), origin));
            rows.extend(addresses);
            rows.extend(row("sentinel-master", String::clone, self.any(|layer| layer.sentinel_master.clone())));
            let (username, password) = sentinel;
            rows.extend(row("sentinel-username", String::clone, username.clone()));
            rows.extend(row("sentinel-password", |_| "(hidden)".to_owned(), password.clone()));
        }
        if tls {
            rows.extend(row(
                "tls",
                bool::to_string,
                self.address_part(|layer| layer.tls.clone(), |url| Some(url.tls), true),
            ));
            rows.extend(row("tls-ca", path, self.any(|layer| layer.tls_ca.clone())));
            rows.extend(row("tls-cert", path, self.any(|layer| layer.tls_cert.clone())));
            rows.extend(row("tls-key", path, self.any(|layer| layer.tls_key.clone())));
            rows.extend(row("tls-server-name", String::clone, self.any(|layer| layer.tls_server_name.clone())));
            rows.extend(row("tls-skip-verify", bool::to_string, self.any(|layer| layer.tls_skip_verify.clone())));
        }
        rows
    }
}

/// Returns whether both addresses are of one server; the port may differ, as with `--port` next to a URL.
fn is_same_server(one: &Address, other: &Address) -> bool {
    match (one, other) {
        (Address::Tcp { host: one, .. }, Address::Tcp { host: other, .. }) => {
            one.trim_end_matches('.').eq_ignore_ascii_case(other.trim_end_matches('.'))
        }
        (one, other) => one == other,
    }
}

/// Reads a user; what is wrong is not repeated, for it may hold a password.
fn check_user(name: &str) -> Result<(), &'static str> {
    if name.contains("://") {
        return Err("is a URL, not the name of a user: a URL belongs in `url` (--redis, REDIS_URL)");
    }
    if name.split_once('@').is_some_and(|(before, _)| before.contains(':')) {
        return Err("is an address, not the name of a user: a host belongs in `host` (--host, REDIS_HOST)");
    }
    if name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("is not the name of a user: it has a space or control character in it");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
