//! What keeps pods or KEDA from reaching the Redis that the profile names.

use super::secret_key::{Credential, SecretKey, secret_key};
use crate::endpoint::{Address, Endpoint, Mode, Tls, is_loopback};
use crate::profile::deploy::DEFAULT_PASSWORD_KEY;
use crate::profile::{Profile, ProfileError};

/// The host and port that pods reach Redis by.
pub(super) fn reachable(profile: &Profile, endpoint: &Endpoint) -> Result<(String, u16), ProfileError> {
    let wrong = |message: &str| Err(profile.source.error_at(&place(profile), message));
    let nodes = profile.redis.addresses.as_deref().unwrap_or_default();
    match endpoint.address.value.clone() {
        Address::Unix { .. } => {
            wrong("is a unix socket, which pods cannot reach: set a host, or `redis = true` in [deploy]")
        }
        Address::Tcp { .. } if nodes.is_empty() && profile.redis.url.is_none() && profile.redis.host.is_none() => {
            wrong(match profile.redis.port {
                Some(_) => {
                    "has no host: set `host` to the name that pods use to reach Redis; the environment is not \
                     read here"
                }
                None => {
                    "is not set: name the host that pods use to reach Redis, or set `redis = true` in [deploy] to render \
                     one; the environment is not read here"
                }
            })
        }
        Address::Tcp { host, .. } if is_loopback(&host) || nodes.iter().any(|node| is_loopback(&node.host)) => {
            wrong("is the pod itself: set the host name that pods use to reach Redis")
        }
        Address::Tcp { host, port } => Ok((host, port)),
    }
}

/// The user and where the password is.
pub(super) fn credentials(
    profile: &Profile,
    endpoint: &Endpoint,
) -> Result<(Option<Credential>, Option<SecretKey>), ProfileError> {
    let deploy = &profile.deploy;
    let username = match (&deploy.secret_username_key, &endpoint.username) {
        (Some(key), _) => secret_key(profile, key).map(Credential::Secret),
        (None, name) => name.as_ref().map(|name| Credential::Literal(name.value.clone())),
    };
    let password = secret_key(profile, deploy.secret_password_key.as_deref().unwrap_or(DEFAULT_PASSWORD_KEY));
    if password.is_none() && (endpoint.password.is_some() || username.is_some()) {
        let place = match &profile.redis {
            redis if redis.password_file.is_some() => ["redis", "password-file"],
            redis if redis.url.is_none() => ["redis", "username"],
            _ => place(profile),
        };
        let message = "requires a password in the cluster, and passwords are never written into manifests: store it in a Secret and set `secret` in [deploy]";
        return Err(profile.source.error_at(&place, message));
    }
    Ok((username, password))
}

/// Credentials of sentinels, where they are not those of Redis.
#[derive(Default)]
pub(super) struct SentinelCredentials {
    pub(super) username: Option<Credential>,
    /// Key of their own password; without one they are sent that of Redis.
    pub(super) password: Option<SecretKey>,
}

/// The user of the sentinels and where their own password is; `password` is that of Redis.
pub(super) fn sentinel_credentials(
    profile: &Profile,
    endpoint: &Endpoint,
    password: Option<&SecretKey>,
) -> Result<SentinelCredentials, ProfileError> {
    if endpoint.servers.as_ref().is_none_or(|servers| servers.mode() != Mode::Sentinel) {
        return check_no_sentinels(profile).map(|()| SentinelCredentials::default());
    }
    let (redis, deploy) = (&profile.redis, &profile.deploy);
    let username = match (&deploy.secret_sentinel_username_key, &endpoint.sentinel_username) {
        (Some(key), _) => secret_key(profile, key).map(Credential::Secret),
        (None, name) => name.as_ref().map(|name| Credential::Literal(name.value.clone())),
    };
    let key = deploy.secret_sentinel_password_key.as_deref();
    let own = key.and_then(|key| secret_key(profile, key));
    let of_url = redis.url.as_ref().is_some_and(|url| url.sentinel_password.is_some());
    if own.is_none() && (redis.sentinel_password_file.is_some() || of_url) {
        let message = "requires the sentinels' password in the cluster, and passwords are never written into manifests: \
                       store it in a Secret and name its key in `secret-sentinel-password-key` of [deploy]";
        let place = if of_url { place(profile) } else { ["redis", "sentinel-password-file"] };
        return Err(profile.source.error_at(&place, message));
    }
    if username.is_some() && own.is_none() && password.is_none() {
        let message = "requires a password in the cluster: store it in a Secret and set `secret` in [deploy]";
        let place = if redis.sentinel_username.is_some() { ["redis", "sentinel-username"] } else { place(profile) };
        return Err(profile.source.error_at(&place, message));
    }
    Ok(SentinelCredentials { username, password: own.filter(|own| Some(own) != password) })
}

