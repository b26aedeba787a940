//! Counts verdicts.

use super::case::Case;
use super::judge::Outcome;
use std::collections::BTreeMap;

/// Counts of the verdicts on some mutants.
#[derive(Clone, Copy, Default)]
pub(super) struct Figures {
    pub(super) verdicts: usize,
    /// Those that the server rejects, without what cannot be predicted.
    pub(super) rejected: usize,
    /// Those of them that we reject too.
    pub(super) agreed: usize,
    /// Those that we reject and the server accepts.
    pub(super) wrong: usize,
    /// Those that we reject, as `create` does, while server-side apply accepts them.
    pub(super) create_only: usize,
    /// Those that both reject and where the field is another.
    pub(super) other_field: usize,
    /// Those that the server rejects for reasons outside the object.
    pub(super) not_predicted: usize,
    /// Accepted ones where only one of us warns.
    pub(super) other_warnings: usize,
}

impl Figures {
    pub(super) fn of<'c>(cases: impl IntoIterator<Item = &'c Case>) -> Self {
        let mut figures = Self::default();
        cases.into_iter().for_each(|case| figures.add(case));
        figures
    }

    fn add(&mut self, case: &Case) {
        self.verdicts += 1;
        self.other_warnings += usize::from(!case.same_warnings);
        if case.not_predicted.is_some() {
            self.not_predicted += 1;
            return;
        }
        self.rejected += usize::from(case.answer.rejects());
        match case.outcome {
            Outcome::BothAccept | Outcome::Missed => {}
            Outcome::Same => self.agreed += 1,
            Outcome::OtherField => {
                self.agreed += 1;
                self.other_field += 1;
            }
            Outcome::CreateOnly => self.create_only += 1,
            Outcome::False => self.wrong += 1,
        }
    }

    /// The share of the server's rejections that are ours too; none where it rejects nothing.
    pub(super) fn recall(self) -> Option<f64> {
        share(self.agreed, self.rejected)
    }

    /// The share of the common rejections that name the same field.
    pub(super) fn same_field(self) -> Option<f64> {
        share(self.agreed - self.other_field, self.agreed)
    }
}

/// Gives the figures of each kind × class of mutations.
pub(super) fn by_class<'c>(cases: impl IntoIterator<Item = &'c Case>) -> BTreeMap<(String, &'static str), Figures> {
    let mut classes: BTreeMap<(String, &'static str), Figures> = BTreeMap::new();
    for case in cases {
        classes.entry((case.kind.clone(), case.class)).or_default().add(case);
    }
    classes
}

fn share(part: usize, whole: usize) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "these are small numbers")]
    let share = part as f64 / whole as f64;
    (whole > 0).then_some(share)
}
