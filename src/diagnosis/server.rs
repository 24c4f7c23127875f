//! Checks of a server by what it says of itself (`INFO`).

use std::collections::HashMap;
use std::time::Duration;

use super::check::Checked;
use super::code::FaultCode;
use crate::units::counted;

/// Oldest version with which items are delivered at least once.
const OLDEST: (u32, u32) = (6, 2);

/// Share of a limit, in percent, from which there is little room left.
const HIGH: u64 = 90;

/// Fields of `INFO`.
#[derive(Debug, Clone, Default)]
pub struct ServerInfo(HashMap<String, String>);

impl ServerInfo {
    /// Reads the reply to `INFO`.
    pub fn parse(text: &str) -> Self {
        let fields = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.trim().split_once(':'));
        Self(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Returns a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.get(name) == Some(value)
    }

    /// Returns the other databases that hold keys, with their numbers of keys.
    fn other_databases(&self, db: u8) -> Vec<(u8, u64)> {
        let database = |(name, value): (&String, &String)| {
            let index = name.strip_prefix("db")?.parse().ok()?;
            let keys = value.strip_prefix("keys=")?.split(',').next()?.parse().ok()?;
            Some((index, keys))
        };
        let mut found: Vec<(u8, u64)> = self.0.iter().filter_map(database).filter(|(index, _)| *index != db).collect();
        found.sort_unstable();
        found
    }
}

/// Returns what a server says of itself: version, memory, persistence, replication, clients.
pub fn of_server(info: &ServerInfo, server: &str) -> Vec<Checked> {
    let mut checks = vec![version(info, server)];
    checks.extend(loading(info, server));
    checks.extend(role(info, server));
    checks.extend(memory(info, server));
    checks.extend(eviction(info, server));
    checks.push(persistence(info, server));
    checks.extend(replicas(info, server));
    checks.extend(clients(info, server));
    checks
}

/// Returns whether the database of the list is the right one: an empty one next to others that are not rarely is.
pub fn of_database(info: &ServerInfo, db: u8) -> Checked {
    let name = format!("db{db}");
    let keys = info.get(&name).and_then(|value| value.strip_prefix("keys=")?.split(',').next()?.parse::<u64>().ok());
    let others = info.other_databases(db);
    if let (None, [(other, count), ..]) = (keys, others.as_slice()) {
        let got = format!("database {db} is empty, and database {other} has {}", counted(*count, "key", "keys"));
        let hint = format!("set the index with --db {other}, REDIS_DB or the URL, and databaseIndex in KEDA's trigger");
        return Checked::found("database", FaultCode::ListInOtherDatabase, name, got, hint);
    }
    Checked::passed("database", name, format!("database {db}, {}", counted(keys.unwrap_or_default(), "key", "keys")))
}

fn version(info: &ServerInfo, server: &str) -> Checked {
    let product = if info.get("valkey_version").is_some() { "Valkey" } else { "Redis" };
    let Some(text) = info.get("valkey_version").or_else(|| info.get("redis_version")) else {
        let hint = "check that it is Redis 6.2 or newer, or any Valkey, and not another program";
        return Checked::not_checked("version", server, "INFO names no version of Redis or Valkey", hint);
    };
    let mut parts = text.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
    let number = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if number < OLDEST && product == "Redis" {
        let hint = "use Redis 6.2 or newer, or any Valkey; or --delivery at-most-once, which needs no newer version";
        return Checked::found("version", FaultCode::RedisTooOld, server, format!("{product} {text}"), hint);
    }
    Checked::passed("version", server, format!("{product} {text}"))
}

fn loading(info: &ServerInfo, server: &str) -> Option<Checked> {
    let hint = "wait until the server has loaded its data";
    info.is("loading", "1").then(|| {
        Checked::found("loading", FaultCode::RedisLoading, server, "it is loading its data from disk (LOADING)", hint)
    })
}

