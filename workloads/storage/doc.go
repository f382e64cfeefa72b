// Package storage makes files seem to live on slower storage than they do.
//
// A [Profile] says how slow: a lognormal latency for each open, then a transfer
// over a link that all readers share. [New] lays it over any fs.FS, so that a
// reader meets it without knowing:
//
//	profile, err := storage.Lookup("nfs", cores)
//	slow := storage.New(os.DirFS(root), profile, seed, block)
//	defer slow.Close()
//
// What is simulated: the latency of a file is a pure function of seed, block
// and path ([Profile.Latency]), so all trials of a block wait alike, whatever
// order they open their files in. The transfer begins when the latency is over
// and the link is free; the link serves whole files, first come first served.
// Everything is waited for in Open. The file handed out is the base's own, so
// reading, Stat and io.ReaderAt behave and cost as they do there.
//
// What is not: walking, Stat, directories, errors and reading a file twice cost
// nothing extra, and there is no cache.
//
// The waiting must hold, or the sleeper is measured instead of the scanner: a
// Go timer on a sleeping process is half a millisecond late, and a spin would
// steal from the analysers. So each wait is a timerfd of the kernel, watched by
// the runtime's poller, armed early by what waking was seen to take (at most
// 0.1 ms). It costs no thread and no spin. On two idle cores a mean of 1.133 ms
// is held within 2 to 11 µs at 1 and at 8 opens in flight, 20 to 60 µs at 64,
// where 50 000 opens a second keep a core busy by themselves (see
// BenchmarkOpenHoldsItsLatency).
//
// An open that is over still needs a processor, as a network read does. Where
// all of them run goroutines that do not yield, it waits for the runtime to
// interrupt one: 10 to 20 ms. That belongs to the program under test, and shows:
// [FS.Achieved] tells what was asked and what was met.
package storage
