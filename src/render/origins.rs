//! From rendered text back to what a person wrote.

use super::jinja::Fed;
use crate::diagnostic::{Edit, Trace};
use crate::source::{SourceMap, Span};
use crate::yaml::Node;
use crate::yaml::edit::Side;
use std::ops::Range;

/// Names a chain of calls in [`Origins`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(in crate::render) struct TraceId(pub(in crate::render) Option<u32>);

/// What a stretch of rendered text was made from.
#[derive(Clone, Copy, Debug)]
pub(in crate::render) enum Made {
    /// Copied, to the byte, from this place on.
    Literal(Span),
    /// Printed by this tag, from a node of the values if one fed it (an index into the edits).
    Site(Span, Option<u32>),
}

#[derive(Clone, Debug)]
struct Stretch {
    start: u32,
    end: u32,
    made: Made,
    trace: TraceId,
}

/// Where each stretch of a rendered text came from.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    stretches: Vec<Stretch>,
    /// Finer origins inside sites that printed lists and maps: ranges of rendered text, and what supplied them.
    details: Vec<(u32, u32, u32)>,
    pub(in crate::render) traces: Vec<(TraceId, Trace)>,
    pub(in crate::render) fed: Fed,
}

/// What a person wrote to make a stretch of rendered text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The place in a template.
    pub span: Span,
    /// The calls that led there, outermost first.
    pub trace: Vec<Trace>,
    /// The value that supplied it.
    pub edit: Option<Edit>,
}

impl Origins {
    /// Makes the origins of a text that stands unchanged in one place: all of it is that place.
    pub fn whole(span: Span, length: usize) -> Self {
        let mut origins = Self::default();
        origins.push(0, length, Made::Site(span, None), TraceId::default());
        origins
    }

    pub(in crate::render) fn push(&mut self, start: usize, end: usize, made: Made, trace: TraceId) {
        if start < end {
            self.stretches.push(Stretch { start: start as u32, end: end as u32, made, trace });
        }
    }

    /// Adds a stretch, or lengthens the last one where it goes on in the same text.
    pub(in crate::render) fn extend(&mut self, start: usize, end: usize, made: Made, trace: TraceId) {
        if let (Some(Stretch { end: last_end, made: Made::Literal(last), trace: last_trace, .. }), Made::Literal(span)) =
            (self.stretches.last_mut(), made)
            && *last_end as usize == start
            && last.file == span.file
            && last.end == span.start
            && *last_trace == trace
        {
            *last_end = end as u32;
            last.end = span.end;
            return;
        }
        self.push(start, end, made, trace);
    }

    /// Gives the calls that led to the text written last.
    pub(in crate::render) fn last_trace(&self) -> TraceId {
        self.stretches.last().map(|stretch| stretch.trace).unwrap_or_default()
    }

    /// Forgets everything from an offset on.
    pub(in crate::render) fn truncate(&mut self, offset: usize) {
        let kept = self.stretches.iter().rposition(|stretch| (stretch.start as usize) < offset);
        self.stretches.truncate(kept.map_or(0, |last| last + 1));
    }

    pub(in crate::render) fn detail(&mut self, span: Span, edit: u32) {
        self.details.push((span.start, span.end, edit));
    }

    pub(in crate::render) fn trace(&self, mut id: TraceId) -> Vec<Trace> {
        let mut steps = Vec::new();
        while let Some((outer, step)) = id.0.and_then(|id| self.traces.get(id as usize)) {
            steps.push(step.clone());
            id = *outer;
        }
        steps.reverse();
        steps
    }

    /// Tells whether a range of rendered text begins in what a value printed.
    pub(in crate::render) fn is_site(&self, rendered: Span) -> bool {
        let at = self.stretches.partition_point(|stretch| stretch.end <= rendered.start);
        let here = self.stretches.get(at).filter(|stretch| stretch.start <= rendered.start);
        here.is_some_and(|stretch| matches!(stretch.made, Made::Site(..)))
    }

    /// Finds what a person wrote to make a range of rendered text.
    pub fn written(&self, rendered: Span) -> Option<Written> {
        let first = self.stretches.partition_point(|stretch| stretch.end <= rendered.start);
        // An empty range right behind text belongs to that text.
        let first = if self.stretches.get(first).is_none_or(|stretch| stretch.start > rendered.start) && first > 0 {
            first - 1
        } else {
            first
        };
        let stretch = self.stretches.get(first)?;
        let mut span = cut(stretch, rendered);
        let mut edit = None;
        for other in
            self.stretches[first..].iter().take_while(|other| other.start < rendered.end.max(rendered.start + 1))
        {
            if let Made::Site(_, Some(fed)) = other.made {
                edit = Some(fed);
            }
            let part = cut(other, rendered);
            if other.trace == stretch.trace && part.file == span.file && part.start >= span.start {
                span.end = span.end.max(part.end);
            }
        }
        let detail = self
            .details
            .iter()
            .filter(|(start, end, _)| *start <= rendered.start && rendered.start < (*end).max(*start + 1))
            .min_by_key(|(start, end, _)| end - start);
        let edit = detail.map(|(.., edit)| *edit).or(edit).and_then(|edit| self.fed.edit(edit));
        Some(Written { span, trace: self.trace(stretch.trace), edit })
    }
}

/// Literal text of a template that rendered text was copied from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) struct Literal {
    pub(in crate::render) span: Span,
    pub(in crate::render) trace: TraceId,
}

