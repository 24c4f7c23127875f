//! Rules about the way KEDA connects to Redis.

use super::about::About;

pub(super) const NO_ADDRESS: About = About::error(
    "no-address",
    "The trigger names no Redis address",
    "A Redis trigger needs `address`, or `host` and `port`, in its metadata, in variables of the scaled container \
     (`…FromEnv`) or in its TriggerAuthentication. Without one KEDA cannot build the trigger and scales nothing.",
)
.source("pkg/scalers/redis_scaler.go");

pub(super) const ADDRESS_AND_HOST: About = About::error(
    "address-and-host",
    "The trigger has both an address and a host or port",
    "KEDA takes `address` and ignores `host` and `port`; for a cluster it adds the two together. Keep one of them.",
)
.source("pkg/scalers/redis_scaler.go");

pub(super) const ADDRESS_URL: About = About::error(
    "address-url",
    "The address is a URL",
    "KEDA dials the value of `address` as it is, so `redis://redis:6379` is not a host it can resolve. Write `host:port`, \
     and `enableTLS: \"true\"` for `rediss://`.",
)
.example("metadata:\n  address: redis://redis.shop:6379  # redis.shop:6379");

pub(super) const ADDRESS_WITHOUT_PORT: About = About::error(
    "address-without-port",
    "The address has no port",
    "KEDA dials `address` as it is and adds no default port. Write `host:port`.",
);

pub(super) const HOST_WITHOUT_PORT: About = About::error(
    "host-without-port",
    "Hosts and ports do not come in pairs",
    "KEDA joins `host` and `port` into an address. It ignores one without the other, and refuses lists of different \
     lengths.",
)
.source("pkg/scalers/redis_scaler.go");

pub(super) const INVALID_HOST: About = About::error(
    "invalid-host",
    "The host is not a valid host name",
    "It holds a port, which belongs in `port`, or characters that no host name has. KEDA fails to resolve it.",
);

pub(super) const INVALID_PORT: About = About::error(
    "invalid-port",
    "The port is not a number from 1 to 65535",
    "KEDA appends the value to the host as it is. Kubernetes sets variables such as `REDIS_PORT` to `tcp://10.0.0.1:6379` \
     for a Service called `redis`, which is a common way to get here with `portFromEnv`.",
);

pub(super) const HOST_LOOPBACK: About = About::error(
    "host-loopback",
    "The Redis host is localhost",
    "The trigger is read by KEDA's operator, so localhost is the operator's own pod. Name the host that KEDA reaches \
     Redis by, such as `redis.shop`.",
);

pub(super) const HOST_ADDRESS: About = About::warning(
    "host-address",
    "The Redis host is a private IP address",
    "The cluster IP of a Service changes when the Service is created again. Use its name, such as `redis.shop`.",
);

pub(super) const SHORT_HOST: About = About::warning(
    "short-host",
    "The Redis host is a Service name without a namespace",
    "A short name resolves only from pods in the same namespace. KEDA runs in another one, reports `no such host`, and \
     scales nothing. Write `NAME.NAMESPACE`. The check is silent for objects in the namespace `keda`.",
)
.example("metadata:\n  address: redis:6379  # redis.shop:6379");

pub(super) const SEVERAL_ADDRESSES: About = About::error(
    "several-addresses",
    "A trigger of type `redis` lists several servers",
    "It dials only the first. Name one server, or use `redis-cluster` or `redis-sentinel`.",
)
.source("pkg/scalers/redis_scaler.go");

pub(super) const SENTINEL_MASTER: About = About::error(
    "sentinel-master",
    "A sentinel trigger does not name its master",
    "KEDA accepts `redis-sentinel` without `sentinelMaster` and then never reaches Redis. Name the master as the sentinels \
     know it.",
);

pub(super) const SENTINEL_PASSWORD: About = About::warning(
    "sentinel-password",
    "A sentinel trigger has a password for Redis and none for the sentinels",
    "KEDA sends sentinels `sentinelPassword` and nothing else. If they require a password, KEDA reports `NOAUTH`, creates no \
     HPA and scales nothing. Set it, to the password of Redis if it is the same: sentinels without a password accept it, \
     as long as `sentinelUsername` is not set.",
)
.source("pkg/scalers/redis_scaler.go, getRedisSentinelClient")
.example(
    "triggers:\n- type: redis-sentinel\n  metadata:\n    passwordFromEnv: REDIS_PASSWORD\n    \
     # sentinelPasswordFromEnv: REDIS_PASSWORD",
);

pub(super) const SENTINEL_NO_EFFECT: About = About::warning(
    "sentinel-no-effect",
    "A parameter for sentinels has no effect",
    "KEDA asks sentinels only for triggers of type `redis-sentinel` and `redis-sentinel-streams`, and sends them \
     `sentinelUsername` only together with `sentinelPassword`.",
)
.source("pkg/scalers/redis_scaler.go, getRedisSentinelClient");

pub(super) const DATABASE_INDEX: About = About::error(
    "database-index",
    "`databaseIndex` is not a number, or names a database a cluster does not have",
    "KEDA cannot build a trigger whose `databaseIndex` is not an integer. A Redis Cluster has database 0 only, so a \
     `redis-cluster` trigger ignores any other and counts a different list.",
);

pub(super) const TLS_PORT: About = About::warning(
    "tls-port",
    "The port usually speaks TLS, and TLS is off",
    "Hosted Redis services serve TLS on 6380, 10000 or 25061. Without `enableTLS: \"true\"` KEDA waits for a reply that \
     never comes.",
);

pub(super) const TLS_NO_EFFECT: About = About::error(
    "tls-no-effect",
    "A TLS setting has no effect because TLS is off",
    "`unsafeSsl` and the certificates of a TriggerAuthentication matter only with `enableTLS: \"true\"`, or with `tls: \
     enable` in the TriggerAuthentication. Without it KEDA sends the password in clear text.",
)
.source("pkg/scalers/redis_scaler.go");

pub(super) const TLS_UNVERIFIED: About = About::warning(
    "tls-unverified",
    "Certificate verification is off",
    "`unsafeSsl: \"true\"` accepts any certificate, which allows man-in-the-middle attacks that read the password. Provide \
     the certificate authority as `ca` in the TriggerAuthentication instead.",
);

pub(super) const DUPLICATE_TLS: About = About::error(
    "duplicate-tls",
    "TLS is set in the trigger and in its TriggerAuthentication",
    "KEDA refuses a trigger that has `enableTLS` in its metadata and gets `tls` from its TriggerAuthentication, whatever \
     their values. Keep one of them.",
)
.source("pkg/scalers/redis_scaler.go, SetEnableTLS");

pub(super) const CERTIFICATE_WITHOUT_KEY: About = About::error(
    "certificate-without-key",
    "A client certificate comes without its key, or a key without its certificate",
    "KEDA drops a lone `cert` or `key` and presents no client certificate. Provide both in the TriggerAuthentication, or \
     neither.",
);
