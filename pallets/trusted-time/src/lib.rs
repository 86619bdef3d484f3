//! Block hashes stamped by time authorities.
