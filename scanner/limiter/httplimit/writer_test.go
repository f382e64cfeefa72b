package httplimit_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/scanner/limiter"
	"sluice/scanner/limiter/httplimit"
)

func TestLatencyOfStreamsIsThatToTheirFirstByte(t *testing.T) {
	wait := func(d time.Duration) { <-time.After(d) }
	for name, row := range map[string]struct {
		serve http.HandlerFunc
		slow  bool // the client
		first bool
		want  time.Duration
	}{
		"of a page, to its end": {
			serve: func(w http.ResponseWriter, _ *http.Request) {
				wait(time.Second)
				fmt.Fprint(w, "hello")
				wait(9 * time.Second)
			},
			want: 10 * time.Second,
		},
		"of a page, to its first byte if that is asked for": {
			serve: func(w http.ResponseWriter, _ *http.Request) {
				wait(time.Second)
				fmt.Fprint(w, "hello")
				wait(9 * time.Second)
			},
			first: true,
			want:  time.Second,
		},
		"of an empty page, to its end in any case": {
			serve: func(http.ResponseWriter, *http.Request) { wait(10 * time.Second) },
			first: true,
			want:  10 * time.Second,
		},
		"of events": {
			serve: func(w http.ResponseWriter, _ *http.Request) {
				wait(time.Second)
				for range 9 {
					fmt.Fprint(w, "data: tick\n\n")
					w.(http.Flusher).Flush()
					wait(time.Second)
				}
			},
			want: time.Second,
		},
		"of events that begin with a flush": {
			serve: func(w http.ResponseWriter, _ *http.Request) {
				wait(2 * time.Second)
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
				wait(8 * time.Second)
			},
			want: 2 * time.Second,
		},
		"of a file, to its end": {
			serve: func(w http.ResponseWriter, _ *http.Request) {
				wait(time.Second)
				if _, err := io.Copy(w, strings.NewReader("a file")); err != nil {
					t.Error(err)
				}
				wait(9 * time.Second)
			},
			want: 10 * time.Second,
		},
		"of a file to a slow client, to its end too": {
			serve: func(w http.ResponseWriter, _ *http.Request) {
				wait(time.Second)
				if _, err := io.Copy(w, strings.NewReader("a file")); err != nil {
					t.Error(err)
				}
			},
			slow: true,
			want: 5 * time.Second,
		},
		"of a file to a slow client, to its first byte if that is asked for": {
			serve: func(w http.ResponseWriter, _ *http.Request) {
				wait(time.Second)
				if _, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader("a file")); err != nil {
					t.Error(err)
				}
			},
			slow:  true,
			first: true,
			want:  time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, seen := watched(t)
				var client http.ResponseWriter = httptest.NewRecorder()
				if row.slow {
					client = slow{client}
				}
				gate(t, func(w http.ResponseWriter, r *http.Request) {
					row.serve(w, r)
					if l.InFlight() != 1 {
						t.Error("the permit was back before the end")
					}
				}, httplimit.Options{Limiter: l, FirstByte: row.first}).ServeHTTP(client, request(t.Context()))
				if got := settled(t, l); got != limiter.Success {
					t.Errorf("settled as %v, want success", got)
				}
				if got := seen.latency(); got != row.want {
					t.Errorf("latency %v, want %v", got, row.want)
				}
			})
		})
	}
}

// slow is a client who takes four seconds for whatever it gets.
type slow struct{ http.ResponseWriter }

func (s slow) Write(p []byte) (int, error) {
	<-time.After(4 * time.Second)
	return s.ResponseWriter.Write(p)
}

// What writers can do, and writers made of it.
type (
	plain   struct{ h http.Header }
	flushes struct{}
	fails   struct{}
	hijacks struct{}
	pushes  struct{}
	reads   struct{}

	http1 struct {
		*plain
		flushes
		hijacks
		reads
	}
	http2 struct {
		*plain
		flushes
		pushes
	}
	hijacker struct {
		*plain
		hijacks
	}
	pusher struct {
		*plain
		pushes
	}
	broken struct {
		*plain
		fails
		reads
	}
	wrapper struct{ http.ResponseWriter }
)

