//! Tells secrets by the names of what holds them, and by their form.

pub use crate::diagnostic::secret::{is_no_secret, is_random, is_secret_name, secret_form};

/// Words that, at the end of a name, may make a secret of what looks drawn by lot.
const WEAK: [&str; 9] = ["key", "auth", "salt", "seed", "cookie", "session", "signature", "webhook", "creds"];

/// Names what kind of secret a text is, by its form or by the name of what holds it.
pub fn what_is(name: &str, text: &str) -> Option<&'static str> {
    if is_no_secret(text) {
        return None;
    }
    let named = || (is_secret_name(name) && could_be_secret(text)) || (is_random(text) && is_weak(name));
    secret_form(text).or_else(|| named().then_some("a secret"))
}

/// Names what kind of secret a text is where names speak of Secrets as often as of secrets, as fields of manifests and keys
/// of values do: the `secret` of an Ingress is the name of one, and `tokenSecretKey` the name of a key in one.
pub fn what_is_in_field(name: &str, text: &str) -> Option<&'static str> {
    what_is(name, text).filter(|what| *what != "a secret" || !is_name_of_secret(name, text) || is_random(text))
}

/// Tells whether a field that looks like a secret's holds the name of one, or of a key in one.
fn is_name_of_secret(name: &str, text: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let reference = ["secret", "secrets", "credentials"].iter().any(|word| lower.ends_with(word));
    let is_name = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-./".contains(&byte));
    let is_word = is_name && !text.bytes().any(|byte| byte.is_ascii_digit());
    let key = lower.trim_end_matches("key").trim_end_matches(['-', '_']);
    let of_key = key != lower && key != "secret" && key.ends_with("secret");
    (reference && is_name) || (of_key && is_word)
}

fn is_weak(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let public = lower.contains("public") || lower.contains("idempotency") || lower.contains("id");
    !public && WEAK.iter().any(|word| lower.ends_with(word))
}

/// Tells whether a text could be a secret where a name says so: not a path, a switch, a plain URL or a small number.
fn could_be_secret(text: &str) -> bool {
    let text = text.trim();
    let switch = ["true", "false", "yes", "no", "on", "off", "null", "none", "disabled", "enabled"];
    let path = text.starts_with(['/', '.']) && !text.contains(char::is_whitespace);
    !(switch.contains(&text.to_ascii_lowercase().as_str()) || path || text.contains("://") || text.contains('\n'))
}

/// Finds a line such as `db.password = hunter2` in a text of settings, and gives its name.
pub fn setting(text: &str) -> Option<&str> {
    if !text.contains('\n') && !text.contains('=') {
        return None;
    }
    text.lines().find_map(|line| {
        let line = line.trim().trim_start_matches("export ");
        let (name, value) = line.split_once(['=', ':'])?;
        let name = name.trim().trim_matches(['"', '\'']);
        let value = value.trim().trim_end_matches(',').trim_matches(['"', '\'']);
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
        // What has blanks or brackets is prose or code.
        let literal = !value.contains(|c: char| c.is_whitespace() || "(){}[]".contains(c));
        (plain && literal && !is_no_secret(value) && is_secret_name(name) && could_be_secret(value)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_holds_a_secret() {
        for name in [
            "DB_PASSWORD",
            "MYSQLPASSWORD",
            "password",
            "dbPassword",
            "JWT_SECRET",
            "SECRET_KEY",
            "API_KEY",
            "apiKey",
            "GITHUB_TOKEN",
            "TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "DB_PWD",
            "PASSWORD_1",
            "SECRET_KEY_BASE",
            "client-secret",
            "spring.datasource.password",
            "ADMIN_PASS",
            "clientSecret",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "PASSWORD_FILE",
            "SECRET_NAME",
            "TOKEN_TTL",
            "PWD",
            "MAX_TOKENS",
            "KEY",
            "PORT",
            "TOKENIZER",
            "AWS_ACCESS_KEY_ID",
            "tokenUrl",
            "SECRET_STORE",
            "checksum/secret",
            "",
            "PASSENGER",
            "COMPASS",
            "bypass",
            "pass",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn values_may_be_no_secret_whatever_their_name() {
        for (value, expected) in [
            ("hunter2", Some("a secret")),
            ("/run/secrets/db", None),
            ("$(DB_PASSWORD)", None),
            ("${DB_PASSWORD}", None),
            ("true", None),
            ("", None),
            ("https://auth.example.com/", None),
            ("postgres://app:hunter2@db/app", Some("a password in a URL")),
            ("postgres://app:$(PW)@db/app", None),
        ] {
            assert_eq!(what_is("DB_PASSWORD", value), expected, "{value}");
        }
        assert_eq!(what_is("X", "-----BEGIN RSA PRIVATE KEY-----\nabc"), Some("a private key"));
        assert_eq!(what_is("X", &format!("{}{}", "gh", "p_".to_owned() + &"a".repeat(36))), Some("a GitHub token"));
        assert_eq!(what_is("X", "postgres://db/app"), None);
    }

    #[test]
    fn fields_may_name_a_secret_or_a_key_in_one() {
        for (name, text, expected) in [
            ("tlsSecret", "web-tls", None),
            ("tokenSecretKey", "token", None),
            ("db-secret-key", "connection.string", None),
            ("minioSecretKey", "minio123", Some("a secret")),
            ("secretKey", "token", Some("a secret")),
            ("clientSecret", "Hunter2", Some("a secret")),
        ] {
            assert_eq!(what_is_in_field(name, text), expected, "{name}");
        }
    }

    #[test]
    fn settings_hold_secrets_in_lines() {
        for (text, expected) in [
            ("url=db\nspring.datasource.password=hunter2\n", Some("spring.datasource.password")),
            ("db:\n  password: 'hunter2'\n", Some("password")),
            ("db:\n  password: ${DB_PASSWORD}\n", None),
            ("password:\n", None),
            ("# the password: see below\nx: 1\n", None),
            ("password = readFile(path)\n", None),
            ("password_file=/run/secrets/x\n", None),
        ] {
            assert_eq!(setting(text), expected, "{text}");
        }
    }
}
