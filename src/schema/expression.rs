//! Expressions in CEL, read within bounds and metered: whatever is written, reading it takes no deep stack, and evaluating
//! it ends.

use kube_cel::cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};
use kube_cel::cel::objects::{Key, OptionalValue};
use kube_cel::cel::parser::{Expression, Parser};
use kube_cel::cel::{Context, ExecutionError, Value};
use std::cell::Cell;
use std::sync::Arc;

/// The longest expression, in bytes.
const LONGEST: usize = 16 * 1024;

/// Operators, calls and brackets that may stand in each other.
const DEEPEST: usize = 96;

/// What a bracket counts among them: parsers descend through all their rules for it.
const BRACKET: usize = 3;

/// What an evaluation may spend: steps of comprehensions.
pub const COST_LIMIT: u32 = 100_000;

/// What a comprehension may gather: bytes of text, items, entries.
const LARGEST: usize = 1_000_000;

/// The name of the function that counts; no expression can write it.
const METER: &str = "@meter";

/// The name of the function that gives back what is not too large.
const MEASURE: &str = "@measure";

/// The name of the function that gives a field as what may be there.
const OPTIONAL_FIELD: &str = "@field";

/// Why a text is no expression here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is none anywhere; the first line of what the parser says.
    Syntax(String),
    /// It may be one, and is not read or evaluated here.
    Unsupported(String),
}

impl Unreadable {
    /// Gives the reason.
    pub fn reason(&self) -> &str {
        match self {
            Self::Syntax(reason) | Self::Unsupported(reason) => reason,
        }
    }
}

/// Reads an expression with the syntax that the server has switched on.
pub fn parse(text: &str) -> Result<Expression, Unreadable> {
    if text.len() > LONGEST {
        return Err(Unreadable::Unsupported(format!("it is longer than {LONGEST} bytes")));
    }
    match depth(text, Language::Cel) {
        None => return Err(Unreadable::Syntax("a quote in it is not closed".to_owned())),
        Some(depth) if depth.in_all > DEEPEST => {
            return Err(Unreadable::Unsupported(format!(
                "more than {DEEPEST} operators and brackets stand in each other"
            )));
        }
        Some(_) => {}
    }
    Parser::new().enable_optional_syntax(true).parse(text).map_err(|error| {
        let text = error.to_string();
        let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        Unreadable::Syntax(first.trim_start_matches("ERROR: ").to_owned())
    })
}

/// Reads an expression that is to be evaluated: its comprehensions count what they spend.
pub fn compile(text: &str) -> Result<Expression, Unreadable> {
    let mut expression = parse(text)?;
    meter(&mut expression).map_err(|what| Unreadable::Unsupported(what.to_owned()))?;
    Ok(expression)
}

thread_local! {
    static SPENT: Cell<u32> = const { Cell::new(0) };
}

/// Evaluates an expression with a budget of its own.
pub fn evaluate(expression: &Expression, scope: &Context<'_>) -> Result<Value, ExecutionError> {
    SPENT.set(0);
    let value = scope.resolve(expression);
    // An error within `||` may have been swallowed.
    if SPENT.get() > COST_LIMIT { Err(overspent()) } else { value }
}

/// Tells whether an evaluation ended because its budget was spent.
pub fn is_overspent(error: &ExecutionError) -> bool {
    matches!(error, ExecutionError::FunctionError { function, .. } if function == METER)
}

fn overspent() -> ExecutionError {
    ExecutionError::function_error(METER, "the budget is spent")
}

/// Adds the function that counts the steps of comprehensions.
pub(super) fn add_meter(context: &mut Context<'_>) {
    context.add_function(METER, |gathered: Value| -> Result<Value, ExecutionError> {
        let spent = SPENT.get().saturating_add(1);
        SPENT.set(if size(&gathered, LARGEST) > LARGEST { COST_LIMIT + 1 } else { spent });
        if SPENT.get() > COST_LIMIT { Err(overspent()) } else { Ok(Value::Bool(true)) }
    });
    context.add_function(MEASURE, |range: Value| -> Result<Value, ExecutionError> {
        if size(&range, LARGEST) <= LARGEST {
            return Ok(range);
        }
        SPENT.set(COST_LIMIT + 1);
        Err(overspent())
    });
    context.add_function(OPTIONAL_FIELD, |of: Value, field: Arc<String>| optional_field(&of, &field));
}

