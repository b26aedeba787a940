//! Writes the figures, and the disagreements.

use super::case::Case;
use super::figures::{Figures, by_class};
use super::judge::Outcome;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// What one seed gave.
pub(super) struct Seed {
    pub(super) number: u64,
    pub(super) mutants: usize,
    pub(super) cases: Vec<Case>,
}

/// Below this share of its rejections, a kind × class of mutations is named.
const LOW: f64 = 0.9;

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.2}%", (share * 10_000.0).floor() / 100.0))
}

/// Gives a line of figures for each seed, and one for all together.
pub(super) fn summary(seeds: &[Seed]) -> String {
    let of_seed = |seed: &Seed| line(&seed.number.to_string(), seed.mutants, &seed.cases.iter().collect::<Vec<_>>());
    let mut text: String = seeds.iter().map(of_seed).collect();
    if seeds.len() > 1 {
        let all: Vec<&Case> = seeds.iter().flat_map(|seed| &seed.cases).collect();
        text += &line("together", seeds.iter().map(|seed| seed.mutants).sum(), &all);
    }
    text
}

fn line(name: &str, mutants: usize, cases: &[&Case]) -> String {
    let whole = Figures::of(cases.iter().copied());
    let classes = by_class(cases.iter().copied());
    let recalls: Vec<_> = classes.iter().filter_map(|(name, of)| Some((of.recall()?, name, of))).collect();
    #[expect(clippy::cast_precision_loss, reason = "these are small numbers")]
    let average = recalls.iter().map(|(recall, ..)| recall).sum::<f64>() / recalls.len() as f64;
    let worst = recalls.iter().min_by(|a, b| a.0.total_cmp(&b.0));
    let worst = worst.map_or_else(String::new, |(recall, (kind, class), of)| {
        format!("{kind} × {class}: {} of {}", percent(Some(*recall)), of.rejected)
    });
    format!(
        "| {name} | {mutants} | {} | {} | {} | {} | {} | {worst} | {} |\n",
        whole.verdicts,
        whole.rejected,
        whole.wrong,
        percent(whole.recall()),
        percent(Some(average)),
        percent(whole.same_field()),
    )
}

pub(super) const SUMMARY_HEAD: &str = "\
| seed | mutants | verdicts | rejected by the server | false rejections | of it rejected by us | average over kind × class | \
worst kind × class | same field |
|---|---|---|---|---|---|---|---|---|
";

/// Gives the section of `PARITY.md` about one release.
fn section(version: &str, seeds: &[Seed]) -> String {
    let mut text = format!("## Kubernetes {version}\n\n{SUMMARY_HEAD}");
    text += &summary(seeds);
    let cases = || seeds.iter().flat_map(|seed| &seed.cases);
    text += "\n### By kind\n\n| kind | verdicts | rejected | false | of it by us | same field | not predicted | \
        warnings differ |\n|---|---|---|---|---|---|---|---|\n";
    let kinds: BTreeSet<&str> = cases().map(|case| case.kind.as_str()).collect();
    let row = |name: &str, of: Figures| {
        format!(
            "| {name} | {} | {} | {} | {} | {} | {} | {} |\n",
            of.verdicts,
            of.rejected,
            of.wrong,
            percent(of.recall()),
            percent(of.same_field()),
            of.not_predicted,
            of.other_warnings,
        )
    };
    for kind in kinds {
        text += &row(kind, Figures::of(cases().filter(|case| case.kind == kind)));
    }
    text += "\n### By class of mutation\n\n| class | verdicts | rejected | false | of it by us | same field | \
        not predicted | warnings differ |\n|---|---|---|---|---|---|---|---|\n";
    let classes: BTreeSet<&str> = cases().map(|case| case.class).collect();
    for class in classes {
        text += &row(class, Figures::of(cases().filter(|case| case.class == class)));
    }
    let classes = by_class(cases());
    let low: Vec<_> = classes.iter().filter(|(_, of)| of.recall().is_some_and(|recall| recall < LOW)).collect();
    if !low.is_empty() {
        text += "\n### Kind × class under 90%\n\n| kind × class | rejected | of it by us |\n|---|---|---|\n";
    }
    for ((kind, class), of) in low {
        _ = writeln!(text, "| {kind} × {class} | {} | {} |", of.rejected, percent(of.recall()));
    }
    let lax = Figures::of(cases()).create_only;
    _ = writeln!(
        text,
        "\nIn {lax} verdicts server-side apply accepts what `create` rejects (numbers that it cuts to 32 bits, for example); we \
         reject such an object, and they count as neither."
    );
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    cases()
        .filter_map(|case| case.not_predicted.as_deref())
        .for_each(|reason| *reasons.entry(reason).or_default() += 1);
    text += "\n### Not predicted\n\n| verdicts | reason |\n|---|---|\n";
    for (reason, count) in reasons {
        _ = writeln!(text, "| {count} | {reason} |");
    }
    text
}

