// Package interference makes known quantities of work and known disturbances, to
// test measurements with: what is put in is known, so what is measured can be
// held against it.
//
// Work is so many loops of computing, so long a wait and so much memory, done
// once; twice the loops are exactly twice the instructions. A Tenant is a
// neighbour on the same machine: it takes processor time, memory bandwidth and
// storage, steadily or in pulses, for a bounded time. When its pulses come is a
// Schedule, a pure function of a seed and of the time that has passed, so that a
// disturbance can be repeated; they are irregular, so that they do not beat with
// trials that are started one after the other.
//
// It stays on the machine's surface: no priority is changed, no core is
// bound, no cache is flushed. Whoever wants that starts it so.
package interference