/// Measures a value, as far as `limit`.
fn size(value: &Value, limit: usize) -> usize {
    let sum = |sum: usize, more: &Value| if sum > limit { sum } else { sum + size(more, limit - sum) };
    match value {
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.iter().fold(items.len(), sum),
        Value::Map(entries) => entries.map.values().fold(entries.map.len(), sum),
        _ => 1,
    }
}

/// Makes each comprehension count its steps. Gives what cannot be evaluated.
fn meter(expression: &mut IdedExpr) -> Result<(), &'static str> {
    match &mut expression.expr {
        Expr::Unspecified => Err("a part of it is missing"),
        Expr::Struct(_) => Err("it builds an object, which is not done here"),
        Expr::Ident(_) | Expr::Literal(_) => Ok(()),
        Expr::Select(select) => {
            meter(&mut select.operand)?;
            // A field of what may be there may be there.
            if !select.test && is_optional(&select.operand) {
                let field = Expr::Literal(LiteralValue::String(select.field.as_str().into()));
                let operand = std::mem::take(&mut *select.operand);
                expression.expr = call(OPTIONAL_FIELD, vec![operand, IdedExpr { id: 0, expr: field }]);
            }
            Ok(())
        }
        Expr::List(list) => list.elements.iter_mut().try_for_each(meter),
        Expr::Map(map) => map.entries.iter_mut().try_for_each(|entry| match &mut entry.expr {
            EntryExpr::MapEntry(entry) => meter(&mut entry.key).and_then(|()| meter(&mut entry.value)),
            EntryExpr::StructField(_) => Err("it builds an object, which is not done here"),
        }),
        Expr::Call(call) => {
            if call.func_name == "format" && !call.target.as_deref().is_some_and(is_plain_format) {
                return Err("its format is no literal, or has a precision over 99");
            }
            // The evaluator's own fails where the field is missing.
            if call.func_name == operators::OPT_SELECT {
                OPTIONAL_FIELD.clone_into(&mut call.func_name);
            }
            call.target.as_deref_mut().into_iter().chain(&mut call.args).try_for_each(meter)
        }
        Expr::Comprehension(inner) => {
            let parts = [&mut inner.iter_range, &mut inner.accu_init, &mut inner.loop_cond, &mut inner.loop_step];
            parts.into_iter().chain([&mut inner.result]).try_for_each(meter)?;
            let of = |expr| IdedExpr { id: 0, expr };
            let counted = of(call(METER, vec![of(Expr::Ident(inner.accu_var.clone()))]));
            let condition = std::mem::take(&mut inner.loop_cond);
            inner.loop_cond = of(call(operators::LOGICAL_AND, vec![counted, condition]));
            let range = std::mem::take(&mut inner.iter_range);
            inner.iter_range = of(call(MEASURE, vec![range]));
            Ok(())
        }
    }
}

fn call(name: &str, args: Vec<IdedExpr>) -> Expr {
    Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args })
}

/// Tells whether an expression gives what may be there, by its form.
fn is_optional(expression: &IdedExpr) -> bool {
    let names = [OPTIONAL_FIELD, operators::OPT_SELECT, operators::OPT_INDEX];
    matches!(&expression.expr, Expr::Call(call) if names.contains(&call.func_name.as_str()))
}

/// Gives a field of a map, or of what may be a map, as what may be there.
fn optional_field(of: &Value, field: &str) -> Result<Value, ExecutionError> {
    let optional = |value: Option<Value>| {
        let held = value.map_or_else(OptionalValue::none, OptionalValue::of);
        Value::Opaque(Arc::new(held))
    };
    match of {
        Value::Map(map) => {
            let key = Key::String(Arc::new(field.to_owned()));
            Ok(optional(map.map.get(&key).cloned()))
        }
        Value::Opaque(held) => match held.downcast_ref::<OptionalValue>().map(OptionalValue::value) {
            Some(Some(inner)) => optional_field(inner, field),
            Some(None) => Ok(optional(None)),
            None => Err(ExecutionError::NoSuchOverload),
        },
        _ => Err(ExecutionError::NoSuchOverload),
    }
}