fn role(info: &ServerInfo, server: &str) -> Option<Checked> {
    if !info.is("role", "slave") {
        let replicas = counted(info.number("connected_slaves").unwrap_or_default(), "replica", "replicas");
        return info.get("role").map(|_| Checked::passed("role", server, format!("primary with {replicas}")));
    }
    let primary = format!("{}:{}", info.get("master_host").unwrap_or("?"), info.get("master_port").unwrap_or("?"));
    let link = if info.is("master_link_status", "down") { ", and its link to it is down" } else { "" };
    let got = format!("it is a replica of {primary}{link}: it accepts no items (READONLY)");
    Some(Checked::found("role", FaultCode::RedisReadOnly, server, got, format!("connect to the primary, {primary}")))
}

fn memory(info: &ServerInfo, server: &str) -> Option<Checked> {
    let (used, limit) = (info.number("used_memory")?, info.number("maxmemory")?);
    let shown = info.get("used_memory_human").unwrap_or_default();
    if limit == 0 {
        return Some(Checked::passed("memory", server, format!("{shown} used, no limit (maxmemory 0)")));
    }
    let most = info.get("maxmemory_human").unwrap_or_default();
    let percent = used.saturating_mul(100) / limit;
    let got = format!("{shown} of {most} used ({percent} %)");
    Some(match percent {
        100.. => Checked::found(
            "memory",
            FaultCode::RedisOutOfMemory,
            server,
            got,
            "raise `maxmemory`, or delete keys: pushes are refused (OOM), or keys are evicted",
        ),
        HIGH.. => Checked::found(
            "memory",
            FaultCode::RedisMemoryHigh,
            server,
            got,
            "raise `maxmemory`, or limit the backlog with `produce --max-backlog`",
        ),
        _ => Checked::passed("memory", server, got),
    })
}

fn eviction(info: &ServerInfo, server: &str) -> Option<Checked> {
    let policy = info.get("maxmemory_policy")?;
    let got = format!("maxmemory-policy {policy}");
    if policy == "noeviction" {
        return Some(Checked::passed("eviction", server, got));
    }
    let got = format!("{got}: when its memory is full, Redis may delete the list or items in flight");
    let hint = "set maxmemory-policy to noeviction, or keep queues on a server of their own";
    Some(Checked::found("eviction", FaultCode::RedisEviction, server, got, hint))
}

fn persistence(info: &ServerInfo, server: &str) -> Checked {
    let found = |code, got: &str, hint: &str| Checked::found("persistence", code, server, got, hint);
    let failed = [("aof_last_write_status", "the append-only file"), ("rdb_last_bgsave_status", "the last snapshot")];
    if let Some((_, file)) = failed.iter().find(|(field, _)| info.is(field, "err")) {
        let hint = "free space on the server's disk, and look at its log: it may refuse every write (MISCONF)";
        return found(FaultCode::RedisCannotPersist, &format!("{file} could not be written"), hint);
    }
    if info.is("aof_enabled", "1") {
        return Checked::passed("persistence", server, "append-only file");
    }
    // A server that saves has a time of its last save other than that of its start.
    let started = info.number("server_time_usec").map(|now| now / 1_000_000).zip(info.number("uptime_in_seconds"));
    let saved = info.number("rdb_last_save_time");
    let only_start = started
        .zip(saved)
        .is_some_and(|((now, up), saved)| Duration::from_secs(saved.abs_diff(now.saturating_sub(up))).as_secs() <= 2);
    let pending = info.number("rdb_changes_since_last_save").unwrap_or_default();
    if only_start && pending > 0 {
        let got =
            format!("no append-only file, and no snapshot since the start ({pending} changes are in memory only)");
        let hint = "set appendonly yes, or accept that a restart of the server loses all items";
        return found(FaultCode::RedisNotPersistent, &got, hint);
    }
    let hint = "set appendonly yes, or accept that a crash of the server loses the items since its last snapshot";
    found(FaultCode::RedisNotPersistent, "no append-only file (appendonly no)", hint)
}

