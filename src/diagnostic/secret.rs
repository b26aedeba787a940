//! What looks like a secret by its name.

/// Tells whether a key, a variable or a dotted path names a secret by its last words: `DB_PASSWORD`, `auth.apiKey`.
///
/// Names of references (`secretName`, `tokenPath`) are none.
pub fn names_secret(name: &str) -> bool {
    const ENDINGS: [&str; 13] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "secrets",
        "token",
        "apikey",
        "secretkey",
        "accesskey",
        "privatekey",
        "credential",
        "credentials",
        "connectionstring",
    ];
    let last = name.rsplit('.').next().unwrap_or(name);
    let plain: String = last.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    plain != "automountserviceaccounttoken" && ENDINGS.iter().any(|ending| plain.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::names_secret;

    #[test]
    fn secrets_are_known_by_their_last_word() {
        for name in ["DB_PASSWORD", "auth.apiKey", "tls.private-key", "token", "AWS_SECRET_ACCESS_KEY"] {
            assert!(names_secret(name), "{name}");
        }
        for name in ["secretName", "tokenPath", "automountServiceAccountToken", "image", "password.length", ""] {
            assert!(!names_secret(name), "{name}");
        }
    }
}
