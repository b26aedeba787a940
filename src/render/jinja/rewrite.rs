//! Rewrites a template so that running it logs what it prints.
//!
//! Literal text becomes `{{__lit(N)}}`, a printed expression `{{(e)|__mark(N)}}`, and bodies that are captured (macros, set
//! blocks, includes) begin and end with calls that the log hears. What a template computes stays the same.
//!
//! White space: a line that holds nothing but block tags and comments vanishes with its line break; `-` trims as in Jinja.

use crate::source::{SourceFile, Span};
use minijinja::machinery::{Token, tokenize};
use std::ops::Range;
use std::sync::Arc;

/// A piece of literal text of a template.
#[derive(Clone, Debug)]
pub(super) struct Literal {
    pub(super) source: Arc<SourceFile>,
    pub(super) range: Range<usize>,
}

impl Literal {
    pub(super) fn text(&self) -> &str {
        self.source.text().get(self.range.clone()).unwrap_or_default()
    }
}

/// A place where a template prints an expression or includes another template.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    /// The tag, braces included.
    pub(super) span: Span,
    /// The expression names something, so that a value may have fed it.
    pub(super) named: bool,
}

/// What is captured between a begin and an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Captured {
    Macro(String),
    Include(String),
    /// A set block, a filter block, the body of a call: no step of its own in a trace.
    Inline,
}

/// The tables that the numbers in rewritten templates point into.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) literals: Vec<Literal>,
    pub(super) sites: Vec<Site>,
    pub(super) captures: Vec<Captured>,
}

/// A rewritten template.
#[derive(Debug)]
pub(super) struct Rewritten {
    pub(super) text: String,
    /// Stretches of the original that were copied: where they stand now, and where they stood.
    copies: Vec<(Range<usize>, usize)>,
}

impl Rewritten {
    /// Finds the original range of a range in the rewritten text: of one that begins in what was added, the whole
    /// expression that it was added to.
    pub(super) fn original(&self, range: &Range<usize>) -> Range<usize> {
        let after = self.copies.partition_point(|(copy, _)| copy.start <= range.start);
        let Some((copy, original)) = self.copies.get(after.saturating_sub(1)) else { return 0..0 };
        let clamp = |offset: usize| original + offset.clamp(copy.start, copy.end) - copy.start;
        if copy.contains(&range.start) {
            clamp(range.start)..clamp(range.end)
        } else {
            clamp(copy.start)..clamp(copy.end)
        }
    }
}

/// What a template does that cannot be rendered with origins.
pub(super) struct Unsupported {
    pub(super) span: Span,
    pub(super) what: &'static str,
    pub(super) help: &'static str,
}

enum Part {
    Text(Range<usize>),
    /// The whole tag, and the expression in it.
    Variable(Range<usize>, Range<usize>),
    /// The whole tag, what stands between its marks, and its name and tokens.
    Block(Range<usize>, Range<usize>, Tag),
}

#[derive(Default)]
struct Tag {
    name: String,
    /// The second word: of a macro or a set block its name.
    second: String,
    /// Where the parameters of `call (…)` end, if it has any.
    parameters: Option<Range<usize>>,
    /// `set x = …` rather than a block.
    assigns: bool,
    /// `set x.y` rather than `set x`.
    attribute: bool,
    /// `set x, y` rather than `set x`.
    several: bool,
    include: Option<String>,
}

/// Rewrites one template, adding to the tables.
pub(super) fn rewrite(source: &Arc<SourceFile>, tables: &mut Tables) -> Result<Rewritten, Unsupported> {
    let text = source.text();
    let parts = scan(text);
    let lines = TagLines::find(text, &parts);
    let mut writer = Writer { source, tables, out: String::with_capacity(text.len() * 2), copies: Vec::new() };
    let mut open: Vec<Open> = Vec::new();
    for part in parts {
        match part {
            Part::Text(range) => {
                for piece in lines.keep(text, range) {
                    writer.literal(piece);
                }
            }
            Part::Variable(whole, inner) => writer.variable(&whole, inner)?,
            Part::Block(whole, inner, tag) => writer.block(&whole, inner, &tag, &mut open)?,
        }
    }
    Ok(Rewritten { text: writer.out, copies: writer.copies })
}

