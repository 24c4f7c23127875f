//! What is typed and what is answered: the files of tests/cli, read by people and run here.

#[test]
fn command_lines_answer_as_documented() {
    let cases = trycmd::TestCases::new();
    // An empty variable counts as absent; a test of its own must not depend on who runs it.
    for (name, _) in std::env::vars().filter(|(name, _)| is_heard(name)) {
        cases.env(name, "");
    }
    cases.env("NO_COLOR", "1").env("COLUMNS", "100").env("RUST_BACKTRACE", "0").case("tests/cli/*.md");
}

/// Returns whether qscale reads the variable.
fn is_heard(name: &str) -> bool {
    ["QSCALE_", "REDIS_", "CLICOLOR"].iter().any(|prefix| name.starts_with(prefix)) || name == "LIST_NAME"
}
