-- Calls every command that the scripts of a consumer call, so that a missing permission is reported before any item
-- is claimed and not halfway through.
--
-- KEYS[1]  items in flight (hash)
-- KEYS[2…] the other keys, left alone: Redis checks whether the user may access them
--
-- Returns 1, or fails with NOPERM and the command. Leaves nothing behind: the consumer has no items in flight yet. If it has, this
-- call arrives late, through a connection given up long ago, and does nothing.
local key = KEYS[1]
if redis.pcall('EXISTS', key) == 1 then
  return 1
end
for _, command in ipairs({
  { 'DEL', key },
  { 'EXISTS', key },
  { 'TIME' },
  { 'RPUSH', key, 'x' },
  { 'LPUSH', key, 'x' },
  { 'RPOP', key },
  { 'LMOVE', key, key, 'LEFT', 'RIGHT' },
  { 'DEL', key },
  { 'HSET', key, 'x', 'x' },
  { 'HINCRBY', key, 'y', '1' },
  { 'HGET', key, 'x' },
  { 'HKEYS', key },
  { 'HEXISTS', key, 'x' },
  { 'HRANDFIELD', key, '1' },
  { 'HLEN', key },
  { 'HDEL', key, 'x' },
  { 'DEL', key },
  { 'ZADD', key, '1', 'x' },
  { 'ZRANGE', key, '0', '0' },
  { 'ZRANGEBYSCORE', key, '0', '0' },
  { 'ZREM', key, 'x' },
}) do
  local reply = redis.pcall(unpack(command))
  local refused = type(reply) == 'table' and reply.err
  -- Redis 7.0 does not name the command that the user may not run; Redis 8 and Valkey do not say NOPERM.
  if refused and (string.find(refused, "can't run this command", 1, true) or string.find(refused, 'NOPERM', 1, true)
      or string.find(refused, 'ACL failure', 1, true)) then
    redis.pcall('DEL', key)
    return redis.error_reply("NOPERM this user has no permissions to run the '" .. string.lower(command[1]) .. "' command")
  end
end
redis.call('DEL', key)
return 1