impl Origins {
    /// Finds the literal text that a range of rendered text was copied from: all of it, in one piece. An empty range lies
    /// beside its neighbour, which may be a tag.
    pub(in crate::render) fn literal(
        &self,
        text: &str,
        range: Range<usize>,
        side: Side,
        sources: &SourceMap,
    ) -> Option<Literal> {
        let (start, end) = (range.start as u32, range.end as u32);
        if range.is_empty() {
            return self.beside(start, side);
        }
        let first = self.stretches.partition_point(|stretch| stretch.end <= start);
        // A range may begin with indentation, which is nobody's.
        let mut last = self.stretches.get(first)?;
        let Made::Literal(of_first) = last.made else { return None };
        let template = sources.file(of_first.file);
        let from = if last.start <= start {
            of_first.start + start - last.start
        } else {
            let before = text.get(range.start..last.start as usize)?;
            let indent = template.text().get(..of_first.start as usize)?;
            let blanks = indent.len() - indent.trim_end_matches(' ').len();
            if !before.bytes().all(|byte| byte == b' ')
                || !indent[..indent.len() - blanks].ends_with(['\n', '\u{feff}'])
            {
                return None;
            }
            of_first.start - blanks as u32
        };
        for next in &self.stretches[first + 1..] {
            if last.end >= end || next.start >= end {
                break;
            }
            let (Made::Literal(a), Made::Literal(b)) = (last.made, next.made) else { return None };
            let blank = |text: Option<&str>| text.is_some_and(|text| text.bytes().all(|byte| byte == b' '));
            let gap = text.get(last.end as usize..next.start as usize);
            let apart = a.file != b.file || last.trace != next.trace;
            if apart || !blank(gap) || !blank(template.text().get(a.end as usize..b.start as usize)) {
                return None;
            }
            last = next;
        }
        let Made::Literal(of_last) = last.made else { return None };
        if last.end < end {
            return None;
        }
        let to = of_last.start + end - last.start;
        Some(Literal { span: Span { file: of_first.file, start: from, end: to }, trace: last.trace })
    }

    /// Finds where what stands at an offset begins in its template: the text itself, or the tag that printed it.
    pub(in crate::render) fn beginning(&self, at: usize) -> Option<Literal> {
        let index = self.stretches.partition_point(|stretch| stretch.end as usize <= at);
        let stretch = self.stretches.get(index).filter(|stretch| stretch.start as usize <= at)?;
        let (file, start) = match stretch.made {
            Made::Literal(span) => (span.file, span.start + at as u32 - stretch.start),
            Made::Site(span, _) => (span.file, span.start),
        };
        Some(Literal { span: Span { file, start, end: start }, trace: stretch.trace })
    }

    fn beside(&self, at: u32, side: Side) -> Option<Literal> {
        let index = self.stretches.partition_point(|stretch| stretch.end < at);
        let place = |stretch: &Stretch, at: u32| {
            let (Made::Literal(span) | Made::Site(span, _)) = stretch.made;
            Literal { span: Span { file: span.file, start: at, end: at }, trace: stretch.trace }
        };
        let here = self.stretches.get(index)?;
        if here.start < at && at < here.end {
            let Made::Literal(span) = here.made else { return None };
            return Some(place(here, span.start + at - here.start));
        }
        let left = Some(here).filter(|stretch| stretch.end == at);
        let right = self.stretches.get(index + usize::from(left.is_some())).filter(|stretch| stretch.start == at);
        let of = |stretch: &Stretch| {
            let (Made::Literal(span) | Made::Site(span, _)) = stretch.made;
            span
        };
        match side {
            Side::Left => left.map(|stretch| place(stretch, of(stretch).end)),
            Side::Right => right.map(|stretch| place(stretch, of(stretch).start)),
        }
    }

    /// Finds the value that a node was printed from, the whole node and nothing else.
    pub(in crate::render) fn supplied(&self, node: Node<'_>) -> Option<Edit> {
        let span = node.span();
        let start = node.parent_entry().map_or(span.start, |entry| entry.key.span().start);
        let detail =
            self.details.iter().find(|(from, to, _)| (*from == start || *from == span.start) && *to == span.end);
        if let Some((.., edit)) = detail {
            return self.fed.edit(*edit);
        }
        let whole = self.stretches.iter().find(|stretch| stretch.start == span.start && stretch.end == span.end)?;
        let Made::Site(_, Some(edit)) = whole.made else { return None };
        self.fed.edit(edit)
    }

    /// Finds the value that printed the text around an offset, and the range that it printed.
    pub(in crate::render) fn printed(&self, at: usize) -> Option<(Edit, Range<usize>)> {
        let index = self.stretches.partition_point(|stretch| stretch.end as usize <= at);
        let stretch = self.stretches.get(index).filter(|stretch| stretch.start as usize <= at)?;
        let Made::Site(_, Some(edit)) = stretch.made else { return None };
        Some((self.fed.edit(edit)?, stretch.start as usize..stretch.end as usize))
    }
}

/// Gives the part of a stretch's source that a range of rendered text was made from.
fn cut(stretch: &Stretch, rendered: Span) -> Span {
    match stretch.made {
        Made::Site(span, _) => span,
        Made::Literal(span) => {
            let start = span.start + rendered.start.clamp(stretch.start, stretch.end) - stretch.start;
            let end = span.start + rendered.end.clamp(stretch.start, stretch.end) - stretch.start;
            Span { file: span.file, start, end: end.max(start) }
        }
    }
}
