//! Commands that each program runs, and what they are tried with.

/// A program that uses the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// Commands without which it does not run.
    pub commands: &'static [&'static str],
    /// True if its absence keeps items from being pushed, processed or counted.
    pub essential: bool,
}

/// Programs, in the order in which they are checked.
pub const PROGRAMS: [Program; 5] = [
    Program { name: "keda", commands: &["eval", "type", "llen", "zcard"], essential: true },
    Program {
        name: "produce",
        commands: &["eval", "lpush", "llen", "ltrim", "get", "set", "hincrby", "del"],
        essential: true,
    },
    Program {
        name: "consume",
        commands: &[
            "evalsha",
            "eval",
            "blmove",
            "lmove",
            "rpop",
            "rpush",
            "lpush",
            "time",
            "zadd",
            "zrange",
            "zrangebyscore",
            "zrem",
            "hset",
            "hget",
            "hkeys",
            "hrandfield",
            "hexists",
            "hdel",
            "hlen",
            "hincrby",
            "exists",
            "del",
        ],
        essential: true,
    },
    Program {
        name: "watch",
        commands: &[
            "evalsha", "eval", "time", "llen", "zcard", "zrange", "hget", "hkeys", "hlen", "hexists", "hgetall",
        ],
        essential: false,
    },
    Program {
        name: "dead",
        commands: &[
            "evalsha", "eval", "time", "llen", "lrange", "lindex", "lmove", "lpush", "rpop", "hdel", "hincrby", "get",
            "set", "rename", "del",
        ],
        essential: false,
    },
];

/// What `produce` needs in addition if replicas are to hold what it has pushed.
pub const REPLICA_WAIT: Program = Program { name: "produce --wait-replicas", commands: &["wait"], essential: true };

/// Returns a call of `command` on `key` with as many arguments as it takes.
pub fn call(command: &str, key: &str) -> Vec<String> {
    let words: &[&str] = match command {
        "eval" | "evalsha" => return [command, "return 1", "1", key].map(str::to_owned).to_vec(),
        "time" => return vec![command.to_owned()],
        "wait" => return [command, "0", "0"].map(str::to_owned).to_vec(),
        "get" | "type" | "llen" | "zcard" | "hkeys" | "hlen" | "hgetall" | "exists" | "del" | "rpop" | "hrandfield" => {
            &[]
        }
        "lindex" => &["0"],
        "lpush" | "rpush" | "hget" | "hexists" | "hdel" | "zrem" | "set" => &["x"],
        "zadd" => &["1", "x"],
        "hset" => &["x", "x"],
        "hincrby" => &["x", "1"],
        "blmove" => &[key, "LEFT", "RIGHT", "1"],
        "lmove" => &[key, "LEFT", "RIGHT"],
        "rename" => &[key],
        _ => &["0", "0"],
    };
    [command, key].into_iter().chain(words.iter().copied()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_have_the_key_where_the_command_takes_one() {
        for program in PROGRAMS {
            for command in program.commands {
                let words = call(command, "k");
                assert!(words[0] == *command && (words.contains(&"k".to_owned()) || *command == "time"), "{words:?}");
            }
        }
        assert_eq!(call("ltrim", "k"), ["ltrim", "k", "0", "0"]);
        assert_eq!(call("wait", "k"), ["wait", "0", "0"]);
    }
}
