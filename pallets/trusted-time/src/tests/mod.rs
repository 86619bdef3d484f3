//! Tests: one file per area, with tokens that OpenSSL makes.
mod certificates;
mod encoding;
mod reads;
mod tokens;
