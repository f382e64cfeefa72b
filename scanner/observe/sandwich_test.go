package observe_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/scanner/observe"
	"sluice/scanner/pool"
)

// TestASandwichOfPoolsIsNamed has the only worker of a pool wait, on a plain
// channel, for what the same pool is to do next: the deadlock that
// pool.Reply.Await avoids. The watchdog tells who is at fault.
func TestASandwichOfPoolsIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		now := func() time.Duration { return time.Since(begin) }
		told := make(chan observe.Report, 10)
		monitor := observe.NewMonitor(observe.MonitorOptions{Reported: func(r observe.Report) { told <- r }})
		worker := monitor.Worker("cpu", 0, observe.CPU)
		monitor.Start(now)

		rescue := make(chan struct{})
		tasks, ended := make(chan string, 2), make(chan struct{})
		tasks <- "outer"
		tasks <- "inner"
		close(tasks)
		go func() {
			defer close(ended)
			pool.Queue(context.Background(), pool.Options{Size: 1, Enter: func(_ int, run func()) {
				worker.Enter()
				run()
				worker.Leave(now())
			}}, tasks, pool.Work[string]{
				Do: func(_ *pool.Worker[string], task string) error {
					worker.Task(task)
					worker.Set(observe.Computing, now())
					defer func() { worker.Set(observe.Idle, now()) }()
					if task == "outer" {
						<-rescue // only inner would close it, and nobody is left to do inner
					}
					return nil
				},
				Settle: func(int, string, error) {},
			})
		}()

		for r := range told {
			if r.What == observe.WhatSandwich {
				if !strings.Contains(r.String(), "every worker of pool cpu") || !strings.Contains(r.String(), "Reply.Await") || r.Path != "outer" {
					t.Errorf("the report is %q", r)
				}
				break
			}
		}
		close(rescue)
		<-ended
		monitor.Stop()
	})
}
