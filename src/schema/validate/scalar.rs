//! Scalars: their types, and what their texts encode.

use super::super::shape::{Format, Limits, Schema, Shape, StringShape};
use super::text::{quoted_list, show};
use super::walk::Walk;
use super::{quantity, time};
use crate::diagnostic::secret::secret_form;
use crate::diagnostic::{Change, Diagnostic, Safety, nearest};
use crate::schema::{decode_base64, encode_base64};
use crate::yaml::{Kind, Node, Scalar, Style, edit, float_text};

impl<'s, 'd> Walk<'s, 'd> {
    /// Holds a scalar, or what stands in place of one, against a scalar's shape. `outer` has the bounds.
    pub(super) fn scalar(&mut self, node: Node<'d>, outer: &'s Schema, shape: &'s Shape) {
        let limits = outer.limits.as_deref();
        match (shape, node.kind()) {
            (Shape::String(string), Kind::String) => {
                self.string(node, string);
                self.length(node, outer, node.text().chars().count(), "character");
            }
            (Shape::String(_), Kind::Seq) if outer.custom.as_ref().is_some_and(|custom| custom.has_format()) => {
                // `create` forgets to look at the type of a list where a format is demanded.
                let message = format!("`{}` must be a string, not a list: server-side apply refuses it", self.place());
                self.report(Diagnostic::error("api/server-side-apply", message).at(node.head()));
            }
            (Shape::String(_), _) => self.not_text(node, "a string"),
            (Shape::Integer { bits }, Kind::Int | Kind::Float) => self.integer(node, *bits, limits),
            (Shape::Integer { .. }, _) => self.not_number(node, "an integer"),
            (Shape::Number, Kind::Int | Kind::Float) => self.range(node, limits),
            (Shape::Number, _) => self.not_number(node, "a number"),
            (Shape::Boolean, Kind::Bool) | (Shape::Quantity, Kind::Int | Kind::Float) => {}
            (Shape::Boolean, _) => self.not_boolean(node),
            (Shape::IntOrString, Kind::Int | Kind::Float) => {
                self.integer(node, if self.custom { 64 } else { 32 }, limits);
            }
            (Shape::IntOrString, Kind::String) => self.text_or_number(node, limits),
            (Shape::IntOrString, Kind::Bool) if !matches!(node.text(), "true" | "false") => {
                self.not_text(node, "an integer or text");
            }
            (Shape::IntOrString, _) => self.wrong_type(node, "an integer or text"),
            (Shape::Quantity, Kind::String) => self.quantity(node),
            (Shape::Quantity, _) => self.wrong_type(node, "a quantity"),
            _ => {}
        }
    }

    fn string(&mut self, node: Node<'d>, shape: &'s StringShape) {
        let text = node.text();
        match shape.format {
            Format::Plain => {}
            Format::Byte if decode_base64(text).is_some() => {}
            Format::DateTime if time::is_time(text) => {}
            Format::MicroTime if time::is_micro_time(text) => {}
            Format::Byte => self.not_base64(node),
            Format::DateTime => {
                let message = format!("`{}` is no RFC 3339 time", self.shown(node));
                let finding = Diagnostic::error("schema/format", message).at(node.span());
                self.report(finding.help("write date, clock and zone: `2026-11-21T00:00:00Z`"));
            }
            Format::MicroTime => {
                let message = format!("`{}` is no RFC 3339 time with microseconds", self.shown(node));
                let finding = Diagnostic::error("schema/format", message).at(node.span());
                self.report(finding.help("write date, clock and zone: `2026-11-21T00:00:00.000000Z`"));
            }
        }
        // Empty text counts as absence, which is the business of required fields.
        if !shape.values.is_empty()
            && (self.custom || !text.is_empty())
            && !shape.values.iter().any(|value| value == text)
        {
            let message = format!("`{}` is not a value of `{}`", self.shown(node), self.place());
            let near = nearest(text, shape.values.iter().map(AsRef::as_ref));
            let help = near.map_or_else(
                || format!("write {}", quoted_list(shape.values.iter().map(AsRef::as_ref), "or")),
                |near| format!("did you mean `{near}`?"),
            );
            let mut finding = Diagnostic::error("schema/enum", message).at(node.span()).help(help);
            if let Some(near) = near.filter(|_| !self.is_masked()) {
                finding = finding.wish(edit::wish(node, Change::Replace(near.into()), Safety::Safe));
            }
            self.report(finding);
        }
        if let Some(word) = placeholder(text)
            && (names_something(self.key()) || self.is_label())
            && !self.is_of_nobody()
        {
            // The server may take it; where it does not, that is the verdict (`crate::api`).
            let message = format!("`{word}` in `{}` is a placeholder", self.place());
            let finding = Diagnostic::warning("schema/placeholder", message).at(node.span());
            self.report(finding.help("put the real value in"));
        }
    }

