//! Codes of faults: one list for `doctor`, the dashboard and the samples of `watch`, with the lint rules that tell them earlier.

use std::fmt;

/// Severity of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultSeverity {
    /// Something does not work.
    Fault,
    /// Everything works; it may not be what was meant, or not for long.
    Warning,
}

macro_rules! codes {
    ($($code:ident $severity:ident $name:literal $rule:literal $summary:literal $hint:literal,)*) => {
        /// Kind of a fault of a server, a list, or a scaled object in a cluster; those that keep KEDA from scaling first.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum FaultCode { $(#[doc = $summary] $code,)* }

        impl FaultCode {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// Returns the name, as JSON has it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// Returns the severity.
            pub fn severity(self) -> FaultSeverity {
                match self { $(Self::$code => FaultSeverity::$severity,)* }
            }

            /// Returns the fault in a few words.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$code => $summary,)* }
            }

            /// Returns what to do about it; a finding may know better.
            pub fn hint(self) -> &'static str {
                match self { $(Self::$code => $hint,)* }
            }

            /// Returns the lint rule that tells it before manifests are applied.
            pub fn rule(self) -> Option<&'static str> {
                let rule = match self { $(Self::$code => $rule,)* };
                Some(rule).filter(|rule| !rule.is_empty())
            }
        }
    };
}

