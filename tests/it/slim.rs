//! The build without features: it produces, processes and watches; flags of what was left out say so.

use crate::support::{Qscale, RedisServer, SOON};

#[test]
fn build_without_features_does_the_work() {
    let server = RedisServer::start();
    let on = |words: &[&str]| Qscale::new(words).args(["--redis", &server.url()]);
    assert!(Qscale::new(["--version"]).output().exits(0).stdout.contains("none"));
    on(&["produce", "--count", "5", "--every", "10ms"]).output().exits(0);
    let run = on(&["watch", "--once"]).output().exits(0);
    assert!(run.stdout.contains("mylist: 5 waiting"), "{}", run.stdout);
    // Lines on a terminal, too.
    on(&["watch", "--duration", "1s"]).on_terminal("").wait_for("mylist: 5 waiting", SOON);
    let run = on(&["consume", "--max-items", "5"]).args(["--", "true"]).output().exits(0);
    assert_eq!(server.llen("mylist"), 0, "{}", run.stderr);
}

#[test]
fn flag_of_a_missing_feature_says_how_to_get_it() {
    let server = RedisServer::start();
    for (words, feature) in [
        (["watch", "--serve", "127.0.0.1:0"], "serve"),
        (["watch", "--cast", "run.cast"], "dashboard"),
        (["doctor", "--namespace", "demo"], "kubernetes"),
    ] {
        let run = Qscale::new(words).args(["--redis", &server.url()]).output();
        let said = [run.stdout.as_str(), run.stderr.as_str()].concat();
        assert!(said.contains(&format!("`{feature}`")) && said.contains("hint:"), "{words:?}: {said}");
    }
}
