//! Blocks, operations and the domain as tables of PostgreSQL.
