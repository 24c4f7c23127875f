-- Pushes a batch once, however often it is sent.
--
-- KEYS[1]  the list
-- KEYS[2]  the producer's token: the number of the last batch it has pushed
-- KEYS[3]  counters (hash)
-- ARGV[1]  the number of this batch; each is one more than the one before
-- ARGV[2]  how long the token is kept, in seconds
-- ARGV[3…] the items
--
-- Returns the length of the list. Pushes nothing when this batch has been pushed before, and refuses with GAP when one
-- before it has not: several are sent without waiting, and their order is the order on the list. A token that Redis has
-- forgotten (restarted without its data) forbids nothing. Who may push but not count pushes all the same.
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
  -- Redis 7.0 does not say which command of a script the user may not run.
  if string.find(length.err, "can't run this command", 1, true) then
    return redis.error_reply("NOPERM this user has no permissions to run the 'lpush' command")
  end
  return length
end
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
redis.pcall('HINCRBY', KEYS[3], 'pushed', #ARGV - 2)
return length
