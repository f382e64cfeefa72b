// Package httplimit puts a [limiter.Limiter] in front of an HTTP server, and
// behind an HTTP client.
//
// On the server a [Handler] gives each request a permit. A request that gets none
// is refused at once, with a status and a Retry-After, or waits in a queue that is
// bounded in places and in time:
//
//	l, err := limiter.New(limiter.Options{Algorithm: "bdp"})
//	…
//	gate, err := httplimit.New(mux, httplimit.Options{Limiter: l, Queue: 100, Wait: time.Second})
//	…
//	root := http.NewServeMux()
//	root.Handle("/", gate)
//	root.Handle("GET /status", httplimit.StatusHandler(gate.Status)) // beside the gate, not behind it
//
// On the client a [Transport] does the same to requests that go out, which wait
// for their permit as long as their context lets them:
//
//	client := &http.Client{
//		Timeout:   5 * time.Second,
//		Transport: &httplimit.Transport{Limiter: l},
//	}
//
// Where it is the machine that has to be spared, a limiter of the algorithm "load"
// goes by readings of package load: requests are held up from 80 % of its
// processors or memory on and queue from 90 % on, if the Handler has a queue for
// both.
//
//	readings, err := load.New(os.DirFS("/"), nil)
//	…
//	l, err := limiter.New(limiter.Options{Algorithm: "load", Signals: readings})
//
// What a response says of capacity is in [StatusOutcome], what an error says in
// [ErrorOutcome]; both sides keep to the same table and take another in its place.
//
// Use one limiter for one resource: two routes that wear out different things
// want a gate each, and two that share a database want one. Nothing here keeps a
// goroutine or waits beyond the context of the request.
package httplimit
