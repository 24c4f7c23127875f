//! Output of commands.

use super::*;

#[tokio::test]
async fn output_is_read_while_the_item_is_written() {
    let line = [b'x'; 99];
    let item: Vec<u8> = [&line[..], b"\n"].concat().repeat(MEGABYTE / 20);
    let heard = Heard::default();
    assert_eq!(word(&process_heard(shell("tee /dev/stderr"), item.clone(), &heard).await), "done");
    // All of it is read, and passed on up to the limit.
    let passed_on = [b"[17] ", &line[..], b"\n"].concat();
    assert!(heard.bytes() == passed_on.repeat(MEGABYTE / passed_on.len()));
}

#[tokio::test]
async fn output_lines_of_concurrent_handlers_do_not_mix() {
    let heard = Heard::default();
    // Each line in two writes, and on both streams.
    let script =
        "i=0; while [ $i -lt 300 ]; do printf a; echo $i; printf b >&2; echo $i >&2; i=$((i+1)); done; printf end";
    let handler = Handler::command(shell(script), heard.echo());
    let abort = CancellationToken::new();
    let works = (0..6).map(|id| {
        let (handler, abort) = (handler.clone(), &abort);
        async move { handler.process(&Assignment { id: format!("i{id}"), ..assignment("x") }, abort).await }
    });
    let dispositions = futures_util::future::join_all(works).await;
    assert!(dispositions.iter().all(|disposition| word(disposition) == "done"));
    for id in 0..6 {
        for stream in ["a", "b"] {
            let prefix = format!("[i{id}] {stream}");
            let numbers: Vec<u32> =
                heard.text().lines().filter_map(|line| line.strip_prefix(&prefix)?.parse().ok()).collect();
            assert_eq!(numbers, (0..300).collect::<Vec<_>>(), "{prefix}");
        }
    }
    assert_eq!(heard.text().lines().count(), 6 * 601);
}

#[tokio::test]
async fn stderr_end_is_kept_with_a_failure() {
    let script = "echo not this; seq 1 100000 >&2; exit ";
    let all: Vec<u8> = (1..=100_000).flat_map(|number| format!("{number}\n").into_bytes()).collect();
    for status in [65, 75, 1] {
        let (Disposition::DeadLetter { stderr, .. } | Disposition::Retry { stderr, .. }) =
            process(shell(&format!("{script}{status}")), "x").await
        else {
            panic!("{status}")
        };
        assert_eq!(stderr.len(), 4096);
        assert!(all.ends_with(&stderr));
    }
}
