-- Settles finished items, claims others and renews the lease, in one step.
--
-- KEYS[1]  list of waiting items          KEYS[6]  delayed items by due time (sorted set, ms)
-- KEYS[2]  items in flight (hash)         KEYS[7]  delayed items and histories (hash)
-- KEYS[3]  landing list                   KEYS[8]  dead letters (list)
-- KEYS[4]  consumers by lease deadline    KEYS[9]  counters (hash)
-- KEYS[5]  busy consumers (sorted set)
-- ARGV[1]  consumer
-- ARGV[2]  lease duration, in ms
-- ARGV[3]  number of this call, one more than the previous; 0 signs the consumer on. A repeated number gets the same reply
-- ARGV[4]  maximum number of items to claim
-- ARGV[5…] finished items, four values each: outcome, id, and two more
--            ack      id  ''        ''
--            retry    id  delay ms  history
--            dead     id  header    ''
--            requeue  id  ''        ''
--
-- Returns { items, lost, due, renewed, now }:
--   items    claimed items: id, item and history of each in turn
--   lost     ids whose lease had been lost: their outcome does not count
--   due      ms until the next delayed item is due, or -1
--   renewed  0 if the lease had expired and the items in flight were redelivered
--   now      Redis time, in ms
--
-- The hash of items in flight has a field `id` per item and, if it has a history, a field `id history`; the field `call` holds
-- the number of the last call and the ids it found lost. A call that arrives after a later one, through a connection given up
-- long ago, does nothing. Items of the landing list are claimed first, whichever consumer moved them there: one that crashed
-- or has no free slot delays no item.
local list, held, landing, consumers, busy = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local delayed, items, dead, stats = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local consumer, lease, call, limit = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function due()
  local next = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
  if next[2] then
    return math.max(0, tonumber(next[2]) - now)
  end
  return -1
end

-- When out of memory, Redis refuses the first write of a script if it needs memory, and no later one. This one needs none, so
-- that items can be processed while Redis is full.
redis.call('HDEL', held, '')

-- A consumer whose lease has expired claims nothing in this call: the call may be a repeated one whose reply was lost after it
-- had claimed items, and ids must not be used twice.
local renewed = 1
if call ~= '0' and not redis.call('ZSCORE', consumers, consumer) then
  renewed, limit = 0, 0
end
redis.call('ZADD', consumers, now + lease, consumer)

local prefix = consumer .. ':' .. call .. ':'
local claims = {}
local function add(id, item, history)
  claims[#claims + 1] = id
  claims[#claims + 1] = item
  claims[#claims + 1] = history or ''
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
    id = prefix .. (#claims / 3 + 1)
    item = redis.call('HGET', held, id)
  end
  return { claims, lost, due(), renewed, now }
end

local lost, acknowledged, retried, dead_lettered, requeued = {}, 0, 0, 0, 0
for i = 5, #ARGV, 4 do
  local outcome, id = ARGV[i], ARGV[i + 1]
  local item = redis.call('HGET', held, id)
  if not item then
    lost[#lost + 1] = id
  elseif outcome == 'ack' then
    acknowledged = acknowledged + 1
  elseif outcome == 'retry' then
    redis.call('HSET', items, id, item, id .. ' history', ARGV[i + 3])
    redis.call('ZADD', delayed, now + tonumber(ARGV[i + 2]), id)
    retried = retried + 1
  elseif outcome == 'requeue' then
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

local function hold(item, history)
  local id = prefix .. (#claims / 3 + 1)
  redis.call('HSET', held, id, item)
  if history then
    redis.call('HSET', held, id .. ' history', history)
  end
  add(id, item, history)
end

local claimed = 0
local function claim(from)
  if #claims / 3 < limit then
    for _, item in ipairs(redis.call('RPOP', from, limit - #claims / 3) or {}) do
      hold(item)
      claimed = claimed + 1
    end
  end
end

if limit == 0 then
  -- Other consumers may have free slots. The oldest item ends up rightmost, to be claimed first.
  repeat until not redis.call('LMOVE', landing, list, 'LEFT', 'RIGHT')
else
  claim(landing)
  if #claims / 3 < limit then
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, limit - #claims / 3)) do
      local item, history = redis.call('HGET', items, id), redis.call('HGET', items, id .. ' history')
      if item then
        hold(item, history)
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
local counts = {
  claimed = claimed, acknowledged = acknowledged, retried = retried, dead = dead_lettered, requeued = requeued,
}
for name, count in pairs(counts) do
  if count > 0 then
    redis.call('HINCRBY', stats, name, count)
  end
end
return { claims, lost, due(), renewed, now }
