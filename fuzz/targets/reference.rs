//! References into registries: what is taken is written as the same, and has nothing in it that a URL would take otherwise.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::oci::{Reference, tag_of, version_of};
use plimsoll_fuzz::text;

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = text(bytes) else { return };
    assert_eq!(tag_of(&version_of(&tag_of(text))), tag_of(text));
    let Ok(reference) = Reference::parse(text) else { return };
    let written = reference.to_string();
    assert_eq!(Reference::parse(&written).ok(), Some(reference.clone()), "{written}");
    assert!(!reference.repository.contains("..") || !reference.repository.split('/').any(|part| part == ".."));
    assert!(written.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#%\\".contains(&byte)), "{written}");
});
