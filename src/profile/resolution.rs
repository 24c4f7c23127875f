//! What several sources say of one Redis, laid over each other.

use std::path::PathBuf;

use secrecy::SecretString;

use super::host;
use super::mode::{Mode, NodeAddress, Servers, node};
use super::redis::{CONNECT_TIMEOUT, Endpoint, Password, RedisTable, Tls};
use super::url::{Address, DEFAULT_PORT, RedisUrl};
use crate::units::{Origin, Setting, SettingError};

/// What one source says: a table, and the names its keys go by there.
pub(super) struct Layer<'a> {
    pub(super) table: RedisTable,
    pub(super) password: Option<SecretString>,
    pub(super) origin: &'a dyn Fn(&'static str) -> Origin,
}

/// The sources, from the top down.
pub(super) struct Resolution<'a> {
    layers: &'a [Layer<'a>],
}

impl<'a> Resolution<'a> {
    pub(super) fn of(layers: &'a [Layer<'a>]) -> Self {
        Self { layers }
    }

    pub(super) fn endpoint(self) -> Result<Endpoint, SettingError> {
        if let Some(Layer { table: RedisTable { addresses: Some(_), url, host, .. }, origin, .. }) = self.deciding()
            && (url.is_some() || host.is_some())
        {
            let message = "excludes a host or URL from the same place: keep one of them";
            return Err(SettingError::new(origin("addresses"), message));
        }
        let address = self.address();
        if let Address::Tcp { host, .. } = &address.value
            && let Err(message) = host::check(host)
        {
            return Err(SettingError::new(address.origin, message));
        }
        let tls = self.tls(&address)?;
        let db = self.address_part("db", |table| table.db, |url| url.db).unwrap_or(Setting::default(0));
        let servers = self.servers(&address, &db)?;
        let password = self.first_or_url(
            |layer| {
                let known = layer.password.clone().map(|password| (Password::Known(password), "password"));
                known.or_else(|| layer.table.password_file.clone().map(|path| (Password::File(path), "password-file")))
            },
            |url| url.password.clone().map(Password::Known),
        );
        let username = self.first_or_url(
            |layer| layer.table.username.clone().filter(|name| !name.is_empty()).map(|name| (name, "username")),
            |url| url.username.clone(),
        );
        Ok(Endpoint {
            address,
            servers,
            tls,
            username,
            password,
            db,
            connect_timeout: self.any(|table| table.connect_timeout).map_or(CONNECT_TIMEOUT, |span| span.0),
            reconnect_for: self.any(|table| table.reconnect_for).map(|span| span.0),
        })
    }

    fn address(&self) -> Setting<Address> {
        let Some(layer) = self.deciding() else {
            let port = self.address_part("port", |table| table.port, |_| None);
            let port = port.map_or(DEFAULT_PORT, |port| port.value);
            return Setting::default(Address::Tcp { host: "localhost".to_owned(), port });
        };
        if let Some(Setting { value, origin }) = self.addresses()
            && let Some(NodeAddress { host, port }) = value.into_iter().next()
        {
            return Setting { value: Address::Tcp { host, port }, origin };
        }
        let (mut address, key) = match (&layer.table.url, &layer.table.host) {
            (Some(url), _) => (url.address.clone(), "url"),
            (None, host) => (Address::Tcp { host: host.clone().unwrap_or_default(), port: DEFAULT_PORT }, "host"),
        };
        if let Address::Tcp { port, .. } = &mut address {
            let of_url = |url: &RedisUrl| match url.address {
                Address::Tcp { port, .. } => Some(port),
                Address::Unix { .. } => None,
            };
            *port = self.address_part("port", |table| table.port, of_url).map_or(*port, |port| port.value);
        }
        Setting { value: address, origin: (layer.origin)(key) }
    }

    /// The servers that the deciding source lists.
    fn addresses(&self) -> Option<Setting<Vec<NodeAddress>>> {
        let layer = self.deciding().filter(|layer| layer.table.url.is_none() && layer.table.host.is_none())?;
        let value = layer.table.addresses.clone()?;
        Some(Setting { value, origin: (layer.origin)("addresses") })
    }

    fn servers(&self, address: &Setting<Address>, db: &Setting<u8>) -> Result<Option<Servers>, SettingError> {
        let mode = self
            .layers
            .iter()
            .find_map(|layer| Some(Setting { value: layer.table.mode?, origin: (layer.origin)("mode") }));
        let one = || Setting { value: node(&address.value).into_iter().collect(), origin: address.origin.clone() };
        let addresses = self.addresses().unwrap_or_else(one);
        if let Some(mode) = mode.as_ref().filter(|mode| mode.value != Mode::Single)
            && addresses.value.is_empty()
        {
            return Err(SettingError::new(mode.origin.clone(), "is nothing that a unix socket has"));
        }
        Servers::of(mode, addresses, self.any(|table| table.sentinel_master.clone()), db)
    }

    fn tls(&self, address: &Setting<Address>) -> Result<Option<Tls>, SettingError> {
        let wanted = self.address_part(
            "tls",
            |table| table.tls,
            // `--tls` beside redis:// asks for it all the same.
            |url| Some(url.tls),
        );
        let flags = &self.layers[0];
        let tls = Tls {
            ca: self.any(|table| table.tls_ca.clone()),
            client: self.client_certificate()?,
            server_name: self.any(|table| table.tls_server_name.clone()),
            skip_verify: self.any(|table| table.tls_skip_verify).unwrap_or(false),
        };
        let typed = RedisTable { tls: None, ..flags.table.clone() };
        match wanted {
            Some(Setting { value: true, origin }) if matches!(address.value, Address::Unix { .. }) => {
                Err(SettingError::new(origin, "a unix socket does not speak TLS"))
            }
            Some(Setting { value: true, .. }) => Ok(Some(tls)),
            _ if typed.names_tls().is_some() => {
                let origin = (flags.origin)(typed.names_tls().unwrap_or("tls"));
                Err(SettingError::new(origin, "has no effect: TLS is off; use --tls or a rediss:// URL"))
            }
            _ => Ok(None),
        }
    }

    fn client_certificate(&self) -> Result<Option<(PathBuf, PathBuf)>, SettingError> {
        let part = |key: &'static str, of: fn(&RedisTable) -> Option<PathBuf>| {
            self.layers.iter().find_map(|layer| Some((of(&layer.table)?, (layer.origin)(key))))
        };
        match (part("tls-cert", |table| table.tls_cert.clone()), part("tls-key", |table| table.tls_key.clone())) {
            (Some((cert, _)), Some((key, _))) => Ok(Some((cert, key))),
            (None, None) => Ok(None),
            (Some((_, origin)), None) => Err(SettingError::new(origin, "a client certificate needs its key as well")),
            (None, Some((_, origin))) => Err(SettingError::new(origin, "a client key needs its certificate as well")),
        }
    }

    /// The first layer that says where the server is.
    fn deciding(&self) -> Option<&Layer<'_>> {
        self.layers.iter().find(|Layer { table, .. }| {
            table.url.is_some() || table.host.is_some() || table.addresses.as_ref().is_some_and(|all| !all.is_empty())
        })
    }

    /// A part of the address: explicit parts and the deciding URL, from the top down; a URL ends the search.
    fn address_part<T>(
        &self,
        key: &'static str,
        explicit: impl Fn(&RedisTable) -> Option<T>,
        of_url: impl Fn(&RedisUrl) -> Option<T>,
    ) -> Option<Setting<T>> {
        for layer in self.layers {
            let part = explicit(&layer.table).map(|value| Setting { value, origin: (layer.origin)(key) });
            let Some(url) = layer.table.url.as_ref().filter(|_| self.decides(layer)) else {
                match part {
                    Some(part) => return Some(part),
                    None => continue,
                }
            };
            // In one source the URL goes first, but for `tls`, which it can only leave unsaid.
            let of_url = of_url(url).map(|value| Setting { value, origin: (layer.origin)("url") });
            return if key == "tls" { part.or(of_url) } else { of_url.or(part) };
        }
        None
    }

    fn decides(&self, layer: &Layer<'_>) -> bool {
        self.deciding().is_some_and(|deciding| std::ptr::eq(deciding, layer))
    }

    /// A credential: in each source the URL goes first, and what it leaves open is looked for further.
    fn first_or_url<T>(
        &self,
        explicit: impl Fn(&Layer<'_>) -> Option<(T, &'static str)>,
        of_url: impl Fn(&RedisUrl) -> Option<T>,
    ) -> Option<Setting<T>> {
        self.layers.iter().find_map(|layer| {
            let from_url = layer.table.url.as_ref().and_then(&of_url).map(|value| (value, "url"));
            let (value, key) = from_url.or_else(|| explicit(layer))?;
            Some(Setting { value, origin: (layer.origin)(key) })
        })
    }

    fn any<T>(&self, of: impl Fn(&RedisTable) -> Option<T>) -> Option<T> {
        self.layers.iter().find_map(|layer| of(&layer.table))
    }
}

impl RedisTable {
    /// The first key set here that only means something with TLS.
    fn names_tls(&self) -> Option<&'static str> {
        [
            ("tls-ca", self.tls_ca.is_some()),
            ("tls-cert", self.tls_cert.is_some()),
            ("tls-server-name", self.tls_server_name.is_some()),
            ("tls-skip-verify", self.tls_skip_verify == Some(true)),
        ]
        .into_iter()
        .find_map(|(key, set)| set.then_some(key))
    }
}

pub(super) fn flag_of(key: &str) -> &'static str {
    match key {
        "url" => "--redis",
        "host" => "--host",
        "port" => "--port",
        "addresses" => "--addresses",
        "mode" => "--mode",
        "username" => "--username",
        "password-file" => "--password-file",
        "db" => "--db",
        "tls-ca" => "--tls-ca",
        "tls-cert" => "--tls-cert",
        "tls-key" => "--tls-key",
        "tls-server-name" => "--tls-server-name",
        "tls-skip-verify" => "--tls-skip-verify",
        _ => "--tls",
    }
}
