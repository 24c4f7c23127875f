//! What KEDA's triggers are told of Redis, and what they read from a Secret.

use std::collections::BTreeMap;

use super::connection::RedisAccess;
use super::secret_key::{Credential, SecretKey};
use crate::endpoint::Servers;
use crate::profile::Authentication;

impl RedisAccess {
    /// The type of KEDA's triggers.
    pub(super) fn trigger_type(&self) -> &'static str {
        match self.servers {
            None => "redis",
            Some(Servers::Cluster(_)) => "redis-cluster",
            Some(Servers::Sentinel { .. }) => "redis-sentinel",
        }
    }

    /// Parameters of a trigger about Redis; `tls` of a `TriggerAuthentication` would exclude `enableTLS`.
    pub(super) fn trigger_metadata(&self) -> BTreeMap<&'static str, String> {
        let mut metadata = BTreeMap::new();
        match self.authentication {
            Authentication::Environment => {
                if self.servers.is_some() {
                    metadata.insert("addressesFromEnv", "REDIS_ADDRESSES".to_owned());
                } else {
                    metadata.insert("hostFromEnv", "REDIS_HOST".to_owned());
                    metadata.insert("portFromEnv", "REDIS_PORT".to_owned());
                }
                if self.username.is_some() {
                    metadata.insert("usernameFromEnv", "REDIS_USERNAME".to_owned());
                }
                if self.password.is_some() {
                    metadata.insert("passwordFromEnv", "REDIS_PASSWORD".to_owned());
                }
                if self.sentinel.username.is_some() {
                    metadata.insert("sentinelUsernameFromEnv", "REDIS_SENTINEL_USERNAME".to_owned());
                }
                let own = self.sentinel.password.is_some();
                let variable = if own { "REDIS_SENTINEL_PASSWORD" } else { "REDIS_PASSWORD" };
                if self.sentinel_password().is_some() {
                    metadata.insert("sentinelPasswordFromEnv", variable.to_owned());
                }
            }
            Authentication::TriggerAuthentication => {
                // In the plural for several, and only then: before 2.16 each type knows but its own.
                match &self.servers {
                    Some(servers) => metadata.insert("addresses", servers.addresses()),
                    None => metadata.insert("address", self.address()),
                };
                // Said here, it would go over what the object names.
                let usernames = [("username", &self.username), ("sentinelUsername", &self.sentinel.username)];
                for (parameter, username) in usernames.into_iter().filter(|_| !self.referenced) {
                    let literal = username.as_ref().and_then(Credential::literal);
                    metadata.extend(literal.map(|name| (parameter, name.to_owned())));
                }
            }
        }
        if let Some(master) = self.servers.as_ref().and_then(Servers::master) {
            metadata.insert("sentinelMaster", master.to_owned());
        }
        if self.db != 0 {
            metadata.insert("databaseIndex", self.db.to_string());
        }
        if self.tls {
            metadata.insert("enableTLS", "true".to_owned());
        }
        if self.skip_verify {
            metadata.insert("unsafeSsl", "true".to_owned());
        }
        metadata
    }

    /// Password that the sentinels are sent: their own or that of Redis, as qscale does.
    ///
    /// KEDA sends them no other than `sentinelPassword`; sentinels without a password accept any.
    fn sentinel_password(&self) -> Option<&SecretKey> {
        self.servers.as_ref().and_then(Servers::master)?;
        self.sentinel.password.as_ref().or(self.password.as_ref())
    }

    /// Parameters that KEDA reads from the Secret, with their keys.
    pub(super) fn trigger_secrets(&self) -> Vec<(&'static str, &SecretKey)> {
        let mut secrets = Vec::new();
        if self.referenced {
            return secrets;
        }
        if self.authentication == Authentication::TriggerAuthentication {
            secrets.extend(self.username.as_ref().and_then(Credential::key).map(|key| ("username", key)));
            secrets.extend(self.password.iter().map(|key| ("password", key)));
            let sentinel = self.sentinel.username.as_ref();
            secrets.extend(sentinel.and_then(Credential::key).map(|key| ("sentinelUsername", key)));
            secrets.extend(self.sentinel_password().map(|key| ("sentinelPassword", key)));
        }
        // A trigger takes certificates from nowhere else.
        secrets.extend(self.certificates.iter().map(|certificate| (certificate.parameter, &certificate.key)));
        secrets
    }
}
