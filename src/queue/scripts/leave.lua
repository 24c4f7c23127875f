-- Signs off a consumer that has no items in flight, and restores landed items to the list.
--
-- KEYS[1]  list of waiting items          KEYS[4]  consumers by lease deadline
-- KEYS[2]  items in flight (hash)         KEYS[5]  busy consumers (sorted set)
-- KEYS[3]  landing list
-- ARGV[1]  consumer
--
-- Returns 1, or 0 if items are left: landed ones, which the next call restores, or those in flight, which are to be requeued
-- first. May be repeated.
--
-- Items of the landing list were popped after those in flight: they go back first, to be claimed after them. There may be no
-- other consumer to claim them there.
local list, held, landing, consumers, busy = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local consumer = ARGV[1]
local LANDED, BYTES = 200, 262144

-- Out of memory, Redis refuses the first write of a script if it needs memory, and no later one. This one needs none.
redis.call('HDEL', held, '')
local moved, bytes = 0, 0
repeat
  if moved >= LANDED or bytes >= BYTES then
    return 0
  end
  local item = redis.call('LMOVE', landing, list, 'LEFT', 'RIGHT')
  moved, bytes = moved + 1, bytes + #(item or '')
until not item
-- Four fields are not of items, unless they were deleted with the first item that was redelivered.
if redis.call('HLEN', held) > 4 * redis.call('HEXISTS', held, 'c') then
  for _, field in ipairs(redis.call('HKEYS', held)) do
    -- As sign_on.lua and its caller tell them apart: fields of another program are no reason to stay.
    if string.find(field, ':', 1, true) and not string.find(field, ' ', 1, true) then
      return 0
    end
  end
end
redis.call('DEL', held)
redis.call('ZREM', consumers, consumer)
redis.call('ZREM', busy, consumer)
return 1
