-- Walks the dead letters of a list a page at a time, and requeues or purges them on the way.
--
-- KEYS[1]  the list                                 KEYS[3]  counters (hash)
-- KEYS[2]  dead letters (list): the newest left     KEYS[4]  the walker's token: its last call, and what that did
-- ARGV[1]  list, requeue or purge
-- ARGV[2]  newest or oldest: what comes first. Requeuing and purging begin with the oldest
-- ARGV[3]  where to go on, or -1 to begin: how many elements at the oldest end are still to be seen, or have been and stay
-- ARGV[4]  how many letters at most
-- ARGV[5]  how long they have been dead at least, in ms, or ''
-- ARGV[6]  what item or reason must hold, or ''
-- ARGV[7]  how many bytes of each item to return, or '' for all
-- ARGV[8]  the number of this call: a call that requeues or purges is answered the same when it is repeated
-- ARGV[9…] the ids to look for; none are all
--
-- Returns { place, over, now, found, foreign, letters }: where to go on; 1 when nothing is left; Redis' time in ms; how many
-- letters there were, and how many elements that are no dead letters and were left alone; and of a look each letter as
-- header, size of the item, item. The header of a foreign element is empty.
--
-- Places count from the oldest end, where nothing is added: what dies meanwhile shifts none. A page ends after so many
-- bytes, so that neither Redis nor who asks ever holds much.
local list, dead, stats, token = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local action, newest_first, place, most = ARGV[1], ARGV[2] == 'newest', tonumber(ARGV[3]), tonumber(ARGV[4])
local age, text, cut, number = tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7]), ARGV[8]
local PAGE, BYTES, STEP = 500, 262144, 64
local counter = action == 'requeue' and 'dead_requeued' or 'purged'

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local ids
for i = 9, #ARGV do
  ids = ids or {}
  ids[ARGV[i]] = true
end

if action ~= 'list' then
  local last = redis.call('GET', token)
  if last then
    local answer = {}
    for part in string.gmatch(last, '%S+') do
      answer[#answer + 1] = part
    end
    if answer[1] == number then
      return { tonumber(answer[2]), tonumber(answer[3]), now, tonumber(answer[4]), tonumber(answer[5]), {} }
    end
  else
    -- What the user may not do, and a list that is none, is found out before anything is moved.
    redis.call('LREM', token, 1, '')
    redis.call('LLEN', list)
    redis.call('HINCRBY', stats, counter, 0)
    redis.call('SET', token, '', 'EX', 3600)
  end
end

local function whole(number)
  return type(number) == 'number' and number >= 0 and number == math.floor(number)
end

local function read(element)
  local newline = string.find(element, '\n', 1, true)
  if newline then
    local header = string.sub(element, 1, newline - 1)
    local is_json, past = pcall(cjson.decode, header)
    if is_json and type(past) == 'table' and type(past.id) == 'string' and type(past.reason) == 'string'
      and whole(past.attempts) and whole(past.crashes) and whole(past.since) then
      return past, header, string.sub(element, newline + 1)
    end
  end
  return nil, '', element
end

local function wanted(past, item)
  if ids and not (past and ids[past.id]) then
    return false
  end
  if age then
    local died = past and (whole(past.died) and past.died or past.since)
    if not died or now - died < age then
      return false
    end
  end
  return text == '' or string.find(item, text, 1, true) or (past and string.find(past.reason, text, 1, true))
end

local length = redis.call('LLEN', dead)
if place < 0 then
  place = newest_first and length or 0
end
if newest_first and place > length then
  place = length
end
local found, foreign, looked, bytes, step, letters = 0, 0, 0, 0, 1, {}

local function is_over()
  if newest_first then
    return place <= 0
  end
  return place >= length
end

-- Says whether the element stays where it is.
local function see(element)
  local past, header, item = read(element)
  looked, bytes = looked + 1, bytes + #element
  if not wanted(past, item) then
    return true
  end
  if action == 'list' then
    found = found + 1
    letters[#letters + 1] = header
    letters[#letters + 1] = tostring(#item)
    letters[#letters + 1] = cut and string.sub(item, 1, cut) or item
    return true
  end
  if not past then
    foreign = foreign + 1
    return true
  end
  if action == 'requeue' then
    redis.call('LPUSH', list, item)
  end
  redis.call('LREM', dead, -1, element)
  redis.call('HINCRBY', stats, counter, 1)
  found, length = found + 1, length - 1
  return false
end

while found < most and looked < PAGE and bytes < BYTES and not is_over() do
  local elements
  if newest_first then
    elements = redis.call('LRANGE', dead, -place, -place + math.min(step, place) - 1)
  else
    elements = redis.call('LRANGE', dead, -(place + step), -(place + 1))
  end
  for i = 1, #elements do
    if found >= most then
      break
    end
    if newest_first then
      see(elements[i])
      place = place - 1
    elseif see(elements[#elements + 1 - i]) then
      place = place + 1
    end
  end
  -- No more at once than the page still has room for, as far as the elements so far tell.
  step = math.max(1, math.min(2 * step, STEP, math.floor((BYTES - bytes) * looked / math.max(bytes, 1))))
end

local over = is_over() and 1 or 0
if action ~= 'list' then
  redis.call('SET', token, table.concat({ number, place, over, found, foreign }, ' '), 'EX', 3600)
end
return { place, over, now, found, foreign, letters }
