//! Where the items of a list are, all seen in the same instant.

use std::collections::HashSet;

use super::{RedisServer, Reply};

/// Looks into the list and each companion at once: a script is not interrupted.
const LOOK: &str = r"
local found = { redis.call('HGET', KEYS[2] .. 'stats', 'acknowledged') or '0' }
local function add(place, item, history)
  table.insert(found, place)
  table.insert(found, item)
  table.insert(found, history or '')
end
for _, key in ipairs(redis.call('KEYS', '*')) do
  local is_companion = string.sub(key, 1, #KEYS[2]) == KEYS[2]
  local name = key == KEYS[1] and 'list' or is_companion and string.sub(key, #KEYS[2] + 1) or ''
  if name == 'list' or string.find(name, '^landing') then
    for _, item in ipairs(redis.call('LRANGE', key, 0, -1)) do
      add(name, item)
    end
  elseif name == 'items' or string.find(name, '^inflight:') then
    for _, field in ipairs(redis.call('HKEYS', key)) do
      if string.find(field, ':', 1, true) and not string.find(field, ' ', 1, true) then
        add(name, redis.call('HGET', key, field), redis.call('HGET', key, field .. ' history'))
      end
    end
  elseif name == 'dead' or name == 'dead:examined' then
    for _, dead_letter in ipairs(redis.call('LRANGE', key, 0, -1)) do
      local header, item = string.match(dead_letter, '^([^\n]*)\n(.*)$')
      add(name, item, header)
    end
  end
end
return found
";

/// All that Redis knows of the items of a list.
#[derive(Debug)]
pub(crate) struct Census {
    /// Acknowledged items, by the counters.
    pub(crate) acknowledged: usize,
    pub(crate) found: Vec<Found>,
}

/// One item in one place.
#[derive(Debug)]
pub(crate) struct Found {
    /// `list`, `inflight:…`, `items`, `dead`, …
    pub(crate) place: String,
    pub(crate) item: String,
    /// Its past, as JSON; null when it has none.
    pub(crate) history: serde_json::Value,
}

impl Census {
    /// The items in the places whose name begins so.
    pub(crate) fn of<'a>(&'a self, place: &'a str) -> impl Iterator<Item = &'a Found> {
        self.found.iter().filter(move |found| found.place.starts_with(place))
    }

    /// The same, counted.
    pub(crate) fn count(&self, place: &str) -> usize {
        self.of(place).count()
    }

    /// Asserts that each of `items` different items is in exactly one place, or acknowledged.
    #[track_caller]
    pub(crate) fn accounts_for(&self, items: usize) {
        let different: HashSet<&str> = self.found.iter().map(|found| found.item.as_str()).collect();
        assert_eq!(different.len(), self.found.len(), "an item is in two places: {self:?}");
        assert_eq!(
            self.found.len() + self.acknowledged,
            items,
            "{} acknowledged, the others: {:?}",
            self.acknowledged,
            self.found
        );
    }
}

impl Census {
    /// Returns whether no item is waiting, in flight or delayed.
    pub(crate) fn is_settled(&self) -> bool {
        self.found.len() == self.count("dead")
    }
}

impl RedisServer {
    /// Looks for the items of `mylist`.
    #[track_caller]
    pub(crate) fn census(&self) -> Census {
        self.census_of("mylist")
    }

    /// Looks for the items of `list`.
    #[track_caller]
    pub(crate) fn census_of(&self, list: &str) -> Census {
        let answer = self.ask(&["EVAL", LOOK, "2", list, &format!("{{{list}}}:")]);
        let Ok(Reply::Array(replies)) = answer else { panic!("no census: {answer:?}") };
        let texts: Vec<String> = replies.iter().map(ToString::to_string).collect();
        let found = texts[1..].chunks_exact(3).map(|found| Found {
            place: found[0].clone(),
            item: found[1].clone(),
            history: serde_json::from_str(&found[2]).unwrap_or_default(),
        });
        Census { acknowledged: texts[0].parse().expect("a counter is a number"), found: found.collect() }
    }

    /// A counter of `mylist`.
    #[track_caller]
    pub(crate) fn stat(&self, name: &str) -> u64 {
        self.stat_of("mylist", name)
    }

    /// A counter of `list`.
    #[track_caller]
    pub(crate) fn stat_of(&self, list: &str, name: &str) -> u64 {
        self.cli(&["HGET", &format!("{{{list}}}:stats"), name]).parse().unwrap_or(0)
    }

    /// Returns whether no item of `mylist` is waiting, in flight or delayed.
    #[track_caller]
    pub(crate) fn is_settled(&self) -> bool {
        self.census().is_settled()
    }

    /// Calls of `command` since `CONFIG RESETSTAT`, those within scripts included.
    #[track_caller]
    pub(crate) fn calls(&self, command: &str) -> u64 {
        let stats = self.cli(&["INFO", "commandstats"]);
        // Before 7, subcommands are not counted on their own.
        let command = if stats.contains('|') { command } else { command.split('|').next().unwrap_or(command) };
        let prefix = format!("cmdstat_{command}:calls=");
        let count = stats.lines().find_map(|line| line.strip_prefix(&prefix)?.split(',').next()?.parse().ok());
        count.unwrap_or(0)
    }

    /// Calls of all commands since `CONFIG RESETSTAT`, those within scripts included and our own not.
    #[track_caller]
    pub(crate) fn commands(&self) -> u32 {
        let stats = self.cli(&["INFO", "commandstats"]);
        let commands = stats.lines().filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(":calls="));
        let commands = commands.filter(|(command, _)| !["info", "config|resetstat"].contains(command));
        commands.filter_map(|(_, stats)| stats.split(',').next()?.parse::<u32>().ok()).sum()
    }

    /// Reads of the server from its sockets since `CONFIG RESETSTAT`.
    #[track_caller]
    pub(crate) fn reads(&self) -> u32 {
        let stats = self.cli(&["INFO", "stats"]);
        let reads = stats.lines().find_map(|line| line.strip_prefix("total_reads_processed:")?.parse().ok());
        reads.expect("INFO counts the reads")
    }
}
