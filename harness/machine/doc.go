// Package machine says on what a measurement was made: a coarse class that
// names a kind of machine in a fleet ("linux-amd64-2c-24g"), the detail behind
// it, the cores that may be used, and how much of the machine others were using
// meanwhile.
//
// Everything is read from /proc and /sys, through an [io/fs.FS] so that tests
// stand on fixtures. Nothing is changed and nothing is started. What a machine
// cannot tell is listed as absent; it is never reported as zero.
//
//   - [Read] makes the fingerprint that a run carries.
//   - [UsableCores] is the C of every preset and range: min(affinity mask,
//     cgroup quota rounded up), never the machine's count.
//   - [StartMeter] and [Meter.Others] stand around a trial and say which share
//     of the machine somebody else used, steal included; [Meter.OthersOn] says it
//     of the trial's own cores, and [TopOthers] who it is.
//   - [StartConditions] and [Watch.End] stand around it too and say what the kernel
//     counted meanwhile: steal, pressure, throttling, sleep, swapping.
//   - [AwaitQuiet] waits for others to leave the machine, up to a bound.
//   - [ReadSettings] is what can be set on a machine; package doctor judges it.
package machine