/// Writes the section of a release into `PARITY.md`, and leaves those of other releases.
pub(super) fn write_parity(path: &Path, version: &str, seeds: &[Seed]) {
    let old = fs::read_to_string(path).unwrap_or_default();
    let mut sections: BTreeMap<String, String> = BTreeMap::new();
    for part in old.split("\n## ").skip(1) {
        let name = part.lines().next().unwrap_or_default().to_owned();
        sections.insert(name, format!("## {}\n", part.trim_end()));
    }
    sections.insert(format!("Kubernetes {version}"), section(version, seeds));
    let opening = "# What a real server says, and what Plimsoll says\n\n\
        Written by the parity harness (`tests/suite/real/parity`, `PLIMSOLL_PARITY_WRITE=1`). Valid objects of `tests/real` \
        are changed in one place each and sent to a real kube-apiserver in dry runs with strict field validation, once as \
        `create` and once as server-side apply; each answer is one verdict. A false rejection is ours where the server \
        accepts. The same field: the first field that the server names is among those that we name; where it names none, \
        only the verdict counts. What depends on more than the object is listed, with its reason, and not counted.\n\n";
    let newest_first: Vec<String> = sections.into_values().rev().collect();
    fs::write(path, format!("{opening}{}", newest_first.join("\n"))).expect("can be written");
}

/// Groups the disagreements of a kind by their signatures, the most frequent first.
fn grouped<'c>(cases: impl Iterator<Item = &'c Case>) -> Vec<(String, Vec<&'c Case>)> {
    let mut groups: BTreeMap<String, Vec<&Case>> = BTreeMap::new();
    cases.for_each(|case| groups.entry(case.signature()).or_default().push(case));
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, cases)| std::cmp::Reverse(cases.len()));
    groups
}

/// Writes a list for each kind: false rejections, missed ones, other fields, warnings.
pub(super) fn write_lists(folder: &Path, cases: &[Case]) {
    fs::create_dir_all(folder).expect("can be made");
    let kinds: BTreeSet<&str> = cases.iter().map(|case| case.kind.as_str()).collect();
    for kind in kinds {
        let of_kind = || cases.iter().filter(|case| case.kind == kind && case.not_predicted.is_none());
        let of = Figures::of(of_kind());
        let mut text = format!(
            "{kind}: {} verdicts, {} rejected by the server, {} of them by us, {} false rejections, same field {}\n",
            of.verdicts,
            of.rejected,
            percent(of.recall()),
            of.wrong,
            percent(of.same_field()),
        );
        for (title, outcome) in [
            ("FALSE REJECTIONS (the server accepts, we reject)", Outcome::False),
            ("MISSED (the server rejects, we accept)", Outcome::Missed),
            ("OTHER FIELD (both reject)", Outcome::OtherField),
        ] {
            let groups = grouped(of_kind().filter(|case| case.outcome == outcome));
            _ = writeln!(text, "\n==== {title}: {} signatures", groups.len());
            for (_, cases) in &groups {
                entry(&mut text, cases);
            }
        }
        let warned = of_kind().filter(|case| !case.same_warnings);
        let groups = grouped(warned);
        _ = writeln!(text, "\n==== WARNINGS (only one of us warns): {} signatures", groups.len());
        for (_, cases) in &groups {
            entry(&mut text, cases);
        }
        fs::write(folder.join(format!("{kind}.txt")), text).expect("can be written");
    }
}

fn entry(text: &mut String, cases: &[&Case]) {
    let Some(case) = cases.iter().min_by_key(|case| case.object.to_string().len()) else { return };
    _ = writeln!(text, "\n{} × {}, {}", cases.len(), case.way.name(), case.mutation.replace('\n', "\\n"));
    if case.answer.rejects() {
        let message = case.answer.message.chars().take(700).collect::<String>().replace('\n', " ");
        _ = writeln!(text, "  server: {} {message}", case.answer.code);
        if let Some(cause) = case.answer.causes.first() {
            _ = writeln!(text, "  field:  {}", cause.field);
        }
    } else {
        _ = writeln!(text, "  server: accepts");
    }
    for warning in &case.answer.warnings {
        _ = writeln!(text, "  server warns: {warning}");
    }
    for line in &case.ours {
        _ = writeln!(text, "  ours:   {line}");
    }
    let others: BTreeSet<String> =
        cases.iter().skip(1).take(3).map(|case| case.mutation.replace('\n', "\\n")).collect();
    for mutation in others {
        _ = writeln!(text, "  also:   {}", mutation.chars().take(160).collect::<String>());
    }
    let object = case.object.to_string();
    if object.len() < 6000 {
        _ = writeln!(text, "  object: {object}");
    }
}

/// Writes each disagreement as a file: `<class>/<n>.json`.
pub(super) fn write_cases(folder: &Path, cases: &[&Case]) {
    let _ = fs::remove_dir_all(folder);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases {
        let number = counts.entry(case.class).or_default();
        *number += 1;
        let folder = folder.join(case.class);
        fs::create_dir_all(&folder).expect("can be made");
        fs::write(folder.join(format!("{number}.json")), format!("{:#}\n", case.to_json())).expect("can be written");
    }
}
