//! Tests: one file per area, and random sequences of calls against a reference model.
mod encoding;
mod external;
mod invoices;
mod model;
mod money;
mod numbers;
mod origins;
mod pay;
mod providers;
mod random;
mod reads;
mod refund;
mod settle;
mod states;
