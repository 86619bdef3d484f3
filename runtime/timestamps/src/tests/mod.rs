//! Tests against tokens that OpenSSL makes.

mod certificates;
mod exchange;
mod tokens;
