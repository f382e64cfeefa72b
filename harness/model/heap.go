package model

// An event is something that happens to a file.
type event struct {
	at   float64 // seconds; of the processors' heap: of work that each job has been given
	file int32
	kind kind
}

// kind is what happens.
type kind int32

const (
	arrives  kind = iota // the latency of an open is over
	opened               // the transfer too
	apart                // processor time that nobody waits for has been spent
	unlinked             // an open without latency has been computed
	copied               // the bytes are there
	analysed             // the result is there
)

// heap is a binary heap of events, the earliest first. container/heap would box
// each event.
type heap []event

func (h *heap) push(e event) {
	s := append(*h, e)
	i := len(s) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if s[parent].at <= e.at {
			break
		}
		s[i] = s[parent]
		i = parent
	}
	s[i] = e
	*h = s
}

func (h *heap) pop() event {
	s := *h
	top := s[0]
	last := len(s) - 1
	e := s[last]
	s = s[:last]
	*h = s
	if last == 0 {
		return top
	}
	i := 0
	for {
		child := 2*i + 1
		if child >= last {
			break
		}
		if right := child + 1; right < last && s[right].at < s[child].at {
			child = right
		}
		if e.at <= s[child].at {
			break
		}
		s[i] = s[child]
		i = child
	}
	s[i] = e
	return top
}