fn scan(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut tag = Tag::default();
    let mut words = 0;
    let mut depth = 0i32;
    let mut inner_start = 0;
    let range_of = |slice: &str| {
        let at = slice.as_ptr().addr() - text.as_ptr().addr();
        at..at + slice.len()
    };
    for token in tokenize(text, false, super::syntax()).map_while(Result::ok) {
        let (token, span) = token;
        let at = span.start_offset as usize..span.end_offset as usize;
        match &token {
            Token::TemplateData(data) => parts.push(Part::Text(range_of(data))),
            Token::VariableStart => (start, inner_start) = (at.start, at.end),
            Token::VariableEnd => parts.push(Part::Variable(start..at.end, inner_start..at.start)),
            Token::BlockStart => {
                (start, inner_start) = (at.start, at.end);
                (tag, words, depth) = (Tag::default(), 0, 0);
            }
            Token::BlockEnd => {
                parts.push(Part::Block(start..at.end, inner_start..at.start, std::mem::take(&mut tag)));
            }
            other => {
                match other {
                    Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => {
                        if depth == 0 && words == 1 && tag.name == "call" {
                            tag.parameters = Some(at.clone());
                        }
                        depth += 1;
                    }
                    Token::ParenClose | Token::BracketClose | Token::BraceClose => {
                        depth -= 1;
                        if let Some(parameters) = &mut tag.parameters
                            && depth == 0
                            && words == 1
                        {
                            parameters.end = at.end;
                        }
                    }
                    Token::Assign if depth == 0 => tag.assigns = true,
                    Token::Dot if depth == 0 && words == 2 && !tag.assigns => tag.attribute = true,
                    Token::Comma if depth == 0 && !tag.assigns => tag.several = true,
                    Token::Str(name) if tag.name == "include" && tag.include.is_none() => {
                        tag.include = Some((*name).to_owned());
                    }
                    _ => {}
                }
                // The parameters of a call do not count as a word.
                if depth == 0 && !matches!(other, Token::ParenClose) || words == 0 {
                    if let Token::Ident(word) = other {
                        match words {
                            0 => (*word).clone_into(&mut tag.name),
                            1 => (*word).clone_into(&mut tag.second),
                            _ => {}
                        }
                    }
                    words += 1;
                }
            }
        }
    }
    parts
}

/// Lines that hold block tags and comments and nothing else: their white space and line break are not printed.
///
/// Where `-` has taken the line break before such a line already, the line's own break stays.
struct TagLines {
    starts: Vec<usize>,
    only_tags: Vec<bool>,
    joined: Vec<bool>,
}

impl TagLines {
    fn find(text: &str, parts: &[Part]) -> Self {
        let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let line_of = |at: usize| starts.partition_point(|start| *start <= at) - 1;
        let mut tags = vec![false; starts.len()];
        let mut other = vec![false; starts.len()];
        let mark = |marks: &mut Vec<bool>, range: &Range<usize>| {
            if !range.is_empty() {
                marks[line_of(range.start)..=line_of(range.end - 1)].fill(true);
            }
        };
        let mut joined = vec![false; starts.len()];
        // First and last lines of tags and comments that go over several.
        let mut long: Vec<(usize, usize)> = Vec::new();
        let mut covered = 0;
        for part in parts {
            let range = match part {
                Part::Text(range) | Part::Variable(range, _) | Part::Block(range, ..) => range,
            };
            if let Part::Block(range, ..) = part {
                long.push((line_of(range.start), line_of(range.end - 1)));
            }
            // What no token covers is a comment, or white space that `-` took away.
            let gap = text.get(covered..range.start).unwrap_or_default();
            for at in gap.match_indices(['{', '}']).map(|(at, _)| covered + at) {
                mark(&mut tags, &(at..at + 1));
            }
            long.extend(comments(gap, covered).map(|(start, end)| (line_of(start), line_of(end))));
            if !matches!(part, Part::Text(_)) && gap.rsplit('}').next().is_some_and(|blank| blank.contains('\n')) {
                joined[line_of(range.start)] = true;
            }
            covered = range.end;
            match part {
                Part::Text(range) => {
                    let mut at = range.start;
                    for line in text[range.clone()].split_inclusive('\n') {
                        if !line.trim().is_empty() {
                            mark(&mut other, &(at..at + 1));
                        }
                        at += line.len();
                    }
                }
                Part::Variable(range, _) => mark(&mut other, range),
                // An include stands for text, and so does what a call or a filter block prints where it ends.
                Part::Block(range, _, tag) if ["include", "endcall", "endfilter"].contains(&tag.name.as_str()) => {
                    mark(&mut other, range);
                }
                Part::Block(range, ..) => mark(&mut tags, range),
            }
        }
        let gap = text.get(covered..).unwrap_or_default();
        for at in gap.match_indices(['{', '}']).map(|(at, _)| covered + at) {
            mark(&mut tags, &(at..at + 1));
        }
        long.extend(comments(gap, covered).map(|(start, end)| (line_of(start), line_of(end))));
        // The lines of one tag are tag lines together or not at all.
        for (first, last) in long {
            if other[first..=last].contains(&true) {
                other[first..=last].fill(true);
            }
        }
        let only_tags = tags.iter().zip(&other).map(|(tag, other)| *tag && !other).collect();
        Self { starts, only_tags, joined }
    }