fn replicas(info: &ServerInfo, server: &str) -> Option<Checked> {
    if let Some(behind) =
        (0..).map_while(|index| info.get(&format!("slave{index}"))).find(|one| !one.contains("state=online"))
    {
        let address = behind.split(',').take(2).filter_map(|part| Some(part.split_once('=')?.1));
        let got = format!("the replica {} is not in sync", address.collect::<Vec<_>>().join(":"));
        let hint = "wait for its first sync, or look at the log of the replica; a failover to it would lose items";
        return Some(Checked::found("replicas", FaultCode::RedisReplicaLink, server, got, hint));
    }
    // The field is there only if `min-replicas-to-write` is set.
    let good = info.number("min_slaves_good_slaves")?;
    Some(Checked::passed("replicas", server, format!("{} in sync", counted(good, "replica", "replicas"))))
}

fn clients(info: &ServerInfo, server: &str) -> Option<Checked> {
    let connected = info.number("connected_clients")?;
    let Some(most) = info.number("maxclients").filter(|most| *most > 0) else {
        return Some(Checked::passed("clients", server, counted(connected, "client", "clients")));
    };
    let got = format!("{connected} of {most} (maxclients)");
    if connected.saturating_mul(100) / most >= HIGH {
        let hint = "raise `maxclients`; each consumer has two connections, KEDA one per trigger";
        return Some(Checked::found("clients", FaultCode::RedisClientsHigh, server, got, hint));
    }
    Some(Checked::passed("clients", server, got))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<&'static str> {
        let found = of_server(&ServerInfo::parse(text), "h:6379");
        found.iter().filter_map(|check| Some(check.code()?.name())).collect()
    }

    const HEALTHY: &str = "# Server\r\nredis_version:7.0.15\r\nrole:master\r\nconnected_slaves:1\r\n\
        slave0:ip=10.0.0.2,port=6379,state=online,offset=1,lag=0\r\nused_memory:50\r\nmaxmemory:100\r\n\
        maxmemory_policy:noeviction\r\naof_enabled:1\r\nconnected_clients:3\r\nmaxclients:10000\r\n";

    #[test]
    fn each_field_has_its_code() {
        assert_eq!(codes(HEALTHY), [""; 0]);
        for (field, value, code) in [
            ("redis_version", "6.0.16", "redis-too-old"),
            ("role", "slave", "redis-read-only"),
            ("used_memory", "95", "redis-memory-high"),
            ("used_memory", "120", "redis-out-of-memory"),
            ("maxmemory_policy", "allkeys-lru", "redis-eviction"),
            ("aof_enabled", "0", "redis-not-persistent"),
            ("aof_last_write_status", "err", "redis-cannot-persist"),
            ("rdb_last_bgsave_status", "err", "redis-cannot-persist"),
            ("slave0", "ip=10.0.0.2,port=6379,state=wait_bgsave", "redis-replica-link"),
            ("connected_clients", "9800", "redis-clients-high"),
            ("loading", "1", "redis-loading"),
        ] {
            assert_eq!(codes(&format!("{HEALTHY}{field}:{value}\r\n")), [code], "{field}:{value}");
        }
        assert_eq!(codes("valkey_version:8.1.0\r\nredis_version:7.2.4\r\naof_enabled:1"), [""; 0]);
    }

    #[test]
    fn empty_database_next_to_another_is_found() {
        let info = ServerInfo::parse("db3:keys=12,expires=0\r\ndb11:keys=1,expires=0");
        let empty = of_database(&info, 0);
        assert!(empty.got.contains("database 3 has 12 keys"), "{}", empty.got);
        assert_eq!(empty.code(), Some(FaultCode::ListInOtherDatabase));
        assert_eq!(of_database(&info, 3).code(), None);
        assert_eq!(of_database(&ServerInfo::default(), 0).code(), None);
    }
}
