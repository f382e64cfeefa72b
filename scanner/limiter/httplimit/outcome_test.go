package httplimit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"testing"

	"sluice/scanner/limiter"
	"sluice/scanner/limiter/httplimit"
)

func TestStatusesTellOfCapacity(t *testing.T) {
	again := http.Header{"Retry-After": {"30"}}
	for _, row := range []struct {
		status int
		header http.Header
		want   limiter.Outcome
	}{
		{101, nil, limiter.Success},
		{200, nil, limiter.Success},
		{202, again, limiter.Success}, // the answer is not ready: no refusal
		{204, nil, limiter.Success},
		{301, nil, limiter.Success},
		{304, nil, limiter.Success},
		{400, nil, limiter.Ignored},
		{401, nil, limiter.Ignored},
		{403, nil, limiter.Ignored},
		{403, again, limiter.Dropped},
		{404, nil, limiter.Ignored},
		{408, nil, limiter.Dropped},
		{409, nil, limiter.Ignored},
		{413, nil, limiter.Ignored},
		{429, nil, limiter.Dropped},
		{429, again, limiter.Dropped},
		{499, nil, limiter.Ignored},
		{500, nil, limiter.Ignored},
		{500, again, limiter.Dropped},
		{501, nil, limiter.Ignored},
		{502, nil, limiter.Ignored},
		{503, nil, limiter.Dropped},
		{503, again, limiter.Dropped},
		{504, nil, limiter.Dropped},
		{507, nil, limiter.Ignored},
	} {
		t.Run(fmt.Sprintf("%d with %v is %v", row.status, row.header, row.want), func(t *testing.T) {
			if got := httplimit.StatusOutcome(row.status, row.header); got != row.want {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

func TestErrorsTellOfCapacity(t *testing.T) {
	dial := func(err error) error {
		return &url.Error{Op: "Get", URL: "http://there/", Err: &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", err)}}
	}
	for name, row := range map[string]struct {
		err  error
		want limiter.Outcome
	}{
		"a deadline":                      {context.DeadlineExceeded, limiter.Dropped},
		"a deadline of the connection":    {os.ErrDeadlineExceeded, limiter.Dropped},
		"a wrapped deadline":              {fmt.Errorf("ask: %w", context.DeadlineExceeded), limiter.Dropped},
		"a time-out of the kernel":        {dial(syscall.ETIMEDOUT), limiter.Dropped},
		"a time-out of the name server":   {&net.DNSError{Err: "slow", IsTimeout: true}, limiter.Dropped},
		"a refused connection":            {dial(syscall.ECONNREFUSED), limiter.Dropped},
		"a reset connection":              {dial(syscall.ECONNRESET), limiter.Dropped},
		"no port left":                    {dial(syscall.EADDRNOTAVAIL), limiter.Dropped},
		"no file left":                    {dial(syscall.EMFILE), limiter.Dropped},
		"an error that says so":           {fmt.Errorf("quota: %w", limiter.ErrDropped), limiter.Dropped},
		"a cancellation":                  {context.Canceled, limiter.Ignored},
		"a wrapped cancellation":          {&url.Error{Op: "Get", Err: context.Canceled}, limiter.Ignored},
		"a name that is not known":        {&net.DNSError{Err: "no such host", IsNotFound: true}, limiter.Ignored},
		"a network that cannot be found":  {dial(syscall.ENETUNREACH), limiter.Ignored},
		"a connection that ended early":   {io.ErrUnexpectedEOF, limiter.Ignored},
		"an error of nobody knows whence": {errors.New("bad certificate"), limiter.Ignored},
	} {
		t.Run(name, func(t *testing.T) {
			if got := httplimit.ErrorOutcome(row.err); got != row.want {
				t.Errorf("%v is %v, want %v", row.err, got, row.want)
			}
		})
	}
}
