package httplimit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/scanner/limiter"
	"sluice/scanner/limiter/httplimit"
)

// base is a RoundTripper made of a function.
type base func(*http.Request) (*http.Response, error)

func (b base) RoundTrip(r *http.Request) (*http.Response, error) { return b(r) }

// response has a body of some text.
func response(status int, text string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text))}
}

// always answers the same.
func always(status int, text string) base {
	return func(*http.Request) (*http.Response, error) { return response(status, text), nil }
}

func TestAnswersSettleTheirPermit(t *testing.T) {
	type test struct {
		base    base
		outcome func(*http.Response, error) limiter.Outcome
		want    limiter.Outcome
	}
	fail := func(err error) base { return func(*http.Request) (*http.Response, error) { return nil, err } }
	tooOften := func(*http.Request) (*http.Response, error) {
		r := response(403, "slow down")
		r.Header.Set("Retry-After", "60")
		return r, nil
	}
	cutOff := func(err error) base {
		return func(*http.Request) (*http.Response, error) {
			r := response(200, "")
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader("half of "), failing{err}))
			return r, nil
		}
	}
	for name, row := range map[string]test{
		"a success":                            {base: always(200, "hello"), want: limiter.Success},
		"a redirection":                        {base: always(302, "there"), want: limiter.Success},
		"a mistake of ours":                    {base: always(400, "what?"), want: limiter.Ignored},
		"a bug of theirs":                      {base: always(500, "oh"), want: limiter.Ignored},
		"too many":                             {base: always(429, "slow down"), want: limiter.Dropped},
		"unavailable":                          {base: always(503, "later"), want: limiter.Dropped},
		"a time-out of the gateway":            {base: always(504, "late"), want: limiter.Dropped},
		"any error that says when to retry":    {base: tooOften, want: limiter.Dropped},
		"a refused connection":                 {base: fail(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), want: limiter.Dropped},
		"a time-out of the connection":         {base: fail(context.DeadlineExceeded), want: limiter.Dropped},
		"a certificate that does not hold":     {base: fail(errors.New("x509: nobody knows")), want: limiter.Ignored},
		"a connection closed without a word":   {base: fail(io.EOF), want: limiter.Ignored},
		"a body that was cut off":              {base: cutOff(io.ErrUnexpectedEOF), want: limiter.Ignored},
		"a body during which a time ran out":   {base: cutOff(context.DeadlineExceeded), want: limiter.Dropped},
		"a body during which the line was cut": {base: cutOff(syscall.ECONNRESET), want: limiter.Dropped},
		"an outcome of one's own, of an answer": {
			base: always(200, "{}"), want: limiter.Dropped,
			outcome: func(r *http.Response, err error) limiter.Outcome {
				if r.StatusCode == 200 && err == nil {
					return limiter.Dropped
				}
				return limiter.Ignored
			},
		},
		"an outcome of one's own, of an error": {
			base: fail(errors.New("no")), want: limiter.Dropped,
			outcome: func(r *http.Response, err error) limiter.Outcome {
				if r == nil && err != nil {
					return limiter.Dropped
				}
				return limiter.Ignored
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := static(t, 1)
			resp, err := (&httplimit.Transport{Base: row.base, Limiter: l, Outcome: row.outcome}).RoundTrip(request(t.Context()))
			if err == nil {
				io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			if got := settled(t, l); got != row.want {
				t.Errorf("settled as %v, want %v", got, row.want)
			}
		})
	}
}

