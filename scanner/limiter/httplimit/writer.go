package httplimit

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"sluice/scanner/limiter"
)

// serving is one request inside: its permit, and what its handler did with the
// ResponseWriter. It is used by the goroutine of the handler.
type serving struct {
	http.ResponseWriter
	permit  limiter.Permit
	granted time.Time

	status    int       // of the final header; 0 is that none was written
	firstByte time.Time // when that was
	flushed   bool
	hijacked  bool
	returned  bool // the handler came back, without a panic
}

// began notes that the final header goes out.
func (s *serving) began(status int) {
	if s.status == 0 {
		s.status, s.firstByte = status, time.Now()
	}
}

// statusOr200 is what the client gets to see: the server writes a header of 200
// for handlers that wrote none.
func (s *serving) statusOr200() int {
	if s.status == 0 {
		return http.StatusOK
	}
	return s.status
}

// latency is that to the first byte of streams, or of all; 0 leaves it to the
// permit.
func (s *serving) latency(firstByte bool) time.Duration {
	if s.status == 0 || !s.flushed && !firstByte {
		return 0
	}
	return max(s.firstByte.Sub(s.granted), 1)
}

// WriteHeader passes the header on. Of the informational ones only 101 is final.
func (s *serving) WriteHeader(status int) {
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		s.began(status)
	}
	s.ResponseWriter.WriteHeader(status)
}

func (s *serving) Write(p []byte) (int, error) {
	s.began(http.StatusOK)
	return s.ResponseWriter.Write(p)
}

// WriteString spares a copy where the writer behind can.
func (s *serving) WriteString(text string) (int, error) {
	s.began(http.StatusOK)
	return io.WriteString(s.ResponseWriter, text)
}

// ReadFrom lets the server hand files to the kernel.
func (s *serving) ReadFrom(src io.Reader) (int64, error) {
	if isFile(src) { // which must stay one for the kernel to copy it, and has its first byte at hand
		s.began(http.StatusOK)
	} else {
		src = opening{src, s}
	}
	if to, ok := s.ResponseWriter.(io.ReaderFrom); ok {
		return to.ReadFrom(src)
	}
	return io.Copy(struct{ io.Writer }{s.ResponseWriter}, src)
}

// Unwrap is for http.ResponseController: deadlines, full duplex.
func (s *serving) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// FlushError is for http.ResponseController. It has an error for writers that
// cannot flush, and so does no harm where there is no Flusher.
func (s *serving) FlushError() error {
	err := http.NewResponseController(s.ResponseWriter).Flush()
	if err == nil {
		s.began(http.StatusOK)
		s.flushed = true
	}
	return err
}

// writer is what the handler gets: it offers what the writer behind offers, and no
// more, since handlers ask by type what they may do. No server can both hijack and
// push.
func (s *serving) writer() http.ResponseWriter {
	_, flushes := find[http.Flusher](s.ResponseWriter)
	_, hijacks := find[http.Hijacker](s.ResponseWriter)
	push, pushes := find[http.Pusher](s.ResponseWriter)
	switch {
	case flushes && hijacks:
		return struct {
			*serving
			flusher
			hijacker
		}{s, flusher{s}, hijacker{s}}
	case flushes && pushes:
		return struct {
			*serving
			flusher
			http.Pusher
		}{s, flusher{s}, push}
	case flushes:
		return struct {
			*serving
			flusher
		}{s, flusher{s}}
	case hijacks:
		return struct {
			*serving
			hijacker
		}{s, hijacker{s}}
	case pushes:
		return struct {
			*serving
			http.Pusher
		}{s, push}
	}
	return s
}

// find looks for an interface in a writer and in those that it wraps.
func find[T any](w http.ResponseWriter) (found T, ok bool) {
	for {
		if found, ok = w.(T); ok {
			return found, true
		}
		outer, wraps := w.(interface{ Unwrap() http.ResponseWriter })
		if !wraps {
			return found, false
		}
		w = outer.Unwrap()
	}
}

type flusher struct{ to *serving }

// Flush has nobody to tell an error to.
func (f flusher) Flush() { _ = f.to.FlushError() }

type hijacker struct{ of *serving }

// Hijack hands the connection over, and the permit back.
func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.of.ResponseWriter).Hijack()
	if err == nil {
		h.of.hijacked = true
		h.of.permit.Settle(limiter.Ignored)
	}
	return conn, rw, err
}

// opening notes when a body of unknown origin begins.
type opening struct {
	io.Reader
	of *serving
}

func (o opening) Read(p []byte) (int, error) {
	n, err := o.Reader.Read(p)
	if n > 0 {
		o.of.began(http.StatusOK)
	}
	return n, err
}

func isFile(src io.Reader) bool {
	if part, ok := src.(*io.LimitedReader); ok {
		src = part.R
	}
	_, ok := src.(*os.File)
	return ok
}
