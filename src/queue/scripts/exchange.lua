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
-- ARGV[5]  size in bytes after which no item is claimed, and maximum size of all contents in the reply
-- ARGV[6…] finished items, four values each: outcome, id, and two more
--            ack      id  ''        ''
--            retry    id  delay ms  history
--            dead     id  header    ''
--            requeue  id  ''        ''
--
-- Returns { items, lost, settled, more, due, renewed, now }:
--   items    claimed items: id, size, content and history of each in turn; contents are cut where they exceed the maximum
--   lost     ids whose lease had been lost: their outcome does not count
--   settled  number of finished items settled; if not all, the size of the others was too large, and nothing was claimed
--   more     1 if items were left because of their size
--   due      ms until the next delayed item is due, or -1
--   renewed  0 if the lease had expired and the items in flight were redelivered
--   now      Redis time, in ms
--
-- The hash of items in flight has a field `id` per item and, if it has a history, a field `id history`; the field `call` holds
-- number, lease, settled and more of the last call, the number of histories in the hash, and the ids that the call found lost. A
-- call that arrives after a later one, through a connection given up long ago, does nothing. A delayed item has a field `id history` and a field `id at`, the time at which it
-- was delayed. Items of the landing list are claimed first, whichever consumer moved them there: one that crashed or has no
-- free slot delays no item.
local list, held, landing, consumers, busy = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local delayed, items, dead, stats = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local consumer, lease, call, limit, page = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])

-- Size in bytes after which no item is settled, and number of landed items that one call restores.
local BYTES, LANDED = 262144, 100

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

local last = redis.call('HGET', held, 'call')
local past = {}
for part in string.gmatch(last or '', '%S+') do
  past[#past + 1] = part
end
-- A consumer whose lease has expired claims nothing in this call: the call may be a repeated one whose reply was lost after it
-- had claimed items, and ids must not be used twice. `redeliver.lua` deletes the field before it moves the first item.
local renewed = 1
if call ~= '0' and not last then
  renewed, limit = 0, 0
end
redis.call('ZADD', consumers, now + lease, consumer)

local prefix = consumer .. ':' .. call .. ':'
local claims, count, bytes, sent = {}, 0, 0, 0
local function add(id, item, history)
  local content = string.sub(item, 1, math.max(0, page - sent))
  count, bytes, sent = count + 1, bytes + #item, sent + #content
  local at = #claims
  claims[at + 1], claims[at + 2], claims[at + 3], claims[at + 4] = id, tostring(#item), content, history or ''
end

if last and tonumber(past[1]) > tonumber(call) then
  return { {}, {}, (#ARGV - 5) / 4, 0, -1, renewed, now }
end
if last and past[1] == call then
  local id = prefix .. 1
  local item = redis.call('HGET', held, id)
  while item do
    add(id, item, redis.call('HGET', held, id .. ' history'))
    id = prefix .. (count + 1)
    item = redis.call('HGET', held, id)
  end
  return { claims, { unpack(past, 6) }, tonumber(past[3]), tonumber(past[4]), due(), renewed, now }
end

if limit == 0 then
  -- Other consumers may have free slots. The oldest item ends up rightmost, to be claimed first.
  for _ = 1, LANDED do
    local item = redis.call('LMOVE', landing, list, 'LEFT', 'RIGHT')
    if not item then
      break
    end
    bytes = bytes + #item
    if bytes >= BYTES then
      break
    end
  end
  bytes = 0
end

local function delay(id, item, history, at)
  redis.call('HSET', items, id, item, id .. ' history', history, id .. ' at', now)
  redis.call('ZADD', delayed, at, id)
end

local histories = tonumber(past[5]) or 0
if renewed == 0 then
  for _, field in ipairs(redis.call('HKEYS', held)) do
    histories = histories + (string.find(field, ' history', 1, true) and 1 or 0)
  end
end
-- Removes an item from the hash; returns false if it was not there.
local function release(id)
  local fields = redis.call('HDEL', held, id, id .. ' history')
  histories = histories - math.max(0, fields - 1)
  return fields > 0
end

local lost, settled, acknowledged, retried, dead_lettered, requeued = {}, 0, 0, 0, 0, 0
for i = 6, #ARGV, 4 do
  if bytes >= BYTES then
    break
  end
  local outcome, id = ARGV[i], ARGV[i + 1]
  if outcome == 'ack' then
    if release(id) then
      acknowledged = acknowledged + 1
    else
      lost[#lost + 1] = id
    end
  else
    local item = redis.call('HGET', held, id)
    if not item then
      lost[#lost + 1] = id
    elseif outcome == 'retry' then
      delay(id, item, ARGV[i + 3], now + tonumber(ARGV[i + 2]))
      retried = retried + 1
    elseif outcome == 'requeue' then
      local history = redis.call('HGET', held, id .. ' history')
      if history then
        delay(id, item, history, now)
      else
        redis.call('RPUSH', list, item)
      end
      requeued = requeued + 1
    else
      redis.call('LPUSH', dead, ARGV[i + 2] .. '\n' .. item)
      dead_lettered = dead_lettered + 1
    end
    bytes = bytes + #(item or '')
    release(id)
  end
  settled = settled + 1
end
if settled < (#ARGV - 5) / 4 then
  limit = 0
end

local fields = {}
local function store()
  if #fields > 0 then
    redis.call('HSET', held, unpack(fields))
    fields = {}
  end
end
local function hold(item, history)
  local id = prefix .. (count + 1)
  fields[#fields + 1] = id
  fields[#fields + 1] = item
  if history then
    fields[#fields + 1] = id .. ' history'
    fields[#fields + 1] = history
    histories = histories + 1
  end
  add(id, item, history)
  -- Lua passes at most about 8000 values to a command.
  if #fields >= 1000 then
    store()
  end
end

local claimed = 0
-- The size of an item is known only when it has been popped: several popped at once might all be large.
local function claim(from)
  while count < limit and bytes < page do
    local item = redis.call('RPOP', from)
    if not item then
      break
    end
    hold(item)
    claimed = claimed + 1
  end
end

if limit > 0 then
  claim(landing)
  if count < limit and bytes < page then
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, limit - count)) do
      if bytes >= page then
        break
      end
      local item, history = redis.call('HGET', items, id), redis.call('HGET', items, id .. ' history')
      if item then
        hold(item, history)
      end
      redis.call('ZREM', delayed, id)
      redis.call('HDEL', items, id, id .. ' history', id .. ' at')
    end
  end
  claim(list)
  store()
end

local more = count < limit and bytes >= page and 1 or 0
redis.call('HSET', held, 'call', table.concat({ call, lease, settled, more, histories, unpack(lost) }, ' '))
if redis.call('HLEN', held) > 1 then
  redis.call('ZADD', busy, now, consumer)
else
  redis.call('ZREM', busy, consumer)
end
local counts = {
  claimed = claimed, acknowledged = acknowledged, retried = retried, dead = dead_lettered, requeued = requeued,
}
for name, number in pairs(counts) do
  if number > 0 then
    redis.call('HINCRBY', stats, name, number)
  end
end
return { claims, lost, settled, more, due(), renewed, now }
