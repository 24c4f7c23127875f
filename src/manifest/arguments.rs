//! Calls of qscale in pods: `[produce]` and `[consume]` of the profile as variables.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use super::literal::literal;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::retry::RetryPolicy;
use crate::profile::scale::{IDLE_EXIT_OF_JOBS, JobRun};
use crate::profile::{ConsumeTable, ProduceTable, Profile, RedisTable};
use crate::units::HumanDuration;

/// Time for which a pod retries its first connection: Redis may be started at the same time, and be known to DNS later.
const CONNECT_FOR: Duration = Duration::from_secs(60);

/// Command of a container.
pub(super) struct Call {
    /// Its arguments: the subcommand, settings that are empty, and the command of the handler.
    pub(super) arguments: Vec<String>,
    /// Its settings, as variables: they can be changed without touching the workload.
    pub(super) settings: BTreeMap<String, String>,
}

/// The call of a producer.
pub(super) fn produce(profile: &Profile) -> Call {
    // Taken apart by name, so that a new key cannot be forgotten here.
    let ProduceTable {
        batch,
        every,
        rate,
        pattern,
        // Refused before it comes to this.
        pattern_file: _,
        seed,
        count,
        duration,
        payload,
        max_backlog,
        wait_replicas,
        echo,
    } = &profile.produce;
    let mut arguments = Arguments::of("produce");
    arguments.option("batch", *batch);
    arguments.option("every", *every);
    arguments.option("rate", *rate);
    arguments.option("pattern", pattern.as_ref());
    arguments.option("seed", *seed);
    arguments.option("count", *count);
    arguments.option("duration", *duration);
    arguments.option("payload", payload.as_ref());
    arguments.option("max-backlog", *max_backlog);
    arguments.option("wait-replicas", *wait_replicas);
    arguments.option("echo", *echo);
    arguments.patience(&profile.redis)
}

/// Returns whether a producer ends by itself.
pub(super) fn ends(table: &ProduceTable) -> bool {
    table.count.is_some()
        || table.duration.is_some()
        || table.pattern.as_ref().is_some_and(|pattern| pattern.length().is_some())
}

/// The call of a consumer that works on until it is told to stop.
pub(super) fn consume(profile: &Profile) -> Call {
    let mut arguments = Arguments::of("consume");
    arguments.option("concurrency", profile.consume.concurrency);
    arguments.option("max-items", profile.consume.max_items);
    arguments.option("idle-exit", profile.consume.idle_exit);
    arguments.work(&profile.consume);
    arguments.patience(&profile.redis)
}

/// The call of a consumer in a Job, which comes to an end by itself.
pub(super) fn consume_job(profile: &Profile) -> Call {
    let table = &profile.consume;
    let mut arguments = Arguments::of("consume");
    match profile.scale.job.run.unwrap_or_default() {
        JobRun::Once => arguments.option("once", Some(true)),
        JobRun::UntilIdle => {
            arguments.option("concurrency", table.concurrency);
            arguments.option("max-items", table.max_items);
            arguments.option("idle-exit", Some(table.idle_exit.unwrap_or(HumanDuration(IDLE_EXIT_OF_JOBS))));
        }
    }
    if table.delivery.unwrap_or_default() == DeliveryGuarantee::AtLeastOnce {
        // An item that is to be tried again asks for a Job. If that ended before the item is due, KEDA would start
        // another at every comparison.
        let longest = table.backoff.map_or(RetryPolicy::DEFAULT.longest, |backoff| backoff.to);
        arguments.option("await-due", Some(HumanDuration(longest)));
    }
    arguments.work(table);
    arguments.patience(&profile.redis)
}

struct Arguments {
    words: Vec<String>,
    settings: BTreeMap<String, String>,
    /// Words after `--`.
    command: Vec<String>,
}

