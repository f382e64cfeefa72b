package trial

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"sluice/harness/record"
)

// mostPoints is how many points a timeline has at most; from then on every
// second is dropped and the looks come half as often.
const mostPoints = 2000

// timeline looks at a working child again and again, from one goroutine.
type timeline struct {
	child  *gauge
	every  time.Duration
	begin  time.Time
	at     []float64
	points [][len(columns)]float64
	stop   chan struct{}
	ended  chan struct{}
}

// columns are the series in the order in which a point holds them.
var columns = [...]string{SeriesRSS, SeriesThreads, SeriesCPU, SeriesRead, SeriesWritten} //nolint:gochecknoglobals // a table that never changes

// startTimeline begins to look at a child that lives; begin is where the clock
// of the series starts. Without a gauge there is no timeline: nil.
func startTimeline(pid int, every time.Duration, begin time.Time) *timeline {
	if every == 0 {
		return nil
	}
	child, err := openGauge(pid)
	if err != nil {
		return nil
	}
	l := &timeline{child: child, every: every, begin: begin, stop: make(chan struct{}), ended: make(chan struct{})}
	go l.run()
	return l
}

func (l *timeline) run() {
	defer close(l.ended)
	ticker := time.NewTicker(l.every)
	defer ticker.Stop()
	for l.look() {
		if len(l.at) == mostPoints {
			l.thin()
			ticker.Reset(l.every)
		}
		select {
		case <-l.stop:
			return
		case <-ticker.C:
		}
	}
}

// look adds one point, and tells whether another can follow.
func (l *timeline) look() bool {
	at := time.Since(l.begin).Seconds()
	point, ok := l.child.read()
	if ok {
		l.at = append(l.at, at)
		l.points = append(l.points, point)
	}
	return ok
}

// thin drops every second point and doubles the period.
func (l *timeline) thin() {
	kept := 0
	for i := 0; i < len(l.at); i += 2 {
		l.at[kept], l.points[kept] = l.at[i], l.points[i]
		kept++
	}
	l.at, l.points = l.at[:kept], l.points[:kept]
	l.every *= 2
}

// end stops looking, takes a last point if the child still has its memory, and
// returns the series. The child must not have been reaped.
func (l *timeline) end() []record.Series {
	if l == nil {
		return nil
	}
	close(l.stop)
	<-l.ended
	l.look()
	l.child.close()
	var all []record.Series
	for column, name := range columns {
		s := record.Series{Name: name}
		for i, point := range l.points {
			if value := point[column]; !math.IsNaN(value) {
				s.AtS, s.Values = append(s.AtS, l.at[i]), append(s.Values, value)
			}
		}
		if len(s.AtS) > 0 {
			all = append(all, s)
		}
	}
	return all
}

// gauge holds the files of a process open, so that one look is four system calls
// and can never meet a stranger that has got the number since.
type gauge struct {
	pid              int
	statm, tasks, io int // descriptors; io may be −1
	buffer           [256]byte
}

func openGauge(pid int) (*gauge, error) {
	dir := "/proc/" + strconv.Itoa(pid)
	g := &gauge{pid: pid, tasks: -1, io: -1}
	var err error
	if g.statm, err = unix.Open(dir+"/statm", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return nil, fmt.Errorf("watch process %d: %w", pid, err)
	}
	if g.tasks, err = unix.Open(dir+"/task", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		g.close()
		return nil, fmt.Errorf("watch process %d: %w", pid, err)
	}
	if g.io, err = unix.Open(dir+"/io", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		g.io = -1 // kernels are built without it
	}
	return g, nil
}

// read takes one point. A figure that cannot be read is NaN; a process that has
// let go of its memory gives none.
func (g *gauge) read() (point [len(columns)]float64, ok bool) {
	pages := g.resident()
	cpu, err := cpuClock(g.pid)
	threads := g.threads()
	if pages <= 0 || threads <= 0 || err != nil {
		return point, false
	}
	read, written := g.bytes()
	return [...]float64{float64(pages) * float64(unix.Getpagesize()), threads, cpu.Seconds(), read, written}, true
}

// resident is the second column of statm, in pages; 0 where there is none.
func (g *gauge) resident() int64 {
	fields := bytes.Fields(g.text(g.statm))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages
}

// threads counts the folders of the task folder as its links: reading it would
// cost the more the more threads there are.
func (g *gauge) threads() float64 {
	var stat unix.Stat_t
	if err := unix.Fstat(g.tasks, &stat); err != nil {
		return 0
	}
	return float64(stat.Nlink) - 2
}

func (g *gauge) bytes() (read, written float64) {
	if g.io < 0 {
		return math.NaN(), math.NaN()
	}
	return parseIO(g.text(g.io))
}

// parseIO reads "rchar: 12\nwchar: 34\n…".
func parseIO(text []byte) (read, written float64) {
	read, written = math.NaN(), math.NaN()
	for line := range bytes.Lines(text) {
		name, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(": "))
		number, err := strconv.ParseUint(string(value), 10, 64)
		if err != nil {
			continue
		}
		switch string(name) {
		case "rchar":
			read = float64(number)
		case "wchar":
			written = float64(number)
		}
	}
	return read, written
}

// text reads a file of /proc anew.
func (g *gauge) text(fd int) []byte {
	n, err := unix.Pread(fd, g.buffer[:], 0)
	if err != nil {
		return nil
	}
	return g.buffer[:n]
}

func (g *gauge) close() {
	for _, fd := range []int{g.statm, g.tasks, g.io} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}
