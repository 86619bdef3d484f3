//! Text that the chain shows as it is.

/// Whether `bytes` are text that can be shown: UTF-8, not empty, no control characters.
pub fn is_printable(bytes: &[u8]) -> bool {
    core::str::from_utf8(bytes)
        .is_ok_and(|text| !text.is_empty() && !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_utf8_without_control_characters() {
        for text in ["x", "银行卡", "a b"] {
            assert!(is_printable(text.as_bytes()), "{text}");
        }
        for bytes in [&b""[..], b"a\n", b"\0", b"\xff"] {
            assert!(!is_printable(bytes), "{bytes:?}");
        }
    }
}
