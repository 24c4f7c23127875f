//! Words of KEDA, Kubernetes and other queues, and what they are called here.

/// Names of settings here, and what others call them; the first that applies is meant.
const SETTINGS: &[(&str, &[&str])] = &[
    ("activation-list-length", &["activation", "activation-threshold", "activation-length"]),
    ("addresses", &["brokers", "nodes", "hosts", "bootstrap-servers"]),
    ("authentication", &["authentication-ref", "auth-ref"]),
    ("backoff", &["retry-delay", "retry-backoff", "backoff-delay"]),
    ("batch", &["batch-size", "pipeline"]),
    ("behavior", &["scale-down", "scale-up", "scale-down-policy", "advanced", "horizontal-pod-autoscaler-config"]),
    ("check", &["dry-run", "validate", "verify"]),
    ("command", &["cmd", "args", "entrypoint", "exec", "handler-command", "script", "shell", "program"]),
    (
        "concurrency",
        &[
            "threads",
            "workers",
            "parallelism",
            "parallel",
            "processes",
            "clients",
            "prefetch",
            "prefetch-count",
            "prefetch-multiplier",
            "max-concurrency",
            "max-in-flight",
            "max-inflight",
            "pool",
            "pool-size",
            "qos",
        ],
    ),
    ("consumers", &["max-replicas", "max-replica-count", "replicas", "max-pods", "pods", "workers", "processes"]),
    ("cooldown-period", &["cooldown", "scale-down-delay"]),
    ("count", &["messages", "jobs", "tasks", "items", "total", "number", "requests", "max-items", "num", "limit"]),
    ("db", &["database", "database-index", "db-index"]),
    ("delivery", &["ack", "acks", "auto-ack", "autoack", "no-ack", "guarantee"]),
    (
        "drain",
        &[
            "grace",
            "grace-period",
            "termination-grace-period",
            "termination-grace-period-seconds",
            "shutdown-timeout",
            "stop-timeout",
            "graceful-timeout",
            "graceful-shutdown",
        ],
    ),
    ("duration", &["for", "run-time", "run-for", "time", "minutes", "hours", "days"]),
    ("env", &["env-vars", "envs", "variables", "environment", "overlay", "stage"]),
    ("every", &["interval", "period", "refresh"]),
    ("from", &["template"]),
    ("host", &["hostname"]),
    ("idle-exit", &["burst", "idle-timeout", "exit-when-empty", "exit-on-empty"]),
    ("image", &["tag", "image-tag", "container"]),
    ("image-pull-policy", &["pull-policy"]),
    ("image-pull-secrets", &["image-pull-secret", "pull-secret"]),
    ("input", &["stdin", "file", "from-file", "input-file", "f"]),
    (
        "lease",
        &[
            "visibility-timeout",
            "visibility",
            "lock-duration",
            "lock-timeout",
            "ack-deadline",
            "ack-timeout",
            "ack-wait",
            "invisible",
            "stalled-interval",
        ],
    ),
    (
        "list",
        &[
            "lists",
            "queue",
            "queues",
            "list-name",
            "topic",
            "stream",
            "key",
            "subject",
            "channel",
            "priority",
            "weight",
        ],
    ),
    (
        "list-length",
        &[
            "queue-length",
            "target",
            "target-length",
            "threshold",
            "target-size",
            "target-value",
            "value",
            "items-per-pod",
        ],
    ),
    ("max-age", &["ttl", "expiration", "expires", "message-ttl", "retention"]),
    (
        "max-attempts",
        &[
            "retries",
            "max-retries",
            "retry",
            "attempts",
            "tries",
            "max-tries",
            "max-deliver",
            "backoff-limit",
            "max-receive-count",
        ],
    ),
    ("max-crashes", &["max-redeliveries", "max-stalled-count", "delivery-limit"]),
    (
        "max-items",
        &[
            "count",
            "max-jobs",
            "max-tasks",
            "max-messages",
            "max-tasks-per-child",
            "messages",
            "jobs",
            "items",
            "limit",
        ],
    ),
    ("max-replica-count", &["max-replicas", "replicas", "max", "max-pods", "max-scale", "max-instances", "autoscale"]),
    ("min-replica-count", &["min-replicas", "min", "min-pods", "min-scale", "min-instances"]),
    ("mode", &["cluster", "sentinel"]),
    ("namespace", &["ns"]),
    ("out-dir", &["output-dir", "output", "out", "dir", "o"]),
    ("output", &["format", "json", "csv", "o"]),
    ("format", &["output", "json"]),
    ("pattern", &["rate", "load", "load-pattern", "produce", "arrivals", "burst", "every"]),
    ("payload", &["message", "body", "data", "template", "item", "value"]),
    ("plain", &["no-tui", "no-dashboard", "lines", "text"]),
    ("polling-interval", &["poll-interval", "polling", "poll"]),
    ("profile", &["config", "config-file", "file", "values", "set", "f"]),
    ("rate", &["rps", "qps", "tps", "throughput", "throttle", "rate-limit", "per-second"]),
    ("redis", &["url", "uri", "redis-url", "broker", "broker-url", "redis-uri", "address", "addr", "server"]),
    ("resources", &["cpu", "memory", "mem", "limits", "requests", "cpu-limit", "memory-limit"]),
    ("serve", &["web", "http", "page", "ui", "browser"]),
    ("service-account", &["service-account-name"]),
    ("speed", &["fast", "faster", "time-scale"]),
    ("svg", &["png", "image", "picture"]),
    (
        "target-wait",
        &["want", "slo", "sla", "target", "wait", "max-wait", "latency", "p50", "p95", "p99", "percentile"],
    ),
    ("target", &["scale-target-ref", "scale-target"]),
    ("timeout", &["time-limit", "job-timeout", "task-timeout", "max-run-time"]),
    ("tls", &["ssl", "use-tls", "use-ssl"]),
    ("url", &["webhook", "callback", "endpoint"]),
    ("username", &["user", "login"]),
    ("volumes", &["volume-mounts", "mounts"]),
];

