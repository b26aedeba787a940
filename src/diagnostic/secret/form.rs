//! Secrets that show by their form alone: private keys, tokens of known makers, passwords in addresses.

use super::is_no_secret;

/// How a known token goes on after its beginning.
#[derive(Clone, Copy)]
enum Rest {
    /// At least so many letters, digits, `_`, `-` and `.`
    Word(usize),
    /// At least so many capital letters and digits.
    Capital(usize),
    /// At least so many hexadecimal digits; hyphens are left out.
    Hex(usize),
}

use Rest::{Capital, Hex, Word};

/// How known tokens begin and go on, and what they are.
const FORMS: [(&str, Rest, &str); 62] = [
    ("AKIA", Capital(16), "an AWS access key"),
    ("ASIA", Capital(16), "an AWS access key"),
    ("ghp_", Word(36), "a GitHub token"),
    ("gho_", Word(36), "a GitHub token"),
    ("ghu_", Word(36), "a GitHub token"),
    ("ghs_", Word(36), "a GitHub token"),
    ("ghr_", Word(36), "a GitHub token"),
    ("github_pat_", Word(22), "a GitHub token"),
    ("glpat-", Word(20), "a GitLab token"),
    ("gldt-", Word(20), "a GitLab token"),
    ("glrt-", Word(20), "a GitLab token"),
    ("glptt-", Word(20), "a GitLab token"),
    ("glcbt-", Word(20), "a GitLab token"),
    ("glagent-", Word(40), "a GitLab token"),
    ("ATBB", Word(32), "a Bitbucket password"),
    ("ATATT3", Word(60), "an Atlassian token"),
    ("xoxb-", Word(20), "a Slack token"),
    ("xoxp-", Word(20), "a Slack token"),
    ("xoxa-", Word(20), "a Slack token"),
    ("xapp-", Word(20), "a Slack token"),
    ("sk_live_", Word(20), "a Stripe key"),
    ("rk_live_", Word(20), "a Stripe key"),
    ("sk_test_", Word(20), "a Stripe key"),
    ("whsec_", Word(24), "a Stripe key"),
    ("AIza", Word(35), "a Google API key"),
    ("GOCSPX-", Word(24), "a Google client secret"),
    ("ya29.", Word(30), "a Google access token"),
    ("npm_", Word(36), "an npm token"),
    ("pypi-AgE", Word(50), "a PyPI token"),
    ("hvs.", Word(24), "a Vault token"),
    ("hvb.", Word(24), "a Vault token"),
    ("dckr_pat_", Word(20), "a Docker token"),
    ("HRKU-", Hex(32), "a Heroku key"),
    ("sdk-", Hex(32), "a LaunchDarkly key"),
    ("mob-", Hex(32), "a LaunchDarkly key"),
    ("api-", Hex(32), "a LaunchDarkly key"),
    ("NRAK-", Word(24), "a New Relic key"),
    ("NRJS-", Word(16), "a New Relic key"),
    ("NRII-", Word(24), "a New Relic key"),
    ("SK", Hex(32), "a Twilio key"),
    ("SG.", Word(60), "a SendGrid key"),
    ("dop_v1_", Hex(64), "a DigitalOcean token"),
    ("doo_v1_", Hex(64), "a DigitalOcean token"),
    ("shpat_", Hex(32), "a Shopify token"),
    ("shpss_", Hex(32), "a Shopify token"),
    ("sq0atp-", Word(22), "a Square token"),
    ("sq0csp-", Word(22), "a Square token"),
    ("hf_", Word(34), "a Hugging Face token"),
    ("sk-proj-", Word(40), "an OpenAI key"),
    ("sk-ant-", Word(40), "an Anthropic key"),
    ("glsa_", Word(32), "a Grafana token"),
    ("glc_", Word(32), "a Grafana token"),
    ("dapi", Hex(32), "a Databricks token"),
    ("dp.st.", Word(40), "a Doppler token"),
    ("tskey-", Word(20), "a Tailscale key"),
    ("pul-", Hex(40), "a Pulumi token"),
    ("PMAK-", Hex(24), "a Postman key"),
    ("lin_api_", Word(40), "a Linear key"),
    ("pscale_tkn_", Word(32), "a PlanetScale token"),
    ("sntrys_", Word(40), "a Sentry token"),
    ("AGE-SECRET-KEY-1", Capital(50), "an age key"),
    ("EAAA", Word(60), "a Square token"),
];

/// How private keys begin in base64.
const PRIVATE_KEY: &str = "LS0tLS1CRUdJTi";

