-- Requeues or purges dead letters, the oldest first, a page at a time. Follows dead_letter.lua.
--
-- KEYS[1]  list of waiting items                    KEYS[4]  counters (hash)
-- KEYS[2]  dead letters (list), the newest left     KEYS[5]  client that moves dead letters (string)
-- KEYS[3]  older dead letters that it has examined  KEYS[6]  last call of this client, and the reply (string)
-- ARGV[1]  requeue, purge, or restore: ends both
-- ARGV[2]  client
-- ARGV[3]  number of this call: a repeated one gets the same reply
-- ARGV[4]  maximum number of dead letters
-- ARGV[5]  time after which this client counts as crashed unless it calls again, in ms
--
-- Returns { over, found, foreign, busy }:
--   over     1 if no dead letters are left, or all are restored
--   found    number of dead letters requeued or purged
--   foreign  number of elements skipped because they are not dead letters
--   busy     1 if nothing was done because another client moves dead letters
--
-- An element in the middle of a list cannot be removed without a scan. So elements are taken from the oldest end, and those that
-- stay are moved to a second list: the dead letters are the first list followed by the second, at every moment and in the same
-- order. In the end they are one list again. If a client crashes halfway, the next one restores the list, and then starts.
-- Elements that arrive meanwhile are not examined: a requeued item may fail again at once.
local list, dead, examined, stats, walker, reply = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local action, client, number, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local counter = action == 'requeue' and 'dead_requeued' or 'purged'

-- Longest time for which a client is waited for, in ms; more is left of it only if the clock was set back.
local LONGEST = 60000

-- Out of memory, Redis refuses the first write of a script if it needs memory, and no later one. This one needs none.
redis.call('HDEL', stats, '')

local last = redis.call('GET', reply)
if last then
  local parts = {}
  for part in string.gmatch(last, '%S+') do
    parts[#parts + 1] = part
  end
  if parts[1] == number then
    return { tonumber(parts[2]), tonumber(parts[3]), tonumber(parts[4]), 0 }
  end
end

-- Number of elements still to examine; -1 if the list is not restored yet.
local left = -1
local holder, deadline, rest = string.match(redis.call('GET', walker) or '', '^(%S+) (%d+) (%-?%d+)$')
local wait = tonumber(deadline or 0) - now
if holder == client then
  left = tonumber(rest)
elseif action == 'restore' then
  return { 1, 0, 0, 0 }
elseif wait > 0 and wait <= LONGEST then
  return { 0, 0, 0, 1 }
else
  -- Missing permissions and keys of the wrong type are detected before any element is moved.
  redis.call('LLEN', list)
  -- A string, if this client was overtaken by another meanwhile.
  redis.call('DEL', reply)
  redis.call('RPOP', reply)
  redis.call('LMOVE', reply, reply, 'LEFT', 'RIGHT')
  redis.call('HINCRBY', stats, counter, 0)
  redis.call('SET', reply, '', 'EX', 3600)
  redis.call('RENAME', reply, reply)
end

local visited, bytes = 0, 0
local function spend(element)
  visited, bytes = visited + 1, bytes + #element
end
local function is_spent()
  return visited >= PAGE or bytes >= BYTES
end

-- Makes both lists one again, as far as this call may; returns true when done.
local function restore()
  local moved = redis.call('LLEN', examined)
  if moved == 0 then
    return true
  end
  local to_the_first = moved <= redis.call('LLEN', dead)
  while not is_spent() do
    local element
    if to_the_first then
      element = redis.call('LMOVE', examined, dead, 'LEFT', 'RIGHT')
    else
      element = redis.call('LMOVE', dead, examined, 'RIGHT', 'LEFT')
    end
    if element then
      spend(element)
    else
      if not to_the_first then
        redis.call('RENAME', examined, dead)
      end
      return true
    end
  end
  return false
end

if action == 'restore' then
  local over = restore()
  if over then
    redis.call('DEL', walker, reply)
  end
  return { over and 1 or 0, 0, 0, 0 }
end

local found, foreign = 0, 0
if left < 0 and restore() then
  left = redis.call('LLEN', dead)
end
while left > 0 and found < limit and not is_spent() do
  local element = redis.call('LINDEX', dead, -1)
  if not element then
    left = 0
    break
  end
  spend(element)
  left = left - 1
  local past, _, start = read(element)
  local selected = matches(past, element, start)
  if selected and past then
    if action == 'requeue' then
      redis.call('LPUSH', list, string.sub(element, start))
    end
    redis.call('RPOP', dead)
    found = found + 1
  else
    redis.call('LMOVE', dead, examined, 'RIGHT', 'LEFT')
    foreign = foreign + (selected and 1 or 0)
  end
end
if found > 0 then
  redis.call('HINCRBY', stats, counter, found)
end
local over = left == 0 and 1 or 0
local active = math.min(tonumber(ARGV[5]), LONGEST)
redis.call('SET', walker, table.concat({ client, now + active, left }, ' '), 'EX', 3600)
redis.call('SET', reply, table.concat({ number, over, found, foreign }, ' '), 'EX', 3600)
return { over, found, foreign, 0 }
