-- For wrk: `{}` in the path is replaced by a key below the number given, drawn anew for each request.
local before, after, form, keys

function init(words)
  before, after = words[1]:match("^(.-){}(.*)$")
  keys = tonumber(words[2])
  form = "%0" .. #string.format("%d", keys - 1) .. "d"
  math.randomseed(os.time())
end

function request()
  return wrk.format("GET", before .. string.format(form, math.random(0, keys - 1)) .. after)
end
