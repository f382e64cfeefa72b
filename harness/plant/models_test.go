package plant

import (
	"fmt"
	"testing"
	"time"

	"sluice/scanner/limiter"
)

// fed gives a model latencies in milliseconds, negative ones as drops, with so many
// inside, and returns the limits.
func fed(m model, inside int, latencies ...int) (limits []int) {
	now := time.Duration(0)
	for _, ms := range latencies {
		now += 10 * time.Millisecond
		limits = append(limits, m.next(sample{now, time.Duration(max(ms, -ms)) * time.Millisecond, inside, ms < 0}))
	}
	return limits
}

func TestModelsDoWhatTheirSourcesSay(t *testing.T) {
	for _, row := range []struct {
		name  string
		model model
		in    int
		feed  []int
		want  []int
	}{
		{"flowguard goes from 5 to 12 with one inside, whatever the capacity", &flowguard{limit: 5, most: 50, least: time.Second}, 1, []int{10, 10, 10, 10, 10, 10, 10}, []int{6, 7, 8, 9, 10, 11, 12}},
		{"flowguard shrinks above a queue of 4 and holds between", &flowguard{limit: 10, most: 100, least: 10 * time.Millisecond}, 9, []int{20, 14}, []int{9, 9}},
		{"flowguard never forgets its minimum", &flowguard{limit: 10, most: 100, least: time.Second}, 9, []int{1, 10, 10, 10}, []int{11, 10, 9, 8}},
		{"flowguard takes a quarter for a drop", &flowguard{limit: 10, most: 100, least: time.Second}, 9, []int{-10, -10}, []int{7, 5}},
		{"the window adds one below its p95, with no ceiling", &windowed{limit: 999}, 1, []int{10, 10, 10}, []int{1000, 1001, 1002}},
		{"the window as written ends at 0", &windowed{limit: 2}, 1, []int{10, -11, -12, -13, -14}, []int{3, 2, 1, 0, 0}},
		{"Netflix's Vegas grows by six while there is no queue", newVegas(1), 20, []int{10, 10, 10}, []int{20, 26, 32}},
		{"Netflix's Vegas takes one above a queue of six", newVegas(1), 20, []int{10, 20, 20}, []int{20, 19, 18}},
		{"Netflix's Vegas holds while half is unused", newVegas(1), 9, []int{10, 10, 10}, []int{20, 20, 20}},
		{"Netflix's Gradient2 does not hear drops", &gradient2{limit: 20}, 40, []int{-10, -10, -10, -10, -10}, []int{20, 21, 22, 23, 24}},
		{"Netflix's Gradient2 has a floor of 20", &gradient2{limit: 20, long: 1e6, n: 11}, 40, []int{100, 100}, []int{20, 20}},
		{"Netflix's AIMD has a floor of 20 and a ceiling of 200", &aimd{limit: 199}, 200, []int{10, 10, -10, -10}, []int{200, 200, 180, 162}},
		{"Netflix's AIMD takes five seconds for a drop", &aimd{limit: 100}, 100, []int{5000, 5001}, []int{101, 90}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := fed(row.model, row.in, row.feed...); fmt.Sprint(got) != fmt.Sprint(row.want) {
				t.Errorf("limits are %v, expected %v", got, row.want)
			}
		})
	}
}

func TestEnvoyMeasuresAtThreeAndThenFollowsTheGradient(t *testing.T) {
	e := newEnvoy(1)
	now := time.Duration(0)
	round := func(latency time.Duration) {
		now += 10 * time.Millisecond
		ticket, ok := e.Admit(now)
		if !ok {
			t.Fatal("refused with nobody inside")
		}
		ticket.Settle(now, latency, limiter.Success)
	}
	for range envoyRequests {
		if e.Limit() != envoyLeast {
			t.Fatalf("limit is %d while the least latency is measured, expected %d", e.Limit(), envoyLeast)
		}
		round(10 * time.Millisecond)
	}
	for range 11 {
		round(10 * time.Millisecond)
	}
	if got := e.Limit(); got != 5 { // 3 × 1.25 = 3.75, and its root
		t.Errorf("limit is %d after an update without queueing, expected 5", got)
	}
	for range 60 {
		round(100 * time.Millisecond)
	}
	if got := e.Limit(); got != envoyLeast || !e.measuring {
		t.Errorf("limit is %d (measuring: %v) after five updates at the least, expected %d and a new measuring", got, e.measuring, envoyLeast)
	}
}