    /// Gives the stretches of a text that are printed.
    fn keep(&self, text: &str, range: Range<usize>) -> Vec<Range<usize>> {
        let mut kept: Vec<Range<usize>> = Vec::new();
        let mut at = range.start;
        for line in text[range].split_inclusive('\n') {
            let line_number = self.starts.partition_point(|start| *start <= at) - 1;
            let mut piece = at..at + line.len();
            let vanishes = self.only_tags[line_number] && line.trim().is_empty();
            if vanishes && self.joined[line_number] && line.ends_with('\n') {
                piece.start = piece.end - if line.ends_with("\r\n") { 2 } else { 1 };
            }
            if !vanishes || self.joined[line_number] && line.ends_with('\n') {
                match kept.last_mut() {
                    Some(last) if last.end == piece.start => last.end = piece.end,
                    _ => kept.push(piece.clone()),
                }
            }
            at += line.len();
        }
        kept
    }
}

/// Finds the comments in what no token covers: their first and last bytes.
fn comments(gap: &str, offset: usize) -> impl Iterator<Item = (usize, usize)> {
    gap.match_indices("{#").filter_map(move |(start, _)| {
        let end = gap[start..].find("#}")? + start + 1;
        Some((offset + start, offset + end))
    })
}

/// A block that waits for its end tag.
struct Open {
    name: &'static str,
    /// What to write after the end tag.
    then: String,
    /// What to write in place of the end tag, if not the tag itself.
    instead: Option<&'static str>,
    /// The expression that follows the end tag: its text's range, and the tag that it is a site of.
    site: Option<(Range<usize>, Range<usize>)>,
    captured: bool,
}

struct Writer<'a> {
    source: &'a Arc<SourceFile>,
    tables: &'a mut Tables,
    out: String,
    copies: Vec<(Range<usize>, usize)>,
}

