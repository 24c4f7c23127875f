-- Pushes a batch exactly once, however often it is sent.
--
-- KEYS[1]  list of waiting items
-- KEYS[2]  producer's token: number of the last batch pushed
-- KEYS[3]  counters (hash)
-- ARGV[1]  number of this batch, one more than the previous
-- ARGV[2]  lifetime of the token, in seconds
-- ARGV[3…] items
--
-- Returns the length of the list. Pushes nothing if this batch has been pushed before. Fails with GAP if an earlier batch has
-- not been pushed: batches are pipelined, and their order is the order on the list. A token that Redis has lost, in a restart
-- without its data, prevents nothing. A user who may push but not count pushes all the same.
local number = tonumber(ARGV[1])
local last = tonumber(redis.call('GET', KEYS[2]) or number - 1)
if number <= last then
  return redis.call('LLEN', KEYS[1])
end
if number > last + 1 then
  return redis.error_reply('GAP batch ' .. (last + 1) .. ' is missing')
end
local length = redis.pcall('LPUSH', KEYS[1], unpack(ARGV, 3))
if type(length) == 'table' then
  -- Redis 7.0 does not name the command that the user may not run.
  if string.find(length.err, "can't run this command", 1, true) then
    return redis.error_reply("NOPERM this user has no permissions to run the 'lpush' command")
  end
  return length
end
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
redis.pcall('HINCRBY', KEYS[3], 'pushed', #ARGV - 2)
return length
