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

/// Leaves the first of some things; whether there were more.
fn keep_first<T>(all: &mut Vec<T>, count_max: usize) -> bool {
    let is_cut = all.len() > count_max;
    all.truncate(count_max);
    is_cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_is_known() {
        for (count_max, left, is_cut) in [(2, 2, true), (3, 3, false), (4, 3, false), (0, 0, true)]
        {
            let mut all = vec![1, 2, 3];
            assert_eq!(keep_first(&mut all, count_max), is_cut, "{count_max}");
            assert_eq!(all, [1, 2, 3][..left]);
        }
    }
}