// failing is a Reader of an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestAPermitIsHeldUntilTheAnswerIsDealtWith(t *testing.T) {
	for name, row := range map[string]struct {
		status int
		body   io.ReadCloser
		end    func(r *http.Response, cancel func())
		want   limiter.Outcome
	}{
		"closed unread":           {200, text("hello"), func(r *http.Response, _ func()) { r.Body.Close() }, limiter.Success},
		"read to the end":         {200, text("hello"), func(r *http.Response, _ func()) { io.ReadAll(r.Body) }, limiter.Success},
		"read, closed, cancelled": {200, text("hello"), func(r *http.Response, cancel func()) { io.ReadAll(r.Body); r.Body.Close(); r.Body.Close(); cancel() }, limiter.Success},
		"cancelled, then closed":  {200, text("hello"), func(r *http.Response, cancel func()) { cancel(); r.Body.Close() }, limiter.Ignored},
		"cancelled and forgotten": {200, text("hello"), func(_ *http.Response, cancel func()) { cancel() }, limiter.Ignored},
		"forgotten to a deadline": {200, text("hello"), func(*http.Response, func()) { <-time.After(time.Hour) }, limiter.Dropped},
		"refused and forgotten":   {503, text("later"), func(*http.Response, func()) { <-time.After(time.Hour) }, limiter.Dropped},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				l := static(t, 1)
				transport := &httplimit.Transport{Limiter: l, Base: base(func(*http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: row.status, Body: row.body}, nil
				})}
				resp, err := transport.RoundTrip(request(ctx))
				if err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if l.InFlight() != 1 {
					t.Error("the permit is back too early")
				}
				row.end(resp, cancel)
				synctest.Wait()
				if got := settled(t, l); got != row.want {
					t.Errorf("settled as %v, want %v", got, row.want)
				}
			})
		})
	}
}

func text(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }

func TestAnAnswerWithoutABodyHoldsNoPermit(t *testing.T) {
	for name, row := range map[string]struct {
		status int
		body   io.ReadCloser
		want   limiter.Outcome
	}{
		"no body":               {204, http.NoBody, limiter.Success},
		"no body, and busy":     {503, http.NoBody, limiter.Dropped},
		"a base without bodies": {200, nil, limiter.Success},
		"another protocol":      {101, duplex{}, limiter.Ignored},
	} {
		t.Run(name, func(t *testing.T) {
			l := static(t, 1)
			transport := &httplimit.Transport{Limiter: l, Base: base(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: row.status, Body: row.body}, nil
			})}
			resp, err := transport.RoundTrip(request(t.Context()))
			if err != nil {
				t.Fatal(err)
			}
			if got := settled(t, l); got != row.want {
				t.Errorf("settled as %v, want %v", got, row.want)
			}
			if resp.Body != row.body {
				t.Errorf("the body became %T", resp.Body)
			}
		})
	}
}

func TestAnAnswerThatIsCompleteCountsThoughItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l := static(t, 1)
	transport := &httplimit.Transport{Limiter: l, Base: base(func(*http.Request) (*http.Response, error) {
		cancel()
		return &http.Response{StatusCode: 503, Body: http.NoBody}, nil
	})}
	if _, err := transport.RoundTrip(request(ctx)); err != nil {
		t.Fatal(err)
	}
	if got := settled(t, l); got != limiter.Dropped {
		t.Errorf("settled as %v, want dropped", got)
	}
}

// A context that lives long must not gather a memory of each request.
func TestAContextIsWatchedNoLongerThanItsRequest(t *testing.T) {
	for name, end := range map[string]func(io.ReadCloser){
		"read to the end": func(body io.ReadCloser) { io.ReadAll(body) },
		"closed":          func(body io.ReadCloser) { body.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx := &counting{Context: t.Context(), done: make(chan struct{})}
			transport := &httplimit.Transport{Limiter: static(t, 1), Base: always(200, "hello")}
			resp, err := transport.RoundTrip(request(ctx))
			if err != nil {
				t.Fatal(err)
			}
			if ctx.watchers != 1 {
				t.Errorf("%d watch the context, want one", ctx.watchers)
			}
			end(resp.Body)
			if ctx.watchers != 0 {
				t.Errorf("%d watch the context after the end, want none", ctx.watchers)
			}
		})
	}
}

// counting is a context that knows who waits for its end.
type counting struct {
	context.Context
	done     chan struct{}
	watchers int
}

func (c *counting) Done() <-chan struct{} { return c.done }

func (c *counting) AfterFunc(func()) func() bool {
	c.watchers++
	return func() bool { c.watchers--; return true }
}

// duplex is the body of a 101: it can be written to.
type duplex struct{ io.ReadWriteCloser }

