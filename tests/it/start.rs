//! Commands that Redis gets from a program that starts: each is a round trip of the network before the first item.

use crate::support::{Qscale, RedisServer};

/// Calls of each of `commands` by one run of qscale with `words`.
fn calls<const N: usize>(server: &RedisServer, words: &[&str], commands: [&str; N]) -> [u64; N] {
    server.cli(&["CONFIG", "RESETSTAT"]);
    Qscale::new(words).args(["--redis", &server.url()]).output().exits(0);
    // The first answer is not one of the calls that it counts.
    commands.map(|command| server.calls(command))
}

#[test]
fn connection_takes_three_round_trips_and_a_sample_two() {
    let server = RedisServer::start();
    let watch = ["watch", "--until-empty"];
    let commands = ["info", "ping", "client|id", "evalsha", "eval"];
    assert_eq!(calls(&server, &watch, commands), [1, 1, 1, 2, 2]);
    assert_eq!(calls(&server, &watch, commands), [1, 1, 1, 2, 0], "the scripts are known");
    let produce = ["produce", "--count", "1", "--rate", "max"];
    calls(&server, &produce, commands);
    assert_eq!(calls(&server, &produce, commands)[..3], [1, 1, 1]);
}

#[test]
fn password_takes_one_round_trip_more() {
    let server = RedisServer::builder().user("app", "s3cret", "~* +@all").start();
    server.cli(&["CONFIG", "RESETSTAT"]);
    let url = server.url_with("app:s3cret");
    Qscale::new(["watch", "--until-empty", "--redis", &url]).output().exits(0);
    let [ping, auth, id] = ["ping", "auth", "client|id"].map(|command| server.calls(command));
    assert_eq!((ping, auth, id), (1, 1, 1));
}