var errBroken = errors.New("broken")

func (p *plain) Header() http.Header                               { return p.h }
func (*plain) Write(b []byte) (int, error)                         { return len(b), nil }
func (*plain) WriteHeader(int)                                     {}
func (flushes) Flush()                                             {}
func (fails) FlushError() error                                    { return errBroken }
func (hijacks) Hijack() (c net.Conn, b *bufio.ReadWriter, _ error) { return c, b, nil }
func (pushes) Push(string, *http.PushOptions) error                { return errBroken }
func (reads) ReadFrom(io.Reader) (int64, error)                    { return 42, nil }
func (w wrapper) Unwrap() http.ResponseWriter                      { return w.ResponseWriter }

func TestAHandlerSeesWhatTheServerOffers(t *testing.T) {
	type offers struct{ Flush, Hijack, Push, CanFlush bool }
	base := &plain{http.Header{}}
	for name, row := range map[string]struct {
		behind http.ResponseWriter
		want   offers
	}{
		"nothing":     {base, offers{}},
		"HTTP/1":      {http1{plain: base}, offers{Flush: true, Hijack: true, CanFlush: true}},
		"HTTP/2":      {http2{plain: base}, offers{Flush: true, Push: true, CanFlush: true}},
		"a recorder":  {httptest.NewRecorder(), offers{Flush: true, CanFlush: true}},
		"a hijacker":  {hijacker{plain: base}, offers{Hijack: true}},
		"a pusher":    {pusher{plain: base}, offers{Push: true}},
		"wrapped":     {wrapper{http1{plain: base}}, offers{Flush: true, Hijack: true, CanFlush: true}},
		"errors only": {broken{plain: base}, offers{}},
	} {
		t.Run(name, func(t *testing.T) {
			gate(t, func(w http.ResponseWriter, _ *http.Request) {
				var got offers
				_, got.Flush = w.(http.Flusher)
				_, got.Hijack = w.(http.Hijacker)
				_, got.Push = w.(http.Pusher)
				got.CanFlush = http.NewResponseController(w).Flush() == nil
				if diff := cmp.Diff(row.want, got); diff != "" {
					t.Error(diff)
				}
				if u, ok := w.(interface{ Unwrap() http.ResponseWriter }); !ok || u.Unwrap() != row.behind {
					t.Error("Unwrap does not lead to the writer behind")
				}
			}, httplimit.Options{Limiter: static(t, 1)}).ServeHTTP(row.behind, request(t.Context()))
		})
	}
}

func TestCallsReachTheWriterBehind(t *testing.T) {
	behind := broken{plain: &plain{http.Header{}}}
	l := static(t, 1)
	gate(t, func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).Flush(); !errors.Is(err, errBroken) {
			t.Errorf("flush: %v, want the writer's own error", err)
		}
		if n, err := io.Copy(w, onlyReader{strings.NewReader("text")}); n != 42 || err != nil {
			t.Errorf("copied %d, %v; want the writer's own 42", n, err)
		}
		if n, err := io.WriteString(w, "text"); n != 4 || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
	}, httplimit.Options{Limiter: l}).ServeHTTP(behind, request(t.Context()))

	pushing := http2{plain: &plain{http.Header{}}}
	gate(t, func(w http.ResponseWriter, _ *http.Request) {
		if err := w.(http.Pusher).Push("/style.css", nil); !errors.Is(err, errBroken) {
			t.Errorf("push: %v, want the writer's own error", err)
		}
	}, httplimit.Options{Limiter: l}).ServeHTTP(pushing, request(t.Context()))
}

type onlyReader struct{ io.Reader }
