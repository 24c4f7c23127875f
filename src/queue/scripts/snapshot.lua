-- Reads the state of a list and its companions in one step; changes nothing.
--
-- KEYS[1]  list of waiting items          KEYS[5]  delayed items and histories (hash)
-- KEYS[2]  consumers by lease deadline    KEYS[6]  dead letters (list)
-- KEYS[3]  busy consumers (sorted set)    KEYS[7]  counters (hash)
-- KEYS[4]  delayed items by due time      KEYS[8]  landing list
-- KEYS[9]  dead letters that a requeue or purge has examined (list)
-- ARGV[1]  prefix of the keys of items in flight
-- ARGV[2…] consumers to include in addition to those that Redis knows
--
-- Returns { waiting, claims, in_flight, abandoned, busy, delayed, orphaned, dead, counters }:
--   waiting    items on the list and the landing list
--   claims     1 if an item of this list has been claimed
--   in_flight  items in flight
--   abandoned  items in flight at consumers whose lease has expired or that Redis does not know
--   busy       busy consumers
--   delayed    delayed items
--   orphaned   items stored as delayed without a due time
--   dead       dead letters
--   counters   name and value of each counter in turn
local list, consumers, busy, delayed, items, dead, stats = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local landing, examined, base = KEYS[8], KEYS[9], ARGV[1]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Counts the fields of a hash that are items: `ID history`, `ID at` and the fields of the consumer are not.
local function count(key)
  local found = 0
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if string.find(field, ':', 1, true) and not string.find(field, ' ', 1, true) then
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
  local held, histories = redis.call('HLEN', base .. consumer), redis.call('HGET', base .. consumer, 'histories')
  histories = tonumber(histories or '')
  if histories then
    -- Three more fields are not of items.
    held = held - 4 - histories
  elseif held > 0 then
    held = count(base .. consumer)
  end
  in_flight = in_flight + held
  if deadline <= now then
    abandoned = abandoned + held
  end
end

-- Items of the landing list are waiting as well.
local waiting, late = redis.call('LLEN', list) + redis.call('LLEN', landing), redis.call('ZCARD', delayed)
local orphaned = 0
if late == 0 and redis.call('HLEN', items) > 0 then
  orphaned = count(items)
end
local claims = redis.call('EXISTS', consumers, busy, delayed, dead, examined) + redis.call('HEXISTS', stats, 'claimed')
return {
  waiting, math.min(claims, 1), in_flight, abandoned, redis.call('ZCARD', busy), late, orphaned,
  redis.call('LLEN', dead) + redis.call('LLEN', examined), redis.call('HGETALL', stats),
}
