package limiter_test

import (
	"strings"
	"testing"
	"time"

	"sluice/scanner/limiter"
)

func TestEveryOptionThatIsWrongIsNamedAtOnce(t *testing.T) {
	static := &limiter.Static{Limit: 4}
	for _, row := range []struct {
		name    string
		options limiter.Options
		want    []string // lines
	}{
		{"nothing said", limiter.Options{}, []string{`algorithm is ""; use one of `}},
		{"an algorithm that nobody knows", limiter.Options{Algorithm: "magic"}, []string{`algorithm is "magic"; use one of `}},
		{"two rules", limiter.Options{Algorithm: "static", Rule: static}, []string{`algorithm is "static" and there is a rule as well; leave one of them out`}},
		{"a negative limit", limiter.Options{Rule: static, Initial: -1}, []string{"initial is -1; use 1 to 2147483647, or 0"}},
		{"limits beyond what there is", limiter.Options{Rule: static, Max: 1 << 40}, []string{"max is 1099511627776; use 1 to 2147483647"}},
		{"min above max", limiter.Options{Rule: static, Min: 9, Max: 3}, []string{"min is 9, above max 3; lower min or raise max"}},
		{"initial below min", limiter.Options{Rule: static, Initial: 2, Min: 9}, []string{"initial is 2, below min 9; raise initial or lower min"}},
		{"initial above max", limiter.Options{Rule: static, Initial: 20, Max: 9}, []string{"initial is 20, above max 9; lower initial or raise max"}},
		{"windows too short", limiter.Options{Rule: static, Window: time.Nanosecond}, []string{"window is 1ns; use 100µs to 1m0s, or 0 for 100ms"}},
		{"negative windows", limiter.Options{Rule: static, Window: -time.Second}, []string{"window is -1s; use 100µs to 1m0s"}},
		{"negative samples", limiter.Options{Rule: static, Samples: -1}, []string{"samples is -1; use 1 or more, or 0 for 20"}},
		{
			"all at once",
			limiter.Options{Algorithm: "magic", Initial: -2, Min: 7, Max: 3, Window: -1, Samples: -1},
			[]string{`algorithm is "magic"`, "initial is -2", "min is 7, above max 3", "window is -1ns", "samples is -1"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			l, err := limiter.New(row.options)
			if err == nil || l != nil {
				t.Fatalf("got %v and the error %v", l, err)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(row.want) {
				t.Fatalf("the error is %q, want %d lines", lines, len(row.want))
			}
			for i, want := range row.want {
				if !strings.HasPrefix(lines[i], want) {
					t.Errorf("line %d is %q, want %q", i+1, lines[i], want)
				}
			}
		})
	}
}

func TestLimitsThatAreNamedWin(t *testing.T) {
	for _, row := range []struct {
		name    string
		options limiter.Options
		want    limiter.Bounds
	}{
		{"none", limiter.Options{}, limiter.Bounds{Initial: 16, Min: 1, Max: 1000}},
		{"initial alone", limiter.Options{Initial: 5}, limiter.Bounds{Initial: 5, Min: 1, Max: 1000}},
		{"initial above the usual max", limiter.Options{Initial: 5000}, limiter.Bounds{Initial: 5000, Min: 1, Max: 5000}},
		{"min above the usual initial", limiter.Options{Min: 50}, limiter.Bounds{Initial: 50, Min: 50, Max: 1000}},
		{"min above the usual max", limiter.Options{Min: 5000}, limiter.Bounds{Initial: 5000, Min: 5000, Max: 5000}},
		{"max below the usual initial", limiter.Options{Max: 3}, limiter.Bounds{Initial: 3, Min: 1, Max: 3}},
		{"all", limiter.Options{Initial: 3, Min: 2, Max: 4}, limiter.Bounds{Initial: 3, Min: 2, Max: 4}},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.options.Algorithm = "static"
			l := newLimiter(t, row.options)
			if got := l.Bounds(); got != row.want || l.Limit() != row.want.Initial {
				t.Errorf("bounds are %+v and the limit is %d, want %+v", got, l.Limit(), row.want)
			}
		})
	}
}
