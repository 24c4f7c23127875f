-- Lists, requeues or purges the dead letters of a list, one page at a time.
--
-- KEYS[1]  list of waiting items                    KEYS[3]  counters (hash)
-- KEYS[2]  dead letters (list), the newest left     KEYS[4]  client's token: its last call, and the reply
-- ARGV[1]  list, requeue or purge
-- ARGV[2]  newest or oldest: order of the dead letters. Requeue and purge start with the oldest
-- ARGV[3]  position to continue at, or -1 to start: number of elements at the oldest end that are still to be read (newest
--          first), or that have been read and stay (oldest first)
-- ARGV[4]  maximum number of dead letters
-- ARGV[5]  minimum time since an item was dead-lettered, in ms, or ''
-- ARGV[6]  text that item or reason must contain, or ''
-- ARGV[7]  number of bytes of each item to return, or '' for all
-- ARGV[8]  number of this call: a repeated requeue or purge gets the same reply
-- ARGV[9…] ids to match; none match all
--
-- Returns { position, over, now, found, foreign, dead_letters }:
--   position  position to continue at
--   over      1 if no dead letters are left
--   now       Redis time, in ms
--   found     number of dead letters that matched
--   foreign   number of elements skipped because they are not dead letters
--   dead_letters  for list: header, size of the item and item of each dead letter in turn; the header of a foreign element is empty
--
-- Positions count from the oldest end, where no element is added: items that die meanwhile shift none. The size of a page is
-- limited in bytes, so that neither Redis nor the client holds much.
local list, dead, stats, token = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local action, newest_first, position, limit = ARGV[1], ARGV[2] == 'newest', tonumber(ARGV[3]), tonumber(ARGV[4])
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
    local reply = {}
    for part in string.gmatch(last, '%S+') do
      reply[#reply + 1] = part
    end
    if reply[1] == number then
      return { tonumber(reply[2]), tonumber(reply[3]), now, tonumber(reply[4]), tonumber(reply[5]), {} }
    end
  else
    -- Missing permissions and keys of the wrong type are detected before any element is moved.
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

local function matches(past, item)
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
if position < 0 then
  position = newest_first and length or 0
end
if newest_first and position > length then
  position = length
end
local found, foreign, visited, bytes, step, dead_letters = 0, 0, 0, 0, 1, {}

local function is_over()
  if newest_first then
    return position <= 0
  end
  return position >= length
end

-- Returns true if the element stays in the list.
local function visit(element)
  local past, header, item = read(element)
  visited, bytes = visited + 1, bytes + #element
  if not matches(past, item) then
    return true
  end
  if action == 'list' then
    found = found + 1
    dead_letters[#dead_letters + 1] = header
    dead_letters[#dead_letters + 1] = tostring(#item)
    dead_letters[#dead_letters + 1] = cut and string.sub(item, 1, cut) or item
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

while found < limit and visited < PAGE and bytes < BYTES and not is_over() do
  local elements
  if newest_first then
    elements = redis.call('LRANGE', dead, -position, -position + math.min(step, position) - 1)
  else
    elements = redis.call('LRANGE', dead, -(position + step), -(position + 1))
  end
  for i = 1, #elements do
    if found >= limit then
      break
    end
    if newest_first then
      visit(elements[i])
      position = position - 1
    elseif visit(elements[#elements + 1 - i]) then
      position = position + 1
    end
  end
  -- At most as many as the rest of the page holds, judging by the elements so far.
  step = math.max(1, math.min(2 * step, STEP, math.floor((BYTES - bytes) * visited / math.max(bytes, 1))))
end

local over = is_over() and 1 or 0
if action ~= 'list' then
  redis.call('SET', token, table.concat({ number, position, over, found, foreign }, ' '), 'EX', 3600)
end
return { position, over, now, found, foreign, dead_letters }
