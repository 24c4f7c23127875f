//! Items that are claimed before a slot is free.

use crate::support::{Qscale, RedisServer, SOON, wait_until};

/// Items that a handler takes no time for, then one that takes `wait` seconds, then one more.
fn push_a_long_one(server: &RedisServer, wait: u32) {
    let short = std::iter::repeat_n(r#"{"wait":0}"#.to_owned(), 20);
    let long = [format!(r#"{{"wait":{wait}}}"#), r#"{"wait":0,"last":true}"#.to_owned()];
    server.push("mylist", short.chain(long));
}

fn consume(server: &RedisServer) -> Qscale {
    Qscale::new(["consume", "--work", "field:wait", "--redis", &server.url(), "--output", "json"])
}

#[test]
fn item_that_waits_for_a_long_handler_is_left_to_others() {
    let server = RedisServer::start();
    push_a_long_one(&server, 600);
    let busy = consume(&server).spawn();
    wait_until("short items are acknowledged", SOON, || {
        server.cli(&["HGET", "{mylist}:stats", "acknowledged"]) == "20"
    });
    wait_until("the last item is on the list", SOON, || server.llen("mylist") == 1);
    consume(&server).args(["--max-items", "1"]).output().exits(0);
    assert_eq!(server.cli(&["HGET", "{mylist}:stats", "acknowledged"]), "21");
    busy.kill();
}

#[test]
fn requeued_item_does_not_count_towards_the_limit() {
    let server = RedisServer::start();
    // Longer than an item waits for a slot.
    push_a_long_one(&server, 3);
    let finished = consume(&server).args(["--max-items", "22"]).output().exits(0);
    assert!(finished.stdout.contains(r#""acknowledged":22,"#), "{}", finished.stdout);
    assert_eq!((server.llen("mylist"), server.cli(&["EXISTS", "{mylist}:busy"])), (0, "0".to_owned()));
}

#[test]
fn items_without_a_slot_are_requeued_at_a_stop() {
    let server = RedisServer::start();
    push_a_long_one(&server, 600);
    let run = consume(&server).args(["--drain", "100ms"]).spawn();
    wait_until("short items are acknowledged", SOON, || {
        server.cli(&["HGET", "{mylist}:stats", "acknowledged"]) == "20"
    });
    run.terminate();
    run.finish(SOON).exits(0);
    assert_eq!(server.pushed("mylist"), [r#"{"wait":600}"#, r#"{"wait":0,"last":true}"#]);
}
