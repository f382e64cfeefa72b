// Package copied copies permits in every way that go vet must refuse.
package copied

import "sluice/scanner/limiter"

func assigned(p *limiter.Permit) {
	q := *p
	_ = q.Settle(limiter.Success)
}

func passed(p limiter.Permit) { _ = p.Settle(limiter.Success) }

func returned(p *limiter.Permit) limiter.Permit { return *p }

func ranged(all []limiter.Permit) {
	for _, p := range all {
		_ = p.Settle(limiter.Success)
	}
}

func allowed(l *limiter.Limiter) error {
	p, ok := l.TryAcquire()
	if !ok {
		return nil
	}
	return p.Settle(limiter.Success)
}
