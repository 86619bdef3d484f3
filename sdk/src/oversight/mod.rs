//! What regulators and insurers have to do, and what was done in a case.
//!
//! - [`inbox`]: the worklists, each entry with its age, when it is due and who has to act;
//! - [`case_file`]: a case with everything done for it, from the state and, where the node keeps an
//!   index, with the blocks and transactions of each step;
//! - [`report`]: a case file as PDF and as CSV.

pub mod case_file;
pub mod history;
pub mod inbox;
pub mod report;
pub mod text;

pub use case_file::{Act, CaseFile, Step};
pub use inbox::{Inbox, Item, Task, Worklist};
