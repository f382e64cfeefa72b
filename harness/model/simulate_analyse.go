package model

// admit lets the next batch into the channel, after one has left it, and its sender
// go on.
func (s *simulator) admit() {
	entering := s.blocked
	if entering == none {
		return
	}
	s.blocked = none
	if entering != s.queueTail {
		s.blocked = s.after[entering]
	}
	if s.stuck && s.stuckFile == entering {
		s.stuck = false
		if s.open != none {
			s.lingers = max(s.now, s.opened+s.net.linger)
		}
	}
	if s.sender[entering] {
		s.sender[entering] = false
		s.release()
	}
}

// deliver gives a batch to an analyser that has nothing to do.
func (s *simulator) deliver(b int32, slept bool) {
	seat := s.idle[s.idleAt]
	s.idleAt = (s.idleAt + 1) % len(s.idle)
	s.idleN--
	rest := s.next[b]
	if s.net.steal && rest != none {
		s.next[b] = none
		s.spread(rest)
	}
	s.analyse(b, seat, slept)
	for s.net.steal && s.pool != none && s.idleN > 0 {
		s.deliver(s.pick(), true)
	}
}

// spread lays files where anybody finds them.
func (s *simulator) spread(files int32) {
	if s.pool == none {
		s.pool = files
	} else {
		s.next[s.poolTail] = files
	}
	for s.next[files] != none {
		files = s.next[files]
	}
	s.poolTail = files
}

func (s *simulator) pick() int32 {
	file := s.pool
	s.pool = s.next[file]
	s.next[file] = none
	return file
}

func (s *simulator) analyse(file, seat int32, slept bool) {
	s.working++
	s.seat[file], s.began[file], s.fresh[file] = seat, s.now, slept
	j := &s.jobs[file]
	s.trees += max(0, j.tree-s.holding[seat])
	s.out.trees = max(s.out.trees, s.trees)
	s.compute(file, analysed, s.work(file))
}

// work is what an analyser computes for a file: beside the analysis the file's way to
// it.
func (s *simulator) work(file int32) float64 {
	work := s.jobs[file].service + s.net.handFile
	if s.fresh[file] {
		work += s.net.wake
	}
	return work
}

// settle ends a file and finds its analyser another.
func (s *simulator) settle(file int32) {
	s.working--
	s.inSystem--
	j := &s.jobs[file]
	s.forget(j.tree, s.seat[file])
	s.sumExtra += s.work(file) - j.service
	if j.service > 0 {
		s.sumWork += (s.now - s.began[file]) * j.service / s.work(file)
	}
	s.taken[file] = s.now - s.taken[file]
	s.held -= s.giveBack(file)
	if s.out.done == 0 {
		s.out.first = s.now
	}
	s.out.done++
	switch s.out.done {
	case (len(s.jobs) + 3) / 4:
		s.t25 = s.now
	case 3 * len(s.jobs) / 4:
		s.t75 = s.now
	}
	if s.net.budget > 0 {
		s.used -= s.cost(file)
		s.serve()
	}
	s.another(s.next[file], s.seat[file])
	if s.net.slots > 0 {
		s.take()
	}
}

// keptTree is what an analyser's arena keeps for the next file: scanner/analyze's KEPT.
const keptTree = 2 << 20

// forget gives a tree back, but for what its arena keeps.
func (s *simulator) forget(tree float64, seat int32) {
	before := s.holding[seat]
	s.holding[seat] = max(before, min(tree, keptTree))
	s.trees -= max(0, tree-before) - (s.holding[seat] - before)
}

func (s *simulator) another(rest, seat int32) {
	switch {
	case rest != none:
		s.analyse(rest, seat, false)
	case s.pool != none:
		s.analyse(s.pick(), seat, false)
	default:
		s.idle[(s.idleAt+s.idleN)%len(s.idle)] = seat
		s.idleN++
		if s.queueN > 0 {
			s.deliver(s.receive(), false)
			s.admit()
		}
	}
}
