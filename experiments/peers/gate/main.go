// Gate asks what a gate by the machine's load does (row B5): a service whose
// requests take 20 ms, 400 of them a second, behind the limiter load with real
// readings, beside a neighbour that takes none, most and all of two cores.
//
//	go run ./gate PATH-OF-SLUICE
//
// It prints one line a neighbour, and takes half a minute. The machine should be
// quiet but for the neighbour, which is sluice's own.
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"sluice/scanner/limiter"
	"sluice/scanner/limiter/httplimit"
	"sluice/scanner/limiter/load"
)

const (
	work  = 20 * time.Millisecond
	every = 10 * time.Millisecond // four requests
	lasts = 8 * time.Second
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "gate: say where sluice is: go run ./gate ../../bin/sluice")
		os.Exit(2)
	}
	if err := run(os.Stdout, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gate:", err)
		os.Exit(3)
	}
}

func run(out io.Writer, sluice string) error {
	for _, duty := range []string{"0", "0.85", "1"} {
		if err := beside(out, sluice, duty); err != nil {
			return err
		}
	}
	return nil
}

// beside measures one neighbour, with a limiter of its own.
func beside(out io.Writer, sluice, duty string) error {
	signals, err := load.New(os.DirFS("/"), nil)
	if err != nil {
		return err
	}
	l, err := limiter.New(limiter.Options{Algorithm: "load", Initial: 50, Max: 100, Signals: signals})
	if err != nil {
		return err
	}
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-time.After(work) })
	gate, err := httplimit.New(handler, httplimit.Options{Limiter: l, Queue: 200, Wait: time.Second})
	if err != nil {
		return err
	}
	server := httptest.NewServer(gate)
	defer server.Close()
	if duty != "0" {
		neighbour := exec.Command(sluice, "interfere", "--cpu", "2", "--duty", duty, "--period", "20ms", "--for", "10s", "--seed", "1")
		if err := neighbour.Start(); err != nil {
			return fmt.Errorf("start the neighbour: %w", err)
		}
		defer neighbour.Wait() //nolint:errcheck // what it did is not asked for
		<-time.After(time.Second)
	}
	c := ask(server.URL, l)
	slices.Sort(c.took)
	n := len(c.took)
	_, err = fmt.Fprintf(out, "neighbour on %s of two cores: %d requests, p50 %v, p99 %v, refused %d, pause %v and limit %.1f on average, limit %d at the end\n",
		duty, n, c.took[n/2].Round(100*time.Microsecond), c.took[n*99/100].Round(100*time.Microsecond), c.refused, (c.pause / time.Duration(c.looks)).Round(100*time.Microsecond), float64(c.limits)/float64(c.looks), l.Limit())
	return err
}

// counts are what the client saw.
type counts struct {
	mu      sync.Mutex
	took    []time.Duration // guarded by mu
	refused int             // guarded by mu
	pause   time.Duration   // summed over the looks
	limits  int
	looks   int
}

// ask sends requests, whatever becomes of those before: open load.
func ask(url string, l *limiter.Limiter) *counts {
	c := &counts{}
	var requests sync.WaitGroup
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		<-time.After(every)
		for range 4 {
			requests.Go(func() { c.one(url) })
		}
		c.pause, c.limits, c.looks = c.pause+l.Pause(), c.limits+l.Limit(), c.looks+1
	}
	requests.Wait()
	return c
}

func (c *counts) one(url string) {
	start := time.Now()
	response, err := http.Get(url)
	if err != nil {
		return
	}
	_ = response.Body.Close() // it is empty
	c.mu.Lock()
	defer c.mu.Unlock()
	c.took = append(c.took, time.Since(start))
	if response.StatusCode == http.StatusServiceUnavailable {
		c.refused++
	}
}
