//! Bytes in base64.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

/// Go does not mind what the last character holds beyond the last byte.
const GO: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Decodes base64 as the server does: the standard alphabet, padded; line breaks are skipped.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let bytes: Vec<u8> = text.bytes().filter(|byte| !b"\r\n".contains(byte)).collect();
    GO.decode(bytes).ok()
}

/// Encodes bytes in base64, padded.
pub fn encode_base64(bytes: &[u8]) -> String {
    GO.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::decode_base64;

    #[test]
    fn only_padded_text_of_the_alphabet_is_base64() {
        for (good, bytes) in [("", ""), ("aGk=", "hi"), ("YQ==", "a"), ("YR==", "a"), ("YWJj\nYWJj\n", "abcabc")] {
            assert_eq!(decode_base64(good).as_deref(), Some(bytes.as_bytes()), "{good:?}");
        }
        for bad in ["hunter2", "aGk", "a===", "aG k=", "aGk=aGk=", "aH=u", "p@ss", "===="] {
            assert_eq!(decode_base64(bad), None, "{bad:?}");
        }
    }
}
