package httplimit_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"sluice/scanner/limiter"
	"sluice/scanner/limiter/httplimit"
)

// A service that serves one request at a time refuses a second one, but not the
// health check, and tells how it is.
func Example() {
	l, err := limiter.New(limiter.Options{Algorithm: "static", Initial: 1}) // or "bdp", which finds the limit
	if err != nil {
		fmt.Println(err)
		return
	}
	busy, done := make(chan struct{}), make(chan struct{})
	pages := http.NewServeMux()
	pages.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "fine") })
	pages.HandleFunc("/other", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "the other page") })
	pages.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
		close(busy)
		<-done
		fmt.Fprint(w, "the slow page")
	})
	gate, err := httplimit.New(pages, httplimit.Options{
		Limiter: l,
		Exempt:  func(r *http.Request) bool { return r.URL.Path == "/healthz" },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	root := http.NewServeMux()
	root.Handle("/", gate)
	root.Handle("GET /status", httplimit.StatusHandler(gate.Status))
	server := httptest.NewServer(root)
	defer server.Close()

	get := func(path string) string {
		resp, err := server.Client().Get(server.URL + path)
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("%d %s", resp.StatusCode, text)
	}
	slow := make(chan string)
	go func() { slow <- get("/slow") }()
	<-busy
	fmt.Print(get("/other"))
	fmt.Println(get("/healthz"))
	close(done)
	fmt.Println(<-slow)
	fmt.Println(get("/other"))

	var s httplimit.Status
	resp, err := server.Client().Get(server.URL + "/status")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	err = json.NewDecoder(resp.Body).Decode(&s)
	fmt.Println("limit", s.Limit, "in flight", s.InFlight, "completed", s.Completed, "refused", s.Refused, err)
	// Output:
	// 503 at the limit; try again in 1 s
	// 200 fine
	// 200 the slow page
	// 200 the other page
	// limit 1 in flight 0 completed 2 refused 1 <nil>
}

// An outside API refuses whoever asks too often. What it says with a 429 is a drop,
// from which the limiter learns; what it says with a 404 teaches nothing.
func ExampleTransport() {
	asked := 0
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked++; {
		case asked > 2:
			w.Header().Set("Retry-After", "30")
			http.Error(w, "too many requests", http.StatusTooManyRequests)
		case r.URL.Path == "/nobody":
			http.NotFound(w, r)
		default:
			fmt.Fprintln(w, "here you are")
		}
	}))
	defer api.Close()

	l, err := limiter.New(limiter.Options{Algorithm: "aimd", Max: 50})
	if err != nil {
		fmt.Println(err)
		return
	}
	limited := &httplimit.Transport{Limiter: l, Base: api.Client().Transport}
	client := &http.Client{Transport: limited, Timeout: 10 * time.Second} // the wait for a permit included
	for _, path := range []string{"/somebody", "/nobody", "/somebody"} {
		resp, err := client.Get(api.URL + path)
		if err != nil {
			fmt.Println(err)
			return
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close() // gives the permit back, if reading to the end has not
		fmt.Println(path, resp.Status)
	}
	s := limited.Status()
	fmt.Println("completed", s.Completed, "dropped", s.Dropped, "ignored", s.Ignored, "in flight", s.InFlight)
	// Output:
	// /somebody 200 OK
	// /nobody 404 Not Found
	// /somebody 429 Too Many Requests
	// completed 1 dropped 1 ignored 1 in flight 0
}
