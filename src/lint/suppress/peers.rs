//! Allowances in the forms of other tools: they allow the rules that refer to the tools' checks.

use super::Told;
use crate::lint::Rule;
use crate::lint::catalogue;

/// Reads an annotation of another tool; gives nothing where it is none.
pub(super) fn annotation(key: &str, value: &str, own: &[Rule]) -> Vec<Told> {
    let value = value.trim();
    let told = |tool, check: Check<'_>, reason: &str| {
        let rules = standing_for(tool, check, own);
        (!rules.is_empty()).then(|| Told { rules, reason: reason.to_owned(), until: None, foreign: true })
    };
    if key == "kube-linter.io/ignore-all" {
        return told("kube-linter", Check::All, value).into_iter().collect();
    }
    if let Some(check) = key.strip_prefix("ignore-check.kube-linter.io/") {
        return told("kube-linter", Check::One(check), value).into_iter().collect();
    }
    if key == "kube-score/ignore" {
        let checks = value.split(',').map(|id| if id.trim() == "*" { Check::All } else { Check::One(id.trim()) });
        return checks.filter_map(|check| told("kube-score", check, "")).collect();
    }
    // Any number behind: `checkov.io/skip1: CKV_K8S_20=reason`.
    if key.strip_prefix("checkov.io/skip").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit())) {
        let (check, reason) = value.split_once('=').unwrap_or((value, ""));
        return told("checkov", Check::One(check.trim()), reason.trim()).into_iter().collect();
    }
    if let Some(check) = key.strip_prefix("polaris.fairwinds.com/").filter(|_| value.eq_ignore_ascii_case("true")) {
        let check = if check == "exempt" { Some(Check::All) } else { check.strip_suffix("-exempt").map(Check::One) };
        return check.and_then(|check| told("polaris", check, "")).into_iter().collect();
    }
    Vec::new()
}

/// Reads what stands behind `trivy:ignore:`: an id or `*`, and `:exp:` with the last day. More such marks may follow.
pub(super) fn trivy(text: &str) -> Vec<Told> {
    let one = |text: &str| {
        let word = text.split_whitespace().next().unwrap_or_default();
        let mut parts = word.split(':');
        let check = parts.next().unwrap_or_default();
        let until = parts.next().filter(|part| *part == "exp").and_then(|_| parts.next()).map(str::to_owned);
        let check = if check == "*" { Check::All } else { Check::One(check) };
        let rules = standing_for("trivy", check, &[]);
        (!rules.is_empty()).then(|| Told { rules, reason: String::new(), until, foreign: true })
    };
    text.split("trivy:ignore:").filter_map(one).collect()
}

/// What of a tool is not to be told.
#[derive(Clone, Copy)]
enum Check<'a> {
    All,
    One(&'a str),
}

/// Finds the rules that refer to a check of a tool.
fn standing_for(tool: &str, check: Check<'_>, own: &[Rule]) -> Vec<String> {
    let fits = |known: &str| match check {
        Check::All => true,
        Check::One(check) if tool == "trivy" => {
            trivy_number(known).is_some_and(|known| trivy_number(check) == Some(known))
        }
        Check::One(check) => known == check,
    };
    let built_in = catalogue::references().iter().map(|(rule, tool, id)| (*rule, tool.as_str(), id.as_str()));
    let own = own
        .iter()
        .flat_map(|rule| rule.references.iter().map(|(tool, id)| (rule.id.as_str(), tool.as_str(), id.as_str())));
    let found = built_in.chain(own).filter(|(_, of, id)| *of == tool && fits(id));
    let mut rules: Vec<String> = found.map(|(rule, ..)| rule.to_owned()).collect();
    rules.dedup();
    rules
}

/// Reads an id of Trivy's checks of Kubernetes, which are written in several ways: `KSV013`, `KSV-0013`, `AVD-KSV-0013`.
fn trivy_number(id: &str) -> Option<(String, u32)> {
    let id = id.to_ascii_uppercase();
    let id = id.strip_prefix("AVD-").unwrap_or(&id);
    let digits = id.find(|c: char| c.is_ascii_digit())?;
    let (family, number) = id.split_at(digits);
    Some((family.trim_end_matches('-').to_owned(), number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_check_may_be_several_rules() {
        let all = annotation("kube-linter.io/ignore-all", "why", &[]);
        assert!(all[0].rules.len() > 50 && all[0].rules.contains(&"latest-tag".to_owned()), "{all:?}");
        let one = annotation("ignore-check.kube-linter.io/env-value-from", "why", &[]);
        assert!(one[0].rules.len() > 2 && one[0].reason == "why", "{one:?}");
        assert_eq!(annotation("checkov.io/skipped", "CKV_K8S_14", &[]), []);
        assert_eq!(annotation("polaris.fairwinds.com/exempt", "no", &[]), []);
    }

    #[test]
    fn trivys_ids_are_written_in_several_ways() {
        for id in ["KSV013", "KSV-0013", "AVD-KSV-0013", "avd-ksv-0013"] {
            assert_eq!(trivy_number(id), Some(("KSV".to_owned(), 13)), "{id}");
        }
        assert_eq!(trivy_number("nothing"), None);
    }
}
