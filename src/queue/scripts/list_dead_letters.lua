-- Lists dead letters, one page at a time; changes nothing. Follows dead_letter.lua.
--
-- KEYS[1]  list of waiting items, unused            KEYS[3]  older dead letters that a requeue or purge has examined (list)
-- KEYS[2]  dead letters (list), the newest left
-- ARGV[1]  newest or oldest: order of the dead letters
-- ARGV[2]  position to continue at, or -1 to start: number of elements at the oldest end that are still to be read (newest
--          first), or that have been read (oldest first)
-- ARGV[3]  maximum number of dead letters
-- ARGV[4]  number of bytes of each item to return, or '' for all
-- ARGV[5]  unused
--
-- Returns { position, over, now, dead_letters }:
--   position  position to continue at
--   over      1 if no dead letters are left
--   now       Redis time, in ms
--   dead_letters  header, size of the item and item of each dead letter in turn; the header of a foreign element is empty
--
-- Positions count from the oldest end, where no element is added: items that die meanwhile shift none.
local dead, examined = KEYS[2], KEYS[3]
local newest_first, position, limit, cut = ARGV[1] == 'newest', tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local STEP = 64

local older = redis.call('LLEN', examined)
local length = redis.call('LLEN', dead) + older
if position < 0 then
  position = newest_first and length or 0
end
if newest_first and position > length then
  position = length
end
local found, visited, bytes, step, dead_letters = 0, 0, 0, 1, {}

local function is_over()
  if newest_first then
    return position <= 0
  end
  return position >= length
end

-- Returns the elements from `first` to `last`, which count from the oldest; the newest of them first.
local function range(first, last)
  if last < older then
    return redis.call('LRANGE', examined, -last - 1, -first - 1)
  end
  local elements = redis.call('LRANGE', dead, older - last - 1, older - math.max(first, older) - 1)
  if first < older then
    for _, element in ipairs(redis.call('LRANGE', examined, -older, -first - 1)) do
      elements[#elements + 1] = element
    end
  end
  return elements
end

local function visit(element)
  local past, header, start = read(element)
  visited, bytes = visited + 1, bytes + #element
  if matches(past, element, start) then
    found = found + 1
    dead_letters[#dead_letters + 1] = header
    dead_letters[#dead_letters + 1] = tostring(#element - start + 1)
    dead_letters[#dead_letters + 1] = string.sub(element, start, cut and start + cut - 1 or -1)
  end
end

while found < limit and visited < PAGE and bytes < BYTES and not is_over() do
  local elements
  if newest_first then
    elements = range(math.max(position - step, 0), position - 1)
  else
    elements = range(position, math.min(position + step, length) - 1)
  end
  for i = 1, #elements do
    if found >= limit then
      break
    end
    visit(elements[newest_first and i or #elements + 1 - i])
    position = position + (newest_first and -1 or 1)
  end
  -- At most as many as the rest of the page holds, judging by the elements so far.
  step = math.max(1, math.min(2 * step, STEP, math.floor((BYTES - bytes) * visited / math.max(bytes, 1))))
end

return { position, is_over() and 1 or 0, now, dead_letters }
