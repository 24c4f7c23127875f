-- Reads who processes a list, its pause, and the item that waits longest; changes nothing.
--
-- KEYS[1]  list of waiting items
-- KEYS[2]  landing list
-- KEYS[3]  consumers by lease deadline
-- KEYS[4]  pause
-- ARGV[1]  longest item to return, in bytes; 0 for none
--
-- Returns { consumers, item, left, reason }:
--   consumers  number of consumers whose lease has not expired
--   item       the item, or false if there is none or if it is too long
--   left       time until the pause ends, in milliseconds; -1 if it does not end by itself, -2 if there is none
--   reason     reason for the pause, or false
local list, landing, consumers, pause, longest = KEYS[1], KEYS[2], KEYS[3], KEYS[4], tonumber(ARGV[1])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local item = false
if longest > 0 then
  item = redis.call('LINDEX', landing, -1) or redis.call('LINDEX', list, -1)
  if item and #item > longest then
    item = false
  end
end
-- A user who may read the consumers need not be permitted to read the pause; it may be of another type.
local function unless_refused(reply, otherwise)
  if type(reply) == 'table' and reply.err then
    return otherwise
  end
  return reply
end
local left, reason = unless_refused(redis.pcall('PTTL', pause), -2), false
if left ~= -2 then
  reason = unless_refused(redis.pcall('GET', pause), false)
end
return { redis.call('ZCOUNT', consumers, '(' .. now, '+inf'), item, left, reason }
