-- Signs a consumer on: a new one, or one whose lease may have expired or that Redis may have lost.
--
-- KEYS[1]  list of waiting items, unused    KEYS[3]  consumers by lease deadline
-- KEYS[2]  items in flight (hash)
-- ARGV[1]  consumer
-- ARGV[2]  lease duration, in ms
-- ARGV[3]  number of this call in lane c
-- ARGV[4]  number of this call in lane d
--
-- Returns { is_new, fields }:
--   is_new  1 if Redis did not know the consumer
--   fields  all fields of the hash of items in flight
--
-- A sign-on takes a number of each lane, another one each time that it is sent: if it arrives late, no call is the next after it,
-- and the consumer has to sign on again. Exchanges with earlier numbers claim nothing after it, whenever they arrive.
local held, consumers = KEYS[2], KEYS[3]

-- Out of memory, Redis refuses the first write of a script if it needs memory, and no later one. This one needs none.
redis.call('HDEL', held, '')
local last, fields = redis.call('HGET', held, 'c'), redis.call('HKEYS', held)
if last and tonumber(string.match(last, '^%d+')) > tonumber(ARGV[3]) then
  return { 0, fields }
end
-- Still new, if only the reply to another sign-on was lost.
local is_new = not last or string.find(last, 'new', 1, true)
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
