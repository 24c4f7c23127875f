-- Requeues the items in flight at a consumer, and signs it off.
--
-- KEYS[1]  list of waiting items          KEYS[5]  busy consumers (sorted set)
-- KEYS[2]  items in flight (hash)         KEYS[6]  delayed items by due time (sorted set)
-- KEYS[3]  landing list                   KEYS[7]  delayed items and histories (hash)
-- KEYS[4]  consumers by lease deadline    KEYS[8]  counters (hash)
-- ARGV[1]  consumer
--
-- Returns the number of items requeued. An item without a history goes back to the right end of the list, unchanged; one with
-- a history is delayed, due at once, so that its counts survive. Requeues what Redis holds, not what the consumer remembers,
-- and may be repeated.
local list, held, landing, consumers, busy = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local delayed, items, stats = KEYS[6], KEYS[7], KEYS[8]
local consumer = ARGV[1]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local all = redis.call('HGETALL', held)
local fields, ids = {}, {}
for i = 1, #all, 2 do
  fields[all[i]] = all[i + 1]
  if all[i] ~= 'call' and not string.find(all[i], ' ', 1, true) then
    ids[#ids + 1] = all[i]
  end
end
-- Ids end in the number of the call and the position within it. The item claimed first is to be claimed first again.
local function order(id)
  local call, index = string.match(id, '(%d+):(%d+)$')
  return tonumber(call) * 10000 + tonumber(index)
end
table.sort(ids, function(a, b) return order(a) > order(b) end)
-- Items of the landing list were popped last: they go back first, to be claimed after the others. There may be no other
-- consumer to claim them there.
repeat until not redis.call('LMOVE', landing, list, 'LEFT', 'RIGHT')
for _, id in ipairs(ids) do
  local history = fields[id .. ' history']
  if history then
    redis.call('HSET', items, id, fields[id], id .. ' history', history)
    redis.call('ZADD', delayed, now, id)
  else
    redis.call('RPUSH', list, fields[id])
  end
end
redis.call('DEL', held)
redis.call('ZREM', consumers, consumer)
redis.call('ZREM', busy, consumer)
if #ids > 0 then
  redis.call('HINCRBY', stats, 'requeued', #ids)
end
return #ids