/// Tables of the profile, and what others call them.
const TABLES: &[(&str, &[&str])] = &[
    ("consume", &["worker", "workers", "consumer", "handler"]),
    ("deploy", &["deployment", "kubernetes", "k8s", "pod", "pods", "workload"]),
    ("produce", &["producer", "load"]),
    ("redis", &["connection", "broker", "valkey"]),
    ("scale", &["scaling", "scaler", "autoscaling", "keda", "scaled-object", "hpa"]),
];

/// Commands here, and what others call them.
const COMMANDS: &[(&str, &[&str])] = &[
    ("consume", &["worker", "workers", "work", "run", "process", "start", "consumer", "pop", "receive", "subscribe"]),
    (
        "produce",
        &[
            "push",
            "enqueue",
            "publish",
            "send",
            "load",
            "producer",
            "add",
            "put",
            "generate-load",
            "burst",
            "bench",
            "benchmark",
        ],
    ),
    ("produce --payload {text:100}", &["size", "length", "payload-size", "message-size", "data-size"]),
    (
        "watch",
        &[
            "logs",
            "status",
            "queues",
            "lists",
            "backlog",
            "monitor",
            "top",
            "stats",
            "ui",
            "dashboard",
            "info",
            "ls",
            "list",
            "tail",
        ],
    ),
    ("watch --record FILE", &["record"]),
    ("simulate --against FILE", &["compare", "against"]),
    ("watch --metrics 127.0.0.1:9090", &["metrics", "exporter"]),
    ("watch --once", &["depth", "peek", "inspect"]),
    ("watch --serve 127.0.0.1:8080", &["serve", "web", "flower", "page"]),
    ("watch --replay FILE", &["replay", "play"]),
    ("dead", &["dlq", "dead-letter-queue", "dead-letters", "dead-letter", "failed"]),
    ("dead requeue", &["retry", "requeue", "redrive"]),
    (
        "render",
        &[
            "template",
            "generate",
            "apply",
            "manifest",
            "manifests",
            "yaml",
            "deploy",
            "install",
            "scale",
            "kustomize",
            "helm",
            "chart",
        ],
    ),
    ("render --check", &["validate", "check", "verify", "test"]),
    ("render --lint FILE", &["lint", "audit"]),
    ("render --schema", &["schema"]),
    ("simulate", &["predict", "plan", "model", "sim", "dry-run", "forecast"]),
    ("simulate --target-wait p95=1m", &["tune", "optimize", "recommend"]),
    ("demo", &["example", "quickstart", "tour"]),
    ("doctor", &["diagnose", "diag", "debug", "ping", "troubleshoot"]),
    ("health", &["healthcheck", "probe", "liveness", "readiness"]),
    ("init", &["new", "create", "setup", "scaffold", "config", "configure"]),
    ("completions", &["completion", "man"]),
    ("--version", &["version"]),
];

