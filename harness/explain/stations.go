package explain

import (
	"fmt"
	"strings"

	"sluice/harness/record"
)

// scheduler is the scheduler of a configuration; queue where it names none.
func scheduler(c record.Flat) string {
	if s, ok := c["cpu.scheduler"].(string); ok && s != "" {
		return s
	}
	return "queue"
}

// handsOver says whether readers and analysers are apart, with a channel between.
func handsOver(scheduler string) bool { return scheduler == "queue" || scheduler == "steal" }

// stations says what the workers did. What is left of 1 is what could not be told.
func stations(f figures, scheduler string) []Station {
	all := []Station{}
	if w, ok := f[readWorkers]; ok {
		s := Station{Name: "read", Workers: int(w), Utilisation: f[readBusy], ServiceS: f[readService], WaitS: f[readQueue]}
		s.add(f, readBusy, "waiting on storage", false)
		s.add(f, readBudget, "waiting for memory budget", false)
		switch {
		case handsOver(scheduler):
			s.add(f, readBlocked, "waiting for room in the channel", true)
			s.add(f, readIdle, "without a file to read", true)
		case scheduler != "inline":
			s.add(f, readBlocked, "waiting for an analyser's seat", true)
		}
		all = append(all, s)
	}
	if w, ok := f[analyseWorkers]; ok {
		s := Station{Name: "analyse", Workers: int(w), Utilisation: f[analyseBusy], ServiceS: f[analyseService], WaitS: f[analyseQueue]}
		s.add(f, analyseBusy, "analysing", false)
		idle := "waiting for a file"
		if scheduler == "inline" {
			idle = "reading, or without a file"
		}
		s.Spent = append(s.Spent, Spent{What: idle, Share: max(0, 1-f[analyseBusy])})
		all = append(all, s)
	}
	return all
}

func (s *Station) add(f figures, name, what string, sampled bool) {
	if share, ok := f[name]; ok {
		s.Spent = append(s.Spent, Spent{What: what, Share: share, Sampled: sampled})
	}
}

// unknown names what the rules could not look at.
func unknown(f figures) []string {
	missing := []string{}
	for _, m := range []struct {
		absent bool
		what   string
	}{
		{!f.has(readBusy) && !f.has(analyseBusy), "stations not recorded: who waits for whom is not known"},
		{f.has(readBusy) && !f.has(readBlocked), "no look at the readers: whether they wait for room in the channel is not known"},
		{f.has(looks) && f[looks] < 20, fmt.Sprintf("the readers were looked at %.0f times: what is marked ~ is rough", f[looks])},
		{!f.has(coresBusy), "processor time not recorded"},
		{f[coresBusy] >= likelyFrom && f.has(analyseBusy) && !f.has(outside), "processor time outside the stations (garbage collection, the kernel) not told apart"},
		{f[readBusy] >= likelyFrom && !f.has(linkBusy), "the storage's bandwidth is not known"},
		{
			f.has(little) && (f[little] < 0.8 || f[little] > 1.25),
			fmt.Sprintf("Little's law is met to %.2f: the trial is short for its gauge, take shares with care", f[little]),
		},
	} {
		if m.absent {
			missing = append(missing, m.what)
		}
	}
	return missing
}

func (f figures) has(name string) bool { _, ok := f[name]; return ok }

// check is how to measure what a bound promises: the configuration with the
// knob changed, against itself unchanged.
func check(t record.Trial, b Bound) []string {
	config, root, storage := after(t.Command, "--config"), after(t.Command, "--root"), after(t.Command, "--storage")
	if b.Knob == "" || b.To == nil || config == "" || root == "" {
		return nil
	}
	compare := fmt.Sprintf("sluice compare %s changed.yaml %s", quoted(config), quoted(root))
	if storage != "" && storage != "local" {
		compare += " --storage " + storage
	}
	return []string{fmt.Sprintf("sluice scan --config %s --set %s=%v --print-config > changed.yaml", quoted(config), b.Knob, b.To), compare}
}

// after is the argument after a flag.
func after(argv []string, flag string) string {
	for i, arg := range argv[:max(0, len(argv)-1)] {
		if arg == flag {
			return argv[i+1]
		}
	}
	return ""
}

// quoted is a word as a shell reads it.
func quoted(word string) string {
	if word != "" && !strings.ContainsAny(word, " \t\n'\"\\$`&|;<>()*?[]#~!{}") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
