//! Another version for a chart, written into the text of its Chart.yaml.

use crate::source::SourceMap;
use crate::yaml::emit::{self, Data, Place};
use crate::yaml::parse;

/// Gives Chart.yaml with other versions; everything else, comments included, stays as a person wrote it.
///
/// A text that holds no map stays as it is: what is wrong with it is found elsewhere.
pub fn with_versions(text: &str, version: Option<&str>, app_version: Option<&str>) -> String {
    let versions = [("version", version), ("appVersion", app_version)];
    let given = versions.into_iter().filter_map(|(key, value)| Some((key, value?)));
    given.fold(text.to_owned(), |text, (key, value)| set(&text, key, value))
}

fn set(text: &str, key: &str, value: &str) -> String {
    let source = SourceMap::new().add("Chart.yaml", text);
    let parsed = parse(&source);
    let Some(document) = parsed.documents.first() else { return text.to_owned() };
    let Data::Map(entries) = Data::from_node(document.root()) else { return text.to_owned() };
    let written = emit::string(value, Place::Flow);
    let edited = match document.root().get(key) {
        Some(node) if matches!(Data::from_node(node), Data::Seq(_) | Data::Map(_)) => return text.to_owned(),
        Some(node) if node.span().range().is_empty() => None,
        Some(node) => {
            let range = node.span().range();
            Some(format!("{}{written}{}", &text[..range.start], &text[range.end..]))
        }
        None => {
            let end = if text.ends_with('\n') { "" } else { "\n" };
            Some(format!("{text}{end}{key}: {written}\n"))
        }
    };
    let mut wanted = entries;
    match wanted.iter_mut().find(|(known, _)| known == key) {
        Some((_, known)) => *known = Data::String(value.to_owned()),
        None => wanted.push((key.to_owned(), Data::String(value.to_owned()))),
    }
    let wanted = Data::Map(wanted);
    let reads_as_wanted = |text: &String| {
        let parsed = parse(&SourceMap::new().add("Chart.yaml", text.as_str()));
        parsed.diagnostics.is_empty()
            && parsed.documents.first().is_some_and(|document| Data::from_node(document.root()) == wanted)
    };
    // Written in braces, with anchors, or otherwise unlike other charts: written anew.
    edited.filter(reads_as_wanted).unwrap_or_else(|| emit::block(&wanted, 0))
}

#[cfg(test)]
mod tests {
    use super::with_versions;

    #[test]
    fn versions_are_written_where_they_stand() {
        let text = "# the shop\napiVersion: v2\nversion: '1.0.0' # bump me\nname: shop";
        let expected = "# the shop\napiVersion: v2\nversion: 1.1.0 # bump me\nname: shop\nappVersion: \"2.0\"\n";
        assert_eq!(with_versions(text, Some("1.1.0"), Some("2.0")), expected);
        assert_eq!(
            with_versions("{version: 1.0.0, name: a}", None, Some("3")),
            "version: 1.0.0\nname: a\nappVersion: \"3\"\n"
        );
        assert_eq!(
            with_versions("version: 1.0.0\nappVersion:\n", None, Some("3.1.2")),
            "version: 1.0.0\nappVersion: 3.1.2\n"
        );
        assert_eq!(with_versions("- a\n", Some("1.0.0"), None), "- a\n");
    }
}
