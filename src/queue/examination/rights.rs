//! Steps at the permissions of the user: asked of the server itself, without running a command that writes.
//!
//! A command within a transaction is checked when it is queued, and a transaction that is discarded runs nothing. So the server
//! says of each command whether the user may run it, on the keys that it is for. Without transactions, a script can ask (Redis
//! 7.0), or the user's own rules (`ACL DRYRUN`).

use super::super::error::{Fault, Permission};
use super::super::keys::Keys;
use super::Examination;
use super::session::Session;
use crate::diagnosis::{Checked, FaultCode, PROGRAMS, Program, REPLICA_WAIT, call};

/// Script of KEDA's trigger, as far as it runs commands on a list.
const KEDA: &str = "local kind = redis.call('type', KEYS[1]).ok \
                    if kind == 'zset' then return redis.call('zcard', KEYS[1]) end \
                    if kind == 'list' or kind == 'none' then return redis.call('llen', KEYS[1]) end \
                    return kind";

/// Script that asks whether the user may run the command in ARGV.
const ASK: &str = "return redis.acl_check_cmd(unpack(ARGV)) and 1 or 0";

/// Digest of no script: EVALSHA runs nothing, and says so.
const NO_SCRIPT: &str = "0000000000000000000000000000000000000000";

/// Way of asking.
#[derive(Debug, Clone, Copy)]
enum AskMethod {
    Transaction,
    Script,
    DryRun,
}

impl Examination<'_> {
    /// Checks KEDA's script, the commands of each program, and a push.
    pub(super) async fn rights(&mut self, session: &mut Session) -> Option<()> {
        let denied = self.keda_script(session).await;
        let Some(method) = method(session).await else {
            if let Some(fault) = denied {
                let got = format!("KEDA's script is refused: {fault}");
                (self.report)(Checked::found("keda-script", fault.code(), &session.list, got, fault.hint()));
            }
            let got = "the commands of each program: the user may neither use MULTI nor ask for its rights";
            let hint =
                format!("on the server: ACL GETUSER {}; docs/acl-rules.md has the rules of each program", session.user);
            (self.report)(Checked::not_checked("rights", &session.user, got, hint));
            return Some(());
        };
        let mut permitted = Vec::new();
        for program in PROGRAMS.into_iter().chain(self.waits_for_replicas.then_some(REPLICA_WAIT)) {
            match missing(session, method, &program).await {
                Ok((missing, unknown)) if missing.is_empty() && unknown.is_empty() => permitted.push(program.name),
                Ok((missing, unknown)) => {
                    self.report_unknown(session, &program, &unknown);
                    self.report_rights(session, &program, &missing);
                }
                Err(fault) => return self.failed("rights", &session.user, &fault),
            }
        }
        if !permitted.is_empty() {
            let (user, list) = (&session.user, &session.list);
            let got = format!("user `{user}` may run all on `{list}` that these need: {}", permitted.join(", "));
            self.passed("rights", &session.user, got);
        }
        if matches!(method, AskMethod::Transaction) {
            self.push(session).await?;
        }
        Some(())
    }

    /// Reports commands that no right grants: a proxy, or an old server, does not know them.
    fn report_unknown(&mut self, session: &Session, program: &Program, unknown: &[String]) {
        if unknown.is_empty() {
            return;
        }
        let code = if program.essential { FaultCode::RedisCommandMissing } else { FaultCode::RedisProxy };
        let got = format!("the server does not know what `{}` needs: {}", program.name, unknown.join(" "));
        (self.report)(Checked::found("rights", code, &session.user, got, code.hint()));
    }

    fn report_rights(&mut self, session: &Session, program: &Program, missing: &[Permission]) {
        if missing.is_empty() {
            return;
        }
        let user = &session.user;
        let mut rules: Vec<String> = Vec::new();
        for permission in missing {
            let rule = match permission {
                Permission::Command(command) => format!("+{command}"),
                Permission::Key(key) | Permission::Keys(key) => format!("~{key}"),
                Permission::CommandOfScript => "a command that a script calls".to_owned(),
                Permission::Other(text) => text.clone(),
            };
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        let got = format!("user `{user}` may not run what `{}` needs: it lacks {}", program.name, rules.join(" "));
        let hint = format!("on the server: ACL SETUSER {user} {}", rules.join(" "));
        let only_keys = missing.iter().all(|one| matches!(one, Permission::Key(_) | Permission::Keys(_)));
        let code = match (program.essential, only_keys) {
            (false, _) => FaultCode::RedisRightsPartial,
            (true, true) => FaultCode::RedisKeyDenied,
            (true, false) => FaultCode::RedisCommandDenied,
        };
        (self.report)(Checked::found("rights", code, user, got, hint));
    }

    /// Runs KEDA's script, which only reads. Returns the right that it lacks, which is reported with those of all programs.
    async fn keda_script(&mut self, session: &mut Session) -> Option<Fault> {
        let list = session.list.clone();
        match session.ask(&["EVAL", KEDA, "1", &list], &list).await {
            Ok(answer) => {
                let count = answer.integer().map_or_else(|| format!("{answer:?}"), |count| count.to_string());
                if answer.integer().is_some() {
                    self.passed("keda-script", &list, format!("KEDA's script reads {count}"));
                }
            }
            Err(fault @ Fault::NotPermitted { .. }) => return Some(fault),
            Err(fault) => {
                let got = format!("KEDA's script fails: {fault}");
                (self.report)(Checked::found("keda-script", fault.code(), list, got, fault.hint()));
            }
        }
        None
    }

    /// Queues a push, and discards it: a server that refuses writes says so.
    async fn push(&mut self, session: &mut Session) -> Option<()> {
        let list = session.list.clone();
        let push = ["LPUSH".to_owned(), list.clone(), "x".to_owned()];
        let refused = match in_transaction(session, &push, &list).await {
            Ok(refused) => refused,
            Err(fault) => return self.failed("push", &list, &fault),
        };
        match refused {
            None => self.passed("push", &list, "a push would be accepted (nothing was pushed)"),
            // Reported with the rights of `produce`.
            Some(Fault::NotPermitted { .. }) => {}
            Some(fault) => {
                let got = format!("a push would be refused: {fault}");
                (self.report)(Checked::found("push", fault.code(), list, got, fault.hint()));
            }
        }
        Some(())
    }
}

