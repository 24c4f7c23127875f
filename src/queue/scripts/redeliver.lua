-- Redelivers the items of crashed consumers, some per call, and corrects times that the clock of Redis has made wrong.
--
-- KEYS[1]  consumers by lease deadline           KEYS[4]  delayed items and histories (hash)
-- KEYS[2]  busy consumers (sorted set)           KEYS[5]  dead letters (list)
-- KEYS[3]  delayed items by due time             KEYS[6]  counters (hash)
-- ARGV[1]  prefix of the keys of items in flight
-- ARGV[2]  number of crashes after which an item is dead-lettered
-- ARGV[3]  lease duration of a consumer whose own is not known, in ms
--
-- Returns { redelivered, dead_lettered, more }: number of items, and 1 if the next call has something to do at once.
--
-- An item in flight at a crashed consumer is delayed, due at once, with its crashes incremented. Items of the landing list were
-- never begun: the next consumer claims them. A consumer is signed off when its last item is redelivered; another call may do
-- the rest if this one is interrupted.
local consumers, busy, delayed, items, dead, stats = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local prefix, max_crashes, usual_lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

-- Limits of one call: consumers, items, and their size in bytes; and the entries at either end of a sorted set whose time is
-- checked.
local CONSUMERS, ITEMS, BYTES, CHECKED = 16, 200, 262144, 16
-- A deadline that expired longer ago than this, in ms, is more likely a clock that was set forward: consumers scan every few
-- seconds.
local LONG_AGO = 60000

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local redelivered, dead_lettered, visited, bytes, more = 0, 0, 0, 0, 0

-- Out of memory, Redis refuses the first write of a script if it needs memory, and no later one. This one needs none.
redis.call('HDEL', stats, '')

local function lease_of(consumer)
  return tonumber(redis.call('HGET', prefix .. consumer, 'lease') or '') or usual_lease
end

local function whole(number)
  return type(number) == 'number' and number >= 0 and number == math.floor(number)
end

local function crash(id, item, history)
  local past = { attempts = 0, crashes = 0, id = id, since = now }
  if history then
    -- A history that another client has damaged must not prevent redelivery.
    local is_json, told = pcall(cjson.decode, history)
    if is_json and type(told) == 'table' and type(told.id) == 'string' and whole(told.attempts) and whole(told.crashes)
      and whole(told.since) then
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
    -- Calls that arrive long after their consumer has left claim under its name once more: no stored item is overwritten.
    while redis.call('HEXISTS', items, id) == 1 do
      id = id .. '+'
    end
    redis.call('HSET', items, id, item, id .. ' history', cjson.encode(past), id .. ' at', now)
    redis.call('ZADD', delayed, now, id)
    redelivered = redelivered + 1
  end
end

local function is_spent()
  return visited >= ITEMS or bytes >= BYTES
end

-- Redelivers items of a consumer, as many as this call may; returns true if none is left.
local function redeliver(consumer)
  local held = prefix .. consumer
  -- From now on the consumer, if it is alive after all, has to sign on again before it claims.
  redis.call('HDEL', held, 'c', 'd', 'lease', 'histories')
  while not is_spent() do
    local fields = redis.call('HRANDFIELD', held, 32)
    if #fields == 0 then
      return true
    end
    for _, field in ipairs(fields) do
      local id = string.match(field, '^(.*) history$') or field
      local item = redis.call('HGET', held, id)
      if item then
        crash(consumer .. ':' .. id, item, redis.call('HGET', held, id .. ' history'))
        bytes = bytes + #item
      end
      redis.call('HDEL', held, field, id, id .. ' history')
      visited = visited + 1
      if is_spent() then
        break
      end
    end
  end
  return redis.call('EXISTS', held) == 0
end

local expired = redis.call('ZRANGEBYSCORE', consumers, '-inf', now, 'WITHSCORES', 'LIMIT', 0, CONSUMERS)
for i = 1, #expired, 2 do
  local consumer, deadline = expired[i], tonumber(expired[i + 1])
  local lease = lease_of(consumer)
  if is_spent() then
    more = 1
    break
  elseif now - deadline > math.max(lease, LONG_AGO) then
    -- If the consumer is alive, it renews in time.
    redis.call('ZADD', consumers, now + math.ceil(lease / 2), consumer)
  elseif redeliver(consumer) then
    redis.call('ZREM', consumers, consumer)
    redis.call('ZREM', busy, consumer)
  else
    more = 1
  end
end
if #expired == 2 * CONSUMERS then
  more = 1
end

-- A deadline further away than the lease was set before the clock was set back.
local last = redis.call('ZRANGE', consumers, -CHECKED, -1, 'WITHSCORES')
for i = 1, #last, 2 do
  local consumer, deadline = last[i], tonumber(last[i + 1])
  local lease = lease_of(consumer)
  if deadline > now + lease then
    redis.call('ZADD', consumers, now + lease, consumer)
    more = 1
  end
end

-- So was the due time of an item that was delayed in the future: it is due after its delay, from now on.
for _, entries in ipairs({
  redis.call('ZRANGE', delayed, 0, CHECKED - 1, 'WITHSCORES'), redis.call('ZRANGE', delayed, -CHECKED, -1, 'WITHSCORES'),
}) do
  for i = 1, #entries, 2 do
    local id, due = entries[i], tonumber(entries[i + 1])
    local at = tonumber(redis.call('HGET', items, id .. ' at'))
    if at and at > now then
      redis.call('ZADD', delayed, now + math.max(0, due - at), id)
      redis.call('HSET', items, id .. ' at', now)
      more = 1
    end
  end
end

if redelivered > 0 then
  redis.call('HINCRBY', stats, 'redelivered', redelivered)
end
if dead_lettered > 0 then
  redis.call('HINCRBY', stats, 'dead', dead_lettered)
end
return { redelivered, dead_lettered, more }
