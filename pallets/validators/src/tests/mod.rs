//! Every call: that it works, and that it is refused for a wrong origin, in a wrong state, and at
//! its bound; and what happens at the end of a block.
mod candidates;
mod change;
mod evidence;
mod genesis;
mod nodes;
mod origins;
mod parameters;
mod production;
mod sequences;
mod set;
