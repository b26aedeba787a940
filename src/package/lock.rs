//! `Chart.lock`: which versions a chart's dependencies have, with Helm's digest, and with the digests of their archives.
//!
//! Helm reads and writes `dependencies`, `digest` and `generated`. Below them stands `pinned`, which Helm does not look at:
//! the digest of each archive as it was fetched. What changes under a version that was locked is found by it.

use crate::chart::Dependency;
use crate::package::digest;
use crate::source::SourceMap;
use crate::yaml::emit::{self, Data, Place};
use crate::yaml::{Node, parse};

/// A dependency at the version that was chosen for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// The chart's name.
    pub name: String,
    /// Where it comes from, as Chart.yaml has it.
    pub repository: String,
    /// The version.
    pub version: String,
}

/// The digest of an archive that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// What it is the archive of.
    pub of: Locked,
    /// Its digest: `sha256:…`.
    pub digest: String,
}

/// Chart.lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// The dependencies, in the order of Chart.yaml.
    pub dependencies: Vec<Locked>,
    /// Helm's digest over what was asked for and what was chosen.
    pub digest: String,
    /// When it was written.
    pub generated: String,
    /// The digests of archives.
    pub pinned: Vec<Pin>,
}

impl Lock {
    /// Reads a lock file; the error says why it cannot be read.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parsed = parse(&SourceMap::new().add("Chart.lock", text));
        if let Some(problem) = parsed.diagnostics.first() {
            return Err(problem.message.clone());
        }
        let root = parsed.documents.first().map(crate::yaml::Document::root);
        let root = root.ok_or("it is empty")?;
        let text = |node: Node<'_>, key: &str| node.field(key).map(|node| node.text().to_owned()).unwrap_or_default();
        let items = |key: &str| root.field(key).into_iter().flat_map(Node::items);
        let locked = |node: Node<'_>| {
            let locked = Locked {
                name: text(node, "name"),
                repository: text(node, "repository"),
                version: text(node, "version"),
            };
            if locked.name.is_empty() { Err("one of its dependencies has no name") } else { Ok(locked) }
        };
        let pin = |node: Node<'_>| Ok::<_, &str>(Pin { of: locked(node)?, digest: text(node, "digest") });
        Ok(Self {
            dependencies: items("dependencies").map(locked).collect::<Result<_, _>>()?,
            digest: text(root, "digest"),
            generated: text(root, "generated"),
            pinned: items("pinned").map(pin).collect::<Result<_, _>>()?,
        })
    }

    /// Writes the file, Helm's part as Helm writes it.
    pub fn write(&self) -> String {
        let plain = |text: &str| emit::string(text, Place::Block).into_owned();
        let mut text = "dependencies:\n".to_owned();
        let entry = |locked: &Locked| {
            let (name, repository, version) = (plain(&locked.name), plain(&locked.repository), plain(&locked.version));
            format!("- name: {name}\n  repository: {repository}\n  version: {version}\n")
        };
        self.dependencies.iter().for_each(|locked| text += &entry(locked));
        text += &format!("digest: {}\ngenerated: {}\n", plain(&self.digest), emit::double_quoted(&self.generated));
        if !self.pinned.is_empty() {
            text += "pinned:\n";
            for pin in &self.pinned {
                text += &format!("{}  digest: {}\n", entry(&pin.of), plain(&pin.digest));
            }
        }
        text
    }

    /// Tells whether it was made for these dependencies.
    pub fn fits(&self, requested: &[Dependency]) -> bool {
        self.digest == lock_digest(requested, &self.dependencies)
    }

    /// Gives the digest that the archive of a dependency had.
    pub fn pin(&self, locked: &Locked) -> Option<&str> {
        self.pinned.iter().find(|pin| pin.of == *locked).map(|pin| pin.digest.as_str())
    }
}

/// Computes Helm's digest: of both lists as Go writes them in JSON.
pub fn lock_digest(requested: &[Dependency], locked: &[Locked]) -> String {
    let plain =
        |text: &Option<crate::chart::Spanned<String>>| text.as_ref().map(|text| text.value.clone()).unwrap_or_default();
    let requested = requested.iter().map(|dependency| {
        let mut fields = vec![format!("\"name\":{}", go_string(&dependency.name))];
        let mut add = |key: &str, text: &str| {
            if !text.is_empty() || key == "repository" {
                fields.push(format!("\"{key}\":{}", go_string(text)));
            }
        };
        add("version", &plain(&dependency.version));
        add("repository", &plain(&dependency.repository));
        add("condition", &plain(&dependency.condition));
        if !dependency.tags.is_empty() {
            let tags: Vec<String> = dependency.tags.iter().map(|tag| go_string(tag)).collect();
            fields.push(format!("\"tags\":[{}]", tags.join(",")));
        }
        if dependency.enabled {
            fields.push("\"enabled\":true".to_owned());
        }
        if !dependency.import_values.is_empty() {
            let values: Vec<String> = dependency.import_values.iter().map(go_json).collect();
            fields.push(format!("\"import-values\":[{}]", values.join(",")));
        }
        let alias = plain(&dependency.alias);
        if !alias.is_empty() {
            fields.push(format!("\"alias\":{}", go_string(&alias)));
        }
        format!("{{{}}}", fields.join(","))
    });
    let locked = locked.iter().map(|locked| {
        let version = Some(&locked.version).filter(|version| !version.is_empty());
        let version = version.map(|version| format!("\"version\":{},", go_string(version))).unwrap_or_default();
        format!("{{\"name\":{},{version}\"repository\":{}}}", go_string(&locked.name), go_string(&locked.repository))
    });
    let list = |items: Vec<String>| format!("[{}]", items.join(","));
    digest(format!("[{},{}]", list(requested.collect()), list(locked.collect())).as_bytes())
}

/// Writes data as Go does: maps by their keys' order.
fn go_json(data: &Data) -> String {
    match data {
        Data::String(text) => go_string(text),
        Data::Seq(items) => format!("[{}]", items.iter().map(go_json).collect::<Vec<_>>().join(",")),
        Data::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            let entries = entries.into_iter().map(|(key, value)| format!("{}:{}", go_string(key), go_json(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
        other => other.to_json().to_string(),
    }
}

/// Writes a string as Go does in JSON: fit for HTML too.
fn go_string(text: &str) -> String {
    let text = serde_json::Value::from(text).to_string();
    [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")]
        .into_iter()
        .fold(text, |text, (from, to)| text.replace(from, to))
}
