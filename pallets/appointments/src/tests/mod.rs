//! Tests: one file per area, and random sequences of calls against a reference model.
mod book;
mod cancel;
mod encoding;
mod fees;
mod genesis;
mod model;
mod pair;
mod penalties;
mod publish;
mod pure;
mod random;
mod reads;
mod reschedule;
mod schedules;
mod steps;
mod visit;
mod waitlist;
