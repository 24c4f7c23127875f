-- Reads a part of an item in flight, and renews the lease: a large item takes longer than a lease to arrive in one reply.
--
-- KEYS[1]  list of waiting items, unused    KEYS[3]  consumers by lease deadline
-- KEYS[2]  items in flight (hash)
-- ARGV[1]  consumer
-- ARGV[2]  lease duration, in ms
-- ARGV[3]  id of the item
-- ARGV[4]  number of bytes before the part
-- ARGV[5]  number of bytes of the part
--
-- Returns the part, or nil if the lease had been lost.
local held, consumers = KEYS[2], KEYS[3]
redis.call('HDEL', held, '')
local item = redis.call('HGET', held, ARGV[3])
if not item or redis.call('HEXISTS', held, 'c') == 0 then
  return false
end
local time = redis.call('TIME')
redis.call('ZADD', consumers, time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2], ARGV[1])
return string.sub(item, ARGV[4] + 1, ARGV[4] + ARGV[5])