impl Writer<'_> {
    fn copy(&mut self, range: Range<usize>) {
        let start = self.out.len();
        self.out.push_str(&self.source.text()[range.clone()]);
        self.copies.push((start..self.out.len(), range.start));
    }

    fn span(&self, range: &Range<usize>) -> Span {
        Span::new(self.source.id(), range.start, range.end)
    }

    fn literal(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.out.push_str(&format!("{{{{__lit({})}}}}", self.tables.literals.len()));
            self.tables.literals.push(Literal { source: Arc::clone(self.source), range });
        }
    }

    fn site(&mut self, whole: &Range<usize>, inner: &Range<usize>) -> usize {
        let expression = &self.source.text()[inner.clone()];
        let named =
            expression.chars().any(|c| c.is_alphabetic() || c == '_') && !expression.trim().starts_with(['"', '\'']);
        self.tables.sites.push(Site { span: self.span(whole), named });
        self.tables.sites.len() - 1
    }

    fn begin(&mut self, captured: Captured) -> String {
        self.tables.captures.push(captured);
        format!("{{{{__begin({})}}}}", self.tables.captures.len() - 1)
    }

    fn variable(&mut self, whole: &Range<usize>, inner: Range<usize>) -> Result<(), Unsupported> {
        let expression = self.source.text()[inner.clone()].trim();
        // A call of the loop itself prints through the loop's body: it is no site of its own.
        if expression.starts_with("loop(") && closes_at_end(expression) {
            self.out.push_str("{{");
            self.copy(inner);
            self.out.push_str("}}");
            return Ok(());
        }
        self.refuse_loop_calls(whole, &inner)?;
        let site = self.site(whole, &inner);
        self.out.push_str("{{(");
        self.copy(inner);
        self.out.push_str(&format!(")|__mark({site})}}}}"));
        Ok(())
    }

    /// Refuses calls of a recursive loop whose text would be used for something else than printing it.
    fn refuse_loop_calls(&self, whole: &Range<usize>, inner: &Range<usize>) -> Result<(), Unsupported> {
        let text = &self.source.text()[inner.clone()];
        let called =
            text.match_indices("loop(").any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
        if called {
            let (what, help) = ("`loop(…)` cannot be part of an expression", "print it on its own: `{{ loop(…) }}`");
            return Err(Unsupported { span: self.span(whole), what, help });
        }
        Ok(())
    }

    fn block(
        &mut self,
        whole: &Range<usize>,
        inner: Range<usize>,
        tag: &Tag,
        open: &mut Vec<Open>,
    ) -> Result<(), Unsupported> {
        self.refuse_loop_calls(whole, &inner)?;
        let unsupported = |what, help| Unsupported { span: self.span(whole), what, help };
        match tag.name.as_str() {
            "extends" | "block" => {
                return Err(unsupported("template inheritance is not supported", "use a macro or an include"));
            }
            "autoescape" => {
                return Err(unsupported(
                    "`autoescape` is not supported",
                    "values are always escaped for where they stand",
                ));
            }
            "macro" => {
                self.tag(inner);
                let begin = self.begin(Captured::Macro(tag.second.clone()));
                self.out.push_str(&begin);
                open.push(Open { name: "macro", then: String::new(), instead: None, site: None, captured: true });
            }
            "set" if !tag.assigns => {
                self.tag(inner);
                let begin = self.begin(Captured::Inline);
                self.out.push_str(&begin);
                // An attribute (`set ns.x`) cannot be sealed under its first word alone.
                let then = if tag.attribute { String::new() } else { format!("{{%set {0}={0}|__seal%}}", tag.second) };
                open.push(Open { name: "set", then, instead: None, site: None, captured: true });
            }
            // What a macro gave is known by its text from here on, whatever else prints the same.
            "set" if !tag.attribute && !tag.second.is_empty() && !tag.several => {
                self.tag(inner);
                self.out.push_str(&format!("{{%set {0}={0}|__seal%}}", tag.second));
            }
            "filter" => {
                self.out.push_str("{%set __filtered%}");
                let begin = self.begin(Captured::Inline);
                self.out.push_str(&begin);
                let filters = after_word(self.source.text(), inner, "filter");
                open.push(Open {
                    name: "filter",
                    then: "{{(__filtered|".to_owned(),
                    instead: Some("{%endset%}"),
                    site: Some((filters, whole.clone())),
                    captured: true,
                });
            }
            "call" => {
                let number = self.tables.captures.len();
                let name = format!("__caller{number}");
                self.out.push_str(&format!("{{%macro {name}"));
                let rest = if let Some(parameters) = tag.parameters.clone() {
                    self.copy(parameters.clone());
                    parameters.end..inner.end
                } else {
                    self.out.push_str("()");
                    after_word(self.source.text(), inner, "call")
                };
                self.out.push_str("%}");
                let begin = self.begin(Captured::Inline);
                self.out.push_str(&begin);
                open.push(Open {
                    name: "call",
                    then: name,
                    instead: Some("{%endmacro%}"),
                    site: Some((rest, whole.clone())),
                    captured: true,
                });
            }
            "import" | "from" => {
                self.out.push_str("{{__begin(-1)}}");
                self.tag(inner);
                self.out.push_str("{{__drop()}}");
            }
            "include" => {
                let begin = self.begin(Captured::Include(tag.include.clone().unwrap_or_else(|| "…".to_owned())));
                self.out.push_str(&format!("{{%set __included%}}{begin}"));
                let site = self.site(whole, &inner);
                self.tag(inner);
                self.out.push_str(&format!("{{{{__end()}}}}{{%endset%}}{{{{__included|__mark({site})}}}}"));
            }
            name if name.starts_with("end") => self.end(name, inner, open),
            _ => self.tag(inner),
        }
        Ok(())
    }

    fn tag(&mut self, inner: Range<usize>) {
        self.out.push_str("{%");
        self.copy(inner);
        self.out.push_str("%}");
    }

    fn end(&mut self, name: &str, inner: Range<usize>, open: &mut Vec<Open>) {
        let Some(block) = open.pop_if(|block| name.strip_prefix("end") == Some(block.name)) else {
            self.tag(inner);
            return;
        };
        if block.captured {
            self.out.push_str("{{__end()}}");
        }
        match block.instead {
            Some(tag) => self.out.push_str(tag),
            None => self.tag(inner),
        }
        match block.site {
            None => self.out.push_str(&block.then),
            Some((expression, whole)) if block.name == "filter" => {
                let site = self.site(&whole, &expression);
                self.out.push_str(&block.then);
                self.copy(expression);
                self.out.push_str(&format!(")|__mark({site})}}}}"));
            }
            Some((call, whole)) => {
                let site = self.site(&whole, &call);
                self.out.push_str("{{(");
                let text = &self.source.text()[call.clone()];
                let trimmed = call.start..call.start + text.trim_end().len();
                let close = trimmed.end.saturating_sub(1).max(trimmed.start);
                let has_arguments = !self.source.text()[trimmed.start..close].trim_end().ends_with(['(', ',']);
                self.copy(trimmed.start..close);
                let comma = if has_arguments { ", " } else { "" };
                self.out.push_str(&format!("{comma}caller={}))|__mark({site})}}}}", block.then));
            }
        }
    }
}

