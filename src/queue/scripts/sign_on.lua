-- Signs a consumer on: a new one, or one whose lease may have expired or that Redis may have lost.
--
-- KEYS[1]  list of waiting items, unused    KEYS[3]  consumers by lease deadline
-- KEYS[2]  items in flight (hash)
-- ARGV[1]  consumer
-- ARGV[2]  lease duration, in ms
-- ARGV[3]  number of the last call of lane c
-- ARGV[4]  number of the last call of lane d
--
-- Returns { is_new, fields }:
--   is_new  1 if Redis did not know the consumer
--   fields  all fields of the hash of items in flight
--
-- May be repeated. Exchanges with these numbers and earlier ones claim nothing after it, whenever they arrive; nor do those that
-- have claimed what the hash holds, if this call arrives late itself: an id is not used twice.
local held, consumers = KEYS[2], KEYS[3]

-- Out of memory, Redis refuses the first write of a script if it needs memory, and no later one. This one needs none.
redis.call('HDEL', held, '')
local last, fields = redis.call('HGET', held, 'c'), redis.call('HKEYS', held)
local call, wait = tonumber(ARGV[3]), math.max(ARGV[4], redis.call('HGET', held, 'd') or 0)
if last and tonumber(string.match(last, '^%d+')) > call then
  return { 0, fields }
end
local is_new = not last or last == ARGV[3] .. ' new'
if not last then
  local histories = 0
  for _, field in ipairs(fields) do
    local lane, number = string.match(field, '^(%a)(%d+):')
    if lane == 'c' then
      call = math.max(call, tonumber(number))
    elseif lane == 'd' then
      wait = math.max(wait, tonumber(number))
    end
    histories = histories + (string.find(field, ' ', 1, true) and 1 or 0)
  end
  redis.call('HSET', held, 'lease', ARGV[2], 'histories', histories)
end
redis.call('HSET', held, 'c', call .. (is_new and ' new' or ''), 'd', wait)
local time = redis.call('TIME')
redis.call('ZADD', consumers, time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2], ARGV[1])
return { is_new and 1 or 0, fields }
