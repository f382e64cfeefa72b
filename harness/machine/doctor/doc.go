// Package doctor says whether a machine is quiet enough to measure on, and for
// what effect.
//
//  1. [Observe] watches the machine for some seconds: what others use of it, which
//     processes they are, what the kernel counted meanwhile.
//  2. [Spin] runs a fixed computation against itself in pairs, and [Judge] says how
//     far the pairs scatter and which effect so many of them would show.
//  3. [Examine] makes findings of all this and of the machine's settings. Each says
//     what was found, why it matters for measuring, and what to change.
//  4. [Report.Conclude] puts one line above them.
//
// Nothing is changed on the machine, and nothing is said that was not measured:
// what a machine cannot tell is listed as absent.
package doctor
