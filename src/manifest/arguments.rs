//! The profile's `[produce]` and `[consume]` as arguments of the same binary in a pod.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::literal::literal;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::retry::RetryPolicy;
use crate::profile::scale::{IDLE_EXIT_OF_JOBS, JobRun};
use crate::profile::{ConsumeTable, ExitTable, ProduceTable, Profile, RedisTable};
use crate::units::HumanDuration;
use crate::workload::Rate;

/// Command of a container.
pub(super) struct Call {
    /// Its arguments; their values are in variables, so that they can be set without touching the workload.
    pub(super) arguments: Vec<String>,
    /// These variables.
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
        echo,
    } = &profile.produce;
    let mut arguments = Arguments::of("produce");
    arguments.option("batch", *batch);
    arguments.option("every", *every);
    arguments.option("rate", rate.map(rate_text));
    arguments.option("pattern", pattern.as_ref());
    arguments.option("seed", *seed);
    arguments.option("count", *count);
    arguments.option("duration", *duration);
    arguments.option("payload", payload.as_ref());
    arguments.option("max-backlog", *max_backlog);
    arguments.switch("echo", *echo == Some(true));
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
        JobRun::Once => arguments.switch("once", true),
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
        // An empty profile: what is not said here is qscale's default, as it is where the profile itself is read, and not
        // what the built-in profile says.
        let words = vec![subcommand.to_owned(), "--profile=/dev/null".to_owned()];
        Self { words, settings: BTreeMap::new(), command: Vec::new() }
    }

    /// Name and value in one argument, so that a value may begin with a dash.
    fn option(&mut self, name: &str, value: Option<impl Display>) {
        let Some(value) = value else { return };
        let variable = format!("QSCALE_{}", name.to_uppercase().replace('-', "_"));
        self.words.push(format!("--{name}=$({variable})"));
        self.settings.insert(variable, value.to_string());
    }

    /// Flags of processing and retries.
    fn work(&mut self, table: &ConsumeTable) {
        // Taken apart by name, so that a new key cannot be forgotten here.
        let ConsumeTable {
            delivery,
            concurrency: _,
            work,
            max_items: _,
            idle_exit: _,
            drain,
            lease,
            max_attempts,
            max_crashes,
            backoff,
            max_age,
            command,
            timeout,
            kill_after,
            exit,
            metrics,
            stamp_field,
        } = table;
        self.option("delivery", delivery.map(delivery_text));
        self.option("work", work.as_ref());
        self.option("drain", *drain);
        self.option("lease", *lease);
        self.option("max-attempts", *max_attempts);
        self.option("max-crashes", *max_crashes);
        self.option("backoff", *backoff);
        self.option("max-age", *max_age);
        self.option("timeout", *timeout);
        self.option("kill-after", *kill_after);
        // Several of one name, which no variable holds.
        self.words.extend(exit.iter().flat_map(ExitTable::rules).map(|rule| literal(&format!("--exit={rule}"))));
        self.option("metrics", *metrics);
        self.option("stamp-field", stamp_field.as_ref());
        if let Some(command) = command {
            self.command = command.iter().map(|word| literal(word)).collect();
        }
    }

    /// Timeouts of `[redis]`: all of its settings but address and credentials.
    fn patience(mut self, redis: &RedisTable) -> Call {
        self.option("connect-timeout", redis.connect_timeout);
        self.option("reconnect-for", redis.reconnect_for);
        if !self.command.is_empty() {
            self.words.push("--".to_owned());
            self.words.append(&mut self.command);
        }
        Call { arguments: self.words, settings: self.settings }
    }

    fn switch(&mut self, name: &str, on: bool) {
        self.words.extend(on.then(|| format!("--{name}")));
    }
}

fn rate_text(rate: Rate) -> String {
    match rate {
        Rate::PerSecond(rate) => rate.to_string(),
        Rate::Max => "max".to_owned(),
    }
}

fn delivery_text(delivery: DeliveryGuarantee) -> &'static str {
    match delivery {
        DeliveryGuarantee::AtLeastOnce => "at-least-once",
        DeliveryGuarantee::AtMostOnce => "at-most-once",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arguments with their settings in place.
    fn words(call: &Call) -> Vec<String> {
        let with = |word: &String| match word.split_once("=$(") {
            Some((name, variable)) => format!("{name}={}", call.settings[variable.trim_end_matches(')')]),
            None => word.clone(),
        };
        call.arguments.iter().map(with).collect()
    }

    #[test]
    fn every_key_becomes_a_flag_and_no_value_is_taken_for_one() {
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
            reconnect-for = "5m"
        "#;
        let profile = Profile::parse("q.toml", text).unwrap();
        let expected = [
            "produce",
            "--profile=/dev/null",
            "--batch=3",
            "--every=1m 30s",
            "--count=7",
            "--payload=--{int:1..2} $(HOME)",
            "--max-backlog=9",
            "--echo",
            "--reconnect-for=5m",
        ];
        assert_eq!(words(&produce(&profile)), expected);
        assert_eq!(
            words(&consume(&profile))[2..],
            ["--idle-exit=1m", "--work=field:wait", "--drain=30s", "--lease=1m", "--exit=3=dead", "--reconnect-for=5m"]
        );
        let once = ["--once", "--await-due=5m", "--work=field:wait"];
        assert_eq!(words(&consume_job(&profile))[2..5], once);
    }

    #[test]
    fn a_command_comes_last_and_its_words_stand_for_themselves() {
        let text = "[consume]\ncommand = [\"./work\", \"--item\", \"{}\", \"$(HOME)\"]\ntimeout = \"1m\"\n";
        let profile = Profile::parse("q.toml", text).unwrap();
        let expected = ["--timeout=1m", "--", "./work", "--item", "{}", "$$(HOME)"];
        assert_eq!(words(&consume(&profile))[2..], expected);
    }

    #[test]
    fn a_pattern_goes_along_and_ends_where_it_does() {
        for (pattern, end) in [("30s@50, burst 5", true), ("30s@50, burst 5, repeat", false)] {
            let text = format!("[produce]\npattern = \"{pattern}\"\nseed = 3\n");
            let profile = Profile::parse("q.toml", &text).unwrap();
            assert_eq!(words(&produce(&profile))[2..], [format!("--pattern={pattern}"), "--seed=3".to_owned()]);
            assert_eq!(ends(&profile.produce), end);
        }
    }

    #[test]
    fn a_rate_reads_as_it_was_written() {
        for rate in ["0.5", "200", "max"] {
            assert_eq!(rate_text(rate.parse().unwrap()), rate);
        }
    }
}
