package rediscache

// Both scripts may be run twice, as go-redis does when a reply was lost: an
// event that is in the log twice means what it means once, and an era that has
// begun is not begun again.
//
// Append runs by its digest where Redis knows it. Confirm always runs by EVAL: it is
// rare beside the hits and fills, which are plain commands.
const (
	// onReplica is in the error of both scripts on a server that is a replica.
	// go-redis takes READONLY for a reason to look for the master.
	onReplica = "uncache: the log was asked for on a replica"

	// preludeScript finds the head in pos, the replication ID that it was
	// written under in was, the server's own in mine, and in id the one to
	// write. Where INFO is hidden the head is believed; so that processes that
	// may see the ID and those that may not do not begin eras in turns.
	//
	// The head also has the bytes that were ever appended, in total. Each entry
	// has that number of its time, so that what the log holds is a difference. A
	// head whose last number is not right is not relied on.
	//
	// Nor is one that the clock will not reach in ten years: positions would run
	// ahead of the clock for as long.
	//
	// Positions are below 2^53, where Lua's numbers are still exact.
	preludeScript = checkScript + `
local head, events = KEYS[1], KEYS[2]
local limit = 9007199254740992

local mine = '-'
local info = redis.pcall('INFO', 'replication')
if type(info) == 'string' then
  local role = string.match(info, 'role:(%a+)')
  if role and role ~= 'master' then
    return redis.error_reply('READONLY ` + onReplica + `')
  end
  mine = string.match(info, 'master_replid:(%x+)') or '-'
end

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local far = now + ` + farText + `

local pos, was
local total = 0
local stored = redis.pcall('GET', head)
if type(stored) == 'string' then
  local p, h, t, c = string.match(stored, '^(%d+) (%S+) ?(%d*) ?(%d*)$')
  local n = tonumber(p or '')
  if n and n < limit and n <= far then pos = n end
  t = tonumber(t or '')
  if pos and t and tonumber(c) == check(pos, t, h) then was, total = h, t end
end
local id = mine
if id == '-' and was then id = was end

local function text(n) return string.format('%.0f', n) end

-- A full Redis that may not evict refuses commands that need memory, until the
-- script has done something that needs none. Forgetting events is safe. It is
-- the remedy, too, for a stream whose last ID is beyond the head, and for a key
-- that is not a stream.
local function write(...)
  local r = redis.pcall(...)
  if type(r) == 'table' and r.err then
    redis.call('UNLINK', events)
    redis.call(...)
  end
end

local function headText()
  return text(pos) .. ' ' .. id .. ' ' .. text(total) .. ' ' .. text(check(pos, total, id))
end
local function setHead()
  local value = headText()
  write('SET', head, value)
  return value
end

-- Returns the position of an entry, and the total when it was appended.
local function entry(e)
  local sum
  for i = 1, #e[2], 2 do
    if e[2][i] == 'sum' then sum = tonumber(e[2][i + 1]) end
  end
  if sum and not (sum >= 0 and sum < limit) then sum = nil end
  return tonumber(string.match(e[1], '^(%d+)-')), sum
end

-- An era starts beyond every position that was ever given: beyond the clock,
-- and, should the clock have been set back, beyond all that is left of the
-- last era. Not far beyond: positions that run ahead of the clock would be
-- given again when everything is lost and the clock is all there is.
local function era(after)
  local start = math.max(now, after + 1)
  if pos then start = math.max(start, pos + 1) end
  local last = redis.pcall('XREVRANGE', events, '+', '-', 'COUNT', 1)
  local sum
  if type(last) == 'table' and last[1] then
    local p
    p, sum = entry(last[1])
    if p and p < limit and p <= far then start = math.max(start, p + 1) else sum = nil end
  end
  if sum then total = math.max(total, sum) else redis.pcall('UNLINK', events) end
  pos = start
  setHead()
end
`

	// appendScript adds the event whose fields are in ARGV from the third on,
	// and returns the head, as it is stored, and whether an era began.
	// ARGV[1] is MaxEvents, ARGV[2] is MaxBytes.
	//
	// MaxBytes is looked after each time that a sixteenth of it was appended:
	// then the oldest entries go, and that much less is kept. A binary search over
	// their sums finds them. Sums from before a head was lost may be anything.
	appendScript = preludeScript + `
local began = 0
if not pos or was ~= id then
  era(0)
  began = 1
end
pos = pos + 1
if pos >= limit then return redis.error_reply('ERR uncache: the log is at the last position') end

local strategy, approximately, threshold = 'MAXLEN', '~', ARGV[1]
local before, size = total, ` + entryBytesText + `
for i = 3, #ARGV do size = size + #ARGV[i] end
total = total + size
local most = tonumber(ARGV[2])
local step = math.floor(most / 16) + 1
if math.floor(before / step) ~= math.floor(total / step) then
  local function first(from)
    local r = redis.pcall('XRANGE', events, from, '+', 'COUNT', 1)
    if type(r) == 'table' and r[1] then return entry(r[1]) end
  end
  local function goes(sum) return not sum or sum > total or sum <= total - most + step end
  local low, sum = first('-')
  if low and goes(sum) then
    local high = pos
    while low < high do
      local middle = math.floor((low + high) / 2)
      local p
      p, sum = first(text(middle))
      if p and goes(sum) then low = math.max(p, middle) + 1 else high = middle end
    end
    strategy, approximately, threshold = 'MINID', '=', text(math.min(low, pos))
  end
end
write('XADD', events, strategy, approximately, threshold, text(pos) .. '-0', 'sum', text(total), unpack(ARGV, 3))
return {setHead(), began}
`

	// confirmScript returns the head, as it is stored, the server's replication
	// ID, whether an era began, because there was no head, or one from another
	// history, or one before ARGV[1], and what INFO says of the fence. An ARGV[1]
	// that no log has given yet, by this clock, begins none.
	confirmScript = preludeScript + `
local after = tonumber(ARGV[1])
local began = 0
if after > far then after = 0 end
if not pos or was ~= id or pos < after then
  era(after)
  began = 1
end
local guard = 0
if type(info) == 'string' then
  local replicas = tonumber(string.match(info, 'connected_slaves:(%d+)') or '0')
  if string.find(info, 'min_slaves_good_slaves:', 1, true) then guard = 3
  elseif replicas > 0 then guard = 2
  else guard = 1 end
end
return {headText(), mine, began, guard}
`
)

// maxPosition is the first position that the scripts cannot handle: 2^53, which
// the clock reaches in the year 2255.
const maxPosition = 1 << 53

// tenYears is how far a head may lie beyond the server's clock, in microseconds.
const (
	tenYears = 10 * 365 * 24 * 3600 * 1000 * 1000
	farText  = "315360000000000"
)

// entryBytes is what an entry counts beside its fields, in bytes.
const (
	entryBytes     = 100
	entryBytesText = "100"
)
