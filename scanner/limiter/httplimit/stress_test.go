package httplimit_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sluice/scanner/limiter"
	"sluice/scanner/limiter/httplimit"
)

// Whatever handlers and clients do, each permit comes back once and the bound
// holds.
func TestNoPermitIsLostOrPassed(t *testing.T) {
	const limit, clients, requests = 7, 32, 200
	synctest.Test(t, func(t *testing.T) {
		l := static(t, limit)
		var inside atomic.Int64
		h := gate(t, func(w http.ResponseWriter, r *http.Request) {
			if n := inside.Add(1); n > limit {
				t.Errorf("%d inside, want at most %d", n, limit)
			}
			defer inside.Add(-1)
			d := dice(r.Context())
			d.pause(r.Context())
			switch d.IntN(6) {
			case 0:
				panic(http.ErrAbortHandler)
			case 1:
				w.WriteHeader(http.StatusServiceUnavailable)
			case 2:
				w.(http.Flusher).Flush()
				d.pause(r.Context())
			default:
				io.WriteString(w, "hello")
			}
		}, httplimit.Options{Limiter: l, Queue: 10, Wait: 3 * time.Millisecond})

		// The client's side has a limiter of its own, and the handler as its service.
		outer := static(t, 3*limit)
		transport := &httplimit.Transport{Limiter: outer, Base: direct{h}}
		var all sync.WaitGroup
		for seed := range uint64(clients) {
			all.Go(func() {
				d := &die{Rand: rand.New(rand.NewPCG(seed, 1))}
				for range requests {
					d.ask(t, transport)
				}
			})
		}
		all.Wait()
		synctest.Wait()
		for side, l := range map[string]*limiter.Limiter{"server": l, "client": outer} {
			s := l.Stats()
			if s.InFlight != 0 || s.Waiting != 0 || s.SettledTwice != 0 || s.Invalid != 0 {
				t.Errorf("%s: %+v; want all permits back, each once", side, s)
			}
			if s.Completed == 0 || s.Dropped == 0 || s.Ignored == 0 {
				t.Errorf("%s: %+v; want some of each outcome", side, s)
			}
		}
		if s := h.Status(); s.Refused == 0 || s.GaveUp == 0 {
			t.Errorf("%+v; want that some were refused, and some gave up", s)
		}
	})
}

// die draws what happens.
type die struct{ *rand.Rand }

type dieKey struct{}

func dice(ctx context.Context) *die { return ctx.Value(dieKey{}).(*die) }

// pause lets up to two milliseconds pass.
func (d *die) pause(ctx context.Context) {
	select {
	case <-time.After(time.Duration(d.IntN(2000)) * time.Microsecond):
	case <-ctx.Done():
	}
}

// ask sends a request and deals with the answer in one of the ways there are.
func (d *die) ask(t *testing.T, transport http.RoundTripper) {
	within := &die{Rand: rand.New(rand.NewPCG(d.Uint64(), 2))}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), dieKey{}, within))
	defer cancel()
	if d.IntN(3) == 0 {
		stop := time.AfterFunc(time.Duration(d.IntN(4000))*time.Microsecond, cancel)
		defer stop.Stop()
	}
	resp, err := transport.RoundTrip(request(ctx))
	if err != nil {
		return
	}
	switch d.IntN(4) {
	case 0: // forgotten until the context ends
	case 1:
		resp.Body.Close()
	case 2:
		io.ReadAll(resp.Body)
	default:
		var both sync.WaitGroup
		both.Go(func() { io.ReadAll(resp.Body) })
		both.Go(func() { resp.Body.Close() })
		both.Wait()
	}
}

// direct has a handler answer, with no network between.
type direct struct{ to http.Handler }

func (d direct) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	w := httptest.NewRecorder()
	defer func() {
		if recover() != nil {
			resp, err = nil, errors.New("aborted")
		}
	}()
	d.to.ServeHTTP(w, r)
	return w.Result(), context.Cause(r.Context())
}

// An API that bears five requests at once, and answers 429 to others, is asked by
// forty. It could answer 250 a second; without a limit the forty would be refused
// 1,750 times a second.
func TestALimitFindsWhatAnAPIBears(t *testing.T) {
	const bears = 5
	synctest.Test(t, func(t *testing.T) {
		l, err := limiter.New(limiter.Options{Algorithm: "aimd", Initial: 40, Max: 40})
		if err != nil {
			t.Fatal(err)
		}
		var inside atomic.Int64
		transport := &httplimit.Transport{Limiter: l, Base: base(func(*http.Request) (*http.Response, error) {
			accepted := inside.Add(1) <= bears
			if !accepted {
				inside.Add(-1)
			}
			<-time.After(20 * time.Millisecond)
			if !accepted {
				return response(http.StatusTooManyRequests, "too many"), nil
			}
			inside.Add(-1)
			return response(http.StatusOK, "here you are"), nil
		})}
		end := time.Now().Add(time.Minute)
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() {
				for time.Now().Before(end) {
					resp, err := transport.RoundTrip(request(t.Context()))
					if err != nil {
						t.Error(err)
						return
					}
					resp.Body.Close()
					<-time.After(time.Millisecond)
				}
			})
		}
		all.Wait()
		if s := l.Stats(); s.Limit > 2*bears || s.Completed < 60*250/2 || s.Dropped > s.Completed/2 {
			t.Errorf("%+v; want a limit of about %d, half of what could be completed or more, and few drops", s, bears)
		}
	})
}