/// Refuses what only means something with sentinels.
fn check_no_sentinels(profile: &Profile) -> Result<(), ProfileError> {
    let (redis, deploy) = (&profile.redis, &profile.deploy);
    let said = [
        (["redis", "sentinel-master"], redis.sentinel_master.is_some()),
        (["redis", "sentinel-username"], redis.sentinel_username.is_some()),
        (["redis", "sentinel-password-file"], redis.sentinel_password_file.is_some()),
        (["deploy", "secret-sentinel-username-key"], deploy.secret_sentinel_username_key.is_some()),
        (["deploy", "secret-sentinel-password-key"], deploy.secret_sentinel_password_key.is_some()),
    ];
    match said.iter().find(|(_, said)| *said) {
        Some((path, _)) => Err(profile
            .source
            .error_at(path, "has no effect without sentinels: set `mode = \"sentinel\"` in [redis], or remove it")),
        None => Ok(()),
    }
}

/// Refuses what only means something with TLS.
pub(super) fn check_no_tls(profile: &Profile) -> Result<(), ProfileError> {
    let (redis, deploy) = (&profile.redis, &profile.deploy);
    let said = [
        (["redis", "tls-skip-verify"], redis.tls_skip_verify == Some(true)),
        (["redis", "tls-ca"], redis.tls_ca.is_some()),
        (["redis", "tls-cert"], redis.tls_cert.is_some()),
        (["deploy", "secret-ca-key"], deploy.secret_ca_key.is_some()),
        (["deploy", "secret-cert-key"], deploy.secret_cert_key.is_some()),
    ];
    match said.iter().find(|(_, said)| *said) {
        Some((path, _)) => {
            Err(profile.source.error_at(path, "has no effect without TLS: set `tls = true` in [redis], or remove it"))
        }
        None => Ok(()),
    }
}

/// Checks that TLS settings are possible in a pod and in KEDA.
pub(super) fn check_tls(profile: &Profile, tls: &Tls) -> Result<(), ProfileError> {
    let wrong = |key: &str, message: &str| Err(profile.source.error_at(&["redis", key], message));
    if tls.ca.is_some() && profile.deploy.secret_ca_key.is_none() {
        let message =
            "is a file that no pod has: put it into the Secret and name its key in `secret-ca-key` of [deploy]";
        return wrong("tls-ca", message);
    }
    if tls.client.is_some() && profile.deploy.secret_cert_key.is_none() {
        let message = "is a file that no pod has: put it and its key into the Secret and name their keys in \
                       `secret-cert-key` and `secret-key-key` of [deploy]";
        return wrong("tls-cert", message);
    }
    if tls.server_name.is_some() {
        return wrong("tls-server-name", "is more than KEDA can: it expects the host's name in the certificate");
    }
    Ok(())
}

/// Key of the profile that names the Redis.
fn place(profile: &Profile) -> [&'static str; 2] {
    match &profile.redis {
        redis if redis.url.is_some() => ["redis", "url"],
        redis if redis.addresses.is_some() => ["redis", "addresses"],
        redis if redis.host.is_none() && redis.port.is_some() => ["redis", "port"],
        _ => ["redis", "host"],
    }
}
