package httplimit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/scanner/limiter"
	"sluice/scanner/limiter/httplimit"
)

func TestEveryFaultOfTheOptionsIsNamed(t *testing.T) {
	l, nothing := static(t, 1), http.NotFoundHandler()
	for name, row := range map[string]struct {
		next http.Handler
		o    httplimit.Options
		want []string // lines
	}{
		"no handler":           {nil, httplimit.Options{Limiter: l}, []string{"limit an HTTP handler: there is no handler; pass the one to be limited"}},
		"no function":          {http.HandlerFunc(nil), httplimit.Options{Limiter: l}, []string{"limit an HTTP handler: there is no handler; pass the one to be limited"}},
		"no limiter":           {nothing, httplimit.Options{}, []string{"limit an HTTP handler: there is no limiter; make one with limiter.New"}},
		"a negative queue":     {nothing, httplimit.Options{Limiter: l, Queue: -1}, []string{"limit an HTTP handler: queue is -1; use 0 to refuse at once, or how many requests may wait"}},
		"a negative wait":      {nothing, httplimit.Options{Limiter: l, Queue: 1, Wait: -time.Second}, []string{"limit an HTTP handler: wait is -1s; use a positive duration (default 1s)"}},
		"a wait with no queue": {nothing, httplimit.Options{Limiter: l, Wait: time.Second}, []string{"limit an HTTP handler: wait is 1s, but without a queue nobody waits; set queue, or leave wait at 0"}},
		"a status of success":  {nothing, httplimit.Options{Limiter: l, Status: 200}, []string{"limit an HTTP handler: status is 200; use 503 or 429 (default 503)"}},
		"a negative advice":    {nothing, httplimit.Options{Limiter: l, RetryAfter: -1}, []string{"limit an HTTP handler: retry-after is -1ns; use a positive duration (default 1s)"}},
		"everything": {nil, httplimit.Options{Queue: -2, Wait: -1, Status: 1, RetryAfter: -1}, []string{
			"limit an HTTP handler: there is no handler; pass the one to be limited",
			"there is no limiter; make one with limiter.New",
			"queue is -2; use 0 to refuse at once, or how many requests may wait",
			"wait is -1ns; use a positive duration (default 1s)",
			"status is 1; use 503 or 429 (default 503)",
			"retry-after is -1ns; use a positive duration (default 1s)",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := httplimit.New(row.next, row.o)
			if h != nil || err == nil {
				t.Fatalf("got %v, %v; want an error alone", h, err)
			}
			if diff := cmp.Diff(row.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestResponsesSettleTheirPermit(t *testing.T) {
	for name, row := range map[string]struct {
		serve http.HandlerFunc
		o     httplimit.Options
		want  limiter.Outcome
	}{
		"nothing written is a 200":   {serve: func(http.ResponseWriter, *http.Request) {}, want: limiter.Success},
		"a body alone is a 200":      {serve: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }, want: limiter.Success},
		"not modified":               {serve: answer(304), want: limiter.Success},
		"not found":                  {serve: answer(404), want: limiter.Ignored},
		"too many":                   {serve: answer(429), want: limiter.Dropped},
		"a bug":                      {serve: answer(500), want: limiter.Ignored},
		"unavailable":                {serve: answer(503), want: limiter.Dropped},
		"a time-out of the gateway":  {serve: answer(504), want: limiter.Dropped},
		"early hints are not final":  {serve: answer(103, 503), want: limiter.Dropped},
		"what is written first wins": {serve: answer(200, 503), want: limiter.Success},
		"an outcome of one's own": {
			serve: answer(500), want: limiter.Dropped,
			o: httplimit.Options{Outcome: func(status int, _ http.Header) limiter.Outcome {
				if status >= 500 {
					return limiter.Dropped
				}
				return limiter.Success
			}},
		},
		"a header of one's own": {
			serve: func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Degraded", "1"); fmt.Fprint(w, "less") },
			want:  limiter.Dropped,
			o: httplimit.Options{Outcome: func(_ int, header http.Header) limiter.Outcome {
				if header.Get("X-Degraded") != "" {
					return limiter.Dropped
				}
				return limiter.Success
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			row.o.Limiter = static(t, 1)
			gate(t, row.serve, row.o).ServeHTTP(httptest.NewRecorder(), request(t.Context()))
			if got := settled(t, row.o.Limiter); got != row.want {
				t.Errorf("settled as %v, want %v", got, row.want)
			}
		})
	}
}

func TestTheEndOfTheContextCountsMoreThanTheStatus(t *testing.T) {
	late := func(ctx context.Context) (context.Context, func()) { return context.WithTimeout(ctx, time.Second) }
	gone := func(ctx context.Context) (context.Context, func()) {
		ctx, cancel := context.WithCancel(ctx)
		time.AfterFunc(time.Second, cancel)
		return ctx, cancel
	}
	cause := func(ctx context.Context) (context.Context, func()) {
		ctx, cancel := context.WithCancelCause(ctx)
		time.AfterFunc(time.Second, func() { cancel(errors.New("the line was cut")) })
		return ctx, func() { cancel(nil) }
	}
	for name, row := range map[string]struct {
		begin func(context.Context) (context.Context, func())
		serve http.HandlerFunc // once the context has ended
		first bool             // answered 200 before
		want  limiter.Outcome
	}{
		"the client went away, and nothing was said":      {begin: gone, serve: answer(), want: limiter.Ignored},
		"the client went away, and a 503 was said to air": {begin: gone, serve: answer(503), want: limiter.Ignored},
		"the client went away in the midst of a 200":      {begin: gone, serve: answer(), first: true, want: limiter.Ignored},
		"the client went away for a cause":                {begin: cause, serve: answer(500), want: limiter.Ignored},
		"the deadline passed, and nothing was said":       {begin: late, serve: answer(), want: limiter.Dropped},
		"the deadline passed, and a 500 was said":         {begin: late, serve: answer(500), want: limiter.Dropped},
		"the deadline passed, and a 504 was said":         {begin: late, serve: answer(504), want: limiter.Dropped},
		"the deadline ended a stream that went well":      {begin: late, serve: answer(), first: true, want: limiter.Success},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := row.begin(t.Context())
				defer cancel()
				l := static(t, 1)
				h := gate(t, func(w http.ResponseWriter, r *http.Request) {
					if row.first {
						w.WriteHeader(http.StatusOK)
					}
					<-r.Context().Done()
					row.serve(w, r)
				}, httplimit.Options{Limiter: l})
				h.ServeHTTP(httptest.NewRecorder(), request(ctx))
				if got := settled(t, l); got != row.want {
					t.Errorf("settled as %v, want %v", got, row.want)
				}
			})
		})
	}
}

func TestAPanicSettlesThePermitAndGoesOn(t *testing.T) {
	for name, value := range map[string]any{"of the handler": "broken", "that aborts": http.ErrAbortHandler} {
		t.Run(name, func(t *testing.T) {
			l := static(t, 1)
			h := gate(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusServiceUnavailable)
				panic(value)
			}, httplimit.Options{Limiter: l})
			defer func() {
				if got := recover(); got != value {
					t.Errorf("recovered %v, want %v", got, value)
				}
				if got := settled(t, l); got != limiter.Ignored {
					t.Errorf("settled as %v, want ignored", got)
				}
			}()
			h.ServeHTTP(httptest.NewRecorder(), request(t.Context()))
		})
	}
}

