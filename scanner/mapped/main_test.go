package mapped

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// bareVariable names, in a process that this test starts of itself, the file that
// it is to copy without the guard.
const bareVariable = "SLUICE_TEST_COPY_BARE"

func TestMain(m *testing.M) {
	if path := os.Getenv(bareVariable); path != "" {
		copyBareAfterTruncation(path)
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