    /// Tells whether the scalar stands among texts of which the API knows nothing: data, annotations, schemas.
    fn is_of_nobody(&self) -> bool {
        let within = |keys: &[&'static str]| {
            self.frames.iter().any(|frame| matches!(frame.step, crate::yaml::Step::Key(key) if keys.contains(&key)))
        };
        within(&["annotations", "data", "binaryData", "stringData", "openAPIV3Schema"])
    }

    /// Tells whether the scalar is a label, or what one is compared with.
    fn is_label(&self) -> bool {
        let holder = self.frames.iter().rev().nth(1).map(|frame| frame.step);
        holder.is_some_and(|step| {
            ["labels", "matchLabels", "selector", "nodeSelector"].map(crate::yaml::Step::Key).contains(&step)
        })
    }

    fn not_base64(&mut self, node: Node<'d>) {
        let message = format!("`{}` is not base64", self.place());
        let of_data = self.frames.first().is_some_and(|frame| frame.step == crate::yaml::Step::Key("data"));
        let help = if of_data && self.is_masked() {
            "put plain text under `stringData` instead of `data`, or encode it"
        } else {
            "encode the bytes in base64, padded with `=`"
        };
        let mut finding = Diagnostic::error("schema/format", message).at(node.span()).help(help);
        if of_data && self.is_masked() {
            let encoded = encode_base64(node.text().as_bytes());
            finding = finding.masked().wish(edit::wish(node, Change::Replace(encoded.into()), Safety::Safe));
        }
        self.report(finding);
    }

    /// Reports a value that stands where text is wanted, with what YAML made of it.
    fn not_text(&mut self, node: Node<'d>, expected: &str) {
        if matches!(node.kind(), Kind::Seq | Kind::Map) {
            return self.wrong_type(node, expected);
        }
        let message = format!("`{}` must be {expected}, not {}", self.place(), node.kind().article());
        let finding = Diagnostic::error("schema/type", message).at(node.span());
        let finding = finding.wish(edit::wish(node, Change::Quote, Safety::Safe));
        if self.is_masked() {
            return self.report(finding.help("put it in quotes"));
        }
        let written = node.text();
        let read = match node.scalar() {
            Some(Scalar::Bool(value)) => value.to_string(),
            Some(Scalar::Int(value)) => value.to_string(),
            Some(Scalar::UInt(value)) => value.to_string(),
            Some(Scalar::Float(value)) => float_text(value),
            _ => written.to_owned(),
        };
        let help = if read == written {
            format!("put it in quotes: `\"{written}\"`")
        } else {
            format!("YAML reads `{written}` as {} `{read}`; put it in quotes: `\"{written}\"`", noun(node.kind()))
        };
        self.report(finding.help(help));
    }

    fn not_number(&mut self, node: Node<'d>, expected: &str) {
        let is_number = node.kind() == Kind::String && node.text().parse::<f64>().is_ok();
        if is_number && node.style() != Style::Plain {
            let message = format!("`{}` must be {expected}, not a string", self.place());
            let help = format!("remove the quotes: `{}`", self.shown(node));
            let mut finding = Diagnostic::error("schema/type", message).at(node.span()).help(help);
            if !self.is_masked() && node.text().parse::<i64>().is_ok() {
                finding = finding.wish(edit::wish(node, Change::Unquote, Safety::Safe));
            }
            return self.report(finding);
        }
        self.wrong_type(node, expected);
    }

    fn not_boolean(&mut self, node: Node<'d>) {
        if node.kind() == Kind::String && matches!(node.text(), "true" | "false") {
            let message = format!("`{}` must be a boolean, not a string", self.place());
            let help = format!("remove the quotes: `{}`", node.text());
            let finding = Diagnostic::error("schema/type", message).at(node.span()).help(help);
            return self.report(finding.wish(edit::wish(node, Change::Unquote, Safety::Safe)));
        }
        self.wrong_type(node, "a boolean");
    }

