-- Redelivers the items of crashed consumers.
--
-- KEYS[1]  consumers by lease deadline           KEYS[4]  delayed items and histories (hash)
-- KEYS[2]  busy consumers (sorted set)           KEYS[5]  dead letters (list)
-- KEYS[3]  delayed items by due time             KEYS[6]  counters (hash)
-- ARGV[1]  prefix of the keys of items in flight
-- ARGV[2]  number of crashes after which an item is dead-lettered
-- ARGV[3]  maximum number of consumers to handle
--
-- Returns { redelivered, dead_lettered }, in items.
--
-- An item in flight at a crashed consumer is delayed, due at once, with its crashes incremented. Items of the landing list were
-- never begun: the next consumer claims them.
local consumers, busy, delayed, items, dead, stats = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local max_crashes = tonumber(ARGV[2])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local redelivered, dead_lettered = 0, 0

local function crash(id, item, history)
  local past = { attempts = 0, crashes = 0, id = id, since = now }
  if history then
    -- A history that another client has damaged must not prevent redelivery.
    local is_json, told = pcall(cjson.decode, history)
    if is_json and type(told) == 'table' and type(told.crashes) == 'number' then
      past = told
    end
  end
  past.crashes = past.crashes + 1
  past.reason = 'consumer crashed'
  if past.crashes >= max_crashes then
    past.died = now
    redis.call('LPUSH', dead, cjson.encode(past) .. '\n' .. item)
    dead_lettered = dead_lettered + 1
  else
    redis.call('HSET', items, id, item, id .. ' history', cjson.encode(past))
    redis.call('ZADD', delayed, now, id)
    redelivered = redelivered + 1
  end
end

for _, consumer in ipairs(redis.call('ZRANGEBYSCORE', consumers, '-inf', now, 'LIMIT', 0, ARGV[3])) do
  -- First the writes that need no memory: Redis then permits the others even when it is out of memory.
  redis.call('ZREM', consumers, consumer)
  redis.call('ZREM', busy, consumer)
  local held = ARGV[1] .. consumer
  local all = redis.call('HGETALL', held)
  local fields = {}
  for i = 1, #all, 2 do
    fields[all[i]] = all[i + 1]
  end
  for id, item in pairs(fields) do
    if id ~= 'call' and not string.find(id, ' ', 1, true) then
      crash(id, item, fields[id .. ' history'])
    end
  end
  redis.call('DEL', held)
end

if redelivered > 0 then
  redis.call('HINCRBY', stats, 'redelivered', redelivered)
end
if dead_lettered > 0 then
  redis.call('HINCRBY', stats, 'dead', dead_lettered)
end
return { redelivered, dead_lettered }
