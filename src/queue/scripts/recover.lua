-- Gives what dead consumers held to the others.
--
-- KEYS[1]  the list                       KEYS[5]  what is delayed (hash)
-- KEYS[2]  consumers by lease deadline    KEYS[6]  dead letters (list)
-- KEYS[3]  consumers that hold something  KEYS[7]  counters (hash)
-- KEYS[4]  due times of what is delayed
-- ARGV[1]  what the names of a consumer's own keys begin with, up to `inflight:` and `landing:`
-- ARGV[2]  how many crashes make a dead letter
-- ARGV[3]  how long to keep looking for what may still land, in ms
-- ARGV[4]  how many consumers to look at, at most
--
-- Returns { recovered, buried }: how many items went back, and how many were given up.
--
-- An item in work when its consumer died goes to `delayed`, due at once, with one more crash; one that had only landed was
-- never begun and goes back to the list. A pop that is under way when its consumer is given up may still deliver to the
-- landing list: so the consumer stays among the consumers with its deadline negative, and is looked at once more.
local list, consumers, busy, delayed, items = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local dead, stats = KEYS[6], KEYS[7]
local base, most_crashes, linger = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local recovered, buried = 0, 0

local function land(consumer)
  local item = redis.call('RPOP', base .. 'landing:' .. consumer)
  while item do
    redis.call('RPUSH', list, item)
    recovered = recovered + 1
    item = redis.call('RPOP', base .. 'landing:' .. consumer)
  end
end

local function crash(id, item, history)
  local past = { attempts = 0, crashes = 0, id = id, since = now }
  if history then
    past = cjson.decode(history)
  end
  past.crashes = past.crashes + 1
  past.reason = 'its consumer died'
  if past.crashes >= most_crashes then
    past.died = now
    redis.call('LPUSH', dead, cjson.encode(past) .. '\n' .. item)
    buried = buried + 1
  else
    redis.call('HSET', items, id, item, id .. ' history', cjson.encode(past))
    redis.call('ZADD', delayed, now, id)
    recovered = recovered + 1
  end
end

for _, consumer in ipairs(redis.call('ZRANGEBYSCORE', consumers, 0, now, 'LIMIT', 0, ARGV[4])) do
  local held = base .. 'inflight:' .. consumer
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
  land(consumer)
  redis.call('ZREM', busy, consumer)
  redis.call('ZADD', consumers, -(now + linger), consumer)
end

for _, consumer in ipairs(redis.call('ZRANGEBYSCORE', consumers, '-inf', '(0', 'LIMIT', 0, ARGV[4])) do
  land(consumer)
  if -tonumber(redis.call('ZSCORE', consumers, consumer)) <= now then
    redis.call('ZREM', consumers, consumer)
  end
end

if recovered > 0 then
  redis.call('HINCRBY', stats, 'recovered', recovered)
end
if buried > 0 then
  redis.call('HINCRBY', stats, 'dead', buried)
end
return { recovered, buried }
