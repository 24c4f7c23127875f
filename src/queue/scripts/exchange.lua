-- Settles finished items and claims others, in one step; some of the calls renew the lease.
--
-- KEYS[1]  list of waiting items          KEYS[6]  consumers by lease deadline
-- KEYS[2]  items in flight (hash)         KEYS[7]  delayed items by due time (sorted set, ms)
-- KEYS[3]  counters (hash)                KEYS[8]  delayed items and histories (hash)
-- KEYS[4]  busy consumers (sorted set)    KEYS[9]  dead letters (list)
-- KEYS[5]  landing list
-- ARGV[1]  consumer
-- ARGV[2]  lane: d for a call that follows a blocking move, c for all others; each lane numbers its calls
-- ARGV[3]  number of this call, one more than the previous one of its lane. A repeated number gets the same reply
-- ARGV[4]  maximum number of items to claim
-- ARGV[5]  size in bytes after which no item is claimed, and maximum size of all contents in the reply
-- ARGV[6]  lease duration in ms if the lease is to be renewed, else 0; lane d renews it only if it claims nothing
-- ARGV[7]  number of acknowledged items without a history
-- ARGV[8…] their ids. If the lease is to be renewed, the other finished items follow: outcome, id, and two more values each
--            ack      id  ''        ''
--            retry    id  delay ms  history
--            dead     id  header    ''
--            requeue  id  ''        ''
--
-- Returns nil, and does nothing, if the consumer has to sign on again: its lease has expired, or Redis has lost data. Otherwise
-- { contents, missing, more }, followed by { sizes, histories, lost, settled, due, now, ends } unless these say nothing:
--   contents   claimed items, cut where they exceed the maximum. Their ids are c17:1, c17:2, … in call 17 of lane c
--   missing    number of acknowledged items that were not in flight
--   more       1 if items were left because of their size
--   sizes      size of each item, if a content is cut; else empty
--   histories  history of each item, or ''
--   lost       ids of other finished items that were not in flight
--   settled    number of other finished items settled; if not all, these were large, and nothing was claimed
--   due        ms until the next delayed item is due, or -1
--   now        Redis time in ms, or 0 if no step needed it
--   ends       ms until the earliest lease of all consumers ends, or -1 if this call renewed none
--
-- Under load, a call acknowledges, claims from the list, stores the items with its number, and counts. Everything else is for
-- calls that renew the lease, which claim landed and due items first, and for those that find too few items on the list.
--
-- The hash of items in flight has a field c17:1 per item and, if it has a history, a field `c17:1 history`. The other fields
-- are set by sign_on.lua and deleted by redeliver.lua before it moves the first item: `c` and `d`, the last call of each lane,
-- `c` with the values `settled` and `lost` of its reply; `lease`, its duration; and `histories`, their number. A call that arrives
-- after a later one, through a connection given up long ago, claims nothing. Outside the hash, an item is named CONSUMER:c17:1;
-- if it is delayed, the fields `NAME history` and `NAME at` hold its history and the time at which it was delayed. An item is
-- stored at one place before it leaves the other: an error in between does not lose it.
local list, held, stats, busy, landing = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local consumer, lane, call, limit, page = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local lease, acks = tonumber(ARGV[6]), tonumber(ARGV[7])

-- Fields of the hash besides those of items; number of items popped at once, because their size is not known before.
local FIELDS, CHUNK = 4, 16
-- Lua and Redis turn a number into text as slowly as a fraction: numbers that are known as text are passed as such.
local DIGITS = { '1', '2', '3', '4', '5', '6', '7', '8', '9', [0] = '0' }

local last = redis.call('HGET', held, lane)
local number, past = tonumber(call), last and (tonumber(last) or tonumber(string.match(last, '^%d+')))
if not last or number > past + 1 then
  return false
end
local is_new = number > past

local prefix, contents, count, bytes, claimed, room = lane .. call .. ':', {}, 0, 0, 0, page
local fields, filled = { lane, call }, 2
local function claim(from)
  local digit, chunk, largest = count % 10, 1, 1
  local stem = count < 10 and prefix or prefix .. (count - digit) / 10
  while count < limit and bytes < room do
    local popped = redis.call('RPOP', from, limit == 1 and '1' or math.min(chunk, limit - count))
    if not popped then
      break
    end
    for i = 1, #popped do
      local item = popped[i]
      local size = #item
      count, bytes, digit = count + 1, bytes + size, digit + 1
      if size > largest then
        largest = size
      end
      if digit == 10 then
        stem, digit = prefix .. count / 10, 0
      end
      contents[count] = item
      fields[filled + 1], fields[filled + 2] = stem .. DIGITS[digit], item
      filled = filled + 2
    end
    claimed = claimed + #popped
    chunk = math.min(4 * chunk, CHUNK, math.ceil((room - bytes) / largest))
  end
  if filled > 0 then
    redis.call('HSET', held, unpack(fields, 1, filled))
    filled = 0
  end
end

local missing, settled = 0, 0
if is_new and acks > 0 then
  missing = acks - redis.call('HDEL', held, unpack(ARGV, 8, 7 + acks))
  redis.call('HINCRBY', stats, 'acknowledged', missing == 0 and ARGV[7] or acks - missing)
end
if is_new and lease == 0 then
  claim(list)
end

