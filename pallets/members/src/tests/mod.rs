//! Every call: that it works, and that it is refused for a wrong origin, in a wrong state, and at
//! its bound.
mod delegations;
mod genesis;
mod holds;
mod members;
mod origins;
mod patients;
mod practitioners;
mod replacement;
mod sequences;
mod suspension;
