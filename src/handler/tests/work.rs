//! What commands are given, and what their end says of the item.

use super::*;

#[tokio::test]
async fn the_item_comes_on_stdin_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("item");
    for item in [b"".to_vec(), b"\0a\n\0\xff".to_vec(), random(10 * MEGABYTE)] {
        let spec = spec("sh", &["-c", "cat > \"$0\"", file.to_str().unwrap()]);
        assert_eq!(word(&work(spec, item.clone()).await), "done");
        assert!(std::fs::read(&file).unwrap() == item, "{} bytes", item.len());
    }
}

#[tokio::test]
async fn a_command_that_does_not_read_its_item_is_free_to() {
    for script in ["true", "head -c 3 > /dev/null", "exec 0<&-"] {
        assert_eq!(word(&work(shell(script), random(10 * MEGABYTE)).await), "done", "{script}");
    }
}

#[tokio::test]
async fn what_is_known_of_the_item_is_in_the_environment() {
    let heard = Heard::default();
    let script = "echo $QSCALE_ITEM_ID $QSCALE_ATTEMPT $QSCALE_LIST $QSCALE_CONSUMER; test -n \"$PATH\"";
    assert_eq!(word(&work_heard(shell(script), "x", &heard).await), "done");
    assert_eq!(heard.text(), "[17] 17 2 mylist pod-1\n");
}

#[tokio::test]
async fn the_exit_status_decides() {
    for (script, disposition, reason) in [
        ("exit 0", "done", ""),
        ("exit 1", "spent", "exit status 1"),
        ("exit 65", "buried", "exit status 65"),
        ("exit 75", "free", "exit status 75"),
        ("exit 255", "spent", "exit status 255"),
        ("kill -9 $$", "spent", "ended by signal 9"),
        ("exit 126", "unrunnable", "`sh` says that what it runs is not executable"),
        ("no-such-command-here", "unrunnable", "`sh` says that what it runs was not found"),
    ] {
        let found = work(shell(script), "x").await;
        assert_eq!(word(&found), disposition, "{script}");
        let said = match found {
            Disposition::Retry { reason, .. }
            | Disposition::DeadLetter { reason, .. }
            | Disposition::Unrunnable(reason) => reason,
            _ => String::new(),
        };
        assert!(said.starts_with(reason), "{script}: {said}");
    }
}

#[tokio::test]
async fn exit_rules_change_the_meaning_of_a_status() {
    let rules = ["3=dead", "65=retry", "other=ack"].map(|rule| rule.parse().unwrap());
    for (status, disposition) in [(3, "buried"), (65, "free"), (75, "done"), (1, "done")] {
        let spec = CommandSpec { exit: ExitMap::default().with(&rules), ..shell(&format!("exit {status}")) };
        assert_eq!(word(&work(spec, "x").await), disposition, "{status}");
    }
}

#[tokio::test]
async fn the_item_is_an_argument_only_where_it_is_asked_for() {
    let heard = Heard::default();
    let spec = spec("printf", &["%s|", "{}", "<{}{}>", "; echo $HOME"]);
    assert_eq!(word(&work_heard(spec, "a 'b", &heard).await), "done");
    assert_eq!(heard.text(), "[17] a 'b|<a 'ba 'b>|; echo $HOME|\n");
}

#[tokio::test]
async fn an_item_that_cannot_be_an_argument_is_a_dead_letter() {
    for (item, reason) in [(b"a\0b".to_vec(), "NUL"), (vec![b'x'; MEGABYTE], "too long")] {
        let Disposition::DeadLetter { reason: said, .. } = work(spec("true", &["{}"]), item).await else {
            panic!("{reason}")
        };
        assert!(said.contains(reason), "{said}");
    }
}

#[tokio::test]
async fn a_command_that_cannot_be_run_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let [text, script] = ["text", "script"].map(|name| folder.path().join(name));
    std::fs::write(&text, "x").unwrap();
    std::fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for (program, reason) in [
        (Path::new("no-such-command-here"), "command not found"),
        (Path::new("/no/such/command"), "command not found"),
        (&text, "Permission denied"),
        (folder.path(), "Permission denied"),
        (&script, "interpreter"),
    ] {
        let Disposition::Unrunnable(said) = work(spec(program, &[]), "x").await else { panic!("{reason}") };
        assert!(said.contains(reason) && said.contains(&*program.to_string_lossy()), "{said}");
    }
}
