//! From rendered text back to what a person wrote.

use crate::diagnostic::{Edit, Trace};
use crate::source::Span;

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
    pub(in crate::render) edits: Vec<Edit>,
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
        self.stretches.retain(|stretch| (stretch.start as usize) < offset);
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
        let edit = detail.map(|(.., edit)| *edit).or(edit).and_then(|edit| self.edits.get(edit as usize)).cloned();
        Some(Written { span, trace: self.trace(stretch.trace), edit })
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
