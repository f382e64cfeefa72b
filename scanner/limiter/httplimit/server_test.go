package httplimit_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"sluice/scanner/limiter"
	"sluice/scanner/limiter/httplimit"
)

// serve runs a server with a client of its own, both of which end with the test.
func serve(t *testing.T, h http.Handler, two bool) (*http.Client, string) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = silent()
	s.EnableHTTP2 = two
	if two {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s.Client(), s.URL
}

func TestAHijackedConnectionGivesItsPermitBack(t *testing.T) {
	l := static(t, 1)
	left := make(chan struct{})
	_, url := serve(t, leaving(gate(t, func(w http.ResponseWriter, _ *http.Request) {
		if err := speak(w); err != nil {
			t.Error(err)
		}
	}, httplimit.Options{Limiter: l}), left), false)
	conn, in := upgrade(t, url)
	if got := settled(t, l); got != limiter.Ignored {
		t.Errorf("settled as %v, want ignored", got)
	}
	fmt.Fprintln(conn, "hello")
	if line, err := in.ReadString('\n'); line != "hello\n" || err != nil {
		t.Errorf("echo %q, %v", line, err)
	}
	<-left
	settled(t, l) // not twice
}

func TestAFailedHijackKeepsThePermit(t *testing.T) {
	l := static(t, 1)
	client, url := serve(t, gate(t, func(w http.ResponseWriter, _ *http.Request) {
		if _, ok := w.(http.Hijacker); ok {
			t.Error("HTTP/2 cannot hijack, but the writer says so")
		}
		if _, _, err := http.NewResponseController(w).Hijack(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("hijack: %v", err)
		}
		if l.InFlight() != 1 {
			t.Error("the permit is gone")
		}
	}, httplimit.Options{Limiter: l}), true)
	get(t, client, url, 200)
	if got := settled(t, l); got != limiter.Success {
		t.Errorf("settled as %v, want success", got)
	}
}

func TestStreamsArriveWhileTheyGoOn(t *testing.T) {
	for name, two := range map[string]bool{"HTTP/1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			l := static(t, 1)
			more, left := make(chan struct{}), make(chan struct{})
			h := gate(t, func(w http.ResponseWriter, _ *http.Request) {
				rc := http.NewResponseController(w)
				if err := rc.SetWriteDeadline(time.Now().Add(time.Hour)); err != nil {
					t.Error(err)
				}
				for i := range 3 {
					fmt.Fprintln(w, i)
					if err := rc.Flush(); err != nil {
						t.Error(err)
					}
					<-more
				}
			}, httplimit.Options{Limiter: l})
			client, url := serve(t, leaving(h, left), two)
			resp, err := client.Get(url)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			lines := bufio.NewScanner(resp.Body)
			for i := range 3 {
				if !lines.Scan() || lines.Text() != fmt.Sprint(i) {
					t.Fatalf("line %q, %v", lines.Text(), lines.Err())
				}
				if l.InFlight() != 1 {
					t.Error("the permit is back before the stream's end")
				}
				more <- struct{}{}
			}
			<-left
			if got := settled(t, l); got != limiter.Success {
				t.Errorf("settled as %v, want success", got)
			}
			if want := map[bool]int{false: 1, true: 2}[two]; resp.ProtoMajor != want {
				t.Errorf("HTTP/%d, want HTTP/%d", resp.ProtoMajor, want)
			}
		})
	}
}

func TestAClientThatGoesAwayTeachesNothing(t *testing.T) {
	for name, two := range map[string]bool{"HTTP/1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			l := static(t, 1)
			inside, left := make(chan struct{}), make(chan struct{})
			h := gate(t, func(_ http.ResponseWriter, r *http.Request) {
				close(inside)
				<-r.Context().Done()
			}, httplimit.Options{Limiter: l})
			client, url := serve(t, leaving(h, left), two)
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-inside; cancel() }()
			if resp, err := ask(ctx, client, url); !errors.Is(err, context.Canceled) {
				t.Errorf("%v, %v; want a cancellation", resp, err)
			}
			<-left
			if got := settled(t, l); got != limiter.Ignored {
				t.Errorf("settled as %v, want ignored", got)
			}
		})
	}
}

