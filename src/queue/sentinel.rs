//! Sentinels: their credentials, and why they name no master.

use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use super::error::Fault;
use super::password::password_text;
use super::sentinel_fault::{SentinelFault, SentinelRefusal};
use crate::endpoint::Endpoint;

/// User of a server that names no other.
const DEFAULT_USER: &str = "default";

/// Limit of the replies of a sentinel, in bytes.
const REPLIES: u64 = 4096;

/// Credentials that sentinels are sent.
pub(super) struct SentinelLogin {
    /// Always sent: sentinels without a password accept any of their user `default`, but refuse one without a user.
    pub(super) user: String,
    pub(super) password: SecretString,
}

/// Reads the credentials of the sentinels; `None` when none are sent.
pub(super) async fn credentials(endpoint: &Endpoint) -> Result<Option<SentinelLogin>, Fault> {
    let Some(password) = &endpoint.sentinel_password else { return Ok(None) };
    let user = endpoint.sentinel_username.as_ref().map_or(DEFAULT_USER, |user| &user.value).to_owned();
    Ok(Some(SentinelLogin { user, password: password_text(&password.value).await? }))
}

/// Asks the sentinel at `address` for the address of `master` as the client does.
///
/// # Errors
///
/// Fails when the sentinel refuses; `None` when the connection ends.
pub(super) async fn master_of(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    address: &str,
    master: &str,
    credentials: Option<&SentinelLogin>,
) -> Result<(String, u16), Option<Fault>> {
    let mut stream = BufReader::new(stream);
    let user = credentials.map_or(DEFAULT_USER, |credentials| &credentials.user);
    let refused = |refusal| Some(Fault::Sentinel(SentinelFault { address: address.to_owned(), refusal }));
    if let Some(SentinelLogin { user, password }) = credentials {
        let reply = call(&mut stream, &["AUTH", user, password.expose_secret()]).await.ok_or(None)?;
        if let Some(error) = reply.strip_prefix('-') {
            return Err(refused(refusal(error, user, master)));
        }
    }
    let reply = call(&mut stream, &["SENTINEL", "get-master-addr-by-name", master]).await.ok_or(None)?;
    if let Some(error) = reply.strip_prefix('-') {
        return Err(refused(refusal(error, user, master)));
    }
    if reply != "*2" {
        return Err(refused(SentinelRefusal::UnknownMaster(master.to_owned())));
    }
    let mut texts = Vec::new();
    for _ in 0..4 {
        texts.push(line(&mut stream).await.ok_or(None)?);
    }
    let port = texts[3].parse().map_err(|_| None)?;
    Ok((texts.swap_remove(1), port))
}

/// Translates the error of a sentinel.
fn refusal(error: &str, user: &str, master: &str) -> SentinelRefusal {
    let user = user.to_owned();
    match error.split(' ').next().unwrap_or_default() {
        "NOAUTH" => SentinelRefusal::PasswordRequired,
        "NOPERM" => SentinelRefusal::NotPermitted { user },
        "ERR" if error.contains("wrong number of arguments") => SentinelRefusal::TooOld,
        "ERR" if error.contains("unknown command") => SentinelRefusal::NotSentinel,
        "WRONGPASS" => SentinelRefusal::WrongPassword { user },
        _ => SentinelRefusal::UnknownMaster(master.to_owned()),
    }
}

/// Sends a command and returns the first line of its reply; `None` when the connection ends.
async fn call(stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>, words: &[&str]) -> Option<String> {
    let words = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect::<Vec<_>>();
    let command = format!("*{}\r\n{}", words.len(), words.concat());
    stream.write_all(command.as_bytes()).await.ok()?;
    line(stream).await
}

/// Reads a line of a reply.
async fn line(stream: &mut BufReader<impl AsyncRead + Unpin>) -> Option<String> {
    let mut line = String::new();
    stream.take(REPLIES).read_line(&mut line).await.ok()?;
    line.strip_suffix("\r\n").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    async fn asked(replies: &str) -> Result<(String, u16), Option<Fault>> {
        let (near, mut far) = tokio::io::duplex(1024);
        far.write_all(replies.as_bytes()).await.expect("the buffer has room");
        let credentials = SentinelLogin { user: "monitor".to_owned(), password: "s3cret".to_owned().into() };
        drop(far.shutdown().await);
        let reply = master_of(near, "s:26379", "mymaster", Some(&credentials)).await;
        drop(far);
        reply
    }

    #[tokio::test]
    async fn sentinel_names_the_master_or_says_why_not() {
        assert_eq!(asked("+OK\r\n*2\r\n$8\r\n10.0.0.1\r\n$4\r\n6379\r\n").await, Ok(("10.0.0.1".to_owned(), 6379)));
        let user = || "monitor".to_owned();
        for (replies, refusal) in [
            ("-WRONGPASS invalid username-password pair\r\n", SentinelRefusal::WrongPassword { user: user() }),
            ("-ERR wrong number of arguments for 'auth' command\r\n", SentinelRefusal::TooOld),
            ("+OK\r\n-NOAUTH Authentication required.\r\n", SentinelRefusal::PasswordRequired),
            ("+OK\r\n-NOPERM this user has no permissions\r\n", SentinelRefusal::NotPermitted { user: user() }),
            ("+OK\r\n-ERR unknown command 'SENTINEL'\r\n", SentinelRefusal::NotSentinel),
            ("+OK\r\n*-1\r\n", SentinelRefusal::UnknownMaster("mymaster".to_owned())),
        ] {
            let Err(Some(Fault::Sentinel(fault))) = asked(replies).await else { panic!("{replies}") };
            assert_eq!(fault.refusal, refusal);
            assert!(!format!("{fault} {}", fault.hint()).contains("s3cret"));
        }
        assert_eq!(asked("+OK\r\n").await, Err(None));
    }

    proptest! {
        #[test]
        fn any_reply_of_a_sentinel_is_read_or_refused(
            parts in prop::collection::vec(prop_oneof![
                prop::sample::select(&["+OK\r\n", "*2\r\n", "$8\r\n", "10.0.0.1\r\n", "6379\r\n", "-ERR x\r\n", "*-1\r\n"][..]).prop_map(str::to_owned),
                "[-+*$:0-9 \r\n]{0,9}",
                "\\PC{0,200}",
            ], 0..9),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let sent: String = parts.concat().chars().take(200).collect();
            let _ = runtime.block_on(asked(&sent));
        }
    }
}
