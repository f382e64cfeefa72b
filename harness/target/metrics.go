package target

import (
	"encoding/json"
	"fmt"
)

// inFlight is what a scan may say of the files it holds at once. A field that is
// not there makes no metric: 0 files in flight would be a claim.
type inFlight struct {
	Mean     *float64 `json:"in_flight_mean"`
	Max      *float64 `json:"in_flight_max"`
	Stations []struct {
		Name string `json:"name"`
		Hold *struct {
			P99 float64 `json:"p99"`
		} `json:"hold_s"`
	} `json:"stations"`
}

// addInFlight adds in_flight_mean_files, in_flight_max_files and, for each station
// that tells for how long it holds a file, STATION_hold_p99_s.
func addInFlight(metrics map[string]float64, stats []byte) error {
	var told inFlight
	if err := json.Unmarshal(stats, &told); err != nil {
		return fmt.Errorf("files in flight: %w", err)
	}
	if told.Mean != nil {
		metrics["in_flight_mean_files"] = *told.Mean
	}
	if told.Max != nil {
		metrics["in_flight_max_files"] = *told.Max
	}
	for _, station := range told.Stations {
		if station.Hold != nil {
			metrics[station.Name+"_hold_p99_s"] = station.Hold.P99
		}
	}
	return nil
}
