package httplimit

import (
	"encoding/json"
	"net/http"

	"sluice/scanner/limiter"
)

// Status is what a Handler or a Transport can be read for at any time. Permits
// count with their weights, and those that others hold of the same limiter count
// too; Refused and GaveUp are of the Handler or Transport alone.
type Status struct {
	Limit     int `json:"limit"`     // permits in all, just now
	InFlight  int `json:"in_flight"` // permits out
	Available int `json:"available"` // permits that could be had without waiting
	Waiting   int `json:"waiting"`   // who waits for one

	PauseSeconds float64 `json:"pause_s"` // for which the rule holds up each that may wait

	// Since the limiter was made, permits settled as:
	Completed uint64 `json:"completed"`
	Dropped   uint64 `json:"dropped"`
	Ignored   uint64 `json:"ignored"`

	Refused uint64 `json:"refused"` // requests that were answered at the limit
	GaveUp  uint64 `json:"gave_up"` // requests whose context ended before they had a permit
}

func statusOf(l *limiter.Limiter, refused, gaveUp uint64) Status {
	s := l.Stats()
	return Status{
		Limit:        s.Limit,
		InFlight:     s.InFlight,
		Available:    s.Available,
		Waiting:      s.Waiting,
		PauseSeconds: l.Pause().Seconds(),
		Completed:    s.Completed,
		Dropped:      s.Dropped,
		Ignored:      s.Ignored,
		Refused:      refused,
		GaveUp:       gaveUp,
	}
}

// StatusHandler answers with a status as JSON, read for each request: pass the
// Status method of a Handler or a Transport. It belongs beside the Handler, where
// it can be asked when that is full.
func StatusHandler(read func() Status) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		text, err := json.MarshalIndent(read(), "", "  ")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.Write(append(text, '\n'))
	})
}
