//! Finds operations and events by what they say.
