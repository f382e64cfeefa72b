package pool

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// ErrGoexit settles a task that ended its own goroutine by runtime.Goexit, as
// testing's FailNow does. The pool goes on in a new goroutine in the same slot.
var ErrGoexit = errors.New("the task ended its goroutine (runtime.Goexit)")

// Panic is the error that a panic becomes.
type Panic struct {
	Value any    // what panic was called with
	Stack []byte // of the goroutine, as debug.Stack formats it
}

// Error gives the value alone; the stack is for whoever looks for the bug.
func (p *Panic) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// Unwrap returns the value if it is an error, a runtime.Error for instance.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// Recover turns a panic of the calling function into a *Panic. It must be
// deferred itself: defer pool.Recover(&err).
func Recover(err *error) {
	if value := recover(); value != nil {
		*err = &Panic{Value: value, Stack: debug.Stack()}
	}
}
