//! Evidence packages and their verification, without I/O.