/// No known token is shorter.
const SHORTEST: usize = 16;

impl Rest {
    fn fits(self, rest: &str) -> bool {
        let count = |of: fn(char) -> bool| rest.chars().take_while(|c| of(*c)).count();
        match self {
            Self::Word(least) => rest.len() >= least && rest.bytes().any(|byte| byte.is_ascii_alphanumeric()),
            Self::Capital(least) => count(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) >= least,
            Self::Hex(least) => {
                let hex = |c: char| c.is_ascii_hexdigit() || c == '-';
                rest.chars().all(hex) && rest.chars().filter(char::is_ascii_hexdigit).count() >= least
            }
        }
    }
}

/// Names the kind of secret that a text is by its form alone: `a private key`.
pub fn secret_form(text: &str) -> Option<&'static str> {
    let in_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let tokens = || text.split(|c: char| !(c.is_ascii() && in_token(c as u8)));
    // Most texts are short words, of which nothing has to be asked.
    let longest = text.as_bytes().split(|byte| !in_token(*byte)).map(<[u8]>::len).max().unwrap_or_default();
    if longest >= "-----BEGIN".len() && text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    // The same in base64: its beginning, and `PRIVATE KEY` at each of three offsets.
    if longest >= PRIVATE_KEY.len()
        && text.contains(PRIVATE_KEY)
        && ["UFJJVkFURSBLRV", "BSSVZBVEUgS0VZ", "QUklWQVRFIEtFW"].iter().any(|key| text.contains(key))
    {
        return Some("a private key");
    }
    let known = tokens().filter(|token| token.len() >= SHORTEST).find_map(|token| {
        let begins = |start: &str| token.as_bytes().first() == start.as_bytes().first() && token.starts_with(start);
        let form = FORMS.iter().find(|(start, rest, _)| begins(start) && rest.fits(&token[start.len()..]));
        form.map(|(_, _, what)| *what).or_else(|| of_parts(token))
    });
    known.or_else(|| in_address(text))
}

/// Tells tokens by the parts between their dots.
fn of_parts(token: &str) -> Option<&'static str> {
    let parts: Vec<&str> = token.split('.').collect();
    match *parts {
        // Base64 of `{"`, twice.
        [header, claims, signature]
            if header.starts_with("eyJ") && claims.starts_with("eyJ") && header.len() > 16 && signature.len() > 16 =>
        {
            Some("a JWT")
        }
        [_, "atlasv1", rest] if rest.len() >= 60 => Some("a Terraform token"),
        _ => None,
    }
}

/// Finds a password in an address: a URL, a webhook, or a connection string.
fn in_address(text: &str) -> Option<&'static str> {
    if has_password_in_url(text) {
        return Some("a password in a URL");
    }
    let (host, path) = ("hooks.slack.com/services/", 40);
    let webhook = || {
        text.split_once(host).is_some_and(|(_, rest)| {
            rest.starts_with('T') && rest.split(char::is_whitespace).next().is_some_and(|rest| rest.len() > path)
        })
    };
    if text.len() > host.len() + path && webhook() {
        return Some("a Slack webhook");
    }
    has_password_in_connection(text).then_some("a password in a connection string")
}

fn has_password_in_url(text: &str) -> bool {
    if !text.contains('@') {
        return false;
    }
    text.match_indices("://").any(|(at, _)| {
        let rest = text.get(at + 3..).unwrap_or_default();
        let authority = rest.split(|c: char| c.is_whitespace() || "/?#\"'".contains(c)).next().unwrap_or_default();
        let password = authority.rsplit_once('@').and_then(|(user, _)| Some(user.split_once(':')?.1));
        password.is_some_and(|password| !is_no_secret(password))
    })
}

/// Finds a password in `host=db password=hunter2`, `Server=db;Password=hunter2;` or `app:hunter2@tcp(db:3306)/app`.
fn has_password_in_connection(text: &str) -> bool {
    if text.contains('@')
        && let Some((user, _)) = text.split_once("@tcp(")
    {
        let password = user.rsplit(char::is_whitespace).next().and_then(|user| user.split_once(':'));
        return password.is_some_and(|(_, password)| !is_no_secret(password));
    }
    if !text.contains('=') {
        return false;
    }
    text.lines().any(|line| {
        let separator = if line.contains(';') { ';' } else { ' ' };
        let pairs = line.split(separator).filter_map(|pair| pair.split_once('='));
        let (mut address, mut password) = (false, false);
        for (key, value) in pairs {
            match key.trim().trim_matches(['"', '\'']).to_ascii_lowercase().as_str() {
                "host" | "hostname" | "server" | "data source" | "address" | "dbname" | "database"
                | "initial catalog" | "accountname" | "endpoint" => address = true,
                "password" | "pwd" | "accountkey" | "sharedaccesskey" => {
                    password |= !is_no_secret(value.trim_matches(['"', '\'']));
                }
                _ => {}
            }
        }
        address && password
    })
}

