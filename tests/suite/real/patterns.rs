//! Patterns of the checked-in lists.

/// Finds the parts of a pattern, which are separated by `*`, in a text in their order.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let mut rest = text;
    pattern.split('*').all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

#[test]
fn patterns_are_parts_in_order() {
    assert!(matches("no * named *", "x: no PriorityClass with name, named y"));
    assert!(!matches("named * no", "no class named y"));
}
