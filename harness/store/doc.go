// Package store keeps what was measured: one SQLite file, .sluice/store.db, in
// which every trial is committed to disk before the next begins.
//
// Records go in whole, as JSON, beside the few columns that queries need, and
// come out as they went in: summaries are never stored where they could be
// recomputed from trials. A run owns its scenarios, notes, trials and outcomes,
// and takes them along when it is deleted.
//
//   - [Open] makes or opens a store, and refuses one that another version or
//     another program wrote.
//   - [Store.CreateRun], [Store.FindUnfinished] and [Store.Lock] begin a run or take
//     up an interrupted one; notes are its journal, so that it resumes the same
//     design.
//   - [Store.PutTrial] returns when the trial, and its metrics over time, would
//     survive a power failure; [ParsePlace] and [Store.FindPlace] find one again.
//   - [Store.PutFile] and [Store.OpenFile] keep profiles and stack dumps beside the
//     database, named by their content; they go with the last run that refers to
//     them.
//   - [Store.PlaceboPairs] is what machines of one class showed of the reference
//     against itself.
//   - [Store.Outcomes] puts a run together for the reports.
//   - [Store.Export] and [Store.Import] move runs between machines as JSON lines.
//
// A Store is safe for concurrent use, and several processes may share a file:
// SQLite lets one write at a time, and the others wait. Its methods take no
// context: each is one short transaction on a local file, and a trial that has
// been measured is worth keeping even while the run is being interrupted.
package store
