package scanner_test

import (
	"slices"
	"testing"

	"sluice/scanner/config"
	"sluice/scanner/limiter"
)

// TestEveryLimiterIsAKnob: what the package offers and what the configuration takes
// are one list.
func TestEveryLimiterIsAKnob(t *testing.T) {
	offered := []string{"none"}
	for _, a := range limiter.Algorithms() {
		offered = append(offered, a.Name)
	}
	slices.Sort(offered)
	for _, k := range config.Knobs() {
		if k.Name != "io.limiter" {
			continue
		}
		taken := slices.Sorted(slices.Values(k.Values))
		if !slices.Equal(offered, taken) {
			t.Errorf("io.limiter takes %v, package limiter offers %v", taken, offered)
		}
		return
	}
	t.Error("there is no io.limiter")
}
