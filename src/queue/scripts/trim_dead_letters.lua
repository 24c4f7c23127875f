-- Removes the oldest dead letters beyond a number or an age. Follows dead_letter.lua.
--
-- KEYS[1]  list of waiting items, unused            KEYS[3]  older dead letters that a requeue or purge has examined (list)
-- KEYS[2]  dead letters (list), the newest left     KEYS[4]  counters (hash)
-- ARGV[1]  maximum number of elements, or ''
-- ARGV[2]  maximum time since an item was dead-lettered, in ms, or ''
-- ARGV[3…] unused
--
-- Returns { removed, more }:
--   removed  number of elements removed
--   more     1 if more are to be removed
--
-- The place of an element tells its age: one that another program has pushed goes with the dead letters that are newer.
local dead, examined, stats = KEYS[2], KEYS[3], KEYS[4]
local limit, oldest = tonumber(ARGV[1]), tonumber(ARGV[2])

-- Out of memory, Redis refuses the first write of a script if it needs memory, and no later one. This one needs none.
redis.call('HDEL', stats, '')

local visited, bytes = 0, 0

-- Returns the number of elements of a list, from its oldest end, that are too old.
local function aged(key)
  local found, place = 0, 0
  while oldest and visited < PAGE and bytes < BYTES do
    local element = redis.call('LINDEX', key, -1 - place)
    if not element then
      break
    end
    visited, bytes, place = visited + 1, bytes + #element, place + 1
    local past = read(element)
    local died = past and (whole(past.died) and past.died or past.since)
    if died and now - died < oldest then
      break
    elseif died then
      found = place
    end
  end
  return found
end

local older = redis.call('LLEN', examined)
local excess = limit and math.max(0, redis.call('LLEN', dead) + older - limit) or 0
local removed = 0
for _, key in ipairs({ examined, dead }) do
  local length = redis.call('LLEN', key)
  local count = math.min(length, math.max(aged(key), math.min(excess, PAGE) - removed))
  if count > 0 then
    redis.call('LTRIM', key, 0, -1 - count)
    removed = removed + count
  end
  if count < length then
    break
  end
end
if removed > 0 then
  redis.call('HINCRBY', stats, 'purged', removed)
end
return { removed, (removed < excess or visited >= PAGE or bytes >= BYTES) and removed > 0 and 1 or 0 }