codes! {
    KedaCrdsMissing Fault "keda-crds-missing" "" "KEDA's kinds are not in the cluster"
        "install KEDA: https://keda.sh/docs/deploy",
    ScaledObjectMissing Fault "scaled-object-missing" "min-above-max" "No ScaledObject or ScaledJob"
        "create it: qscale render | kubectl apply -f -; or set --namespace and --deployment",
    KedaOperatorDown Fault "keda-operator-down" "" "KEDA's operator has no pod that is ready"
        "look at the pods and the log of the operator: kubectl --namespace keda get pods",
    KedaNotWatching Fault "keda-not-watching" "" "KEDA has not seen the object"
        "start KEDA's operator, or add the namespace to its WATCH_NAMESPACE",
    KedaConnecting Warning "keda-connecting" "" "KEDA has not decided on the object yet"
        "wait a minute; if it lasts, packets between KEDA and Redis are lost: check network policies and firewalls",
    KedaStopped Fault "keda-stopped" "" "KEDA no longer polls"
        "start KEDA's operator: kubectl --namespace keda get pods",
    MetricsApiMissing Fault "metrics-api-missing" "" "The metrics API of KEDA is not registered"
        "install KEDA again: the APIService v1beta1.external.metrics.k8s.io belongs to it",
    MetricsApiSilent Fault "metrics-api-silent" "" "KEDA does not answer the HPA"
        "look at the pods of KEDA's operator and of its metrics server: kubectl --namespace keda get pods",
    KedaAdapterDown Fault "keda-adapter-down" "" "KEDA's metrics server has no pod that is ready"
        "look at its pods and log: kubectl --namespace keda get pods",
    MetricUnavailable Fault "metric-unavailable" "" "The HPA has no metric, for a reason of its own"
        "kubectl describe hpa shows its events",
    TwoScaledObjects Fault "two-scaled-objects" "duplicate-target" "Several ScaledObjects scale one target"
        "delete all but one of them",
    TwoAutoscalers Fault "two-autoscalers" "competing-hpa" "Several HPAs scale one target"
        "delete the HPA that is not KEDA's (keda-hpa-NAME)",
    ForeignAutoscaler Fault "foreign-autoscaler" "competing-hpa" "An HPA that is not KEDA's scales the target"
        "delete it, or let KEDA take it over: scale.transfer-hpa-ownership",
    AutoscalerInvalid Fault "autoscaler-invalid" "list-length" "The HPA would not be valid"
        "correct the value that is named; `qscale render --lint` names it before it is applied",
    AutoscalerMissing Fault "autoscaler-missing" "" "KEDA has not created an HPA"
        "wait a moment; if it lasts, look at the log of KEDA's operator",
    TargetMissing Fault "target-missing" "target-missing" "The target does not exist"
        "create it, or correct scaleTargetRef: qscale render | kubectl apply -f -",
    ContainerMissing Fault "container-missing" "container-missing" "The container named by the ScaledObject does not exist"
        "correct scaleTargetRef.envSourceContainerName: the first container is the default",
    TriggerAuthenticationMissing Fault "trigger-authentication-missing" "authentication-missing" "A TriggerAuthentication does not exist"
        "create it in the namespace of the ScaledObject, or correct authenticationRef",
    SecretMissing Fault "secret-missing" "" "A Secret does not exist"
        "create it in the namespace of the pods, or correct its name",
    SecretKeyMissing Fault "secret-key-missing" "secret-key-missing" "A Secret lacks a key"
        "add the key, or correct its name",
    ConfigMapMissing Fault "config-map-missing" "" "A ConfigMap, or a key of it, does not exist"
        "create it in the namespace of the pods, or correct its name",
    VariableMissing Fault "variable-missing" "variable-missing" "A trigger names a variable that the container does not have"
        "add the variable to the container, or correct the trigger: KEDA takes an absent one for empty",
    RedisCredentialsRejected Fault "redis-credentials-rejected" "" "Redis rejects user or password"
        "check user and password in the Secret that KEDA reads; on the server, ACL LIST shows the users",
    RedisCredentialsMissing Fault "redis-credentials-missing" "" "Redis asks for a password and gets none"
        "add the password to the TriggerAuthentication, or passwordFromEnv to the trigger",
    RedisCommandDenied Fault "redis-command-denied" "" "The user may not run a command"
        "grant it: ACL SETUSER USER +ping +eval +type +llen +zcard",
    RedisKeyDenied Fault "redis-key-denied" "" "The user may not access a key"
        "grant the list and its companions: ACL SETUSER USER ~LIST ~{LIST}:*",
    RedisAddressMissing Fault "redis-address-missing" "no-address" "The trigger has no address"
        "set `address`, or hostFromEnv and portFromEnv to variables of the container",
    RedisHostUnknown Fault "redis-host-unknown" "short-host" "The host does not resolve"
        "use the full name of the Service: SERVICE.NAMESPACE.svc.cluster.local",
    RedisRefused Fault "redis-refused" "" "The connection is refused"
        "check that Redis is running, and host and port",
    RedisNoRoute Fault "redis-no-route" "" "There is no route to the host"
        "check host, network policies and firewalls",
    RedisSilent Fault "redis-silent" "" "No answer: TLS on a plain port, or a packet filter"
        "check whether the port speaks TLS, then network policies and firewalls",
    RedisClosed Fault "redis-closed" "tls-port" "The connection is closed at once: a port that speaks TLS"
        "set enableTLS to \"true\", or use a port without TLS",
    RedisCertificate Fault "redis-certificate" "" "The certificate is not trusted, not valid, or of another name"
        "give KEDA the CA certificate (parameter `ca` of the TriggerAuthentication), or renew it",
    SentinelsUnreachable Fault "sentinels-unreachable" "sentinel-password" "No Sentinel can be asked"
        "check the addresses of the Sentinels, and sentinelUsername and sentinelPassword",
    RedisWrongType Fault "redis-wrong-type" "" "The key is of a type that is not a list"
        "choose another list; TYPE shows the type of the key",
    TriggerInvalid Fault "trigger-invalid" "field-value" "The metadata of a trigger is not valid"
        "correct the parameter that is named; `qscale render --lint` names it before it is applied",
    TriggerTypeUnknown Fault "trigger-type-unknown" "trigger-type" "A trigger is of an unknown type"
        "use redis, redis-cluster or redis-sentinel",
    TriggerFailed Fault "trigger-failed" "" "A trigger fails for another reason"
        "look at the log of KEDA's operator",
    FallbackActive Warning "fallback-active" "" "The fallback stands in for a trigger"
        "fix the trigger: until then the number of pods is that of the fallback",
    OtherList Warning "other-list" "" "KEDA counts other keys"
        "set listName of the trigger to the list that is filled, or --list to the one that KEDA counts",
    Paused Fault "paused" "" "Scaling is paused"
        "remove the annotation: kubectl annotate scaledobject NAME autoscaling.keda.sh/paused-",
    PausedScaleIn Warning "paused-scale-in" "" "Scale-down is paused"
        "remove the annotation autoscaling.keda.sh/paused-scale-in",
    PausedScaleOut Warning "paused-scale-out" "" "Scale-up is paused"
        "remove the annotation autoscaling.keda.sh/paused-scale-out",
    AtMaximum Warning "at-maximum" "" "As many replicas as are allowed"
        "raise maxReplicaCount, or let each pod process more",
    BelowActivation Warning "below-activation" "activation-threshold" "Items wait, and KEDA is inactive"
        "lower activationListLength",
    PodsForbidden Fault "pods-forbidden" "" "Pods are refused, by a quota for example"
        "raise the quota, or lower the requests of the pods",
    PodsNotMade Fault "pods-not-made" "" "No controller creates the pods"
        "start kube-controller-manager",
    PodsUnschedulable Fault "pods-unschedulable" "" "No node has room"
        "add a node, or lower the requests of the pods",
    ImageMissing Fault "image-missing" "image-tag" "The image cannot be pulled"
        "check name and tag of the image, and imagePullSecrets",
    ContainerConfiguration Fault "container-configuration" "" "A container lacks its configuration"
        "create what is named, or correct its name in the pods",
    PodsCrash Fault "pods-crash" "" "Containers end again and again"
        "kubectl logs --previous shows why",
    ProbeFails Fault "probe-fails" "" "A probe fails"
        "check the probe of the container; qscale health has its own status",
    KedaWebhookDown Warning "keda-webhook-down" "" "KEDA's admission webhook has no pod that is ready"
        "look at its pods: until then KEDA accepts objects that conflict",
    KedaVersion Warning "keda-version" "keda-version" "KEDA is older than the profile says"
        "upgrade KEDA, or render with --keda-version of the cluster",
    NetworkPolicy Warning "network-policy" "network-policy" "No network policy admits KEDA to Redis"
        "admit the pods of KEDA's operator to Redis in a NetworkPolicy",
    ReplicasSetElsewhere Warning "replicas-set-elsewhere" "replicas" "Another tool sets the replicas that KEDA scales"
        "leave `replicas` out of the manifest: each apply resets what KEDA has scaled",
    BoundsEqual Warning "bounds-equal" "" "Fewest and most replicas are the same"
        "raise maxReplicaCount, or lower minReplicaCount: nothing is scaled",
    GracePeriodShort Warning "grace-period-short" "grace-period" "Pods are killed before they have finished"
        "raise terminationGracePeriodSeconds above the drain time of the consumer",
    ManifestFault Warning "manifest" "" "A lint rule finds something in the live object"
        "correct what is named; `qscale render --lint` finds it before it is applied",
    KubernetesUnreadable Fault "kubernetes-unreadable" "" "The cluster cannot be read"
        "check `kubectl auth whoami` and the kubeconfig, or skip the cluster with --no-cluster",
    PasswordWithheld Warning "password-withheld" "" "A password is not sent, for it was given for another host"
        "set REDIS_PASSWORD or --password-file FILE",
    PasswordNewline Warning "password-newline" "trailing-newline" "A password ends with a newline"
        "remove it from the Secret: create it with `printf`, not with `echo`",
    FileUnreadable Fault "file-unreadable" "" "A certificate, key or password file cannot be used"
        "check the path and the permissions of the file",
    NotRedis Fault "not-redis" "" "The server does not speak the protocol of Redis"
        "check host and port: another program listens there",
    RedisTlsRequired Fault "redis-tls-required" "tls-port" "The server requires TLS, and TLS is off"
        "use a rediss:// URL, --tls or REDIS_TLS=true",
    RedisTlsUnsupported Fault "redis-tls-unsupported" "" "The server does not speak TLS, and TLS is on"
        "use a redis:// URL, or remove --tls and REDIS_TLS",
    RedisClientCertificate Fault "redis-client-certificate" "" "The server requires a client certificate"
        "set one with --tls-cert FILE and --tls-key FILE",
    CertificateUnverified Warning "certificate-unverified" "tls-unverified" "Certificates are not verified"
        "set the CA certificate with --tls-ca FILE in place of tls-skip-verify",
    CertificateExpiring Warning "certificate-expiring" "" "A certificate expires soon"
        "renew the server's certificate",
    SentinelRefused Fault "sentinel-refused" "sentinel-master" "A Sentinel names no master"
        "check --sentinel-master and the password of the Sentinels",
    SentinelDown Warning "sentinel-down" "" "A Sentinel cannot be asked, while another can"
        "start it, or remove it from --addresses",
    ClusterNodeDown Warning "cluster-node-down" "" "A node of the cluster that is listed cannot be reached, while another can"
        "check it with CLUSTER NODES, or remove it from --addresses",
    RedisDatabaseMissing Fault "redis-database-missing" "database-index" "The database does not exist"
        "a server has databases 0 to 15 unless `databases` sets another number; a cluster has only 0",
    RedisMode Fault "redis-mode" "several-addresses" "The server is of another mode than the settings say"
        "use --mode cluster, sentinel or single as the hint says",
    RedisCommandMissing Fault "redis-command-missing" "" "The server lacks a command that KEDA or qscale needs"
        "use Redis 6.2 or newer, without a proxy that filters commands",
    RedisProxy Warning "redis-proxy" "" "A proxy, or a server that lacks commands"
        "use Redis 6.2 or newer, without a proxy that filters commands",
    RedisClusterDown Fault "redis-cluster-down" "" "Part of the cluster is down"
        "check the nodes with `CLUSTER NODES`",
    RedisReadOnly Fault "redis-read-only" "" "The server is a replica"
        "connect to the primary",
    RedisLoading Fault "redis-loading" "" "The server is loading its data"
        "wait until the server has loaded its data",
    RedisTooOld Fault "redis-too-old" "" "The server is too old for at-least-once delivery"
        "use Redis 6.2 or newer, any Valkey, or --delivery at-most-once",
    RedisOutOfMemory Fault "redis-out-of-memory" "" "The memory of the server is full"
        "raise `maxmemory`, or delete keys",
    RedisMemoryHigh Warning "redis-memory-high" "" "The memory of the server is nearly full"
        "raise `maxmemory`, or limit the backlog with `produce --max-backlog`",
    RedisEviction Warning "redis-eviction" "" "The server may evict items"
        "set maxmemory-policy to noeviction",
    RedisCannotPersist Fault "redis-cannot-persist" "" "The server cannot save its data"
        "free space on the server's disk, and look at its log",
    RedisNotPersistent Warning "redis-not-persistent" "" "The server loses items when it is restarted"
        "set appendonly yes, or accept it",
    RedisTooFewReplicas Fault "redis-too-few-replicas" "" "Too few replicas are in sync"
        "check the replicas with `INFO replication`, or lower `min-replicas-to-write`",
    RedisReplicaLink Warning "redis-replica-link" "" "A replica is not in sync with its primary"
        "look at the log of the replica",
    RedisBusyScript Fault "redis-busy-script" "" "The server is busy running a script"
        "wait until the script has ended, or end it with `SCRIPT KILL`",
    RedisTooManyClients Fault "redis-too-many-clients" "" "The server accepts no more clients"
        "raise `maxclients`; `CLIENT LIST` shows the connections",
    RedisClientsHigh Warning "redis-clients-high" "" "The server accepts few more clients"
        "raise `maxclients`",
    RedisSlow Warning "redis-slow" "" "Replies take long"
        "run consumers near Redis, or with more --concurrency",
    RedisRightsPartial Warning "redis-rights-partial" "" "The user may not run all that `watch` or `dead` needs"
        "grant the rules that are named",
    RedisError Fault "redis-error" "" "Any other error of the server"
        "look at the log of the server",
    ListNameMistaken Fault "list-name-mistaken" "" "A name that no library uses for its waiting items"
        "use the name of the library, in --list and in KEDA's trigger",
    ListNameOther Warning "list-name-other" "" "The list does not exist, and a library has one of a similar name"
        "if that is the list, use its name in --list and in KEDA's trigger",
    ListInOtherDatabase Warning "list-in-other-database" "" "The database is empty, and another one is not"
        "set the index with --db, REDIS_DB or the URL, and databaseIndex of the trigger",
    ListPaused Warning "list-paused" "" "Consumers claim nothing: the list is paused"
        "delete the key that pauses it: redis-cli DEL '{LIST}:paused'",
    ConsumersGone Warning "consumers-gone" "" "Items in flight at consumers that are gone"
        "start a consumer: it redelivers them",
    ItemsOrphaned Fault "items-orphaned" "" "Delayed items without a due time"
        "another program may have deleted a companion key",
    CompanionsShared Fault "companions-shared" "" "Two lists have the same companion keys"
        "rename one of the lists",
    CompanionForeign Fault "companion-foreign" "" "Another program has written a companion key"
        "put the key aside with RENAMENX, or remove the field with HDEL, as the finding says",
}

impl FaultCode {
    /// Returns true for a fault that keeps KEDA or the HPA from deciding; with any other they go on.
    pub fn stops_scaling(self) -> bool {
        self <= Self::TriggerFailed
    }

    /// Returns true for something that is referred to and missing.
    pub(super) fn is_of_reference(self) -> bool {
        (Self::TriggerAuthenticationMissing..=Self::VariableMissing).contains(&self)
    }

    /// Returns true for what KEDA or a pod says when something that is referred to is missing.
    pub(super) fn follows_references(self) -> bool {
        matches!(self, Self::RedisCredentialsMissing | Self::RedisAddressMissing | Self::ContainerConfiguration)
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_has_a_name_and_a_hint_of_its_own_words() {
        for (index, code) in FaultCode::ALL.iter().enumerate() {
            assert!(FaultCode::ALL[..index].iter().all(|other| other.name() != code.name()), "{code} twice");
            assert!(!code.hint().is_empty() && !code.summary().ends_with('.'), "{code}");
        }
    }
}