func TestAnAbortedResponseTeachesNothing(t *testing.T) {
	l := static(t, 1)
	left := make(chan struct{})
	client, url := serve(t, leaving(gate(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "half of ")
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}, httplimit.Options{Limiter: l}), left), false)
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("read %q to its end, want it cut off", text)
	}
	<-left
	if got := settled(t, l); got != limiter.Ignored {
		t.Errorf("settled as %v, want ignored", got)
	}
}

func TestARefusalKeepsTheConnection(t *testing.T) {
	l := static(t, 1)
	permit, ok := l.TryAcquire()
	if !ok {
		t.Fatal("no permit to begin with")
	}
	client, url := serve(t, gate(t, answer(200), httplimit.Options{Limiter: l}), false)
	reused := false
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GotConn: func(c httptrace.GotConnInfo) { reused = c.Reused },
	})
	for i, want := range []int{503, 503, 200} {
		if want == 200 {
			permit.Settle(limiter.Success)
		}
		resp, err := ask(ctx, client, url)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if again := resp.Header.Get("Retry-After"); resp.StatusCode != want || (again == "1") != (want == 503) {
			t.Errorf("request %d: %s, retry after %q; want %d", i, resp.Status, again, want)
		}
		if reused != (i > 0) {
			t.Errorf("request %d: connection reused: %v", i, reused)
		}
	}
}

func TestATimeOutInFrontIsADrop(t *testing.T) {
	l := static(t, 1)
	left := make(chan struct{})
	inner := gate(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, httplimit.Options{Limiter: l})
	client, url := serve(t, http.TimeoutHandler(leaving(inner, left), time.Millisecond, "too slow"), false)
	get(t, client, url, http.StatusServiceUnavailable)
	<-left
	if got := settled(t, l); got != limiter.Dropped {
		t.Errorf("settled as %v, want dropped", got)
	}
}

// leaving closes left when the handler has returned or panicked, its permit back.
func leaving(h http.Handler, left chan<- struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(left)
		h.ServeHTTP(w, r)
	})
}

func ask(ctx context.Context, c *http.Client, url string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return c.Do(r)
}

// get asks and wants a status.
func get(t *testing.T, c *http.Client, url string, want int) {
	t.Helper()
	resp, err := ask(t.Context(), c, url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != want {
		t.Errorf("%s, %v; want %d", resp.Status, err, want)
	}
}

// A proxy that is limited on both sides lets a protocol be switched through it, and
// has its permits back while the connection lives on.
func TestAProtocolIsSwitchedThroughALimitedProxy(t *testing.T) {
	_, service := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := speak(w); err != nil {
			t.Error(err)
		}
	}), false)
	to, err := url.Parse(service)
	if err != nil {
		t.Fatal(err)
	}
	in, out := static(t, 1), static(t, 1)
	keeps := &http.Transport{}
	t.Cleanup(keeps.CloseIdleConnections)
	left := make(chan struct{})
	_, front := serve(t, leaving(gate(t, (&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport: &httplimit.Transport{Base: keeps, Limiter: out},
	}).ServeHTTP, httplimit.Options{Limiter: in}), left), false)

	conn, echo := upgrade(t, front)
	fmt.Fprintln(conn, "hello")
	if line, err := echo.ReadString('\n'); line != "hello\n" || err != nil {
		t.Errorf("echo %q, %v", line, err)
	}
	for side, l := range map[string]*limiter.Limiter{"server": in, "client": out} {
		if got := settled(t, l); got != limiter.Ignored {
			t.Errorf("%s: settled as %v, want ignored", side, got)
		}
	}
	conn.Close()
	<-left
}

// speak switches the protocol to one in which a line is echoed.
func speak(w http.ResponseWriter) error {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprint(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	if err := rw.Flush(); err != nil {
		return err
	}
	line, err := rw.ReadString('\n')
	fmt.Fprint(rw, line)
	return errors.Join(err, rw.Flush())
}

// upgrade asks for another protocol and returns the connection on which it is
// spoken.
func upgrade(t *testing.T, url string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v; want another protocol", resp, err)
	}
	return conn, in
}
