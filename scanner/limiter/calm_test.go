package limiter_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/scanner/limiter"
)

// latencyAt is a plant's answer to a limit: c at once take service, more wait.
func latencyAt(limit, c int, service time.Duration) time.Duration {
	return time.Duration(float64(service) * max(1, float64(limit)/float64(c)))
}

// limits runs a rule on a plant without chance and lists the limits.
func limits(rule limiter.Rule, limit, n int, latency func(limit int) time.Duration) (all []int, last limiter.Decision) {
	for range n {
		last = rule.Next(full(limit, latency(limit)))
		limit = last.Limit
		all = append(all, limit)
	}
	return all, last
}

func TestLatencyAtRestIsMeasuredBelowTheKnee(t *testing.T) {
	rows := []struct {
		name  string
		c     int
		first int
		want  []int
	}{
		{"no queue: one halving shows it", 100, 20, []int{10, 10, 20, 20, 26}},
		{"half is below the knee: a second halving shows it", 15, 20, []int{10, 10, 5, 5, 10, 19, 19, 19}},
		{"a long queue: halved until the latency falls no more", 4, 64, []int{32, 32, 16, 16, 8, 8, 4, 4, 2, 2, 4, 5, 5, 6}},
		{"one server", 1, 4, []int{2, 2, 1, 1, 2, 2, 4, 4}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			rule := limiter.NewVegas(limiter.Bounds{Initial: row.first, Min: 1, Max: 1000})
			got, _ := limits(rule, row.first, len(row.want), func(l int) time.Duration { return latencyAt(l, row.c, 10*milli) })
			if !slices.Equal(got, row.want) {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

func TestMeasuringStopsAtTheLeastLimit(t *testing.T) {
	rule := limiter.NewVegas(limiter.Bounds{Initial: 64, Min: 16, Max: 1000})
	got, _ := limits(rule, 64, 30, func(l int) time.Duration { return latencyAt(l, 4, 10*milli) })
	if low := slices.Min(got); low != 16 {
		t.Errorf("limits %v go down to %d, want 16", got, low)
	}
}

func TestTheWayBackWaitsForTakers(t *testing.T) {
	rule := limiter.NewVegas(limiter.Bounds{Initial: 40, Min: 1, Max: 1000})
	rule.Next(full(40, 10*milli))                   // halves
	rule.Next(full(20, 10*milli))                   // drains
	d := rule.Next(but(full(20, 10*milli), partly)) // measures
	for range 5 {
		if d.Limit != 20 {
			t.Fatalf("limit %d though nobody asks, want 20", d.Limit)
		}
		d = rule.Next(but(full(20, 10*milli), partly))
	}
	if d = rule.Next(full(20, 10*milli)); d.Limit <= 20 {
		t.Errorf("limit %d when somebody asks, want more than 20", d.Limit)
	}
}

func TestLatencyAtRestIsMeasuredEveryTenSeconds(t *testing.T) {
	rule := limiter.NewVegas(limiter.Bounds{Initial: 40, Min: 1, Max: 1000})
	var at []string
	limit := 40
	for i := range 320 { // of a tenth of a second; measuring takes some itself
		d := rule.Next(full(limit, latencyAt(limit, 40, 10*milli)))
		if strings.HasPrefix(d.Reason.What, "s since") {
			at = append(at, fmt.Sprint(i))
		}
		limit = d.Limit
	}
	if got, want := strings.Join(at, " "), "103 210 317"; got != want {
		t.Errorf("measured again in windows %s, want %s", got, want)
	}
}

func TestSlowerWorkRaisesADoubtThatMeasuringSettles(t *testing.T) {
	for _, name := range []string{"aimd", "vegas", "gradient2", "window", "arc"} {
		t.Run(name, func(t *testing.T) {
			rule := named(t, name)
			_, d := limits(rule, 20, 300, func(l int) time.Duration { return latencyAt(l, 40, 10*milli) })
			all, _ := limits(rule, d.Limit, 100, func(l int) time.Duration { return latencyAt(l, 40, 40*milli) })
			if last := all[len(all)-1]; last < 36 {
				t.Errorf("a hundred windows after work became four times as slow the limit is %d: %v", last, all)
			}
		})
	}
}

func TestAnOverloadDoesNotPassForRest(t *testing.T) {
	for _, name := range []string{"aimd", "vegas", "gradient2", "window", "arc"} {
		t.Run(name, func(t *testing.T) {
			rule := named(t, name)
			_, d := limits(rule, 20, 300, func(l int) time.Duration { return latencyAt(l, 40, 10*milli) })
			all, _ := limits(rule, d.Limit, 1000, func(l int) time.Duration { return latencyAt(l, 10, 10*milli) })
			if high := slices.Max(all[200:]); high > 25 {
				t.Errorf("on 10 slots the limit reaches %d, want 25 or less", high)
			}
		})
	}
}

func TestLatencyThatFallsWithMoreAtOnceIsBorne(t *testing.T) {
	batches := func(limit int) time.Duration { // of eight, or after 20 ms
		if limit < 8 {
			return 30 * milli
		}
		return latencyAt(limit, 32, 12*milli)
	}
	for _, name := range []string{"aimd", "vegas", "gradient2", "window", "arc"} {
		t.Run(name, func(t *testing.T) {
			all, _ := limits(named(t, name), 4, 600, batches)
			sum := 0
			for _, l := range all[300:] {
				sum += l
			}
			if mean := sum / 300; mean < 24 {
				t.Errorf("limit %d on average, want 24 or more of 32", mean)
			}
		})
	}
}
