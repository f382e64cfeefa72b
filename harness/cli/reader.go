package cli

import (
	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/space"
)

// local is the storage profile that simulates nothing.
const local = "local"

// mmap is the reader that maps files. It reads the machine's own files past the
// simulated storage: a trial would show no latency and say nothing of it.
const mmap = "mmap"

// readable refuses a configuration that maps files on simulated storage.
func readable(who, reader, storageName string) error {
	if reader != mmap || storageName == local {
		return nil
	}
	return usagef("%s: io.reader mmap maps real files and would read past the simulated storage %s; use io.reader read, or --storage %s", who, storageName, local)
}

// readableArm is readable for an arm of a scenario.
func readableArm(who string, a lab.Arm, storageName string) error {
	return readable(who, readerOf(a.Config), cmpOr(a.Storage, storageName))
}

func readerOf(config record.Flat) string {
	reader, _ := config["io.reader"].(string)
	return reader
}

// readableSpace is readable for a space that a search draws from.
func readableSpace(params space.Space, storageName string) error {
	for _, p := range params {
		for _, value := range p.Values {
			if word, _ := value.(string); p.Name == "io.reader" {
				if err := readable("space", word, storageName); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
