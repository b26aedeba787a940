//! Tells which keys look as if they held a secret.

/// Words that say it outright.
const SECRET: [&str; 14] = [
    "password",
    "passwords",
    "passwd",
    "pwd",
    "passphrase",
    "pass",
    "secret",
    "secrets",
    "token",
    "tokens",
    "credential",
    "credentials",
    "apikey",
    "privatekey",
];

/// Words that make a secret of a following `key`.
const KEEN: [&str; 16] = [
    "access",
    "account",
    "api",
    "auth",
    "client",
    "encryption",
    "hmac",
    "jwt",
    "license",
    "master",
    "payment",
    "private",
    "session",
    "signing",
    "ssh",
    "tls",
];

/// Last words of keys that only speak about a secret: `secretName`, `tokenTTL`, `passwordFile`.
const ABOUT: [&str; 26] = [
    "name",
    "names",
    "ref",
    "refs",
    "file",
    "files",
    "path",
    "paths",
    "mount",
    "ttl",
    "seconds",
    "interval",
    "expiry",
    "expiration",
    "length",
    "enabled",
    "create",
    "policy",
    "url",
    "store",
    "provider",
    "class",
    "type",
    "kind",
    "keys",
    "automount",
];

/// Tells whether a key looks as if its value were secret: `dbPassword`, `API_TOKEN`, `signing-key`.
///
/// Keys that only name or describe a secret (`secretName`, `existingSecret`, `tokenTtl`) are none.
pub fn is_secret_key(key: &str) -> bool {
    let words = words(key);
    let Some(last) = words.last().map(String::as_str) else { return false };
    if ABOUT.contains(&last) || matches!(words.first().map(String::as_str), Some("existing" | "public")) {
        return false;
    }
    let keen = |at: usize| at > 0 && KEEN.contains(&words[at - 1].as_str());
    // `passwordKey` is the key in a Secret under which the password stands.
    let names_an_entry =
        last == "key" && words.len() > 1 && !keen(words.len() - 1) && words[words.len() - 2] != "secret";
    if names_an_entry {
        return false;
    }
    words.iter().enumerate().any(|(at, word)| SECRET.contains(&word.as_str()) || (word == "key" && keen(at)))
}

/// Splits a key at case changes and at what is no letter or digit; all in lower case.
fn words(key: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut previous_lower, mut open) = (false, false);
    let mut characters = key.chars().peekable();
    while let Some(c) = characters.next() {
        if !c.is_alphanumeric() {
            open = false;
            continue;
        }
        let next_lower = characters.peek().is_some_and(|next| next.is_lowercase());
        // `dbPassword` parts before P, `APIToken` before T.
        let starts = !open || (c.is_uppercase() && (previous_lower || next_lower));
        if starts {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
        (previous_lower, open) = (!c.is_uppercase(), true);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::is_secret_key;

    #[test]
    fn secrets_are_told_from_what_speaks_about_them() {
        for secret in ["password", "dbPassword", "DB_PASSWORD", "apiKey", "api-key", "APIToken", "token", "secret"] {
            assert!(is_secret_key(secret), "{secret}");
        }
        for secret in ["clientSecret", "client_secret_key", "privateKey", "credentials", "secretKey", "adminPass"] {
            assert!(is_secret_key(secret), "{secret}");
        }
        for plain in ["secretName", "existingSecret", "passwordKey", "tokenTtl", "key", "publicKey", "keyboard", ""] {
            assert!(!is_secret_key(plain), "{plain}");
        }
        for plain in ["monkey", "remoteKey", "secretKeyRef", "passwordFile", "compass", "imagePullSecretsName"] {
            assert!(!is_secret_key(plain), "{plain}");
        }
    }
}
