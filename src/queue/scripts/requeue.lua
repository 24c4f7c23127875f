-- Puts down what a consumer holds, unfinished, and lets it leave.
--
-- KEYS[1]  the list                       KEYS[5]  consumers that hold something
-- KEYS[2]  what this consumer holds       KEYS[6]  due times of what is delayed
-- KEYS[3]  what pops have delivered       KEYS[7]  what is delayed (hash)
-- KEYS[4]  consumers by lease deadline    KEYS[8]  counters (hash)
-- ARGV[1]  the consumer
--
-- Returns how many items it held. An item without a history goes back to the end of the list where items are taken, bare;
-- one with a history to `delayed`, due at once, so that its counts survive. What is asked for is what Redis holds, not what
-- the consumer remembers: harmless when repeated.
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
-- Ids end in the number of the call and the place within it; the item taken first is to be taken first again.
local function place(id)
  local call, index = string.match(id, '(%d+):(%d+)$')
  return tonumber(call) * 10000 + tonumber(index)
end
table.sort(ids, function(a, b) return place(a) > place(b) end)
-- What has only landed was taken last: it goes back first, to be taken after the others. Nobody may be left to look there.
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
