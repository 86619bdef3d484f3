//! Finds again what [`Document::finish`](crate::Document::finish) wrote. This reads no other PDF: it
//! relies on the producer and the attached file standing before everything else, uncompressed.

/// Longest name of a producer that is read, in bytes.
const PRODUCER_BYTES_MAX: usize = 64;

/// The JSON that [`Document::attach_json`](crate::Document::attach_json) attached. None if there is
/// none, or not where this crate writes it.
pub fn attached_json(file: &[u8]) -> Option<&[u8]> {
    let (_, object) = split(file, b"/Type /EmbeddedFile")?;
    let (dictionary, data) = split(object, b"\nstream\n")?;
    let (_, size) = split(dictionary, b"/Size ")?;
    let (size, _) = split(size, b"\n")?;
    let size: usize = std::str::from_utf8(size).ok()?.parse().ok()?;
    let (json, after) = data.split_at_checked(size)?;
    after.starts_with(b"\nendstream").then_some(json)
}

/// The program that a file names as its producer. None if it names none where this crate does.
pub fn producer(file: &[u8]) -> Option<&str> {
    let (_, name) = split(file, b"/Producer (")?;
    let (name, _) = split(name.get(..PRODUCER_BYTES_MAX).unwrap_or(name), b")")?;
    std::str::from_utf8(name).ok()
}

/// What stands before and after the first place of a mark.
fn split<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let start = bytes.windows(mark.len()).position(|bytes| bytes == mark)?;
    let (before, rest) = bytes.split_at_checked(start)?;
    Some((before, rest.get(mark.len()..)?))
}