/// Tells whether a text looks as if drawn by lot: long, of one word, and with no letter much more frequent than others.
pub fn is_random(text: &str) -> bool {
    let text = text.trim();
    let word = |c: char| c.is_ascii_alphanumeric() || "+/=_-".contains(c);
    if text.len() < 20 || !text.chars().all(word) {
        return false;
    }
    let mut counts = [0_u32; 128];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let length = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let share = |count: &u32| f64::from(*count) / length;
    let bits: f64 = counts.iter().filter(|count| **count > 0).map(|count| -share(count) * share(count).log2()).sum();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    // Names are made of words: letters only, in one case, with hyphens between them.
    let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
    let lower = text.bytes().any(|byte| byte.is_ascii_lowercase());
    let mixed = digits > 1 && (upper && lower || digits > 4);
    if hex { text.len() >= 32 && bits > 3.0 && digits > 4 } else { mixed && bits > 3.7 }
}

#[cfg(test)]
mod tests {
    use super::{is_random, secret_form};

    /// Joins two parts, so that no scanner takes this file for one that holds secrets.
    fn made(start: &str, rest: &str, times: usize) -> String {
        format!("{start}{}", rest.repeat(times))
    }

    #[test]
    fn tokens_are_told_by_their_makers_form() {
        for (text, expected) in [
            (made("AKIA", "Q7", 8), Some("an AWS access key")),
            (made("AKIA", "q7", 8), None),
            (made("ghp_", "a1", 18), Some("a GitHub token")),
            (made("glpat-", "a1", 10), Some("a GitLab token")),
            (made("xoxb-", "12", 12), Some("a Slack token")),
            (made("sk_live_", "a1", 12), Some("a Stripe key")),
            (made("SK", "0f", 16), Some("a Twilio key")),
            (made("SK", "zz", 16), None),
            (made("sdk-", "0f0f0f0f-", 4), Some("a LaunchDarkly key")),
            (made("sdk-", "for-the-api-", 4), None),
            (format!("{}.{}.{}", made("eyJ", "hb", 9), made("eyJ", "zd", 9), "s1".repeat(20)), Some("a JWT")),
            (format!("eyJhbGciOi.{}", "x".repeat(40)), None),
            (made("abcdefghijklmn.atlasv1.", "a1", 32), Some("a Terraform token")),
            (format!("token: {} # old", made("hvs.", "CA", 12)), Some("a Vault token")),
            (format!("{} {}", "LS0tLS1CRUdJTi", "BSSVZBVEUgS0VZ"), Some("a private key")),
        ] {
            assert_eq!(secret_form(&text), expected, "{text}");
        }
    }

    #[test]
    fn passwords_in_addresses_are_told() {
        for (text, expected) in [
            ("postgres://app:hunter2@db/app", Some("a password in a URL")),
            ("postgres://app:$(PASSWORD)@db/app", None),
            ("host=db user=app password=hunter2 dbname=app", Some("a password in a connection string")),
            ("host=db user=app password=$PASSWORD dbname=app", None),
            ("host=db user=app password='$(PASSWORD)' dbname=app", None),
            ("Server=db,1433;Database=app;User Id=sa;Password=hunter2;", Some("a password in a connection string")),
            ("Server=db;Database=app;Integrated Security=true;", None),
            ("app:hunter2@tcp(db:3306)/app", Some("a password in a connection string")),
            ("app:${PASSWORD}@tcp(db:3306)/app", None),
            ("password=hunter2", None),
        ] {
            assert_eq!(secret_form(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_drawn_by_lot_is_told_from_names() {
        for text in ["Zm9vYmFyYmF6cXV4MTIzNDU2", "9f86d081884c7d659a2feaa0c55ad015", "x7Kq-29fLw_Pz81mNvRt5"] {
            assert!(is_random(text), "{text}");
        }
        for text in [
            "shop-web-config-production",
            "short1A",
            "registry.example.com/team/web:1.2.3",
            "00000000000000000000000000000000",
            "kubernetes-default-service-account",
            "2026-03-01T00-00-00Z-2026",
        ] {
            assert!(!is_random(text), "{text}");
        }
    }
}
