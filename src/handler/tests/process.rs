//! Input of commands, and the outcome for their item.

use super::*;

#[tokio::test]
async fn item_is_written_to_stdin_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("item");
    for item in [b"".to_vec(), b"\0a\n\0\xff".to_vec(), random(4096), random(4097), random(10 * MEGABYTE)] {
        let spec = spec("sh", &["-c", "cat > \"$0\"", file.to_str().unwrap()]);
        assert_eq!(word(&process(spec, item.clone()).await), "done");
        assert!(std::fs::read(&file).unwrap() == item, "{} bytes", item.len());
    }
}

#[tokio::test]
async fn item_need_not_be_read_by_the_command() {
    for script in ["true", "head -c 3 > /dev/null", "exec 0<&-"] {
        assert_eq!(word(&process(shell(script), random(10 * MEGABYTE)).await), "done", "{script}");
    }
}

#[tokio::test]
async fn environment_describes_the_item() {
    let heard = Heard::default();
    let script = "echo $QSCALE_ITEM_ID $QSCALE_ATTEMPT $QSCALE_LIST $QSCALE_CONSUMER; test -n \"$PATH\"";
    assert_eq!(word(&process_heard(shell(script), "x", &heard).await), "done");
    assert_eq!(heard.text(), "[17] 17 2 mylist pod-1\n");
}

#[tokio::test]
async fn exit_status_decides_the_outcome() {
    for (script, disposition, reason) in [
        ("exit 0", "done", ""),
        ("exit 1", "spent", "exit status 1"),
        ("exit 65", "dead", "exit status 65"),
        ("exit 75", "free", "exit status 75"),
        ("exit 255", "spent", "exit status 255"),
        ("kill -9 $$", "spent", "killed by signal 9"),
        ("exit 126", "unrunnable", "`sh` reports that its command is not executable"),
        ("no-such-command-here", "unrunnable", "`sh` reports that its command was not found"),
    ] {
        let found = process(shell(script), "x").await;
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
async fn exit_map_changes_the_meaning_of_a_status() {
    let lists = [(ExitMeaning::Dead, vec![3]), (ExitMeaning::Retry, vec![65])];
    let map = ExitMap::of(&lists, Some(ExitMeaning::Ack));
    for (status, disposition) in [(3, "dead"), (65, "free"), (75, "done"), (1, "done")] {
        let spec = CommandSpec { exit: map.clone(), ..shell(&format!("exit {status}")) };
        assert_eq!(word(&process(spec, "x").await), disposition, "{status}");
    }
}

#[tokio::test]
async fn item_is_an_argument_only_at_the_placeholder() {
    let heard = Heard::default();
    let spec = spec("printf", &["%s|", "{}", "<{}{}>", "; echo $HOME"]);
    assert_eq!(word(&process_heard(spec, "a 'b", &heard).await), "done");
    assert_eq!(heard.text(), "[17] a 'b|<a 'ba 'b>|; echo $HOME|\n");
}

#[tokio::test]
async fn item_that_cannot_be_an_argument_is_dead_lettered() {
    for (item, reason) in [(b"a\0b".to_vec(), "NUL"), (vec![b'x'; MEGABYTE], "too long")] {
        let Disposition::DeadLetter { reason: said, .. } = process(spec("true", &["{}"]), item).await else {
            panic!("{reason}")
        };
        assert!(said.contains(reason), "{said}");
    }
}

#[tokio::test]
async fn command_that_cannot_run_is_reported_with_its_reason() {
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
        let Disposition::Unrunnable(said) = process(spec(program, &[]), "x").await else { panic!("{reason}") };
        assert!(said.contains(reason) && said.contains(&*program.to_string_lossy()), "{said}");
    }
}
