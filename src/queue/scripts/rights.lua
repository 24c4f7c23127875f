-- Tries every command that a consumer's other scripts run, and HKEYS, so that a user who may not run one of them
-- hears of it before anything is taken, and not half-way through.
--
-- KEYS[1]  a key that nobody uses
-- KEYS[2…] the others, which are left alone: Redis looks whether the user may use them
--
-- Returns 1, or refuses with NOPERM and the command. Leaves nothing behind.
local key = KEYS[1]
for _, command in ipairs({
  { 'DEL', key },
  { 'TIME' },
  { 'RPUSH', key, 'x' },
  { 'LPUSH', key, 'x' },
  { 'RPOP', key },
  { 'LMOVE', key, key, 'LEFT', 'RIGHT' },
  { 'DEL', key },
  { 'HSET', key, 'x', 'x' },
  { 'HINCRBY', key, 'y', '1' },
  { 'HGET', key, 'x' },
  { 'HGETALL', key },
  { 'HKEYS', key },
  { 'HLEN', key },
  { 'HDEL', key, 'x' },
  { 'DEL', key },
  { 'ZADD', key, '1', 'x' },
  { 'ZSCORE', key, 'x' },
  { 'ZRANGE', key, '0', '0' },
  { 'ZRANGEBYSCORE', key, '0', '0' },
  { 'ZREM', key, 'x' },
}) do
  local answer = redis.pcall(unpack(command))
  local refused = type(answer) == 'table' and answer.err
  -- Redis 7.0 does not say which command of a script the user may not run.
  if refused and (string.find(refused, "can't run this command", 1, true) or string.find(refused, 'NOPERM', 1, true)) then
    redis.pcall('DEL', key)
    return redis.error_reply("NOPERM this user has no permissions to run the '" .. string.lower(command[1]) .. "' command")
  end
end
redis.call('DEL', key)
return 1
