-- Reads who processes a list, and the item that waits longest; changes nothing.
--
-- KEYS[1]  list of waiting items
-- KEYS[2]  landing list
-- KEYS[3]  consumers by lease deadline
-- ARGV[1]  longest item to return, in bytes; 0 for none
--
-- Returns { consumers, item }: the number of consumers whose lease has not expired, and the item, or false if there is none
-- or if it is too long.
local list, landing, consumers, longest = KEYS[1], KEYS[2], KEYS[3], tonumber(ARGV[1])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local item = false
if longest > 0 then
  item = redis.call('LINDEX', landing, -1) or redis.call('LINDEX', list, -1)
  if item and #item > longest then
    item = false
  end
end
return { redis.call('ZCOUNT', consumers, '(' .. now, '+inf'), item }
