package httplimit_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/scanner/limiter"
	"sluice/scanner/limiter/httplimit"
)

// TestTheStaticGateLetsAHundredIn is row B4: of a thousand requests at once, over
// connections of their own, a hundred are in flight and all others are told to come
// back.
func TestTheStaticGateLetsAHundredIn(t *testing.T) {
	const limit, requests = 100, 1000
	l := static(t, limit)
	var inside, most atomic.Int64
	full, release := make(chan struct{}), make(chan struct{})
	client := inMemory(t, gate(t, func(http.ResponseWriter, *http.Request) {
		n := inside.Add(1)
		defer inside.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		if n == limit {
			close(full)
		}
		<-release
	}, httplimit.Options{Limiter: l}))

	answers := make(chan string, requests)
	for range requests {
		go func() {
			resp, err := ask(t.Context(), client, "http://there/")
			if err != nil {
				answers <- err.Error()
				return
			}
			defer resp.Body.Close()
			answers <- fmt.Sprintf("%d, retry after %q", resp.StatusCode, resp.Header.Get("Retry-After"))
		}()
	}
	<-full
	got := map[string]int{}
	for range requests - limit {
		got[<-answers]++
	}
	if now, peak := l.InFlight(), most.Load(); now != limit || peak != limit || l.Available() != 0 {
		t.Errorf("%d in flight, %d at most, %d available; want %d, %d and 0", now, peak, l.Available(), limit, limit)
	}
	close(release)
	for range limit {
		got[<-answers]++
	}
	want := map[string]int{`503, retry after "1"`: requests - limit, `200, retry after ""`: limit}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// inMemory serves over pipes, which need no files, and gives a client for it.
func inMemory(t *testing.T, h http.Handler) *http.Client {
	t.Helper()
	pipes := &pipes{made: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(pipes) }()
	transport := &http.Transport{DialContext: pipes.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return &http.Client{Transport: transport}
}

// pipes is a listener to whom only dial has the way.
type pipes struct {
	made   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.made <- far:
		return near, nil
	case <-ctx.Done():
	case <-p.closed:
	}
	return nil, net.ErrClosed
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.made:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "pipe"} }

// TestTheLoadDrivenGate is row B5: as the load rises requests are first delayed,
// then queue; as it falls they go through at once again. The load is told here, not
// made: package load reads that of the machine.
func TestTheLoadDrivenGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var load atomic.Uint64 // percent
		l, err := limiter.New(limiter.Options{
			Algorithm: "load", Initial: 20, Min: 1, Max: 20,
			Signals: func() limiter.Signals {
				return limiter.Signals{Known: limiter.KnowsLoad, CPU: float64(load.Load()) / 100}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		const work = 10 * time.Millisecond
		h := gate(t, func(http.ResponseWriter, *http.Request) { <-time.After(work) },
			httplimit.Options{Limiter: l, Queue: 20, Wait: 10 * time.Second})
		var delay atomic.Int64 // of who came out last
		ask := func() {
			start, w := time.Now(), httptest.NewRecorder()
			if h.ServeHTTP(w, request(t.Context())); w.Code == http.StatusOK {
				delay.Store(int64(time.Since(start) - work))
			}
		}

		var all sync.WaitGroup
		defer all.Wait()
		for _, phase := range []struct {
			load  uint64
			held  time.Duration // each request, by the rule
			queue bool          // for a permit, beside
		}{
			{50, 0, false},
			{79, 0, false},
			{85, 25 * time.Millisecond, false},
			{97, 50 * time.Millisecond, true},
			{50, 0, false},
		} {
			load.Store(phase.load)
			for range 1000 { // 200 a second: two at once
				all.Go(ask)
				<-time.After(5 * time.Millisecond)
			}
			s, took := h.Status(), time.Duration(delay.Load()).Round(time.Millisecond)
			if got := l.Pause().Round(time.Millisecond); got != phase.held {
				t.Errorf("load %d %%: each request is held up for %v, want %v", phase.load, got, phase.held)
			}
			if waits := s.Waiting > 0; waits != phase.queue || (took > phase.held) != phase.queue {
				t.Errorf("load %d %%: %d wait, the last for %v; want a queue: %v", phase.load, s.Waiting, took, phase.queue)
			}
			if took < phase.held {
				t.Errorf("load %d %%: the last was delayed by %v, want %v or more", phase.load, took, phase.held)
			}
		}
		if s := h.Status(); s.Refused == 0 || s.Limit < 2 {
			t.Errorf("%+v; want that some were refused while the queue was full, and a limit that has recovered", s)
		}
	})
}
