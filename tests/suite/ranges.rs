//! Ranges of versions against what Helm makes of them: tests/ranges/expected.txt, made by the program beside it.

use plimsoll::chart::{Version, VersionRange};

#[test]
fn ranges_hold_the_versions_that_helm_says() {
    let lines: Vec<(String, &str)> = include_str!("../ranges/expected.txt")
        .lines()
        .map(|line| {
            let (quoted, rest) = line.rsplit_once("\" ").expect("a text and its reading");
            (serde_json::from_str(&format!("{quoted}\"")).expect("a quoted text"), rest)
        })
        .collect();
    let is_order = |rest: &str| rest.len() > 1 && rest.chars().all(|c| "<=>".contains(c));
    let ordered: Vec<&str> = lines.iter().filter(|(_, rest)| is_order(rest)).map(|(text, _)| text.as_str()).collect();
    assert!(ordered.len() > 25, "the versions stand in the file: {ordered:?}");
    let versions: Vec<Version> = ordered.iter().map(|text| Version::parse(text).expect(text)).collect();
    let mut differ = Vec::new();
    for (text, wanted) in &lines {
        let got = if *wanted == "no version" {
            Version::parse(text).map_or("no version".to_owned(), |version| version.to_string())
        } else if is_order(wanted) {
            let one = Version::parse(text).expect(text);
            let sign = |order: std::cmp::Ordering| match order {
                std::cmp::Ordering::Less => '<',
                std::cmp::Ordering::Equal => '=',
                std::cmp::Ordering::Greater => '>',
            };
            versions.iter().map(|other| sign(one.precedence(other))).collect()
        } else {
            match VersionRange::parse(text) {
                None => "ERR".to_owned(),
                Some(range) => {
                    let fits: Vec<&str> = ordered
                        .iter()
                        .zip(&versions)
                        .filter(|(_, version)| range.contains(version))
                        .map(|(text, _)| *text)
                        .collect();
                    fits.join(" ")
                }
            }
        };
        if got != *wanted {
            differ.push(format!("{text}: Helm says {wanted}, Plimsoll {got}"));
        }
    }
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), lines.len(), differ.join("\n"));
}