impl Arguments {
    fn of(subcommand: &str) -> Self {
        // An empty profile: what it leaves out is the default of qscale, as where the profile itself is read, and not what
        // the built-in profile sets.
        let settings = BTreeMap::from([("QSCALE_PROFILE".to_owned(), "/dev/null".to_owned())]);
        Self { words: vec![subcommand.to_owned()], settings, command: Vec::new() }
    }

    /// Sets the variable of an option, or its flag for an empty value: an empty variable counts as absent.
    fn option(&mut self, name: &str, value: Option<impl Display>) {
        let Some(value) = value.map(|value| value.to_string()) else { return };
        if value.is_empty() {
            self.words.push(format!("--{name}="));
            return;
        }
        let variable = format!("QSCALE_{}", name.to_uppercase().replace('-', "_"));
        self.settings.insert(variable, value);
    }

    /// Settings of processing and retries.
    fn work(&mut self, table: &ConsumeTable) {
        // Taken apart by name, so that a new key cannot be forgotten here.
        let ConsumeTable {
            delivery,
            concurrency: _,
            work,
            rate,
            max_items: _,
            idle_exit: _,
            drain,
            lease,
            max_attempts,
            max_crashes,
            backoff,
            max_age,
            command,
            handler,
            per_process,
            batch,
            linger,
            separator,
            ready_within,
            restart_after,
            pass_redis_env,
            url,
            http_status,
            timeout,
            timeout_field,
            kill_after,
            exit,
            metrics,
            // Of the simulation alone.
            start_time: _,
            boot_time: _,
            stamp_field,
            expire_after,
            expired,
            dead_letter_limit,
            dead_letter_max_age,
        } = table;
        self.option("delivery", *delivery);
        // Next to a command it is the time that a simulation assumes.
        self.option("work", work.as_ref().filter(|_| command.is_none()));
        self.option("consume-rate", *rate);
        self.option("drain", *drain);
        self.option("lease", *lease);
        self.option("max-attempts", *max_attempts);
        self.option("max-crashes", *max_crashes);
        self.option("backoff", *backoff);
        self.option("max-age", *max_age);
        self.option("handler", *handler);
        self.option("per-process", *per_process);
        self.option("consume-batch", *batch);
        self.option("linger", *linger);
        self.option("separator", *separator);
        self.option("ready-within", *ready_within);
        self.option("restart-after", *restart_after);
        self.option("pass-redis-env", *pass_redis_env);
        self.option("url", url.as_ref());
        let rules = http_status.as_ref().map(|rules| rules.iter().map(ToString::to_string).collect::<Vec<_>>());
        self.option("http-status", rules.filter(|rules| !rules.is_empty()).map(|rules| rules.join(",")));
        self.option("timeout", *timeout);
        self.option("timeout-field", timeout_field.as_ref());
        self.option("kill-after", *kill_after);
        let rules = exit.as_ref().map(|exit| exit.rules().iter().map(ToString::to_string).collect::<Vec<_>>());
        self.option("exit", rules.filter(|rules| !rules.is_empty()).map(|rules| rules.join(",")));
        self.option("metrics", *metrics);
        self.option("stamp-field", stamp_field.as_ref());
        self.option("expire-after", *expire_after);
        self.option("expired", *expired);
        self.option("dead-letter-limit", *dead_letter_limit);
        self.option("dead-letter-max-age", *dead_letter_max_age);
        if let Some(command) = command {
            self.command = command.iter().map(|word| literal(word)).collect();
        }
    }

