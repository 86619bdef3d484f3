//! Tests: one file per area, and random sequences of calls against a reference model.
mod amend;
mod emergency;
mod encoding;
mod erasure;
mod grants;
mod keys;
mod model;
mod open;
mod origins;
mod random;
mod reads;
mod requests;
mod reshare;
mod steps;
mod visits;
mod write;
