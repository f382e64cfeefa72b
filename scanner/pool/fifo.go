package pool

// fifo is an unbounded queue in a ring that grows twofold and is dropped when a
// large one runs empty. The zero value is empty. Not safe for concurrent use.
type fifo[T any] struct {
	ring []T // its length is a power of two, or 0
	head int // where the oldest is
	len  int
}

// kept is the length of a ring that is worth keeping while empty.
const kept = 1024

func (q *fifo[T]) push(v T) {
	if q.len == len(q.ring) {
		q.grow()
	}
	q.ring[(q.head+q.len)&(len(q.ring)-1)] = v
	q.len++
}

func (q *fifo[T]) grow() {
	ring := make([]T, max(16, 2*len(q.ring)))
	n := copy(ring, q.ring[q.head:])
	copy(ring[n:], q.ring[:q.head])
	q.ring, q.head = ring, 0
}

// pop takes the oldest.
func (q *fifo[T]) pop() (v T, ok bool) {
	if q.len == 0 {
		return v, false
	}
	var zero T
	v, q.ring[q.head] = q.ring[q.head], zero // what is taken must not be held
	q.head = (q.head + 1) & (len(q.ring) - 1)
	if q.len--; q.len == 0 && len(q.ring) > kept {
		q.ring, q.head = nil, 0
	}
	return v, true
}
