//! Tests of the calls, the reads and the invariants. Those of the computation are in the folder
//! `tests` beside `src`.

mod accounts;
mod claim;
mod coverages;
mod decide;
mod encoding;
mod flags;
mod norms;
mod origins;
mod overlaps;
mod random;
mod reads;
mod refunds;
mod refuse;
mod reverse;
mod schemes;
mod settle;
