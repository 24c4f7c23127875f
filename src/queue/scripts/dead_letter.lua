-- Reads and selects dead letters. Precedes the scripts that list, requeue and purge them.
--
-- ARGV[6]  minimum time since an item was dead-lettered, in ms, or ''
-- ARGV[7]  text that item, reason or stderr must contain, or ''
-- ARGV[8…] ids to match; none match all
local age, text = tonumber(ARGV[6]), ARGV[7]

-- Limits of one call: elements, and bytes. It reads at most one element more than the bytes permit.
local PAGE, BYTES = 250, 262144

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local ids
for i = 8, #ARGV do
  ids = ids or {}
  ids[ARGV[i]] = true
end

local function whole(number)
  return type(number) == 'number' and number >= 0 and number == math.floor(number)
end

-- Returns the decoded header, the header and the position of the item; no decoded header if another program has pushed the
-- element. The item itself is not taken out: a large one is copied only where it is needed.
local function read(element)
  local newline = string.find(element, '\n', 1, true)
  if newline then
    local header = string.sub(element, 1, newline - 1)
    local is_json, past = pcall(cjson.decode, header)
    if is_json and type(past) == 'table' and type(past.id) == 'string' and type(past.reason) == 'string'
      and whole(past.attempts) and whole(past.crashes) and whole(past.since) then
      return past, header, newline + 1
    end
  end
  return nil, '', 1
end

local function matches(past, element, start)
  if ids and not (past and ids[past.id]) then
    return false
  end
  if age then
    local died = past and (whole(past.died) and past.died or past.since)
    if not died or now - died < age then
      return false
    end
  end
  return text == '' or string.find(element, text, start, true) or (past and string.find(past.reason, text, 1, true))
    or (past and type(past.stderr) == 'string' and string.find(past.stderr, text, 1, true))
end
