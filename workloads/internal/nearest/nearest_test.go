package nearest

import "testing"

func TestNameFindsWhatWasMeant(t *testing.T) {
	among := []string{"local", "network-disk", "nfs", "object-store"}
	for _, row := range []struct{ word, want string }{
		{"nsf", "nfs"},
		{"locl", "local"},
		{"objectstore", "object-store"},
		{"network_disc", "network-disk"},
		{"tape", ""},
		{"", ""},
	} {
		if got := Name(row.word, among); got != row.want {
			t.Errorf("Name(%q) = %q, want %q", row.word, got, row.want)
		}
	}
}
