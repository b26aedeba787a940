//! Credentials as Docker, Helm and podman keep them: files of JSON, and programs that keep secrets.

use super::error::OciError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

/// What a registry is told about who asks.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// Nothing.
    Anonymous,
    /// A name and a password.
    Password {
        /// The name.
        name: String,
        /// The password, or a token that stands for one.
        password: String,
    },
    /// A token by which short-lived ones are asked for.
    Identity(String),
}

/// Secrets are not shown.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Password { .. } => "Password",
            Self::Identity(_) => "Identity",
        })
    }
}

/// What a file says about a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// The credentials themselves.
    Here(Login),
    /// The program `docker-credential-NAME` keeps them.
    Helper(String),
}

/// A file of credentials: Docker's `config.json`, and those of Helm and podman, which have its form.
#[derive(Clone, Debug, Default)]
pub struct Store {
    json: Map<String, Json>,
}

impl Store {
    /// Reads a file; an empty one holds nothing.
    pub fn parse(name: &str, text: &str) -> Result<Self, OciError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        if let Ok(Json::Object(json)) = serde_json::from_str(text) {
            return Ok(Self { json });
        }
        let reason = "it is no map in JSON".to_owned();
        Err(OciError::Unreadable { what: format!("the file of credentials `{name}`"), reason })
    }

    /// Finds what it says about a repository: a program for the registry alone, then credentials, the nearest path first,
    /// then the program that keeps all of them.
    pub fn find(&self, host: &str, repository: &str) -> Option<Stored> {
        if let Some(program) = self.json.get("credHelpers").and_then(|programs| programs[host].as_str()) {
            return Some(Stored::Helper(program.to_owned()));
        }
        let whole = format!("{host}/{repository}");
        let paths = whole.match_indices('/').map(|(at, _)| &whole[..at]).chain([whole.as_str()]);
        let paths: Vec<&str> = paths.collect();
        let auths = self.json.get("auths").and_then(Json::as_object);
        for path in paths.into_iter().rev() {
            let entry =
                auths.and_then(|auths| auths.iter().find(|(key, _)| plain(key) == path)).map(|(_, entry)| entry);
            // An empty entry only tells that the program below knows more.
            if let Some(login) = entry.and_then(login) {
                return Some(Stored::Here(login));
            }
        }
        self.json
            .get("credsStore")?
            .as_str()
            .filter(|name| !name.is_empty())
            .map(|name| Stored::Helper(name.to_owned()))
    }

    /// Gives the program that is to keep the credentials of a registry.
    pub fn helper(&self, host: &str) -> Option<String> {
        let own = self.json.get("credHelpers").and_then(|programs| programs[host].as_str());
        let all = || self.json.get("credsStore")?.as_str();
        own.or_else(all).filter(|name| !name.is_empty()).map(str::to_owned)
    }

    /// Puts credentials in; of those that a program keeps, only the registry's name.
    pub fn put(&mut self, host: &str, kept: Option<(&str, &str)>) {
        let entry = match kept {
            Some((name, password)) => json!({ "auth": STANDARD.encode(format!("{name}:{password}")) }),
            None => json!({}),
        };
        self.forget(host);
        let auths = self.json.entry("auths").or_insert_with(|| json!({}));
        if let Json::Object(auths) = auths {
            auths.insert(host.to_owned(), entry);
        }
    }

    /// Takes the credentials of a registry out; tells whether there were any.
    pub fn forget(&mut self, host: &str) -> bool {
        let Some(Json::Object(auths)) = self.json.get_mut("auths") else { return false };
        let before = auths.len();
        auths.retain(|key, _| plain(key) != host);
        auths.len() != before
    }

    /// Writes the file; what it held beside credentials stays.
    pub fn write(&self) -> String {
        serde_json::to_string_pretty(&self.json).unwrap_or_default() + "\n"
    }
}

/// Reads what a program like `docker-credential-pass` gives.
pub fn from_helper(output: &[u8]) -> Option<Login> {
    let json: Json = serde_json::from_slice(output).ok()?;
    let (name, secret) = (json["Username"].as_str()?, json["Secret"].as_str()?);
    Some(match name {
        "<token>" => Login::Identity(secret.to_owned()),
        name => Login::Password { name: name.to_owned(), password: secret.to_owned() },
    })
}

fn login(entry: &Json) -> Option<Login> {
    let text = |key: &str| entry[key].as_str().filter(|text| !text.is_empty());
    if let Some(token) = text("identitytoken") {
        return Some(Login::Identity(token.to_owned()));
    }
    if let Some(auth) = text("auth") {
        let decoded = String::from_utf8(STANDARD.decode(auth.trim()).ok()?).ok()?;
        let (name, password) = decoded.trim_end_matches('\0').split_once(':')?;
        return Some(Login::Password { name: name.to_owned(), password: password.to_owned() });
    }
    let (name, password) = (text("username")?, text("password")?);
    Some(Login::Password { name: name.to_owned(), password: password.to_owned() })
}

/// Takes off what old entries have around a registry's name: `https://index.docker.io/v1/`.
fn plain(key: &str) -> &str {
    let key = key.split_once("://").map_or(key, |(_, rest)| rest);
    let key = key.trim_end_matches('/');
    let key = key.strip_suffix("/v1").or_else(|| key.strip_suffix("/v2")).unwrap_or(key);
    if key == "index.docker.io" { "docker.io" } else { key }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_credentials_count() {
        let text = r#"{ "auths": {
            "https://r.example.com/v2/": { "auth": "YTpi" }, "r.example.com/team": { "username": "c", "password": "d" },
            "t.example.com": { "identitytoken": "long" }, "h.example.com": {}, "https://index.docker.io/v1/": { "auth": "eDp5OnoA" } },
            "credHelpers": { "own.example.com": "gcloud" }, "credsStore": "pass", "HttpHeaders": {} }"#;
        let store = Store::parse("config.json", text).expect("is JSON");
        let password = |name: &str, password: &str| {
            Some(Stored::Here(Login::Password { name: name.to_owned(), password: password.to_owned() }))
        };
        assert_eq!(store.find("r.example.com", "shop"), password("a", "b"));
        assert_eq!(store.find("r.example.com", "team/shop"), password("c", "d"));
        assert_eq!(store.find("docker.io", "me/shop"), password("x", "y:z"));
        assert_eq!(store.find("t.example.com", "shop"), Some(Stored::Here(Login::Identity("long".to_owned()))));
        assert_eq!(store.find("h.example.com", "shop"), Some(Stored::Helper("pass".to_owned())));
        assert_eq!(store.find("own.example.com", "shop"), Some(Stored::Helper("gcloud".to_owned())));
        assert_eq!(
            Store::parse("a", "[]").map(|_| ()).map_err(|error| error.to_string()),
            Err("the file of credentials `a` cannot be read: it is no map in JSON".to_owned())
        );
        let mut store = store;
        store.put("r.example.com", Some(("n", "p")));
        assert_eq!(store.find("r.example.com", "shop"), password("n", "p"));
        assert!(store.forget("r.example.com") && !store.forget("r.example.com"));
        assert!(store.write().contains("HttpHeaders"), "what is not ours stays");
        assert!(!format!("{:?}", password("n", "hunter2")).contains("hunter2"));
    }
}
