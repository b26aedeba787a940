//! Names and the like.

fn is_lower_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn too_long(text: &str, most: usize) -> Option<String> {
    (text.len() > most).then(|| format!("has {} characters, and may have {most}", text.len()))
}

fn is_dns_label(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| is_lower_alphanumeric(*byte));
    let bytes = text.as_bytes();
    edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(|byte| is_lower_alphanumeric(*byte) || *byte == b'-')
}

/// A DNS label (RFC 1123): `web-1`.
pub(in crate::api) fn dns_label(text: &str) -> Option<String> {
    too_long(text, 63).or_else(|| {
        let problem = "may hold only small letters, digits and `-`, and begins and ends with a letter or digit";
        (!is_dns_label(text)).then(|| problem.to_owned())
    })
}

/// A DNS label that begins with a letter (RFC 1035): `web-1`.
pub(in crate::api) fn dns_label_1035(text: &str) -> Option<String> {
    too_long(text, 63).or_else(|| {
        let problem =
            "may hold only small letters, digits and `-`, begins with a letter, and ends with a letter or digit";
        let right = is_dns_label(text) && text.starts_with(|first: char| first.is_ascii_lowercase());
        (!right).then(|| problem.to_owned())
    })
}

/// DNS labels joined by dots (RFC 1123): `web.example.com`.
pub(in crate::api) fn dns_subdomain(text: &str) -> Option<String> {
    too_long(text, 253).or_else(|| {
        let problem = "may hold only small letters, digits, `-` and `.`, and each part between dots begins and ends with a letter or digit";
        (!text.split('.').all(is_dns_label)).then(|| problem.to_owned())
    })
}

/// A DNS name behind `*.`: `*.example.com`.
pub(in crate::api) fn wildcard_dns_subdomain(text: &str) -> Option<String> {
    let Some(rest) = text.strip_prefix("*.") else { return Some("must begin with `*.`".to_owned()) };
    too_long(text, 253).or_else(|| dns_subdomain(rest))
}

/// A part of a URL's path: names of RBAC's objects.
pub(in crate::api) fn path_segment(text: &str) -> Option<String> {
    match text {
        "." | ".." => Some("may not be `.` or `..`".to_owned()),
        _ => text.contains(['/', '%']).then(|| "may not hold `/` or `%`".to_owned()),
    }
}

/// A name with an optional DNS name and `/` before it: keys of labels, `example.com/team`.
pub(in crate::api) fn qualified_name(text: &str) -> Option<String> {
    let mut parts = text.split('/');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    if parts.next().is_some() {
        return Some("has more than one `/`".to_owned());
    }
    let name = match second {
        Some(_) if first.is_empty() => return Some("has nothing before the `/`".to_owned()),
        Some(name) => {
            if let Some(problem) = dns_subdomain(first) {
                return Some(format!("what stands before `/` {problem}"));
            }
            name
        }
        None => first,
    };
    if name.is_empty() {
        return Some("has an empty name".to_owned());
    }
    too_long(name, 63).or_else(|| {
        let problem = "may hold only letters, digits, `-`, `_` and `.`, and begins and ends with a letter or digit";
        (!is_word(name)).then(|| problem.to_owned())
    })
}

/// The value of a label: empty, or as a name.
pub(in crate::api) fn label_value(text: &str) -> Option<String> {
    too_long(text, 63).or_else(|| {
        let problem = "may hold only letters, digits, `-`, `_` and `.`, and begins and ends with a letter or digit";
        (!text.is_empty() && !is_word(text)).then(|| problem.to_owned())
    })
}

/// Letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// The name of a port (IANA's service names): `http-admin`.
pub(in crate::api) fn port_name(text: &str) -> Option<String> {
    let problem = if text.len() > 15 {
        return too_long(text, 15);
    } else if !text.bytes().all(|byte| is_lower_alphanumeric(byte) || byte == b'-') {
        "may hold only small letters, digits and `-`"
    } else if !text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        "must hold a letter"
    } else if text.contains("--") {
        "may not hold `--`"
    } else if text.starts_with('-') || text.ends_with('-') || text.is_empty() {
        "begins and ends with a letter or digit"
    } else {
        return None;
    };
    Some(problem.to_owned())
}

/// A key of a ConfigMap or Secret: also a file's name.
pub(in crate::api) fn config_key(text: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    too_long(text, 253).or_else(|| {
        if text.is_empty() || !text.bytes().all(allowed) {
            return Some("may hold only letters, digits, `-`, `_` and `.`".to_owned());
        }
        parent_folder(text)
    })
}

/// `.`, `..` and what begins with `..` would leave the folder.
fn parent_folder(text: &str) -> Option<String> {
    match text {
        "." => Some("may not be `.`".to_owned()),
        _ => text.starts_with("..").then(|| "may not begin with `..`".to_owned()),
    }
}

/// The name of an environment variable: any printable ASCII but `=`.
pub(in crate::api) fn env_name(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("is empty".to_owned());
    }
    let allowed = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'=';
    (!text.bytes().all(allowed)).then(|| "may hold only printable ASCII characters other than `=`".to_owned())
}

/// The name of an HTTP header.
pub(in crate::api) fn header_name(text: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (text.is_empty() || !text.bytes().all(allowed)).then(|| "may hold only letters, digits and `-`".to_owned())
}

/// A share: `25%`.
pub(in crate::api) fn percentage(text: &str) -> Option<String> {
    let digits = text.strip_suffix('%').unwrap_or_default();
    let right = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (!right).then(|| "must be a percentage such as `25%`".to_owned())
}

/// The front of a name, to which the server appends letters: as a name, and may end with `-`.
pub(in crate::api) fn generated(text: &str, name: impl FnOnce(&str) -> Option<String>) -> Option<String> {
    match text.strip_suffix('-') {
        // As the server does it: the dash and the character before it count as one letter.
        Some(rest) if !rest.is_empty() => {
            let mut masked = rest.to_owned();
            masked.pop();
            masked.push('a');
            name(&masked)
        }
        _ => name(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_those_of_the_server() {
        type Form = fn(&str) -> Option<String>;
        let table: [(Form, &[&str], &[&str]); 9] = [
            (dns_label, &["a", "web-1", "1web"], &["", "-a", "a-", "a.b", "A", "a_b"]),
            (dns_label_1035, &["web-1"], &["1web", "", "Web"]),
            (dns_subdomain, &["a.b", "web-1.example.com"], &["a..b", ".a", "a.", "A.b", ""]),
            (path_segment, &["system:web", "A b"], &[".", "..", "a/b", "a%b"]),
            (
                qualified_name,
                &["app", "example.com/app", "App_1.x"],
                &["", "/a", "a/", "a/b/c", "Ex.com/a", "-a", "a b"],
            ),
            (label_value, &["", "v1.2_3", "A"], &["-a", "a-", "a b", "ü"]),
            (port_name, &["http", "a1", "8a"], &["", "80", "a--b", "-a", "HTTP", "a-very-long-port-name"]),
            (config_key, &["a.b", ".hidden", "A_b"], &["", ".", "..", "..a", "a/b", "a b"]),
            (percentage, &["0%", "100%"], &["%", "1", "-1%", "1.5%"]),
        ];
        for (index, (form, good, bad)) in table.into_iter().enumerate() {
            for text in good {
                assert_eq!(form(text), None, "{index} {text:?}");
            }
            for text in bad {
                assert!(form(text).is_some(), "{index} {text:?}");
            }
        }
        assert_eq!(generated("web-", dns_label), None);
        assert!(generated("Web-", dns_label).is_some());
    }
}