/// Tells whether a format is written out, and asks for no absurd precision.
fn is_plain_format(format: &IdedExpr) -> bool {
    let Expr::Literal(LiteralValue::String(text)) = &format.expr else { return false };
    let long = |precision: &str| precision.chars().take_while(char::is_ascii_digit).count() > 2;
    !text.inner().split("%.").skip(1).any(long)
}

/// Iterates over the names that an expression takes from around it, and the fields of `variables` among them
/// (`variables.x`).
pub fn free_names(expression: &Expression) -> Vec<String> {
    let mut names = Vec::new();
    gather(expression, &mut Vec::new(), &mut names);
    names.sort();
    names.dedup();
    names
}

/// What functions stand under: `sets.contains(…)`.
const LIBRARIES: [&str; 11] =
    ["base64", "cidr", "duration", "format", "ip", "jsonpatch", "lists", "math", "optional", "semver", "sets"];

fn gather<'e>(expression: &'e IdedExpr, bound: &mut Vec<&'e str>, names: &mut Vec<String>) {
    let is_library =
        |name: &String, bound: &[&str]| LIBRARIES.contains(&name.as_str()) && !bound.contains(&name.as_str());
    match &expression.expr {
        Expr::Ident(name) if bound.contains(&name.as_str()) || name.starts_with('@') => {}
        Expr::Ident(name) => names.push(name.clone()),
        Expr::Select(select) => match &select.operand.expr {
            Expr::Ident(name) if name == "variables" && !bound.contains(&"variables") => {
                names.push(format!("variables.{}", select.field));
            }
            _ => gather(&select.operand, bound, names),
        },
        Expr::Call(call) => {
            let target = call.target.as_deref().filter(|target| match &target.expr {
                Expr::Ident(name) => !is_library(name, bound),
                _ => true,
            });
            target.into_iter().chain(&call.args).for_each(|inner| gather(inner, bound, names));
        }
        Expr::List(list) => list.elements.iter().for_each(|inner| gather(inner, bound, names)),
        Expr::Map(map) => {
            for entry in &map.entries {
                if let EntryExpr::MapEntry(entry) = &entry.expr {
                    gather(&entry.key, bound, names);
                    gather(&entry.value, bound, names);
                }
            }
        }
        Expr::Comprehension(inner) => {
            gather(&inner.iter_range, bound, names);
            gather(&inner.accu_init, bound, names);
            let known = bound.len();
            bound.extend([inner.iter_var.as_str(), inner.accu_var.as_str()]);
            bound.extend(inner.iter_var2.as_deref());
            for part in [&inner.loop_cond, &inner.loop_step, &inner.result] {
                gather(part, bound, names);
            }
            bound.truncate(known);
        }
        Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => {}
    }
}

/// A language whose texts are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Expressions of the server.
    Cel,
    /// Policies of OPA.
    Rego,
}

/// How deeply what a text holds stands in each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Operators and brackets.
    pub in_all: usize,
    /// Brackets alone.
    pub brackets: usize,
}

