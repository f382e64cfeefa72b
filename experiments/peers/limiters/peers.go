package limiters

import (
	"errors"
	"time"

	"sluice/harness/plant"
)

// Peers are the libraries that a plant can be put behind, in the order in which
// they are shown. They read the clock of the process, so each simulation needs a
// bubble of testing/synctest of its own (plant.Options.Around): outside one their
// New returns an error.
func Peers() []plant.Contestant {
	return []plant.Contestant{
		failsafeDefault(),
		failsafeQuick(),
		goresilienceAIMD(),
	}
}

// bubbleStart is when every bubble of testing/synctest begins.
func bubbleStart() time.Time { return time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC) }

var errNoBubble = errors.New("the library reads the clock: simulate it within a bubble of testing/synctest")

// inBubble reports an error where time is real.
func inBubble() error {
	if time.Since(bubbleStart()) > 365*24*time.Hour {
		return errNoBubble
	}
	return nil
}

// reach lets the bubble's clock come up to the plant's. Gates call it before the
// library may look at the time. It starts from the bubble's beginning, not from its
// own last call, so that gates which share a bubble agree.
func reach(now time.Duration) { time.Sleep(time.Until(bubbleStart().Add(now))) }