/// Returns a way to ask for rights that the server and the user have.
async fn method(session: &mut Session) -> Option<AskMethod> {
    if session.ask(&["MULTI"], "").await.is_ok() && session.ask(&["DISCARD"], "").await.is_ok() {
        return Some(AskMethod::Transaction);
    }
    let asked = ["EVAL", ASK, "0", "ping"];
    if session.ask(&asked, "").await.is_ok() {
        return Some(AskMethod::Script);
    }
    let user = session.user.clone();
    session.ask(&["ACL", "DRYRUN", &user, "ping"], "").await.is_ok().then_some(AskMethod::DryRun)
}

/// Returns the permissions that a program lacks, and the commands that the server does not know.
async fn missing(
    session: &mut Session,
    method: AskMethod,
    program: &Program,
) -> Result<(Vec<Permission>, Vec<String>), Fault> {
    let keys = Keys::of(&session.list);
    let list = session.list.clone();
    let (mut missing, mut unknown) = (Vec::new(), Vec::new());
    for command in program.commands {
        match refused(session, method, &call(command, &list), &list).await {
            Ok(permission) => missing.extend(permission),
            Err(Fault::UnknownCommand(_)) => unknown.push(command.to_uppercase()),
            Err(fault) => return Err(fault),
        }
    }
    let companion = keys.stats();
    let mut reads = call("type", &companion);
    if !program.commands.contains(&"type") {
        reads = call(if program.commands.contains(&"hget") { "hget" } else { "llen" }, &companion);
    }
    if let Ok(Some(Permission::Key(_) | Permission::Keys(_))) = refused(session, method, &reads, &companion).await {
        missing.push(Permission::Keys(keys.pattern()));
    }
    Ok((missing, unknown))
}

/// Returns the permission that the user lacks for a call on `key`.
///
/// # Errors
///
/// Fails if the server does not know the command, or cannot be asked.
async fn refused(
    session: &mut Session,
    method: AskMethod,
    words: &[String],
    key: &str,
) -> Result<Option<Permission>, Fault> {
    let command = || Permission::Command(words[0].clone());
    let user = session.user.clone();
    // Neither a script nor the rules of the user know what a proxy filters.
    if words[0] == "evalsha"
        && !matches!(method, AskMethod::Transaction)
        && let Err(fault @ Fault::UnknownCommand(_)) = session.ask(&["EVALSHA", NO_SCRIPT, "1", key], key).await
    {
        return Err(fault);
    }
    let fault = match method {
        AskMethod::Transaction => in_transaction(session, words, key).await?,
        AskMethod::Script => {
            let asked = ["EVAL".to_owned(), ASK.to_owned(), "0".to_owned()];
            let asked: Vec<String> = asked.into_iter().chain(words.iter().cloned()).collect();
            let answer = session.ask(&asked, key).await?;
            return Ok((answer.integer() == Some(0)).then(command));
        }
        AskMethod::DryRun => {
            let asked = ["ACL".to_owned(), "DRYRUN".to_owned(), user];
            let asked: Vec<String> = asked.into_iter().chain(words.iter().cloned()).collect();
            let answer = session.ask(&asked, key).await?;
            return Ok(answer
                .text()
                .filter(|text| *text != "OK")
                .map(|text| if text.contains("key") { Permission::Key(key.to_owned()) } else { command() }));
        }
    };
    match fault {
        Some(Fault::NotPermitted { permission, .. }) => Ok(Some(permission)),
        Some(fault @ Fault::UnknownCommand(_)) => Err(fault),
        // The server refuses for now, which is reported with a push.
        _ => Ok(None),
    }
}

/// Returns the fault of a command on `key` that is queued in a transaction and discarded.
async fn in_transaction(session: &mut Session, words: &[String], key: &str) -> Result<Option<Fault>, Fault> {
    session.ask(&["MULTI"], "").await?;
    let answer = session.wire.call(words).await?;
    let fault = answer.error().map(|text| Fault::of_text(text, &session.user, key));
    session.ask(&["DISCARD"], "").await?;
    Ok(fault)
}
