-- Gives what dead consumers held to the others.
--
-- KEYS[1]  consumers by lease deadline    KEYS[4]  what is delayed (hash)
-- KEYS[2]  consumers that hold something  KEYS[5]  dead letters (list)
-- KEYS[3]  due times of what is delayed   KEYS[6]  counters (hash)
-- ARGV[1]  what the name of what a consumer holds begins with
-- ARGV[2]  how many crashes make a dead letter
-- ARGV[3]  how many consumers to look at, at most
--
-- Returns { redelivered, dead_lettered }: how many items went back, and how many were given up.
--
-- An item in flight when its consumer died goes to `delayed`, due at once, with one more crash. One that had only landed was
-- never begun: whoever is next to take something takes it.
local consumers, busy, delayed, items, dead, stats = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local max_crashes = tonumber(ARGV[2])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local redelivered, dead_lettered = 0, 0

local function crash(id, item, history)
  local past = { attempts = 0, crashes = 0, id = id, since = now }
  if history then
    -- Somebody else's hand in these keys must not keep an item from being redelivered.
    local is_json, told = pcall(cjson.decode, history)
    if is_json and type(told) == 'table' and type(told.crashes) == 'number' then
      past = told
    end
  end
  past.crashes = past.crashes + 1
  past.reason = 'its consumer died'
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
  -- First what takes no memory: a Redis that is full lets the rest pass then.
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
