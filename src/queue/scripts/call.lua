-- Opens a script that may meet a user with few rights.
--
-- Calls a command as `redis.call` does, but names it when the user may not run it: Redis 7.0 does not.
local function call(name, ...)
  local reply = redis.pcall(name, ...)
  if type(reply) == 'table' and reply.err then
    if string.find(reply.err, "can't run this command", 1, true) then
      error("NOPERM this user has no permissions to run the '" .. string.lower(name) .. "' command", 0)
    end
    error(reply.err, 0)
  end
  return reply
end