    fn integer(&mut self, node: Node<'d>, bits: u8, limits: Option<&Limits>) {
        if let Some(Scalar::Float(value)) = node.scalar()
            && value.fract() != 0.0
        {
            return self.wrong_type(node, "a whole number");
        }
        let fits = node.as_i64().is_some_and(|value| bits == 64 || i32::try_from(value).is_ok());
        if !fits {
            let message = format!("`{}` in `{}` does not fit {bits} bits", self.shown(node), self.place());
            return self.report(Diagnostic::error("schema/format", message).at(node.span()));
        }
        self.range(node, limits);
    }

    fn range(&mut self, node: Node<'d>, limits: Option<&Limits>) {
        let Some(limits) = limits else { return };
        #[expect(clippy::cast_precision_loss, reason = "bounds are compared with numbers of the same precision")]
        let value = match node.scalar() {
            Some(Scalar::Int(value)) => value as f64,
            Some(Scalar::UInt(value)) => value as f64,
            Some(Scalar::Float(value)) => value,
            _ => return,
        };
        let bound = match (limits.minimum, limits.maximum) {
            (Some(least), Some(most)) if value < least || value > most => {
                format!("between {} and {}", float_text(least), float_text(most))
            }
            (Some(least), None) if value < least => format!("at least {}", float_text(least)),
            (None, Some(most)) if value > most => format!("at most {}", float_text(most)),
            _ => return,
        };
        let message = format!("`{}` must be {bound}, not {}", self.place(), self.shown(node));
        self.report(Diagnostic::error("schema/format", message).at(node.span()));
    }

    /// Text in a place that takes a number too: the name of a port, or a share in percent.
    fn text_or_number(&mut self, node: Node<'d>, limits: Option<&Limits>) {
        if self.custom {
            return;
        }
        let text = node.text();
        let number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let percent = text.strip_suffix('%').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        let place = self.place();
        // Only ports are bounded; text there is a port's name, which needs a letter.
        let (message, help) = match limits {
            Some(_) if number => {
                (format!("`{place}` is the text `{text}`, which is no name of a port"), text.to_owned())
            }
            Some(_) => return,
            None if percent => return,
            None if number => {
                (format!("`{place}` is the text `{text}`, neither a number nor a share"), text.to_owned())
            }
            None => {
                let message =
                    format!("`{place}` must be a whole number or a share such as `25%`, not `{}`", show(text));
                return self.report(Diagnostic::error("schema/format", message).at(node.span()));
            }
        };
        let finding = Diagnostic::error("schema/format", message).at(node.span());
        let finding = finding.help(format!("remove the quotes: `{help}`"));
        self.report(finding.wish(edit::wish(node, Change::Unquote, Safety::Safe)));
    }

    fn quantity(&mut self, node: Node<'d>) {
        let text = node.text();
        if !quantity::is_quantity(text) {
            let message = format!("`{}` in `{}` is no quantity", self.shown(node), self.place());
            let finding = Diagnostic::error("schema/format", message).at(node.span());
            self.report(finding.help(quantity::advice(text)));
        }
    }

    /// The text of a scalar as a message may show it.
    fn shown(&self, node: Node<'d>) -> String {
        if self.is_masked() || secret_form(node.text()).is_some() {
            "***".to_owned()
        } else {
            show(node.text()).into_owned()
        }
    }
}

/// Names a scalar's kind with `the`.
fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "the boolean",
        _ => "the number",
    }
}

/// Finds a word in angle brackets: `<your-registry>`.
fn placeholder(text: &str) -> Option<&str> {
    let from = text.find('<')?;
    let inner_length = text[from + 1..].find('>')?;
    let inner = &text[from + 1..from + 1 + inner_length];
    let is_word = inner.starts_with(|c: char| c.is_ascii_alphabetic())
        && inner.chars().all(|c| c.is_ascii_alphanumeric() || "-_ .".contains(c));
    is_word.then(|| &text[from..from + inner_length + 2])
}

/// Tells whether a key names a thing, so that no angle bracket can be meant.
fn names_something(key: &str) -> bool {
    const ENDINGS: [&str; 4] = ["name", "namespace", "image", "host"];
    let key = key.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| key.ends_with(ending))
}