/// Commands of `dead`, and what others call them.
const DEAD_COMMANDS: &[(&str, &[&str])] = &[
    ("ls", &["list", "all", "status"]),
    ("ls --summary", &["stats", "summary", "count", "reasons"]),
    ("show", &["get", "view", "peek", "cat", "inspect", "describe"]),
    ("requeue", &["retry", "replay", "redrive", "resubmit", "redeliver", "restore", "move", "push"]),
    ("purge", &["delete", "rm", "remove", "clear", "flush", "drop", "trim"]),
];

/// Fields of pods and containers that have no key of their own in a profile.
const POD_FIELDS: &[&str] = &[
    "automount-service-account-token",
    "containers",
    "dns-config",
    "dns-policy",
    "fs-group",
    "host-aliases",
    "host-network",
    "init-containers",
    "lifecycle",
    "liveness-probe",
    "pod-security-context",
    "pod-spec",
    "pod-template",
    "ports",
    "readiness-probe",
    "run-as-group",
    "run-as-user",
    "runtime-class",
    "runtime-class-name",
    "scheduler-name",
    "security-context",
    "share-process-namespace",
    "spec",
    "startup-probe",
    "termination-message-policy",
    "working-dir",
];

/// Returns the settings that others call `word`, in kebab case; the first that applies is meant.
pub(crate) fn settings(word: &str) -> impl Iterator<Item = &'static str> {
    named(SETTINGS, word)
}

/// Returns the table of the profile that others call `word`, in kebab case.
pub(crate) fn table(word: &str) -> Option<&'static str> {
    named(TABLES, word).next()
}

/// Returns the command, with its arguments, that others call `word`.
pub(crate) fn command(word: &str) -> Option<&'static str> {
    named(COMMANDS, word).next()
}

/// Returns the command of `dead`, with its arguments, that others call `word`.
pub(crate) fn dead_command(word: &str) -> Option<&'static str> {
    named(DEAD_COMMANDS, word).next()
}

/// Returns whether `word`, in kebab case, is a field of a pod or container that only a patch sets.
pub(crate) fn is_pod_field(word: &str) -> bool {
    POD_FIELDS.contains(&word)
}

/// Returns all settings and commands that others call by another name.
#[cfg(test)]
pub(crate) fn own() -> (Vec<&'static str>, Vec<String>) {
    let own = |table: &[(&'static str, &[&str])]| table.iter().map(|(own, _)| *own).collect::<Vec<_>>();
    let dead = own(DEAD_COMMANDS).into_iter().map(|command| format!("dead {command}"));
    (own(SETTINGS), own(COMMANDS).into_iter().map(str::to_owned).chain(dead).collect())
}

fn named(table: &'static [(&str, &[&str])], word: &str) -> impl Iterator<Item = &'static str> {
    table.iter().filter(move |(_, others)| others.contains(&word)).map(|(own, _)| *own)
}

/// Converts `pollingInterval` and `polling_interval` to `polling-interval`.
pub(crate) fn kebab(key: &str) -> String {
    let mut kebab = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        match c {
            '_' => kebab.push('-'),
            c if c.is_ascii_uppercase() => {
                if !kebab.is_empty() {
                    kebab.push('-');
                }
                kebab.push(c.to_ascii_lowercase());
            }
            c => kebab.push(c),
        }
    }
    kebab
}
