//! DER: the bytes of certificates and requests for them. Nothing is verified; what is no such thing is found.

const BOOLEAN: u8 = 0x01;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
/// Of a certificate's fields, that of its extensions.
const EXTENSIONS: u8 = 0xa3;
/// The extension `basicConstraints`, an object identifier with its tag.
const BASIC_CONSTRAINTS: [u8; 3] = [0x55, 0x1d, 0x13];

/// Splits the first value off: its tag, its content, and what stands behind it.
fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (digits, rest) =
            rest.split_at_checked(usize::from(first & 0x7f)).filter(|(digits, _)| digits.len() <= 4)?;
        (digits.iter().fold(0_usize, |length, digit| length << 8 | usize::from(*digit)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn values(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (tag, content, rest) = split(bytes)?;
        bytes = rest;
        Some((tag, content))
    })
}

/// Gives what is signed in bytes that are a signed thing and nothing else: what it says, an algorithm, a signature.
pub(in crate::api) fn signed(bytes: &[u8]) -> Option<&[u8]> {
    let (SEQUENCE, content, []) = split(bytes)? else { return None };
    let (SEQUENCE, inner, rest) = split(content)? else { return None };
    let (SEQUENCE, _, rest) = split(rest)? else { return None };
    let (BIT_STRING, _, []) = split(rest)? else { return None };
    Some(inner)
}

/// Tells whether what is signed in a certificate says that it may sign others.
pub(in crate::api) fn is_authority(certificate: &[u8]) -> bool {
    let extensions = values(certificate).find(|(tag, _)| *tag == EXTENSIONS).and_then(|(_, list)| split(list));
    let mut extensions = extensions.into_iter().flat_map(|(_, list, _)| values(list));
    let found = extensions.find(|(_, extension)| split(extension).is_some_and(|(_, id, _)| id == BASIC_CONSTRAINTS));
    let value = found.and_then(|(_, extension)| values(extension).find(|(tag, _)| *tag == OCTET_STRING));
    let constraints = value.and_then(|(_, value)| split(value));
    let first = constraints.and_then(|(_, fields, _)| split(fields));
    first.is_some_and(|(tag, value, _)| tag == BOOLEAN && value != [0])
}

#[cfg(test)]
mod tests {
    use super::{is_authority, signed};

    #[test]
    fn what_is_signed_is_three_values() {
        let right = [0x30, 9, 0x30, 2, 5, 0, 0x30, 0, 3, 1, 0];
        assert_eq!(signed(&right), Some([5, 0].as_slice()));
        assert_eq!(signed(&right[..10]), None);
        assert_eq!(signed(&[right.as_slice(), &[0]].concat()), None);
        assert_eq!(signed(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(signed(b"hello"), None);
        assert_eq!(signed(b""), None);
    }

    #[test]
    fn authorities_say_so() {
        let extension = |constraints: &[u8]| {
            let mut inner = vec![6, 3, 0x55, 0x1d, 0x13, 4, 2 + constraints.len() as u8, 0x30, constraints.len() as u8];
            inner.extend(constraints);
            let mut list = vec![0x30, inner.len() as u8];
            list.extend(inner);
            let mut whole = vec![0xa3, list.len() as u8 + 2, 0x30, list.len() as u8];
            whole.extend(list);
            whole
        };
        assert!(is_authority(&extension(&[1, 1, 0xff])));
        assert!(!is_authority(&extension(&[])));
        assert!(!is_authority(&[5, 0]));
    }
}
