package engine

import (
	"errors"
	"time"

	"github.com/uncache/uncache/cache"
)

// A log that breaks its contract is not believed: an event in a wrong place may hide
// one that is lost.
var (
	errNoProgress = errors.New("the log says that there is more and gives nothing: see cache.Events.More")
	errBegins     = errors.New("the log's answer begins before the position that was asked for: see cache.Events.From")
	errOrder      = errors.New("the log's events do not follow one another from where its answer begins: see cache.Events.List")
)

// checkEvents returns an error if a log's answer about the events after a position
// breaks the contract.
func checkEvents(events *cache.Events, after cache.Position) error {
	if events.From < after && !earlierEra(events, after) {
		return errBegins
	}
	for i := range events.List {
		if events.List[i].Position != events.From+cache.Position(i+1) {
			return errOrder
		}
	}
	if end := events.End(); end < events.Head && end <= after {
		return errNoProgress
	}
	return nil
}

// A position is out of reach if it is more than ten years ahead of the clock, see
// [cache.Log]. This process asks its own clock, too: the log's may be years behind.
const tenYears = 10 * 365 * 24 * time.Hour

// earlierEra reports whether the log has begun an era before a position that is out
// of reach.
func earlierEra(events *cache.Events, after cache.Position) bool {
	limit := cache.Position(max(time.Now().Add(tenYears).UnixMicro(), 0))
	return after > limit && events.From == events.Head && len(events.List) == 0 && !events.More
}
