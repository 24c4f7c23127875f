//! Lua scripts: called by digest, and sent again when Redis does not have them.

use bytes::Bytes;
use fred::error::Error;
use fred::prelude::{Client, ClientLike as _, LuaInterface as _};
use fred::types::{ClusterHash, CustomCommand, Value};
use fred::util::sha1_hash;

use super::replies::{is_unknown_in_script, is_without_rights, no_access_to};

/// Returns the first command that the user may not run. Redis 7.0 is the first version in which scripts can ask, and the
/// only one whose errors do not name the command.
const WHICH_COMMAND: &str = "for _, command in ipairs(ARGV) do \
                               if not redis.acl_check_cmd(command) then return command end \
                             end return ''";

/// A script and its digest.
#[derive(Debug)]
pub(super) struct Script {
    text: &'static str,
    digest: String,
}

impl Script {
    pub(super) fn new(text: &'static str) -> Self {
        Self { text, digest: sha1_hash(text) }
    }

    /// Returns `exchange.lua`.
    pub(super) fn exchange() -> Self {
        Self::new(include_str!("scripts/exchange.lua"))
    }

    /// Returns the arguments of the `EVALSHA` that runs the script.
    pub(super) fn words(&self, keys: Vec<String>, arguments: Vec<Bytes>) -> Vec<Value> {
        let head = [self.digest.clone(), keys.len().to_string()];
        let words = head.into_iter().chain(keys).map(Value::from);
        words.chain(arguments.into_iter().map(Value::Bytes)).collect()
    }

    /// Runs the script. The first of `keys` is the list, the others are companions.
    pub(super) async fn run<T: fred::types::FromValue>(
        &self,
        client: &Client,
        keys: Vec<String>,
        arguments: Vec<Bytes>,
    ) -> Result<T, Error> {
        // Through `custom`, because the library's own call waits for the reply before the next command is sent.
        let command = CustomCommand::new_static("EVALSHA", ClusterHash::FirstKey, false);
        let answer = match client.custom(command, self.words(keys.clone(), arguments.clone())).await {
            Err(error) if error.details().contains("NOSCRIPT") => {
                let arguments: Vec<Value> = arguments.into_iter().map(Value::Bytes).collect();
                client.eval(self.text, keys.clone(), arguments).await
            }
            answer => answer,
        };
        match answer {
            Err(error) => Err(self.named(client, &keys, error).await),
            answer => answer,
        }
    }

    /// Names the missing permission or the unknown command in `error`, if Redis reports one without naming it.
    async fn named(&self, client: &Client, keys: &[String], error: Error) -> Error {
        let details = error.details();
        if details.contains("can't run this command") {
            let asked: Result<String, Error> = client.eval(WHICH_COMMAND, Vec::<String>::new(), self.commands()).await;
            if let Some(command) = asked.ok().filter(|command| !command.is_empty()) {
                let command = command.to_lowercase();
                let text = format!("NOPERM this user has no permissions to run the '{command}' command");
                return Error::new(error.kind().clone(), text);
            }
        }
        if is_unknown_in_script(details) {
            let words = std::iter::once(Value::from("INFO")).chain(self.commands().into_iter().map(Value::from));
            let command = CustomCommand::new_static("COMMAND", ClusterHash::Random, false);
            let known: Result<Vec<Value>, Error> = client.custom(command, words.collect::<Vec<_>>()).await;
            let unknown = known.ok().and_then(|known| known.iter().position(Value::is_null));
            if let Some(command) = unknown.and_then(|at| self.commands().into_iter().nth(at)) {
                return Error::new(error.kind().clone(), format!("ERR unknown command '{command}'"));
            }
        }
        if (is_without_rights(details) && details.contains(" key")) || details.contains("can't access at least one") {
            let (list, companions) = keys.split_at(1);
            // If the list alone is permitted, the companions are not.
            let list_alone: Result<i64, Error> = client.eval("return 1", list.to_vec(), Vec::<Value>::new()).await;
            if let (Ok(_), Some(companion)) = (list_alone, companions.first()) {
                let base = companion.rfind("}:").map_or(companion.as_str(), |tag| &companion[..tag + 2]);
                return Error::new(error.kind().clone(), no_access_to(&format!("{base}*")));
            }
        }
        error
    }

    /// Returns the commands that the script calls.
    fn commands(&self) -> Vec<String> {
        let calls = self.text.split("call('").skip(1).filter_map(|call| call.split('\'').next());
        let mut commands: Vec<String> = calls.map(str::to_owned).collect();
        commands.sort();
        commands.dedup();
        commands
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_lists_its_commands() {
        let script = Script::new("redis.call('TIME') redis.pcall('LPUSH', KEYS[1]) redis.call('TIME')");
        assert_eq!(script.commands(), ["LPUSH", "TIME"]);
    }
}
