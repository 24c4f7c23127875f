-- Finds a key of a list that another program has written; changes nothing.
--
-- KEYS[1…]  the list and its companions
-- ARGV[1]   prefix of the keys of items in flight
-- ARGV[2…]  type that each key has if it exists, in the order of the keys; then the names of all fields that are counts
--
-- Returns { key, type, expected type } of a key of another type, { key, field } of a field that is not a count, or nothing.
local prefix = ARGV[1]

-- Consumers whose items in flight are looked at.
local CONSUMERS = 200

-- A user who may run a consumer need not be permitted to ask for a type.
local PROBES = { hash = { 'HLEN' }, zset = { 'ZRANGE', 0, 0 } }

-- Returns the type of a key that exists and is not of the expected one.
local function other_type(key, expected)
  local reply = redis.pcall('TYPE', key)
  if reply.ok then
    return reply.ok ~= 'none' and reply.ok ~= expected and reply.ok
  end
  local probe = PROBES[expected]
  reply = probe and redis.pcall(probe[1], key, unpack(probe, 2))
  return type(reply) == 'table' and reply.err and string.find(reply.err, 'WRONGTYPE', 1, true) and 'another type'
end

-- Returns a field of a hash that is to be a count and is not, or is so large that the next step would overflow.
local function not_a_count(key)
  for i = 2 + #KEYS, #ARGV do
    local value = redis.pcall('HGET', key, ARGV[i])
    if type(value) == 'string' and not (#value < 19 and (value == '0' or string.find(value, '^%-?[1-9]%d*$'))) then
      return ARGV[i]
    end
  end
end

local function check(key, expected)
  local found = other_type(key, expected)
  if found then
    return { key, found, expected }
  end
  local field = string.find(key, ':stats$') and not_a_count(key)
  return field and { key, field }
end

-- A new list has none: one command in place of one or more for each.
if redis.pcall('EXISTS', unpack(KEYS)) == 0 then
  return {}
end
for i, key in ipairs(KEYS) do
  local foreign = check(key, ARGV[i + 1])
  if foreign then
    return foreign
  end
end
for i, key in ipairs(KEYS) do
  if ARGV[i + 1] == 'zset' and (string.find(key, ':consumers$') or string.find(key, ':busy$')) then
    local consumers = redis.pcall('ZRANGE', key, 0, CONSUMERS - 1)
    for _, consumer in ipairs(consumers) do
      local foreign = check(prefix .. consumer, 'hash')
      if foreign then
        return foreign
      end
    end
  end
end
return {}
