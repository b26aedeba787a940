//! `index.yaml`: which versions of which charts a repository holds.

use crate::chart::{Version, VersionRange};
use crate::source::SourceMap;
use crate::yaml::{Document, Node, parse};

/// The index of a repository of charts.
pub struct Index {
    document: Document,
}

/// A version of a chart in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The version as the repository writes it.
    pub version: String,
    /// Where the archive is: a URL, or a path from the repository's.
    pub url: String,
    /// The digest of the archive, `sha256:…`, where the index tells one.
    pub digest: Option<String>,
}

impl Index {
    /// Reads an index, YAML or JSON; the error says why it cannot be read.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
        let parsed = parse(&SourceMap::new().add("index.yaml", text));
        if let Some(problem) = parsed.diagnostics.first() {
            return Err(problem.message.clone());
        }
        match parsed.documents.into_iter().next() {
            Some(document) if document.root().field("entries").is_some() => Ok(Self { document }),
            _ => Err("it lists no charts under `entries`".to_owned()),
        }
    }

    /// Finds the newest version of a chart in a range; the first error is that there is no such chart.
    pub fn newest(&self, name: &str, range: &VersionRange) -> Option<Listed> {
        let fits = |listed: &Listed| Version::parse(&listed.version).filter(|version| range.contains(version));
        let versions = self.versions(name).filter_map(|listed| Some((fits(&listed)?, listed)));
        // Of equals, the first.
        let newest = versions.reduce(|best, next| if next.0.precedence(&best.0).is_gt() { next } else { best });
        newest.map(|(_, listed)| listed)
    }

    /// Finds one version of a chart.
    pub fn exactly(&self, name: &str, version: &str) -> Option<Listed> {
        self.versions(name).find(|listed| listed.version == version)
    }

    /// Lists the charts' names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.document.root().field("entries").into_iter().flat_map(Node::entries).map(|entry| entry.name())
    }

    fn versions(&self, name: &str) -> impl Iterator<Item = Listed> {
        let chart = self.document.root().field("entries").and_then(|entries| entries.field(name));
        chart.into_iter().flat_map(Node::items).filter_map(|node| {
            let digest = node.field("digest").map(|digest| digest.text().trim_start_matches("sha256:").to_lowercase());
            Some(Listed {
                version: node.field("version")?.text().to_owned(),
                // Without a place to fetch it from, it is no entry.
                url: node.field("urls")?.items().next()?.text().to_owned(),
                digest: digest.filter(|digest| !digest.is_empty()).map(|digest| format!("sha256:{digest}")),
            })
        })
    }
}

/// Gives the URL of an archive: what is written in the index, from the repository's URL.
pub fn resolve(repository: &str, written: &str) -> String {
    if written.contains("://") {
        return written.to_owned();
    }
    let (scheme, rest) = repository.split_once("://").unwrap_or(("https", repository));
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    match written.strip_prefix('/') {
        Some(path) => format!("{scheme}://{}/{path}", rest.split('/').next().unwrap_or_default()),
        None => format!("{scheme}://{}/{written}", rest.trim_end_matches('/')),
    }
}
