//! Tells secrets: by the name of what holds them (an environment variable, a key of values, a field), and by their form.

mod form;

pub use form::{is_random, secret_form};

/// Words that make a name secret wherever they stand in it.
const SECRET: [&str; 6] = ["password", "passwd", "passphrase", "secret", "secrets", "credentials"];

/// Words that make a name secret at its end.
const SECRET_LAST: [&str; 6] = ["token", "pwd", "apikey", "pass", "bearer", "pat"];

/// Words that make a secret of a following `key`.
const SECRET_KEY: [&str; 17] = [
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
    "secret",
    "session",
    "signing",
    "ssh",
    "tls",
];

/// Words that, at the end of a name, say that it holds something about a secret and not the secret.
const ABOUT: [&str; 48] = [
    "file",
    "files",
    "path",
    "dir",
    "directory",
    "name",
    "names",
    "namespace",
    "url",
    "uri",
    "endpoint",
    "host",
    "ttl",
    "expiry",
    "expiration",
    "expires",
    "seconds",
    "minutes",
    "days",
    "timeout",
    "duration",
    "interval",
    "enabled",
    "required",
    "length",
    "min",
    "max",
    "type",
    "algorithm",
    "header",
    "issuer",
    "policy",
    "ref",
    "id",
    "version",
    "store",
    "provider",
    "backend",
    "engine",
    "mount",
    "refs",
    "paths",
    "class",
    "kind",
    "keys",
    "create",
    "automount",
    "encryption",
];

/// Tells whether something of this name holds a secret: `DB_PASSWORD`, `apiToken`, `signing-key`.
///
/// Names of what only speaks about a secret (`PASSWORD_FILE`, `secretName`, `existingSecret`, `passwordKey`) are none.
pub fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    let Some((last, before)) = words.split_last() else { return false };
    let among = |word: &str, known: &[&str]| known.iter().any(|known| word.eq_ignore_ascii_case(known));
    if among(last, &ABOUT)
        || words.first().is_some_and(|first| among(first, &["existing", "public", "automount", "checksum"]))
    {
        return false;
    }
    if among(last, &["key"]) {
        // `passwordKey` is the entry of a Secret under which the password stands.
        return before.last().is_some_and(|word| among(word, &SECRET_KEY));
    }
    let glued = ["password", "passwd", "secret"].iter().any(|end| {
        let from = last.len().checked_sub(end.len());
        from.and_then(|from| last.get(from..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    });
    // `PWD` alone is a shell's current folder, `PASS` alone a verb.
    let ends = among(last, &SECRET_LAST) && (!before.is_empty() || among(last, &["token", "apikey"]));
    let key_base = among(last, &["base"]) && before.last().is_some_and(|word| among(word, &["key"]));
    glued || ends || key_base || words.iter().any(|word| among(word, &SECRET))
}

/// Tells whether a value under these keys, from the outermost, holds a secret: its own name says so, or one around it and
/// its own says nothing else.
pub fn is_secret_path<'a>(keys: impl DoubleEndedIterator<Item = &'a str>) -> bool {
    let mut keys = keys.rev();
    let Some(last) = keys.next() else { return false };
    let plural = |key: &str| key.strip_suffix('s').is_some_and(is_secret_name);
    let about = words(last).last().is_some_and(|word| ABOUT.iter().any(|about| word.eq_ignore_ascii_case(about)));
    is_secret_name(last) || plural(last) || !about && keys.any(|key| is_secret_name(key) || plural(key))
}

/// Splits a name at case changes and at what is no letter. Digits are left out.
fn words(name: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut previous_lower, mut start) = (false, None);
    let mut characters = name.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let next_lower = characters.peek().is_some_and(|(_, next)| next.is_lowercase());
        // `dbPassword` parts before P, `APIToken` before T.
        let ends = !c.is_alphabetic() || (c.is_uppercase() && (previous_lower || next_lower));
        if ends && let Some(start) = start.take() {
            words.extend(name.get(start..at));
        }
        if c.is_alphabetic() {
            start.get_or_insert(at);
        }
        previous_lower = !c.is_uppercase();
    }
    words.extend(start.and_then(|start| name.get(start..)));
    words
}

/// Tells whether a text, whatever holds it, is none: empty, encrypted, or a stand-in for what something else supplies.
pub fn is_no_secret(text: &str) -> bool {
    let text = text.trim();
    let enclosed = |start: &str, end: &str| text.starts_with(start) && text.ends_with(end);
    text.is_empty()
        || enclosed("<", ">")
        || enclosed("${", "}")
        || enclosed("{{", "}}")
        || enclosed("%", "%")
        || text.starts_with("$(")
        || (text.starts_with('$') && text.chars().skip(1).all(|c| c.is_ascii_alphanumeric() || c == '_'))
        || ["ENC[", "ref+", "vault:", "arn:", "op://"].iter().any(|start| text.starts_with(start))
        || text.chars().all(|c| c == '*')
        // `INSERT_TOKEN_HERE`: somebody will put it in.
        || (["INSERT_", "YOUR_", "REPLACE_"].iter().any(|start| text.starts_with(start))
            && text.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::is_secret_name;

    #[test]
    fn secrets_are_told_from_what_speaks_about_them() {
        for secret in ["password", "dbPassword", "DB_PASSWORD", "apiKey", "api-key", "APIToken", "token", "secret"] {
            assert!(is_secret_name(secret), "{secret}");
        }
        for secret in ["clientSecret", "client_secret_key", "privateKey", "credentials", "secretKey", "adminPass"] {
            assert!(is_secret_name(secret), "{secret}");
        }
        for plain in ["secretName", "existingSecret", "passwordKey", "tokenTtl", "key", "publicKey", "keyboard", ""] {
            assert!(!is_secret_name(plain), "{plain}");
        }
        for plain in ["monkey", "remoteKey", "secretKeyRef", "passwordFile", "compass", "imagePullSecretsName"] {
            assert!(!is_secret_name(plain), "{plain}");
        }
        // A field of Kubernetes' own.
        assert!(!is_secret_name("automountServiceAccountToken"));
    }
}