    /// Timeouts of `[redis]`: all of its settings but address and credentials.
    fn patience(mut self, redis: &RedisTable) -> Call {
        self.option("connect-timeout", redis.connect_timeout);
        self.option("connect-for", Some(redis.connect_for.unwrap_or(HumanDuration(CONNECT_FOR))));
        self.option("reconnect-for", redis.reconnect_for);
        if !self.command.is_empty() {
            self.words.push("--".to_owned());
            self.words.append(&mut self.command);
        }
        Call { arguments: self.words, settings: self.settings }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the settings as `NAME=value`, without the prefix of their names, the profile and the usual `connect-for`.
    fn settings(call: &Call) -> Vec<String> {
        assert_eq!(call.settings["QSCALE_PROFILE"], "/dev/null");
        let usual = [("QSCALE_PROFILE", "/dev/null"), ("QSCALE_CONNECT_FOR", "1m")];
        let own = call.settings.iter().filter(|(name, value)| !usual.contains(&(name.as_str(), value.as_str())));
        own.map(|(name, value)| format!("{}={value}", name.trim_start_matches("QSCALE_"))).collect()
    }

    #[test]
    fn empty_payload_is_a_flag() {
        let profile = Profile::parse("test", "[produce]\npayload = \"\"").unwrap();
        let call = produce(&profile);
        assert_eq!(call.arguments, ["produce", "--payload="]);
        assert_eq!(call.settings["QSCALE_CONNECT_FOR"], "1m");
        assert!(settings(&call).is_empty(), "{:?}", call.settings);
    }

    #[test]
    fn profile_keys_become_variables() {
        let text = r#"
            [produce]
            batch = 3
            every = "90s"
            count = 7
            payload = "--{int:1..2} $(HOME)"
            max-backlog = 9
            echo = true
            [consume]
            work = "field:wait"
            drain = "30s"
            idle-exit = "1m"
            lease = "1m"
            exit = { dead = [3, 65] }
            [redis]
            connect-for = "2m"
            reconnect-for = "5m"
        "#;
        let profile = Profile::parse("q.toml", text).unwrap();
        let call = produce(&profile);
        assert_eq!(call.arguments, ["produce"]);
        let expected = [
            "BATCH=3",
            "CONNECT_FOR=2m",
            "COUNT=7",
            "ECHO=true",
            "EVERY=1m 30s",
            "MAX_BACKLOG=9",
            "PAYLOAD=--{int:1..2} $(HOME)",
            "RECONNECT_FOR=5m",
        ];
        assert_eq!(settings(&call), expected);
        let call = consume(&profile);
        assert_eq!(call.arguments, ["consume"]);
        let expected = [
            "CONNECT_FOR=2m",
            "DRAIN=30s",
            "EXIT=3=dead",
            "IDLE_EXIT=1m",
            "LEASE=1m",
            "RECONNECT_FOR=5m",
            "WORK=field:wait",
        ];
        assert_eq!(settings(&call), expected);
        let call = settings(&consume_job(&profile));
        assert!(["ONCE=true", "AWAIT_DUE=5m"].iter().all(|setting| call.iter().any(|known| known == setting)));
    }

    #[test]
    fn command_comes_last_and_stands_for_itself() {
        let text =
            "[consume]\ncommand = [\"./work\", \"--item\", \"{}\", \"$(HOME)\"]\nwork = \"5s\"\ntimeout = \"1m\"\n";
        let profile = Profile::parse("q.toml", text).unwrap();
        let call = consume(&profile);
        assert_eq!(call.arguments, ["consume", "--", "./work", "--item", "{}", "$$(HOME)"]);
        assert_eq!(settings(&call), ["TIMEOUT=1m"]);
    }

    #[test]
    fn pattern_is_passed_on_and_ends_the_producer() {
        for (pattern, end) in [("30s@50, burst 5", true), ("30s@50, burst 5, repeat", false)] {
            let text = format!("[produce]\npattern = \"{pattern}\"\nseed = 3\n");
            let profile = Profile::parse("q.toml", &text).unwrap();
            assert_eq!(settings(&produce(&profile)), [format!("PATTERN={pattern}"), "SEED=3".to_owned()]);
            assert_eq!(ends(&profile.produce), end);
        }
    }

    #[test]
    fn rate_is_written_with_its_unit() {
        for (rate, written) in [("0.5", "0.5/s"), ("200", "200/s"), ("max", "max")] {
            let profile = Profile::parse("q.toml", &format!("[produce]\nrate = \"{rate}\"\n")).unwrap();
            assert_eq!(settings(&produce(&profile)), [format!("RATE={written}")]);
        }
    }
}
