//! Steps at the permissions of the user: asked of the server itself, without running a command that writes.
//!
//! A command within a transaction is checked when it is queued, and a transaction that is discarded runs nothing. So the server
//! says of each command whether the user may run it, on the keys that it is for. Without transactions, a script can ask (Redis
//! 7.0), or the user's own rules (`ACL DRYRUN`).

use super::super::error::{Fault, Permission};
use super::super::keys::Keys;
use super::Examination;
use super::session::Session;
use super::wire::Answer;
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
        let push = Asked::of("lpush", &list);
        let refused = match in_transaction(session, &[push]).await {
            Ok(mut faults) => faults.remove(0),
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

/// A command that is asked about, and the key that it is for.
struct Asked {
    words: Vec<String>,
    key: String,
}

impl Asked {
    fn of(command: &str, key: &str) -> Self {
        Self { words: call(command, key), key: key.to_owned() }
    }
}

/// What the server says about a command.
enum CommandRight {
    /// The user may run it.
    Permitted,
    Lacks(Permission),
    /// The server does not know it.
    Unknown,
}

impl CommandRight {
    /// # Errors
    ///
    /// Fails for a fault that says something else.
    fn of(fault: Fault) -> Result<Self, Fault> {
        match fault {
            Fault::NotPermitted { permission, .. } => Ok(Self::Lacks(permission)),
            Fault::UnknownCommand(_) => Ok(Self::Unknown),
            other => Err(other),
        }
    }
}

/// Returns the permissions that a program lacks, and the commands that the server does not know.
async fn missing(
    session: &mut Session,
    method: AskMethod,
    program: &Program,
) -> Result<(Vec<Permission>, Vec<String>), Fault> {
    let keys = Keys::of(&session.list);
    let mut asked: Vec<Asked> = program.commands.iter().map(|command| Asked::of(command, &session.list)).collect();
    let reads = ["type", "hget"].into_iter().find(|read| program.commands.contains(read)).unwrap_or("llen");
    asked.push(Asked::of(reads, &keys.stats()));
    let mut rights = rights_of(session, method, &asked).await?;
    let of_companion = rights.pop();
    let (mut missing, mut unknown) = (Vec::new(), Vec::new());
    for (command, right) in program.commands.iter().zip(rights) {
        match right {
            CommandRight::Permitted => {}
            CommandRight::Lacks(permission) => missing.push(permission),
            CommandRight::Unknown => unknown.push(command.to_uppercase()),
        }
    }
    if let Some(CommandRight::Lacks(Permission::Key(_) | Permission::Keys(_))) = of_companion {
        missing.push(Permission::Keys(keys.pattern()));
    }
    Ok((missing, unknown))
}

/// Returns what the server says about each command.
///
/// # Errors
///
/// Fails if the server cannot be asked.
async fn rights_of(session: &mut Session, method: AskMethod, asked: &[Asked]) -> Result<Vec<CommandRight>, Fault> {
    let user = session.user.clone();
    let question: &[&str] = match method {
        AskMethod::Transaction => {
            let faults = in_transaction(session, asked).await?;
            // What the server refuses for another reason, and for now, is reported with a push.
            let right = |fault: Option<Fault>| {
                fault
                    .map_or(CommandRight::Permitted, |fault| CommandRight::of(fault).unwrap_or(CommandRight::Permitted))
            };
            return Ok(faults.into_iter().map(right).collect());
        }
        AskMethod::Script => &["EVAL", ASK, "0"],
        AskMethod::DryRun => &["ACL", "DRYRUN", &user],
    };
    let is_filtered = is_filtered(session, asked).await;
    let question = |asked: &Asked| {
        let words = asked.words.iter().map(String::as_str);
        question.iter().copied().chain(words).map(str::to_owned).collect::<Vec<_>>()
    };
    let answers = session.wire.calls(&asked.iter().map(question).collect::<Vec<_>>()).await?;
    let right = |(asked, answer): (&Asked, Answer)| match answer.error() {
        Some(text) => CommandRight::of(Fault::of_text(text, &user, &asked.key)),
        None if is_filtered && asked.words[0] == "evalsha" => Ok(CommandRight::Unknown),
        None => Ok(answered(method, &answer, asked)),
    };
    asked.iter().zip(answers).map(right).collect()
}

/// Returns whether a proxy filters scripts, of which neither a script nor the rules of the user know.
async fn is_filtered(session: &mut Session, asked: &[Asked]) -> bool {
    let Some(script) = asked.iter().find(|asked| asked.words[0] == "evalsha") else { return false };
    let ran = session.ask(&["EVALSHA", NO_SCRIPT, "1", &script.key], &script.key).await;
    matches!(ran, Err(Fault::UnknownCommand(_)))
}

/// Returns what the answer to a question says about a command.
fn answered(method: AskMethod, answer: &Answer, Asked { words, key }: &Asked) -> CommandRight {
    let command = || CommandRight::Lacks(Permission::Command(words[0].clone()));
    match (method, answer.text()) {
        (AskMethod::DryRun, Some("OK") | None) => CommandRight::Permitted,
        (AskMethod::DryRun, Some(text)) if text.contains("key") => CommandRight::Lacks(Permission::Key(key.clone())),
        (AskMethod::DryRun, Some(_)) => command(),
        _ if answer.integer() == Some(0) => command(),
        _ => CommandRight::Permitted,
    }
}

/// Returns the faults of commands that are queued in a transaction, which is discarded.
async fn in_transaction(session: &mut Session, asked: &[Asked]) -> Result<Vec<Option<Fault>>, Fault> {
    // Outside of a transaction the commands would run: its reply is awaited.
    session.ask(&["MULTI"], "").await?;
    let discard = vec!["DISCARD".to_owned()];
    let words = asked.iter().map(|asked| &asked.words).chain([&discard]);
    let mut answers = session.wire.calls(&words.collect::<Vec<_>>()).await?;
    if let Some(text) = answers.pop().as_ref().and_then(Answer::error) {
        return Err(Fault::of_text(text, &session.user, ""));
    }
    let fault =
        |(asked, answer): (&Asked, Answer)| answer.error().map(|text| Fault::of_text(text, &session.user, &asked.key));
    Ok(asked.iter().zip(answers).map(fault).collect())
}
