package corpus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// KubernetesName is the corpus of Kubernetes, as its module holds it.
const KubernetesName = "kubernetes"

// module is a corpus that the go command downloads and keeps.
type module struct {
	path, version string
	sum           string // of the module's files, as in go.sum (golang.org/x/mod/sumdb/dirhash)
}

// modules lists the corpora that are modules. Their sums are pinned here: a
// corpus of other bytes is refused, whoever served it.
func modules() map[string]module {
	return map[string]module{
		KubernetesName: {"k8s.io/kubernetes", "v1.30.0", "h1:u3Yw8rNlo2NDSGaDpoxoHXLPQnEu1tfqHATKOJe94HY="},
	}
}

// FetchNames lists the corpora that Fetch knows.
func FetchNames() []string { return []string{KubernetesName} }

// Fetch downloads a corpus of FetchNames through the go command into its module
// cache, checks it against the sum that this package pins, and returns the folder
// in which it lies, to be read only. It is quick if the cache has it already.
func Fetch(ctx context.Context, name string) (string, error) {
	m, ok := modules()[name]
	if !ok {
		return "", fmt.Errorf("no corpus %q can be fetched; there is %s", name, strings.Join(FetchNames(), ", "))
	}
	dir, err := m.download(ctx)
	if err != nil {
		return "", fmt.Errorf("fetch corpus %q: %w", name, err)
	}
	return dir, nil
}

// errNotFetched says that a module is not in the cache.
var errNotFetched = errors.New("it is not fetched")

// fetched returns the folder of a corpus that was fetched earlier, without
// asking the network.
func fetched(ctx context.Context, name string) (string, error) {
	dir, err := modules()[name].download(ctx, "GOPROXY=off")
	if err != nil {
		return "", fmt.Errorf("open corpus %q: %w (run sluice corpus fetch %s)", name, err, name)
	}
	return dir, nil
}

// download asks the go command for the module. It runs in a module of its own,
// so that neither the working directory nor a workspace has a say. The public
// checksum database is left out, since the sum is pinned.
func (m module) download(ctx context.Context, env ...string) (string, error) {
	dir, err := os.MkdirTemp("", "sluice-fetch-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir) // an empty module
	if err := os.WriteFile(dir+"/go.mod", []byte("module fetch\n"), 0o644); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", m.path+"@"+m.version)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PWD="+dir, "GOFLAGS=-mod=mod", "GOWORK=off", "GOSUMDB=off", "GOTOOLCHAIN=local")
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("%w (install Go)", err)
	}
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	return m.verify(out, err, len(env) > 0)
}

// verify reads what the go command printed.
func (m module) verify(out []byte, failed error, offline bool) (string, error) {
	var got struct{ Dir, Sum, Error string }
	if err := json.Unmarshal(out, &got); err != nil {
		return "", fmt.Errorf("go mod download %s@%s printed no JSON: %w", m.path, m.version, errors.Join(failed, err))
	}
	switch {
	case offline && got.Error != "":
		return "", errNotFetched
	case got.Error != "":
		return "", fmt.Errorf("go mod download: %s", strings.TrimSpace(got.Error))
	case failed != nil:
		return "", fmt.Errorf("go mod download %s@%s: %w", m.path, m.version, failed)
	case got.Sum != m.sum:
		return "", fmt.Errorf("%s@%s has the sum %s, want %s: these are not the bytes that were published (clear it by go clean -modcache)", m.path, m.version, got.Sum, m.sum)
	}
	return got.Dir, nil
}