local rest
if lease > 0 or not is_new or (count < limit and bytes < room) then
  local consumers, delayed, items, dead = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
  local LANDED, BYTES = 100, 262144
  local histories, lost, due, now, ends, recorded = {}, {}, -1, 0, -1, 0

  -- Out of memory, Redis refuses the first write of a script if it needs memory, and no later one. This one needs none,
  -- so that items can be processed while Redis is full.
  redis.call('HDEL', held, '')

  local function time()
    if now == 0 then
      local parts = redis.call('TIME')
      now = parts[1] * 1000 + math.floor(parts[2] / 1000)
    end
    return now
  end

  local function repeat_reply()
    if lane == 'd' then
      -- The blocking move before this call may have landed an item.
      redis.call('LMOVE', landing, list, 'LEFT', 'RIGHT')
    end
    local item = number == past and redis.call('HGET', held, prefix .. 1)
    while item do
      count, bytes = count + 1, bytes + #item
      contents[count], histories[count] = item, redis.call('HGET', held, prefix .. count .. ' history')
      item = redis.call('HGET', held, prefix .. (count + 1))
    end
    local parts = {}
    for part in string.gmatch(last, '%S+') do
      parts[#parts + 1] = part
    end
    settled, lost = tonumber(parts[2]) or 0, { unpack(parts, 3) }
  end

  local function settle()
    local counts, moved = { acknowledged = 0, retried = 0, dead = 0, requeued = 0 }, 0
    local function delay(id, item, history, after)
      local name = consumer .. ':' .. id
      while redis.call('HEXISTS', items, name) == 1 do
        name = name .. '+'
      end
      redis.call('HSET', items, name, item, name .. ' history', history, name .. ' at', time())
      redis.call('ZADD', delayed, now + after, name)
    end
    for i = 8 + acks, #ARGV, 4 do
      if moved >= BYTES then
        limit = 0
        break
      end
      local outcome, id = ARGV[i], ARGV[i + 1]
      local item = redis.call('HGET', held, id)
      if not item then
        lost[#lost + 1] = id
      elseif outcome == 'ack' then
        counts.acknowledged = counts.acknowledged + 1
      elseif outcome == 'retry' then
        delay(id, item, ARGV[i + 3], tonumber(ARGV[i + 2]))
        counts.retried = counts.retried + 1
      elseif outcome == 'dead' then
        redis.call('LPUSH', dead, ARGV[i + 2] .. '\n' .. item)
        counts.dead = counts.dead + 1
      else
        local history = redis.call('HGET', held, id .. ' history')
        if history then
          delay(id, item, history, 0)
        else
          redis.call('RPUSH', list, item)
        end
        counts.requeued = counts.requeued + 1
      end
      recorded = recorded - math.max(0, redis.call('HDEL', held, id, id .. ' history') - 1)
      settled, moved = settled + 1, moved + #(item or '')
    end
    for name, amount in pairs(counts) do
      if amount > 0 then
        redis.call('HINCRBY', stats, name, amount)
      end
    end
    fields[2], room = table.concat({ call, settled, unpack(lost) }, ' '), page - moved
  end

  -- Restores landed items to the list: other consumers may have free slots. The oldest ends up rightmost, to be claimed first.
  local function restore()
    local restored = 0
    for _ = 1, LANDED do
      local item = redis.call('LMOVE', landing, list, 'LEFT', 'RIGHT')
      restored = restored + #(item or '')
      if not item or restored >= BYTES then
        break
      end
    end
  end

  local function claim_due()
    local next = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
    if count < limit and bytes < room and next[2] and tonumber(next[2]) <= time() then
      local names, parts = redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, limit - count), {}
      for i, name in ipairs(names) do
        if bytes >= room then
          names = { unpack(names, 1, i - 1) }
          break
        end
        local item, history = redis.call('HGET', items, name), redis.call('HGET', items, name .. ' history')
        if item then
          count, bytes = count + 1, bytes + #item
          contents[count] = item
          fields[filled + 1], fields[filled + 2] = prefix .. count, item
          filled = filled + 2
          if history then
            histories[count], recorded = history, recorded + 1
            fields[filled + 1], fields[filled + 2] = prefix .. count .. ' history', history
            filled = filled + 2
          end
        end
        parts[3 * i - 2], parts[3 * i - 1], parts[3 * i] = name, name .. ' history', name .. ' at'
      end
      if filled > 0 then
        redis.call('HSET', held, unpack(fields, 1, filled))
        filled = 0
      end
      redis.call('ZREM', delayed, unpack(names))
      redis.call('HDEL', items, unpack(parts))
      next = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
    end
    due = next[2] and math.max(0, tonumber(next[2]) - time()) or -1
  end

  if not is_new then
    repeat_reply()
  elseif lease == 0 then
    claim(landing)
    claim_due()
  else
    if #ARGV > 7 + acks then
      settle()
    end
    if limit > 0 then
      claim(landing)
    else
      restore()
    end
    claim_due()
    claim(list)
    if lane == 'c' or count == 0 then
      redis.call('ZADD', consumers, time() + lease, consumer)
      ends = math.max(0, tonumber(redis.call('ZRANGE', consumers, 0, 0, 'WITHSCORES')[2]) - now)
    end
  end
  if recorded ~= 0 then
    redis.call('HINCRBY', held, 'histories', recorded)
  end
  local sizes, sent = {}, 0
  for i, item in ipairs(contents) do
    histories[i] = histories[i] or ''
    if bytes > page then
      contents[i] = string.sub(item, 1, math.max(0, page - sent))
      sizes[i], sent = #item, sent + #contents[i]
    end
  end
  rest = { sizes, histories, lost, settled, due, now, ends }
end

if claimed > 0 then
  redis.call('HINCRBY', stats, 'claimed', claimed == limit and ARGV[4] or claimed)
end
if count == 0 and acks + settled > 0 then
  if redis.call('HLEN', held) == FIELDS then
    redis.call('ZREM', busy, consumer)
  end
elseif count > 0 and acks == missing then
  redis.call('ZADD', busy, 0, consumer)
end
local more = count < limit and bytes >= room and 1 or 0
if rest then
  return { contents, missing, more, unpack(rest) }
end
return { contents, missing, more }