/// Measures how deeply operators and brackets of a text stand in each other, at most: parsers and evaluators descend that
/// deep. Gives none where a quote is not closed.
pub fn depth(text: &str, language: Language) -> Option<Depth> {
    let rego = language == Language::Rego;
    let mut open = vec![Level::default()];
    let (mut sum, mut deepest) = (0_usize, Depth::default());
    let mut last = '\n';
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let nested = open.len() > 1;
        let level = open.last_mut()?;
        match c {
            '"' | '\'' | '`' if c == '"' || (c == '`') == rego => {
                // In CEL the letter before may make it raw; in Rego the kind of quote does.
                let raw = if rego { c == '`' } else { matches!(last, 'r' | 'R') };
                rest = behind_quote(rest, c, raw, !rego)?;
            }
            '#' if rego => rest = rest.find('\n').map_or("", |end| &rest[end..]),
            '/' if !rego && rest.starts_with('/') => rest = rest.find('\n').map_or("", |end| &rest[end..]),
            '(' | '[' | '{' => {
                sum += level.link() + BRACKET;
                open.push(Level::default());
            }
            ')' | ']' | '}' if nested => sum -= open.pop()?.depth() + BRACKET,
            ',' | ';' => sum -= level.end(),
            '&' | '|' if !rego => sum -= level.end(),
            '\n' if rego => {
                let next = rest.trim_start().chars().next().unwrap_or(' ');
                let hangs = |c: char| "+-*/%<>=!|&.:([".contains(c);
                if !hangs(last) && !hangs(next) {
                    sum -= level.end();
                }
            }
            '.' => sum += level.link(),
            '=' if "=!<>:".contains(last) => {}
            _ if "+-*/%<>=!?:&|".contains(c) => {
                level.operators += 1;
                level.links = 0;
                sum += 1;
            }
            _ => {}
        }
        deepest = Depth { in_all: deepest.in_all.max(sum), brackets: deepest.brackets.max(open.len() - 1) };
        if !c.is_whitespace() {
            last = c;
        }
    }
    Some(deepest)
}

/// What stands between two brackets, since the last comma.
#[derive(Default)]
struct Level {
    /// Operators, each of which may hang on those before.
    operators: usize,
    /// Fields, indices and calls in a row.
    links: usize,
    /// The longest such row.
    longest: usize,
}

impl Level {
    fn depth(&self) -> usize {
        self.operators + self.longest
    }

    /// Adds a field, an index or a call. Gives by how much that deepens the level.
    fn link(&mut self) -> usize {
        self.links += 1;
        let deeper = usize::from(self.links > self.longest);
        self.longest += deeper;
        deeper
    }

    /// Ends what hangs together. Gives how deep it was.
    fn end(&mut self) -> usize {
        std::mem::take(self).depth()
    }
}

