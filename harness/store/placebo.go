package store

import (
	"database/sql"
	"fmt"
	"math"
	"strings"
	"time"
)

// mostPairs bounds PlaceboPairs: what a machine showed long ago says little of it
// now, and five thousand pairs place a false-positive rate within half a percent.
const mostPairs = 5000

// PlaceboPair is the reference measured against itself in one block.
type PlaceboPair struct {
	Run      string
	Scenario string
	At       time.Time // start of the placebo's trial
	LogRatio float64   // natural logarithm; above 0 the placebo seemed better
}

// placeboQuery finds the youngest pairs of a class. The reference is the one of
// the same measuring of the same block; of several the one stored last.
const placeboQuery = `
SELECT p.run, p.scenario, p.started_unix_ns, json_extract(p.record, ?2), json_extract(r.record, ?2), max(r.id)
FROM trial p
JOIN trial r ON r.run = p.run AND r.scenario = p.scenario AND r.phase = p.phase AND r.block = p.block AND r.attempt = p.attempt
WHERE p.id IN (
	SELECT trial.id FROM trial INDEXED BY trial_placebo JOIN run ON run.id = trial.run
	WHERE run.class = ?1 AND trial.arm = 'placebo' AND trial.status = 'ok' AND trial.set_aside = ''
	ORDER BY trial.started_unix_ns DESC LIMIT ?3
) AND r.arm = 'reference' AND r.status = 'ok' AND r.set_aside = ''
GROUP BY p.id
ORDER BY p.started_unix_ns, p.id`

// PlaceboPairs returns the placebo ÷ reference of one metric on machines of one
// class, over all runs: pairs of the same measuring of the same block of which
// neither was set aside, both ok, in order of time, the youngest 5,000. Above 0
// the placebo seemed better, in the metric's own direction. Pairs without the
// metric, or with one that is not positive, are left out. It reads the store
// every time and costs about 0.1 ms a pair.
func (s *Store) PlaceboPairs(class, metric string, higherIsBetter bool) ([]PlaceboPair, error) {
	if strings.ContainsAny(metric, `"\`) {
		return nil, fmt.Errorf("metric %q: a name has neither quotes nor backslashes", metric)
	}
	var pairs []PlaceboPair
	args := []any{class, `$.metrics."` + metric + `"`, mostPairs}
	err := s.each(placeboQuery, args, func(rows *sql.Rows) error {
		var pair PlaceboPair
		var at, last int64
		var placebo, reference sql.NullFloat64
		if err := rows.Scan(&pair.Run, &pair.Scenario, &at, &placebo, &reference, &last); err != nil {
			return err
		}
		if placebo.Float64 <= 0 || reference.Float64 <= 0 {
			return nil
		}
		pair.At = time.Unix(0, at).UTC()
		pair.LogRatio = math.Log(placebo.Float64 / reference.Float64)
		if !higherIsBetter {
			pair.LogRatio = -pair.LogRatio
		}
		pairs = append(pairs, pair)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read placebo pairs of %s in store %s: %w", class, s.dir, err)
	}
	return pairs, nil
}
