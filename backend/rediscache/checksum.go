package rediscache

import (
	"hash/crc32"
	"strconv"

	"github.com/uncache/uncache/cache"
)

// A byte may be changed between Redis and a process, or in Redis's memory. In a
// name it would hide a purge, in a digit of the head some of them. So an entry has
// a CRC of what its writer has put into it, and the head has a number that the
// scripts can make, which have no CRC. What does not match is not there.
//
// The place of an entry needs none: the next one must follow it.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum returns that of the values of an entry, in their order.
func checksum(values ...string) string {
	crc := uint32(0)
	var size [20]byte
	for _, v := range values {
		crc = crc32.Update(crc, castagnoli, append(strconv.AppendInt(size[:0], int64(len(v)), 10), ':'))
		crc = crc32.Update(crc, castagnoli, bytesOf(v))
	}
	return strconv.FormatUint(uint64(crc), 16)
}

// The number of a head is made of its parts one after another, modulo a prime below
// 2^32 and so that no product reaches 2^53, beyond which Lua's numbers are not
// exact. A part that differs by one digit makes another number.
const (
	checkPrime  = 4294967291
	checkFactor = 1000003

	checkScript = `
local function check(pos, total, id)
  local sum = 1
  local function fold(n) sum = (sum * 1000003 + n % 4294967291) % 4294967291 end
  for i = 1, #id, 8 do
    local n = tonumber(string.sub(id, i, i + 7), 16)
    if n then fold(n) end
  end
  fold(pos)
  fold(total)
  return sum
end
`
)

func fold(sum, n uint64) uint64 { return (sum*checkFactor + n%checkPrime) % checkPrime }

// checkID is the beginning of a head's number: what its replication ID makes.
func checkID(id string) uint64 {
	sum := uint64(1)
	for i := 0; i < len(id); i += 8 {
		if n, err := strconv.ParseUint(id[i:min(i+8, len(id))], 16, 64); err == nil { // it is hidden otherwise
			sum = fold(sum, n)
		}
	}
	return sum
}

// A headValue is what stands under the head's key: "POSITION REPLICATION-ID BYTES
// CHECK".
type headValue struct {
	pos   cache.Position
	id    string
	total uint64 // the bytes that were ever appended
}

// parseHead returns what s says, and whether its number is right. If the ID is
// known, so is what it makes of the number. It allocates nothing.
func parseHead(s, known string, made uint64) (h headValue, ok bool) {
	var words [3]string
	for i := range words {
		end := 0
		for end < len(s) && s[end] != ' ' {
			end++
		}
		if end == len(s) {
			return h, false
		}
		words[i], s = s[:end], s[end+1:]
	}
	h.id = words[1]
	pos, err := strconv.ParseUint(words[0], 10, 53)
	total, err2 := strconv.ParseUint(words[2], 10, 53)
	check, err3 := strconv.ParseUint(s, 10, 53)
	if err != nil || err2 != nil || err3 != nil {
		return h, false
	}
	h.pos, h.total = cache.Position(pos), total
	if h.id != known {
		made = checkID(h.id)
	}
	return h, check == fold(fold(made, pos), total)
}