func TestLatencyOfAnAnswer(t *testing.T) {
	for name, row := range map[string]struct {
		first bool
		want  time.Duration
	}{"ends with its body": {false, 5 * time.Second}, "ends with its header, if that is asked for": {true, 2 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, seen := watched(t)
				transport := &httplimit.Transport{Limiter: l, FirstByte: row.first, Base: base(func(*http.Request) (*http.Response, error) {
					<-time.After(2 * time.Second)
					return response(200, "hello"), nil
				})}
				resp, err := transport.RoundTrip(request(t.Context()))
				if err != nil {
					t.Fatal(err)
				}
				<-time.After(3 * time.Second)
				resp.Body.Close()
				if got := seen.latency(); got != row.want {
					t.Errorf("latency %v, want %v", got, row.want)
				}
			})
		})
	}
}

func TestARequestWaitsUnderItsContext(t *testing.T) {
	broken := errors.New("somebody pulled the plug")
	for name, row := range map[string]struct {
		begin   func(context.Context) (context.Context, func())
		client  time.Duration // its time-out
		want    error
		took    time.Duration
		timeout bool
	}{
		"until its deadline": {
			begin: func(ctx context.Context) (context.Context, func()) { return context.WithTimeout(ctx, time.Second) },
			want:  context.DeadlineExceeded, took: time.Second, timeout: true,
		},
		"until the client's time-out": {
			begin:  func(ctx context.Context) (context.Context, func()) { return ctx, func() {} },
			client: 3 * time.Second,
			want:   context.DeadlineExceeded, took: 3 * time.Second, timeout: true,
		},
		"until it is cancelled": {
			begin: func(ctx context.Context) (context.Context, func()) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(2*time.Second, cancel)
				return ctx, cancel
			},
			want: context.Canceled, took: 2 * time.Second,
		},
		"until it is cancelled for a cause": {
			begin: func(ctx context.Context) (context.Context, func()) {
				ctx, cancel := context.WithCancelCause(ctx)
				time.AfterFunc(2*time.Second, func() { cancel(broken) })
				return ctx, func() { cancel(nil) }
			},
			want: broken, took: 2 * time.Second,
		},
		"not at all, if it was cancelled before": {
			begin: func(ctx context.Context) (context.Context, func()) {
				ctx, cancel := context.WithCancel(ctx)
				cancel()
				return ctx, cancel
			},
			want: context.Canceled,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := row.begin(t.Context())
				defer cancel()
				l := static(t, 1)
				if _, ok := l.TryAcquire(); !ok {
					t.Fatal("no permit to begin with")
				}
				transport := &httplimit.Transport{Limiter: l, Base: base(func(*http.Request) (*http.Response, error) {
					t.Error("a request was sent without a permit")
					return nil, errors.New("sent")
				})}
				client := &http.Client{Transport: transport, Timeout: row.client}
				sent := &watchedBody{Reader: strings.NewReader("a form")}
				r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://there/", sent)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				_, err = client.Do(r)
				if took := time.Since(start); !errors.Is(err, row.want) || took != row.took {
					t.Errorf("%v after %v, want %v after %v", err, took, row.want, row.took)
				}
				var timeout interface{ Timeout() bool }
				if !errors.As(err, &timeout) || timeout.Timeout() != row.timeout {
					t.Errorf("time-out: %v, want %v", !row.timeout, row.timeout)
				}
				if !sent.closed.Load() {
					t.Error("the request's body was left open")
				}
				want := httplimit.Status{Limit: 1, InFlight: 1, GaveUp: 1}
				if diff := cmp.Diff(want, transport.Status()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// watchedBody knows whether it was closed.
type watchedBody struct {
	io.Reader
	closed atomic.Bool
}

func (b *watchedBody) Close() error {
	b.closed.Store(true)
	return nil
}

func TestAPanicOfTheBaseSettlesThePermitAndGoesOn(t *testing.T) {
	l := static(t, 1)
	transport := &httplimit.Transport{Limiter: l, Base: base(func(*http.Request) (*http.Response, error) { panic("broken") })}
	defer func() {
		if got := recover(); got != "broken" {
			t.Errorf("recovered %v", got)
		}
		if got := settled(t, l); got != limiter.Ignored {
			t.Errorf("settled as %v, want ignored", got)
		}
	}()
	transport.RoundTrip(request(t.Context()))
}

func TestABaseThatGivesNothingSettlesThePermit(t *testing.T) {
	l := static(t, 1)
	transport := &httplimit.Transport{Limiter: l, Base: base(func(*http.Request) (*http.Response, error) { return nil, nil })}
	if _, err := (&http.Client{Transport: transport}).Get("http://there/"); err == nil { // net/http's
		t.Error("there is no error")
	}
	if got := settled(t, l); got != limiter.Ignored {
		t.Errorf("settled as %v, want ignored", got)
	}
}

func TestATransportWithoutALimiterSaysSo(t *testing.T) {
	sent := &watchedBody{Reader: strings.NewReader("a form")}
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/", sent)
	_, err := new(httplimit.Transport).RoundTrip(r)
	want := "limit an HTTP client: there is no limiter; set Transport.Limiter to one of limiter.New"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if !sent.closed.Load() {
		t.Error("the request's body was left open")
	}
	if diff := cmp.Diff(httplimit.Status{}, new(httplimit.Transport).Status()); diff != "" {
		t.Error(diff)
	}
}

func TestARequestIsSentAsItIs(t *testing.T) {
	r := request(t.Context())
	r.Header.Set("X-Mine", "1")
	before := r.Clone(r.Context())
	transport := &httplimit.Transport{Limiter: static(t, 1), Base: base(func(got *http.Request) (*http.Response, error) {
		if got != r || got.Context() != t.Context() {
			t.Error("another request was sent")
		}
		return response(200, "hello"), nil
	})}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if diff := cmp.Diff(before.Header, r.Header); diff != "" || r.Body != before.Body {
		t.Errorf("the request was changed: %s", diff)
	}
}

// closer is a base that keeps connections.
type closer struct {
	base
	closed int
}

func (c *closer) CloseIdleConnections() { c.closed++ }

func TestIdleConnectionsAreClosedByTheBase(t *testing.T) {
	keeps := &closer{}
	(&http.Client{Transport: &httplimit.Transport{Base: keeps}}).CloseIdleConnections()
	(&http.Client{Transport: &httplimit.Transport{Base: always(200, "")}}).CloseIdleConnections() // does nothing
	if keeps.closed != 1 {
		t.Errorf("closed %d times, want once", keeps.closed)
	}
}

func TestNoMoreRequestsAreUnderWayThanTheLimitAllows(t *testing.T) {
	for name, two := range map[string]bool{"HTTP/1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			const limit, requests = 5, 100
			var inside, most atomic.Int64
			client, url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				n := inside.Add(1)
				defer inside.Add(-1)
				for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
				}
				fmt.Fprint(w, "hello")
			}), two)
			l := static(t, limit)
			client.Transport = &httplimit.Transport{Base: client.Transport, Limiter: l}
			var all sync.WaitGroup
			for range requests {
				all.Go(func() { get(t, client, url, 200) })
			}
			all.Wait()
			if s := l.Stats(); s.Completed != requests || s.InFlight != 0 || s.SettledTwice != 0 {
				t.Errorf("stats %+v, want %d completed and none in flight", s, requests)
			}
			if most.Load() > limit {
				t.Errorf("%d requests at once, want at most %d", most.Load(), limit)
			}
		})
	}
}

func TestARefusedConnectionIsADrop(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	listener.Close()
	l := static(t, 1)
	client := &http.Client{Transport: &httplimit.Transport{Base: &http.Transport{}, Limiter: l}}
	if _, err := ask(t.Context(), client, url); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Skipf("somebody took the port: %v", err)
	}
	if got := settled(t, l); got != limiter.Dropped {
		t.Errorf("settled as %v, want dropped", got)
	}
}

func TestRedirectionsTakeOnePermitAtATime(t *testing.T) {
	l := static(t, 1)
	mux := http.NewServeMux()
	mux.Handle("/", http.RedirectHandler("/there", http.StatusFound))
	mux.HandleFunc("/there", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	client, url := serve(t, mux, false)
	client.Transport = &httplimit.Transport{Base: client.Transport, Limiter: l}
	get(t, client, url, 200)
	if s := l.Stats(); s.Completed != 2 || s.InFlight != 0 {
		t.Errorf("stats %+v, want two completed", s)
	}
}
