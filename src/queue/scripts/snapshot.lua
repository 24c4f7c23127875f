-- Looks at a list and all that belongs to it, in one moment; changes nothing.
--
-- KEYS[1]  the list                       KEYS[5]  what is delayed (hash)
-- KEYS[2]  consumers by lease deadline    KEYS[6]  dead letters (list)
-- KEYS[3]  consumers that hold something  KEYS[7]  counters (hash)
-- KEYS[4]  due times of what is delayed   KEYS[8]  where blocking pops deliver to (list)
-- ARGV[1]  what the name of what a consumer holds begins with
-- ARGV[2…] consumers to look for besides those that Redis knows of
--
-- Returns { waiting, claims, in_flight, abandoned, busy, delayed, orphaned, dead, counters }: 1 when somebody has claimed here; how
-- many items are in flight, and how many of them are held by consumers whose lease has run out or that are forgotten; how many
-- consumers count as busy; how many items are kept as delayed that nobody will be given; and the counters as name, value.
local list, consumers, busy, delayed, items, dead, stats = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local landing, base = KEYS[8], ARGV[1]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- How many of a hash's fields are items: `call` and `id history` are none.
local function count(key)
  local found = 0
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if field ~= 'call' and not string.find(field, ' ', 1, true) then
      found = found + 1
    end
  end
  return found
end

local deadlines = {}
for i = 2, #ARGV do
  deadlines[ARGV[i]] = 0
end
for _, consumer in ipairs(redis.call('ZRANGE', busy, 0, -1)) do
  deadlines[consumer] = 0
end
local known = redis.call('ZRANGE', consumers, 0, -1, 'WITHSCORES')
for i = 1, #known, 2 do
  deadlines[known[i]] = tonumber(known[i + 1])
end

local in_flight, abandoned = 0, 0
for consumer, deadline in pairs(deadlines) do
  local held = 0
  -- One field is the number of the last call.
  if redis.call('HLEN', base .. consumer) > 1 then
    held = count(base .. consumer)
  end
  in_flight = in_flight + held
  if deadline <= now then
    abandoned = abandoned + held
  end
end

-- What has landed and was not begun waits as well.
local waiting, late = redis.call('LLEN', list) + redis.call('LLEN', landing), redis.call('ZCARD', delayed)
local orphaned = 0
if late == 0 and redis.call('HLEN', items) > 0 then
  orphaned = count(items)
end
local claims = redis.call('EXISTS', consumers, busy, delayed, dead) + redis.call('HEXISTS', stats, 'claimed')
return {
  waiting, math.min(claims, 1), in_flight, abandoned, redis.call('ZCARD', busy), late, orphaned, redis.call('LLEN', dead),
  redis.call('HGETALL', stats),
}
