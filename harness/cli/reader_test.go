package cli

import (
	"strings"
	"testing"

	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/space"
)

func TestMappedFilesAreRefusedOnSimulatedStorage(t *testing.T) {
	mapped, plain := record.Flat{"io.reader": "mmap"}, record.Flat{"io.reader": "read"}
	reader := func(values ...any) space.Space {
		return space.Space{{Name: "io.reader", Type: space.Choice, Values: values}}
	}
	for _, test := range []struct {
		name    string
		err     error
		refused bool
	}{
		{"mapped on nfs", readableArm("a", lab.Arm{Config: mapped}, "nfs"), true},
		{"mapped on local storage", readableArm("a", lab.Arm{Config: mapped}, "local"), false},
		{"read on nfs", readableArm("a", lab.Arm{Config: plain}, "nfs"), false},
		{"mapped on an arm's own storage", readableArm("a", lab.Arm{Config: mapped, Storage: "nfs"}, "local"), true},
		{"mapped on an arm's own local storage", readableArm("a", lab.Arm{Config: mapped, Storage: "local"}, "nfs"), false},
		{"a configuration that names no reader", readableArm("a", lab.Arm{}, "nfs"), false},
		{"a space with mmap on nfs", readableSpace(reader("read", "mmap"), "nfs"), true},
		{"a space with mmap on local storage", readableSpace(reader("read", "mmap"), "local"), false},
		{"a space without mmap on nfs", readableSpace(reader("read"), "nfs"), false},
		{"another knob's word", readableSpace(space.Space{{Name: "x", Type: space.Choice, Values: []any{"mmap"}}}, "nfs"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.err != nil; got != test.refused {
				t.Fatalf("error %v, want refused %v", test.err, test.refused)
			}
			if test.refused && (!strings.Contains(test.err.Error(), "--storage local") || ExitCode(test.err) != exitUsage) {
				t.Errorf("error %q with status %d; want the remedy and %d", test.err, ExitCode(test.err), exitUsage)
			}
		})
	}
}
