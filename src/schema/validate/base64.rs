//! Bytes in base64.

/// Tells whether Go decodes a text as base64: the standard alphabet, padded; line breaks are skipped.
pub(super) fn is_base64(text: &str) -> bool {
    let mut length = 0usize;
    let mut padding = 0usize;
    for byte in text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        match byte {
            b'=' => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => {}
            _ => return false,
        }
        length += 1;
    }
    length.is_multiple_of(4) && padding <= 2
}

#[cfg(test)]
mod tests {
    use super::is_base64;

    #[test]
    fn only_padded_text_of_the_alphabet_is_base64() {
        for good in ["", "aGk=", "aGVsbG8=", "YQ==", "YWJj", "YWJj\nYWJj\n", "password"] {
            assert!(is_base64(good), "{good:?}");
        }
        for bad in ["hunter2", "aGk", "a===", "aG k=", "aGk=aGk=", "p@ss", "===="] {
            assert!(!is_base64(bad), "{bad:?}");
        }
    }
}
