//! What blocks say, in the names of the metadata.
