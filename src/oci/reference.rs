//! References to what lies in registries: `oci://registry.example.com/charts/shop:1.0.0@sha256:…`.

use super::error::OciError;
use crate::chart;
use std::fmt;

/// A repository in a registry, with what is meant of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The registry, with its port: `registry.example.com:5000`.
    pub host: String,
    /// The repository: `charts/shop`.
    pub repository: String,
    /// The tag.
    pub tag: Option<String>,
    /// The digest, which counts more than the tag.
    pub digest: Option<String>,
}

impl Reference {
    /// Reads a reference; `oci://` may be left out.
    pub fn parse(text: &str) -> Result<Self, OciError> {
        let wrong = |reason: &str| OciError::Reference { text: text.to_owned(), reason: reason.to_owned() };
        // A path that was tidied up has lost a slash.
        let rest = text.strip_prefix("oci://").or_else(|| text.strip_prefix("oci:/")).unwrap_or(text);
        if rest.contains("://") {
            return Err(wrong("it begins with another scheme"));
        }
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (rest, None),
        };
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return Err(wrong("its digest is not `sha256:` and 64 hexadecimal digits"));
        }
        let (host, path) = rest.split_once('/').ok_or_else(|| wrong("it names no repository"))?;
        let (path, tag) = match path.rsplit_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (path, None),
        };
        let tag = tag.map(tag_of);
        if tag.as_deref().is_some_and(|tag| !is_tag(tag)) {
            return Err(wrong("its tag has other characters than letters, digits, `_`, `.`, `-`, or too many"));
        }
        if chart::host(host).is_none() {
            return Err(wrong("its registry is no host"));
        }
        if !chart::is_repository(path) {
            return Err(wrong(
                "a repository's name has lower-case letters, digits, `.`, `_`, `-`, and `/` between its parts",
            ));
        }
        Ok(Self { host: host.to_owned(), repository: path.to_owned(), tag, digest: digest.map(str::to_owned) })
    }

    /// Gives what a manifest is asked for by: the digest, else the tag.
    pub fn name(&self) -> Option<&str> {
        self.digest.as_deref().or(self.tag.as_deref())
    }

    /// Gives the repository by its whole name: `registry.example.com:5000/charts/shop`.
    pub fn place(&self) -> String {
        format!("{}/{}", self.host, self.repository)
    }

    /// Gives the same repository with another tag and no digest.
    #[must_use]
    pub fn with_tag(&self, tag: &str) -> Self {
        Self { tag: Some(tag.to_owned()), digest: None, ..self.clone() }
    }

    /// Gives the same repository with a digest and no tag.
    #[must_use]
    pub fn with_digest(&self, digest: &str) -> Self {
        Self { tag: None, digest: Some(digest.to_owned()), ..self.clone() }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}", self.place())?;
        self.tag.as_ref().map_or(Ok(()), |tag| write!(f, ":{tag}"))?;
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

/// Tells whether a text is a digest by SHA-256.
pub(super) fn is_digest(text: &str) -> bool {
    let hex = |hex: &str| hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    text.strip_prefix("sha256:").is_some_and(hex)
}

fn is_tag(text: &str) -> bool {
    let mut characters = text.chars();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128 && characters.next().is_some_and(word) && characters.all(|c| word(c) || c == '.' || c == '-')
}

/// Gives the tag of a version: a tag has no `+`, so it is `_` there.
pub fn tag_of(version: &str) -> String {
    version.replace('+', "_")
}

/// Gives the version of a tag.
pub fn version_of(tag: &str) -> String {
    tag.replace('_', "+")
}

#[cfg(test)]
mod tests {
    use super::Reference;

    #[test]
    fn references_are_read_and_written() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (text, written) in [
            ("oci://r.example.com/charts/shop:1.0.0", "oci://r.example.com/charts/shop:1.0.0"),
            ("localhost:5000/shop", "oci://localhost:5000/shop"),
            ("oci:/localhost:5000/shop:1.0.0+b.1", "oci://localhost:5000/shop:1.0.0_b.1"),
            (&format!("oci://r/a/b@{digest}"), &format!("oci://r/a/b@{digest}")),
            (&format!("oci://[::1]:5000/a:1@{digest}"), &format!("oci://[::1]:5000/a:1@{digest}")),
        ] {
            assert_eq!(Reference::parse(text).expect(text).to_string(), written);
        }
        for bad in [
            "shop",
            "oci://",
            "oci:///shop",
            "oci://r/",
            "oci://r/Shop",
            "oci://r/a//b",
            "oci://r/a:",
            "oci://r/a:b c",
            "oci://r/a@sha256:12",
            "https://r/a",
            "oci://r/../a",
            "oci://u:p@r/a",
            "oci://r/a?b",
            "oci://r:/a",
            "oci://r:0443/a",
            "oci://127.1/a",
            "oci://r../a",
        ] {
            assert!(Reference::parse(bad).is_err(), "{bad}");
        }
    }
}