func TestAPanicOfTheClassifierSettlesThePermit(t *testing.T) {
	l := static(t, 1)
	h := gate(t, answer(200), httplimit.Options{Limiter: l, Outcome: func(int, http.Header) limiter.Outcome { panic("broken") }})
	defer func() {
		if recover() == nil {
			t.Error("the panic was swallowed")
		}
		if got := settled(t, l); got != limiter.Ignored {
			t.Errorf("settled as %v, want ignored", got)
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), request(t.Context()))
}

func TestGoexitSettlesThePermit(t *testing.T) {
	l := static(t, 1)
	h := gate(t, func(http.ResponseWriter, *http.Request) { runtime.Goexit() }, httplimit.Options{Limiter: l})
	var done sync.WaitGroup
	done.Go(func() { h.ServeHTTP(httptest.NewRecorder(), request(t.Context())) })
	done.Wait()
	if got := settled(t, l); got != limiter.Ignored {
		t.Errorf("settled as %v, want ignored", got)
	}
}

func TestAQueueIsBoundedInPlacesAndInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := static(t, 2)
		first, others := make(chan struct{}), make(chan struct{})
		h := gate(t, func(http.ResponseWriter, *http.Request) {
			select {
			case <-first:
			case <-others:
			}
		},
			httplimit.Options{Limiter: l, Queue: 3, Wait: 5 * time.Second, Status: 429, RetryAfter: 1500 * time.Millisecond})
		start := time.Now()
		took := map[string]int{}
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, request(t.Context()))
				mu.Lock()
				defer mu.Unlock()
				took[fmt.Sprintf("%d after %v, retry after %q", w.Code, time.Since(start), w.Header().Get("Retry-After"))]++
			})
		}
		synctest.Wait()
		want := httplimit.Status{Limit: 2, InFlight: 2, Waiting: 3, Refused: 5}
		if diff := cmp.Diff(want, h.Status()); diff != "" {
			t.Error(diff)
		}
		time.AfterFunc(4*time.Second, func() { first <- struct{}{} }) // one of the three gets in
		time.AfterFunc(6*time.Second, func() { close(others) })
		all.Wait()
		if diff := cmp.Diff(map[string]int{
			`429 after 0s, retry after "2"`: 5,
			`200 after 4s, retry after ""`:  1,
			`429 after 5s, retry after "2"`: 2,
			`200 after 6s, retry after ""`:  2,
		}, took); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(httplimit.Status{Limit: 2, Available: 2, Completed: 3, Refused: 7}, h.Status()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAWaitEndsWithTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := static(t, 1)
		if _, ok := l.TryAcquire(); !ok {
			t.Fatal("no permit to begin with")
		}
		h := gate(t, answer(200), httplimit.Options{Limiter: l, Queue: 10, Wait: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request(ctx))
		if took := time.Since(start); took != time.Second || w.Code != http.StatusServiceUnavailable {
			t.Errorf("a %d after %v, want a 503 after 1s", w.Code, took)
		}
		if diff := cmp.Diff(httplimit.Status{Limit: 1, InFlight: 1, GaveUp: 1}, h.Status()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestExemptRequestsNeedNoPermit(t *testing.T) {
	l := static(t, 1)
	if _, ok := l.TryAcquire(); !ok {
		t.Fatal("no permit to begin with")
	}
	h := gate(t, answer(200), httplimit.Options{
		Limiter: l,
		Exempt:  func(r *http.Request) bool { return r.URL.Path == "/healthz" },
	})
	for path, want := range map[string]int{"/healthz": 200, "/": 503} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
	if s := l.Stats(); s.Completed != 0 || s.InFlight != 1 {
		t.Errorf("stats %+v, want that nothing was settled", s)
	}
}

func TestStatusIsReadWhileTheHandlerIsFull(t *testing.T) {
	l := static(t, 3)
	inside, release := make(chan struct{}), make(chan struct{})
	h := gate(t, func(http.ResponseWriter, *http.Request) { inside <- struct{}{}; <-release }, httplimit.Options{Limiter: l})
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { h.ServeHTTP(httptest.NewRecorder(), request(t.Context())) })
		<-inside
	}
	w := httptest.NewRecorder()
	httplimit.StatusHandler(h.Status).ServeHTTP(w, request(t.Context()))
	close(release)
	both.Wait()
	want := `{
  "limit": 3,
  "in_flight": 2,
  "available": 1,
  "waiting": 0,
  "pause_s": 0,
  "completed": 0,
  "dropped": 0,
  "ignored": 0,
  "refused": 0,
  "gave_up": 0
}
`
	if diff := cmp.Diff(want, w.Body.String()); diff != "" {
		t.Error(diff)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("content type %q", got)
	}
}

// answer writes headers, one after the other.
func answer(statuses ...int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, status := range statuses {
			w.WriteHeader(status)
		}
	}
}

func request(ctx context.Context) *http.Request {
	return httptest.NewRequestWithContext(ctx, "GET", "/", nil)
}