/// Tells whether the first parenthesis of an expression closes at its end.
fn closes_at_end(expression: &str) -> bool {
    let mut depth = 0usize;
    for (at, c) in expression.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1 == expression.len();
                }
            }
            _ => {}
        }
    }
    false
}

/// Gives what follows the first occurrence of a tag's name.
fn after_word(text: &str, inner: Range<usize>, word: &str) -> Range<usize> {
    let at = text[inner.clone()].find(word).map_or(0, |at| at + word.len());
    inner.start + at..inner.end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn printed(template: &str) -> String {
        let source = SourceMap::new().add("t.yaml", template);
        let mut tables = Tables::default();
        let _ = rewrite(&source, &mut tables).map_err(|unsupported| unsupported.what);
        tables.literals.iter().map(Literal::text).collect()
    }

    #[test]
    fn lines_of_tags_alone_vanish() {
        for (template, expected) in [
            ("a: 1\n{% if x %}\nb: 2\n{% endif %}\nc: 3\n", "a: 1\nb: 2\nc: 3\n"),
            ("a:\n  {% if x %}\n  b: 2\n  {% endif %}\n", "a:\n  b: 2\n"),
            ("a: {% if x %}1{% else %}2{% endif %}\nb: 3\n", "a: 12\nb: 3\n"),
            ("{# a note\n  of two lines #}\na: 1\n", "a: 1\n"),
            ("a: 1 {# note #}\nb: 2\n", "a: 1 \nb: 2\n"),
            ("{% set x = [\n 1,\n] %}\na: 1\n", "a: 1\n"),
            ("a: 1\n{%- if x %}\nb\n{%- endif %}\n", "a: 1\nb\n"),
            ("a: 1\n{%- if x -%}\nb\n{%- endif %}\n", "a: 1b\n"),
            ("- x {# of\n two lines #}\n- b\n", "- x \n- b\n"),
            ("a: {% if true\n and true %}\n  c: 1\n{% endif %}\n", "a: \n  c: 1\n"),
            ("{% raw %}{{ a }}{% endraw %}\n", "{{ a }}\n"),
        ] {
            assert_eq!(printed(template), expected, "{template:?}");
        }
    }
}
