package observe

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestALedgerSumsByPowersOfTwo(t *testing.T) {
	var a, b Ledger
	a.Record(0, 0, time.Millisecond)
	a.Record(1023, 0, time.Millisecond)
	b.Record(512, 0, 2*time.Millisecond)
	b.Record(512, 4000, 5*time.Millisecond)
	b.Record(1024, 0, time.Second)
	a.Add(&b)
	a.Add(nil)
	(*Ledger)(nil).Record(1, 1, 1)
	want := []SizeCost{
		{FromBytes: 0, Plain: Cost{Files: 1, ServiceS: 0.001}},
		{FromBytes: 512, Plain: Cost{Files: 2, Bytes: 1535, ServiceS: 0.003}, Parsed: Cost{Files: 1, Bytes: 512, ServiceS: 0.005, TreeBytes: 4000}},
		{FromBytes: 1024, Plain: Cost{Files: 1, Bytes: 1024, ServiceS: 1}},
	}
	if diff := cmp.Diff(want, a.Sizes()); diff != "" {
		t.Error(diff)
	}
}

func TestALedgerAllocatesNothing(t *testing.T) {
	var l Ledger
	if n := testing.AllocsPerRun(100, func() { l.Record(5000, 30000, time.Millisecond) }); n != 0 {
		t.Errorf("%v allocations a file", n)
	}
}

func BenchmarkLedger(b *testing.B) {
	var l Ledger
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		l.Record(i&0xffff, i&1, time.Microsecond)
	}
}
