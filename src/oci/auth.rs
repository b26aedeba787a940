//! How a registry asks who is there, and what it is told.

use super::credentials::Login;
use super::error::OciError;
use super::http::{Http, host_of, is_loopback};
use reqwest::{Method, StatusCode};
use serde_json::Value as Json;

/// What goes with each request.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Pass {
    /// Nothing.
    None,
    /// Name and password.
    Basic(String, String),
    /// A short-lived token.
    Bearer(String),
}

/// A registry's demand: `Bearer realm="https://auth.example.com/token",service="r"`.
#[derive(Debug, PartialEq, Eq)]
enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String> },
}

/// Asks a registry what it demands for a repository, and gets what it takes.
pub(super) async fn pass(
    http: &Http,
    origin: &str,
    repository: &str,
    push: bool,
    login: &Login,
) -> Result<Pass, OciError> {
    let host = host_of(origin);
    let reply = http.send(http.request(Method::GET, &format!("{origin}/v2/")), 1 << 20).await?;
    let unauthorized = || OciError::Unauthorized { host: host.to_owned(), known: *login != Login::Anonymous };
    match reply.status {
        StatusCode::UNAUTHORIZED => {}
        // A registry without this page may still serve its repositories.
        status if status.is_success() || status == StatusCode::NOT_FOUND => return Ok(Pass::None),
        _ => return Err(reply.refusal(host)),
    }
    let demands = reply.headers.get_all("www-authenticate").iter().filter_map(|value| value.to_str().ok());
    let challenges: Vec<Challenge> = demands.filter_map(challenge).collect();
    let bearer = challenges.iter().find(|challenge| matches!(challenge, Challenge::Bearer { .. }));
    match (bearer.or(challenges.first()), login) {
        (Some(Challenge::Bearer { realm, service }), login) => {
            // The realm gets the password: it must be as secret as the registry itself.
            let secret = realm.starts_with("https://");
            let open = realm.starts_with("http://") && is_open(http, realm, origin);
            if !(secret || open) {
                let reason = format!("it wants the password sent to `{realm}`");
                return Err(OciError::Untrusted { what: host.to_owned(), reason });
            }
            token(http, realm, service.as_deref(), repository, push, login)
                .await?
                .map(Pass::Bearer)
                .ok_or_else(unauthorized)
        }
        (Some(Challenge::Basic), Login::Password { name, password }) => Ok(Pass::Basic(name.clone(), password.clone())),
        _ => Err(unauthorized()),
    }
}

/// Tells whether plain HTTP is fine for a realm: where the registry itself is spoken to so.
fn is_open(http: &Http, realm: &str, origin: &str) -> bool {
    origin.starts_with("http://") && (is_loopback(host_of(realm)) || http.options.plain_http)
}

async fn token(
    http: &Http,
    realm: &str,
    service: Option<&str>,
    repository: &str,
    push: bool,
    login: &Login,
) -> Result<Option<String>, OciError> {
    let actions = if push { "pull,push" } else { "pull" };
    let scope = format!("repository:{repository}:{actions}");
    let mut query: Vec<(&str, &str)> = service.map(|service| ("service", service)).into_iter().collect();
    if !repository.is_empty() {
        query.push(("scope", &scope));
    }
    let request = match login {
        Login::Identity(token) => {
            query.extend([("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "plimsoll")]);
            let body = encode(&query);
            let request = http.request(Method::POST, realm).body(body);
            request.header("content-type", "application/x-www-form-urlencoded")
        }
        login => {
            let separator = if realm.contains('?') { '&' } else { '?' };
            let request = http.request(Method::GET, &format!("{realm}{separator}{}", encode(&query)));
            match login {
                Login::Password { name, password } => request.basic_auth(name, Some(password)),
                _ => request,
            }
        }
    };
    let reply = http.send(request, 1 << 20).await?;
    match reply.status {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST => return Ok(None),
        _ => return Err(reply.refusal(host_of(realm))),
    }
    let json: Json = serde_json::from_slice(&reply.body).unwrap_or_default();
    let token =
        ["token", "access_token"].into_iter().find_map(|key| json[key].as_str()).filter(|token| !token.is_empty());
    if token.is_none() {
        let what = format!("the answer of {}", host_of(realm));
        return Err(OciError::Unreadable { what, reason: "it holds no token".to_owned() });
    }
    Ok(token.map(str::to_owned))
}

/// Writes a query as URLs have it.
fn encode(query: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        let mut escaped = String::new();
        for byte in text.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(byte as char),
                byte => escaped += &format!("%{byte:02X}"),
            }
        }
        escaped
    };
    query.iter().map(|(key, value)| format!("{key}={}", escape(value))).collect::<Vec<_>>().join("&")
}

fn challenge(header: &str) -> Option<Challenge> {
    let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let (mut realm, mut service) = (None, None);
    let mut rest = rest.trim();
    while let Some((key, after)) = rest.split_once('=') {
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').map_or((after, ""), |(value, next)| (value, next)),
        };
        match key.trim().to_ascii_lowercase().as_str() {
            "realm" => realm = Some(value.to_owned()),
            "service" => service = Some(value.to_owned()),
            _ => {}
        }
        rest = next.trim_start_matches([',', ' ']);
    }
    Some(Challenge::Bearer { realm: realm?, service })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) })
        };
        assert_eq!(challenge("Basic realm=\"r\""), Some(Challenge::Basic));
        assert_eq!(
            challenge("Bearer realm=\"https://a/token\",service=\"r, s\", scope=\"repository:a:pull\""),
            bearer("https://a/token", Some("r, s"))
        );
        assert_eq!(challenge("bearer service=x,realm=https://a"), bearer("https://a", Some("x")));
        assert_eq!(challenge("Bearer realm=\"open"), None);
        assert_eq!(challenge("Negotiate"), None);
        assert_eq!(encode(&[("a", "b c&d/é")]), "a=b%20c%26d%2F%C3%A9");
    }
}
