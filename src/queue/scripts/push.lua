-- Counts a batch as pushed exactly once, however often it is sent.
--
-- KEYS[1]  list of waiting items
-- KEYS[2]  producer's token: number of the last batch pushed
-- KEYS[3]  counters (hash)
-- ARGV[1]  number of this batch, one more than the previous
-- ARGV[2]  lifetime of the token, in seconds
-- ARGV[3]  number of its items
-- ARGV[4…] its items; without them, the same transaction has just pushed them
--
-- Returns the length of the list. Removes or does not push the items if this batch has been pushed before. Does likewise and
-- fails with GAP if an earlier batch has not been pushed: batches are pipelined, and their order is the order on the list.
-- A token that Redis has lost, in a restart without its data, prevents nothing. A user who may push but not count pushes all
-- the same.
local function call(command, ...)
  local reply = redis.pcall(command, ...)
  local says = type(reply) == 'table' and reply.err or ''
  -- Redis does not name a command that does not exist, and 7.0 none that the user may not run.
  if string.find(says, "can't run this command", 1, true) then
    return redis.error_reply("NOPERM this user has no permissions to run the '" .. command .. "' command")
  elseif string.find(says, 'Unknown Redis command', 1, true) or string.find(says, 'Unknown command called', 1, true) then
    return redis.error_reply("ERR unknown command '" .. command .. "'")
  end
  return reply
end

local number, count = tonumber(ARGV[1]), tonumber(ARGV[3])
local token = call('get', KEYS[2])
if type(token) == 'table' then
  return token
end
local last = tonumber(token or number - 1)
local expected = number == last + 1
local in_transaction = not ARGV[4]
local pushes = expected and not in_transaction

local length
if pushes then
  length = call('lpush', KEYS[1], unpack(ARGV, 4))
else
  length = call('llen', KEYS[1])
end
if type(length) == 'table' then
  return length
end

local failure
if expected then
  failure = call('set', KEYS[2], ARGV[1], 'EX', ARGV[2])
  if failure.ok then
    if count > 0 then
      redis.pcall('hincrby', KEYS[3], 'pushed', count)
    end
    return length
  end
elseif number > last then
  failure = redis.error_reply('GAP batch ' .. (last + 1) .. ' is missing')
else
  -- A write of this connection, for WAIT to wait for: another one has pushed the items. Redis 5 takes no KEEPTTL, and needs
  -- no write.
  local kept = call('set', KEYS[2], last, 'KEEPTTL')
  failure = kept.err and not string.find(kept.err, 'syntax error', 1, true) and kept
end
if pushes or in_transaction then
  local trimmed = call('ltrim', KEYS[1], count, -1)
  if trimmed.err then
    return trimmed
  end
  length = length - count
end
return failure or length
