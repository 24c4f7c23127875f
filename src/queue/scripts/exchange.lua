-- Hands in what is finished and takes what is next, in one step; renews the lease by the way.
--
-- KEYS[1]  the list                       KEYS[6]  due times of what is delayed (sorted set, ms)
-- KEYS[2]  what this consumer holds       KEYS[7]  what is delayed (hash)
-- KEYS[3]  what pops have delivered       KEYS[8]  dead letters (list)
-- KEYS[4]  consumers by lease deadline    KEYS[9]  counters (hash)
-- KEYS[5]  consumers that hold something
-- ARGV[1]  the consumer
-- ARGV[2]  its lease, in ms
-- ARGV[3]  the number of this call, one more than the call before; the same number gets the same answer again; 0 is for
--          coming in
-- ARGV[4]  how many items to take at most
-- ARGV[5…] what is finished, four each: how, id, and two more
--            ack      id  ''        ''
--            retry    id  delay ms  history
--            dead     id  header    ''
--            requeue  id  ''        ''
--
-- Returns { items, lost, due, renewed, now }: items as id, bytes, history, one after the other; the ids whose lease had been
-- lost, so that their result does not count; ms until the next delayed item is due, or -1; 0 when the lease had run out and
-- what was held was given to others; Redis' time in ms.
--
-- Held items are fields `id` and, where there is one, `id history`; field `call` holds the number of the last call and what
-- it had found lost. A call that comes after a later one, by a connection long given up, does nothing. What has landed goes
-- first, whoever's pop it was: a consumer that died, or has no hand free, keeps nobody waiting.
local list, held, landing, consumers, busy = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local delayed, items, dead, stats = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local consumer, lease, call, most = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function due()
  local next = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
  if next[2] then
    return math.max(0, tonumber(next[2]) - now)
  end
  return -1
end

-- A Redis that is full refuses the first write of a script when it takes memory, and none after it. This one takes none:
-- items that wait in a full Redis can be worked.
redis.call('HDEL', held, '')

-- A consumer that others have given up takes nothing in this call: the number may be that of a call that had taken something
-- before its reply was lost, and ids must not come up twice.
local renewed = 1
if call ~= '0' and not redis.call('ZSCORE', consumers, consumer) then
  renewed, most = 0, 0
end
redis.call('ZADD', consumers, now + lease, consumer)

local prefix = consumer .. ':' .. call .. ':'
local taken = {}
local function add(id, item, history)
  taken[#taken + 1] = id
  taken[#taken + 1] = item
  taken[#taken + 1] = history or ''
end

local last = redis.call('HGET', held, 'call')
if last and tonumber(string.match(last, '^%d+')) > tonumber(call) then
  return { {}, {}, -1, renewed, now }
end
if last and string.sub(last, 1, #call + 1) == call .. ' ' then
  local lost = {}
  for id in string.gmatch(string.sub(last, #call + 2), '%S+') do
    lost[#lost + 1] = id
  end
  local id = prefix .. 1
  local item = redis.call('HGET', held, id)
  while item do
    add(id, item, redis.call('HGET', held, id .. ' history'))
    id = prefix .. (#taken / 3 + 1)
    item = redis.call('HGET', held, id)
  end
  return { taken, lost, due(), renewed, now }
end

local lost, acknowledged, retried, dead_lettered, requeued = {}, 0, 0, 0, 0
for i = 5, #ARGV, 4 do
  local how, id = ARGV[i], ARGV[i + 1]
  local item = redis.call('HGET', held, id)
  if not item then
    lost[#lost + 1] = id
  elseif how == 'ack' then
    acknowledged = acknowledged + 1
  elseif how == 'retry' then
    redis.call('HSET', items, id, item, id .. ' history', ARGV[i + 3])
    redis.call('ZADD', delayed, now + tonumber(ARGV[i + 2]), id)
    retried = retried + 1
  elseif how == 'requeue' then
    local history = redis.call('HGET', held, id .. ' history')
    if history then
      redis.call('HSET', items, id, item, id .. ' history', history)
      redis.call('ZADD', delayed, now, id)
    else
      redis.call('RPUSH', list, item)
    end
    requeued = requeued + 1
  else
    redis.call('LPUSH', dead, ARGV[i + 2] .. '\n' .. item)
    dead_lettered = dead_lettered + 1
  end
  redis.call('HDEL', held, id, id .. ' history')
end

local function take(item, history)
  local id = prefix .. (#taken / 3 + 1)
  redis.call('HSET', held, id, item)
  if history then
    redis.call('HSET', held, id .. ' history', history)
  end
  add(id, item, history)
end

local claimed = 0
local function claim(from)
  if #taken / 3 < most then
    for _, item in ipairs(redis.call('RPOP', from, most - #taken / 3) or {}) do
      take(item)
      claimed = claimed + 1
    end
  end
end

if most == 0 then
  -- Others may have a hand free; the oldest is to be taken first.
  repeat until not redis.call('LMOVE', landing, list, 'LEFT', 'RIGHT')
else
  claim(landing)
  if #taken / 3 < most then
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, most - #taken / 3)) do
      local item, history = redis.call('HGET', items, id), redis.call('HGET', items, id .. ' history')
      if item then
        take(item, history)
      end
      redis.call('ZREM', delayed, id)
      redis.call('HDEL', items, id, id .. ' history')
    end
  end
  claim(list)
end

redis.call('HSET', held, 'call', call .. ' ' .. table.concat(lost, ' '))
if redis.call('HLEN', held) > 1 then
  redis.call('ZADD', busy, now, consumer)
else
  redis.call('ZREM', busy, consumer)
end
for name, count in pairs({ claimed = claimed, acknowledged = acknowledged, retried = retried, dead = dead_lettered, requeued = requeued }) do
  if count > 0 then
    redis.call('HINCRBY', stats, name, count)
  end
end
return { taken, lost, due(), renewed, now }
