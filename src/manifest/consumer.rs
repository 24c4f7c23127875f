//! Settings of `[consume]` that do not fit together: with them, no consumer would start in its pod.

use crate::delivery::defaults::LARGEST_BATCH;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::protocol::HandlerProtocol;
use crate::profile::{Profile, ProfileError};

/// Refuses settings with which `consume` ends at once.
pub(super) fn check(profile: &Profile) -> Result<(), ProfileError> {
    let table = &profile.consume;
    if profile.deploy.target.is_some() {
        return Ok(());
    }
    let protocol = table.handler.unwrap_or_default();
    let (is_http, is_lines) = (protocol == HandlerProtocol::Http, protocol == HandlerProtocol::Lines);
    let command = table.command.as_deref();
    let has_argument = command.is_some_and(|words| words.iter().skip(1).any(|word| word.contains("{}")));
    let is_simulated = table.handler.is_none() && command.is_none() && table.work.is_some();
    let (is_batched, is_at_most_once) = (table.batch.is_some(), table.delivery == Some(DeliveryGuarantee::AtMostOnce));
    let no_http = "has no effect without `handler = \"http\"`";
    let no_lines = "has no effect without `handler = \"lines\"`";
    let no_command = "has no effect with `handler = \"http\"`";
    let has_exit = table.exit.as_ref().is_some_and(|exit| !exit.rules().is_empty());
    let no_batch = "has no effect without `batch`";
    let no_dead_letters = "has no effect with at-most-once delivery, which has no dead letters";
    let mistakes = [
        ("handler", is_http && table.url.is_none(), "needs an endpoint: set `url`"),
        ("command", is_http && command.is_some(), "conflicts with `handler = \"http\"`: remove one"),
        ("handler", table.handler.is_some() && !is_http && command.is_none(), "needs a command: set `command`"),
        ("url", table.url.is_some() && !is_http && !is_simulated, no_http),
        ("http-status", table.http_status.is_some() && !is_http && !is_simulated, no_http),
        ("per-process", table.per_process.is_some() && !is_lines && !is_simulated, no_lines),
        ("ready-within", table.ready_within.is_some() && !is_lines && !is_simulated, no_lines),
        ("restart-after", table.restart_after.is_some() && !is_lines && !is_simulated, no_lines),
        ("exit", is_http && has_exit, no_command),
        ("kill-after", is_http && table.kill_after.is_some(), no_command),
        ("pass-redis-env", is_http && table.pass_redis_env == Some(true), no_command),
        (
            "batch",
            is_batched && command.is_none() && !is_http,
            "needs a handler: set `command`, or `handler = \"http\"` and `url`",
        ),
        ("batch", table.batch.is_some_and(|batch| batch.get() > LARGEST_BATCH), "must be at most 1000"),
        ("batch", is_batched && table.timeout_field.is_some(), "conflicts with `timeout-field`"),
        (
            "batch",
            is_batched && protocol == HandlerProtocol::Command && has_argument,
            "conflicts with `{}` in `command`",
        ),
        ("linger", table.linger.is_some() && !is_batched, no_batch),
        ("separator", table.separator.is_some() && !is_batched, no_batch),
        (
            "separator",
            table.separator.is_some() && protocol != HandlerProtocol::Command,
            "has no effect without a command per batch: items are lines of JSON",
        ),
        (
            "expire-after",
            table.expire_after.is_some() && table.stamp_field.is_none(),
            "needs the creation time of items: set `stamp-field`",
        ),
        ("expired", table.expired.is_some() && table.expire_after.is_none(), "has no effect without `expire-after`"),
        ("dead-letter-limit", table.dead_letter_limit.is_some() && is_at_most_once, no_dead_letters),
        ("dead-letter-max-age", table.dead_letter_max_age.is_some() && is_at_most_once, no_dead_letters),
    ];
    match mistakes.iter().find(|(_, is_mistaken, _)| *is_mistaken) {
        Some((key, _, message)) => Err(profile.source.error_at(&["consume", key], *message)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_keep_a_consumer_from_starting_are_refused_with_their_position() {
        for (table, place, reason) in [
            ("handler = \"http\"", "3:11: consume.handler", "set `url`"),
            (
                "handler = \"http\"\nurl = \"http://127.0.0.1/\"\ncommand = [\"x\"]",
                "5:11: consume.command",
                "remove one",
            ),
            ("handler = \"lines\"\nwork = \"1s\"", "3:11: consume.handler", "set `command`"),
            ("url = \"http://127.0.0.1/\"", "3:7: consume.url", "`handler = \"http\"`"),
            ("command = [\"x\"]\nper-process = 2", "4:15: consume.per-process", "`handler = \"lines\"`"),
            (
                "handler = \"http\"\nurl = \"http://127.0.0.1/\"\nexit = { dead = [3] }",
                "5:8: consume.exit",
                "`handler = \"http\"`",
            ),
            (
                "handler = \"http\"\nurl = \"http://127.0.0.1/\"\nkill-after = \"1s\"",
                "5:14: consume.kill-after",
                "`handler = \"http\"`",
            ),
            ("batch = 10\nwork = \"1s\"", "3:9: consume.batch", "needs a handler"),
            ("batch = 1001\ncommand = [\"x\"]", "3:9: consume.batch", "at most 1000"),
            ("batch = 10\ncommand = [\"x\"]\ntimeout-field = \"t\"", "3:9: consume.batch", "`timeout-field`"),
            ("batch = 10\ncommand = [\"x\", \"{}\"]", "3:9: consume.batch", "`{}`"),
            ("command = [\"x\"]\nlinger = \"1s\"", "4:10: consume.linger", "without `batch`"),
            ("expire-after = \"1h\"", "3:16: consume.expire-after", "set `stamp-field`"),
            ("expired = \"drop\"", "3:11: consume.expired", "without `expire-after`"),
            (
                "delivery = \"at-most-once\"\ndead-letter-limit = 5",
                "4:21: consume.dead-letter-limit",
                "no dead letters",
            ),
        ] {
            let checked = |more: &str| {
                let text = format!("\n[consume]\n{table}\n{more}");
                check(&Profile::parse("q.toml", &text).unwrap_or_else(|error| panic!("{error}")))
            };
            let error = checked("").expect_err(table).to_string();
            assert!(error.contains(&format!("q.toml:{place}")) && error.contains(reason), "{table}: {error}");
            // Consumers that are not rendered have settings of their own.
            checked("[deploy.target]\nname = \"worker\"\n").expect(table);
        }
    }

    #[test]
    fn settings_of_a_simulation_may_stand_next_to_those_of_a_handler() {
        for table in [
            "handler = \"http\"\nurl = \"http://127.0.0.1/\"\nwork = \"1s\"\nbatch = 10\nlinger = \"1s\"",
            "handler = \"lines\"\ncommand = [\"x\", \"{}\"]\nwork = \"1s\"\nbatch = 10\nper-process = 2",
            "work = \"1s\"\nper-process = 2",
        ] {
            let profile = Profile::parse("q.toml", &format!("[consume]\n{table}\n")).unwrap();
            check(&profile).unwrap_or_else(|error| panic!("{table}: {error}"));
        }
    }
}
