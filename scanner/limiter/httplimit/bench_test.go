package httplimit_test

import (
	"net/http"
	"testing"

	"sluice/scanner/limiter/httplimit"
)

// sink is the least of a ResponseWriter that a server might give.
type sink struct {
	http1
	header http.Header
}

func (s *sink) Header() http.Header { return s.header }

// BenchmarkHandler is what a request pays for its permit: the difference between
// the two.
func BenchmarkHandler(b *testing.B) {
	page := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }
	for name, h := range map[string]http.Handler{
		"gate=none": http.HandlerFunc(page),
		"gate=ours": gate(b, page, httplimit.Options{Limiter: static(b, 1000), Queue: 10}),
	} {
		b.Run(name, func(b *testing.B) {
			w, r := &sink{http1{plain: &plain{}}, http.Header{}}, request(b.Context())
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
		})
	}
}

// BenchmarkTransport is the same on the client's side.
func BenchmarkTransport(b *testing.B) {
	for name, limited := range map[string]bool{"gate=none": false, "gate=ours": true} {
		b.Run(name, func(b *testing.B) {
			var transport http.RoundTripper = always(200, "hello")
			if limited {
				transport = &httplimit.Transport{Base: transport, Limiter: static(b, 1000)}
			}
			r := request(b.Context())
			b.ReportAllocs()
			for b.Loop() {
				resp, err := transport.RoundTrip(r)
				if err != nil {
					b.Fatal(err)
				}
				resp.Body.Close()
			}
		})
	}
}