/// Skips a quoted text whose first quote was read; triple quotes where the language has them.
fn behind_quote(rest: &str, quote: char, raw: bool, triple: bool) -> Option<&str> {
    let three: String = [quote; 3].iter().collect();
    let many = triple && rest.starts_with(&three[1..]);
    let (mut rest, end) = if many { (&rest[2..], three.as_str()) } else { (rest, &three[..1]) };
    loop {
        if let Some(behind) = rest.strip_prefix(end) {
            return Some(behind);
        }
        let c = rest.chars().next()?;
        let lines = many || quote == '`';
        if matches!(c, '\n' | '\r') && !lines {
            return None;
        }
        rest = &rest[c.len_utf8()..];
        if c == '\\' && !raw {
            rest = &rest[rest.chars().next()?.len_utf8()..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::server_functions;

    fn outcome(text: &str) -> Result<Value, String> {
        let expression = compile(text).map_err(|why| why.reason().to_owned())?;
        evaluate(&expression, &server_functions())
            .map_err(|error| if is_overspent(&error) { "overspent".to_owned() } else { error.to_string() })
    }

    #[test]
    fn expressions_give_what_they_gave_unmetered() {
        for holds in [
            "[1, 2].all(x, x > 0) && [1, 2].exists(x, x == 2) && [1, 2].exists_one(x, x == 2)",
            "[1, 2].map(x, x * 2) == [2, 4] && [1, 2].filter(x, x > 1) == [2]",
            "'%s-%d'.format(['a', 1]) == 'a-1'",
            "true || [1].all(x, 1 / 0 == 1)",
            "{'a': {'b': 1}}.?a.?b.orValue(0) == 1 && {'a': {'b': 1}}.?a.b.orValue(0) == 1",
            "{'a': 1}.?b.?c.orValue(0) == 0 && {'a': 1}.?b.c.d.orValue(0) == 0 && !{'a': 1}.?b.hasValue()",
            "{'a': {'b': 1}}[?'a'].b.value() == 1 && !{'a': 1}[?'c'].hasValue()",
        ] {
            assert_eq!(outcome(holds), Ok(Value::Bool(true)), "{holds}");
        }
    }

    #[test]
    fn what_would_not_end_ends() {
        roomy(would_not_end);
    }

    fn would_not_end() {
        let many = "[0,1,2,3,4,5,6,7,8,9]";
        let nested =
            |depth: usize| (0..depth).fold("true".to_owned(), |inner, at| format!("{many}.all(x{at}, {inner})"));
        assert_eq!(outcome(&nested(3)), Ok(Value::Bool(true)));
        assert_eq!(outcome(&nested(9)), Err("overspent".to_owned()));
        assert_eq!(outcome(&format!("{} || true", nested(9))), Err("overspent".to_owned()), "no error is swallowed");
        let doubled = "['ab']".to_owned() + &".map(a, a + a)".repeat(28);
        assert!(outcome(&doubled) == Err("overspent".to_owned()));
    }

    #[test]
    fn what_would_overflow_the_stack_is_refused() {
        for text in [
            "(".repeat(5000) + "1" + &")".repeat(5000),
            "[".repeat(5000) + &"]".repeat(5000),
            "-".repeat(5000) + "1",
            "!".repeat(5000) + "true",
            "1".to_owned() + &"+1".repeat(5000),
            "a".to_owned() + &".a".repeat(5000),
            "a".to_owned() + &"[0]".repeat(5000),
            "true ? 1 : ".repeat(1000) + "1",
            "a".repeat(20_000),
        ] {
            assert!(matches!(compile(&text), Err(Unreadable::Unsupported(_))), "{}", &text[..20]);
        }
        for text in ["'a", "'''a'", "\"a\n\"", "'a' + 'b\\'"] {
            assert_eq!(compile(text), Err(Unreadable::Syntax("a quote in it is not closed".to_owned())), "{text}");
        }
        for text in ["Object{a: 1}", "('%.9' + '9f').format([1.0])", "'%.100f'.format([1.0])"] {
            assert!(matches!(compile(text), Err(Unreadable::Unsupported(_))), "{text}");
        }
    }

    #[test]
    fn what_is_just_allowed_fits_the_stack() {
        roomy(just_allowed);
    }

    /// Frames are several times as large without optimisation: a test's own stack would not do for them.
    fn roomy(test: fn()) {
        let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(test);
        thread.expect("a thread starts").join().expect("it holds");
    }

    fn just_allowed() {
        let terms = |count: usize| "1".to_owned() + &"+1".repeat(count);
        assert_eq!(outcome(&terms(DEEPEST)), Ok(Value::Int(97)));
        let deep = "[".repeat(DEEPEST / (BRACKET + 1)) + &"]".repeat(DEEPEST / (BRACKET + 1));
        assert!(outcome(&deep).is_ok(), "{:?}", outcome(&deep));
        let arms = "false ? 1 : ".repeat(DEEPEST / 2) + "1";
        assert_eq!(outcome(&arms), Ok(Value::Int(1)));
        // Conjunctions are balanced, and quotes hold no brackets.
        assert_eq!(outcome(&("true".to_owned() + &" && true".repeat(1000))), Ok(Value::Bool(true)));
        assert!(outcome(&format!("r'\\' + '{}' == ''", "(".repeat(1000))).is_ok());
    }

    #[test]
    fn names_come_from_around() {
        let names = |text: &str| free_names(&compile(text).expect("it is right")).join(" ");
        assert_eq!(
            names("object.a.all(c, c.b == params.x) && sets.contains(variables.y, [z])"),
            "object params variables.y z"
        );
        assert_eq!(names("has(container.a) ? pod.spec.x : 'a'.matches('b')"), "container pod");
    }

    #[test]
    fn lines_of_rego_do_not_hang_on_each_other() {
        let lines =
            "deny contains msg if {\n  input.spec.containers[_].image == \"a\"\n  msg := `(((` # ((((\n}\n".repeat(50);
        assert!(depth(&lines, Language::Rego).is_some_and(|depth| depth.in_all < 20));
        let chain = "a := 1".to_owned() + &"+\n1".repeat(500);
        assert!(depth(&chain, Language::Rego).is_some_and(|depth| depth.in_all > 400));
    }
}
