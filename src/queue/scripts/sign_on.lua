-- Signs a consumer on: a new one, or one whose lease may have expired or that Redis may have lost.
--
-- KEYS[1]  list of waiting items, unused    KEYS[3]  consumers by lease deadline
-- KEYS[2]  items in flight (hash)
-- ARGV[1]  consumer
-- ARGV[2]  lease duration, in ms
-- ARGV[3]  number of this call, among those of lane c
-- ARGV[4]  number of the last call of lane d
--
-- Returns { is_new, fields }:
--   is_new  1 if Redis did not know the consumer
--   fields  all fields of the hash of items in flight
--
-- May be repeated. Exchanges up to these numbers claim nothing after it, whenever they arrive.
local held, consumers = KEYS[2], KEYS[3]

-- When out of memory, Redis refuses the first write of a script if it needs memory, and no later one. This one needs none.
redis.call('HDEL', held, '')
local last, fields = redis.call('HGET', held, 'c'), redis.call('HKEYS', held)
if last and tonumber(string.match(last, '^%d+')) > tonumber(ARGV[3]) then
  return { 0, fields }
end
local is_new = not last or last == ARGV[3] .. ' new'
if not last then
  local histories = 0
  for _, field in ipairs(fields) do
    histories = histories + (string.find(field, ' ', 1, true) and 1 or 0)
  end
  redis.call('HSET', held, 'lease', ARGV[2], 'histories', histories)
end
redis.call('HSET', held, 'c', ARGV[3] .. (is_new and ' new' or ''), 'd', ARGV[4])
local time = redis.call('TIME')
redis.call('ZADD', consumers, time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2], ARGV[1])
return { is_new and 1 or 0, fields }
