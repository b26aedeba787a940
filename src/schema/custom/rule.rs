//! Rules in CEL (`x-kubernetes-validations`), evaluated as the server evaluates them when an object is created.
//!
//! A rule that cannot be computed here refuses nothing: [`Rule::unsupported`] tells of those that are known from their text.
//! Source: `pkg/apiserver/schema/cel/validation.go` of apiextensions.

use super::super::expression;
use super::super::shape::{Schema, Shape};
use super::super::store::Type;
use super::value::{mended, value};
use super::view::{View, child, items};
use crate::source::Span;
use crate::yaml::{Node, Step};
use kube_cel::KubeCelExt as _;
use kube_cel::cel::extractors::This;
use kube_cel::cel::objects::OptionalValue;
use kube_cel::cel::parser::Expression;
use kube_cel::cel::{Context, ExecutionError, Value, functions};
use std::sync::{Arc, OnceLock};

/// The longest message that a rule may compute, in bytes.
const LONGEST_MESSAGE: usize = 5 * 1024;

/// A rule of a definition, compiled when it is first needed.
#[derive(Debug)]
pub(super) struct Rule {
    text: Box<str>,
    message: Option<Box<str>>,
    message_expression: Option<Box<str>>,
    /// The field that the rule is about, from the value at which it stands.
    field: Box<[Box<str>]>,
    /// Is evaluated without an old object too.
    optional_old_self: bool,
    program: OnceLock<Option<Expression>>,
    message_program: OnceLock<Option<Expression>>,
}

/// A rule that an object breaks.
#[derive(Debug)]
pub struct BrokenRule {
    /// Where: the value that the rule is about, or the nearest that is written.
    pub span: Span,
    /// The field from the object's root, as the server names it.
    pub path: String,
    /// What the definition says of it.
    pub message: String,
    /// The rule.
    pub rule: String,
}

impl Rule {
    pub(super) fn read(node: Node<'_>) -> Option<Self> {
        let text = |key: &str| node.field(key).and_then(Node::as_str).map(str::trim).filter(|text| !text.is_empty());
        Some(Self {
            text: text("rule")?.into(),
            message: text("message").map(Into::into),
            message_expression: text("messageExpression").map(Into::into),
            field: text("fieldPath").and_then(field_path).unwrap_or_default(),
            optional_old_self: node.field("optionalOldSelf").and_then(Node::as_bool) == Some(true),
            program: OnceLock::new(),
            message_program: OnceLock::new(),
        })
    }

    /// Gives what a rule's text uses that cannot be computed here.
    pub(super) fn unsupported(text: &str) -> Option<&'static str> {
        const MISSING: [&str; 4] = ["sortBy", "cel.bind", "transformList", "transformMap"];
        MISSING.into_iter().find(|name| text.contains(name) && text.contains(&format!("{name}(")))
    }

    /// Gives why a value, `own`, which is `self`, breaks the rule; none where it does not, or where that cannot be told.
    fn broken(&self, context: &Context<'_>, own: &Value) -> Option<String> {
        let program = compiled(&self.program, &self.text)?;
        if program.references().has_variable("oldSelf") && !self.optional_old_self {
            // There is nothing old when an object is created.
            return None;
        }
        match expression::evaluate(program, context) {
            Ok(Value::Bool(false)) => Some(self.say(context)),
            Err(error) if is_of_the_object(&error) => Some(format!("the rule `{}` fails: {error}", self.shown())),
            Err(_) if fails_as_written(context, program, own) => Some(format!(
                "the rule `{}` fails: it speaks of a value that is not written as its format asks",
                self.shown()
            )),
            _ => None,
        }
    }

    fn say(&self, context: &Context<'_>) -> String {
        let computed = || {
            let program = compiled(&self.message_program, self.message_expression.as_deref()?)?;
            match expression::evaluate(program, context) {
                Ok(Value::String(text)) => Some(text.trim().to_owned()),
                _ => None,
            }
        };
        let right = |text: &String| !text.is_empty() && text.len() <= LONGEST_MESSAGE && !text.contains('\n');
        computed()
            .filter(right)
            .or_else(|| self.message.as_deref().map(str::to_owned))
            .unwrap_or_else(|| format!("the rule `{}` does not hold", self.shown()))
    }

    fn shown(&self) -> String {
        super::super::validate::show(&self.text).into_owned()
    }
}

/// Tells whether a rule that fails would not, were values written as their formats ask.
fn fails_as_written(context: &Context<'_>, program: &Expression, own: &Value) -> bool {
    let Some(meant) = mended(own) else { return false };
    let mut context = context.new_inner_scope();
    context.add_variable_from_value("self", meant);
    expression::evaluate(program, &context).is_ok()
}

fn compiled<'p>(program: &'p OnceLock<Option<Expression>>, text: &str) -> Option<&'p Expression> {
    program.get_or_init(|| expression::compile(text).ok()).as_ref()
}

/// Tells whether a server's evaluation fails likewise: errors of other kinds may be what is missing here.
fn is_of_the_object(error: &ExecutionError) -> bool {
    match error {
        ExecutionError::NoSuchKey(_)
        | ExecutionError::IndexOutOfBounds(_)
        | ExecutionError::DivisionByZero(_)
        | ExecutionError::RemainderByZero(_)
        | ExecutionError::Overflow(..) => true,
        ExecutionError::FunctionError { function, message } => {
            let parses = ["quantity", "duration", "timestamp", "url", "ip", "cidr", "semver", "asInteger"];
            parses.contains(&function.as_str()) && !message.starts_with("expected")
        }
        _ => false,
    }
}

/// Reads the path of a field: `.spec.names['a.b']`.
pub fn field_path(text: &str) -> Option<Box<[Box<str>]>> {
    let mut steps: Vec<Box<str>> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (step, behind) = if let Some(quoted) = rest.strip_prefix("['") {
            let end = quoted.find("']")?;
            (quoted[..end].replace("\\'", "'"), &quoted[end + 2..])
        } else {
            let name = rest.strip_prefix('.')?;
            let end = name.find(['.', '[']).unwrap_or(name.len());
            (name[..end].to_owned(), &name[end..])
        };
        steps.push(step.into());
        rest = behind;
    }
    (!steps.is_empty()).then(|| steps.into())
}

thread_local! {
    /// The functions of the crate, as it has them.
    static CRATE: Context<'static> = Context::default().with_all();
    /// The functions of the server's CEL, registered once a thread.
    static FUNCTIONS: Context<'static> = functions();
}

/// Adds what the crate lacks: functions that give values of their own type back, and types as values.
fn functions() -> Context<'static> {
    let mut context = server_functions();
    context.add_function("duration", |given: Value| match given {
        Value::String(text) => functions::duration(text),
        given => Ok(given),
    });
    context.add_function("timestamp", |given: Value| match given {
        Value::String(text) => functions::timestamp(text),
        given => Ok(given),
    });
    context.add_function("type", |given: Value| type_of(&given).to_owned());
    for name in ["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type"] {
        context.add_variable_from_value(name, name.to_owned());
    }
    context
}

/// Gives the functions that the server knows in any CEL; sums that do not fit are errors, as there, and never wrap.
pub fn server_functions() -> Context<'static> {
    let mut context = Context::default().with_all();
    expression::add_meter(&mut context);
    // The crate forgives blanks around quantities, which the server's CEL does not.
    context.add_function("isQuantity", |text: Arc<String>| is_quantity(&text));
    context.add_function("quantity", |text: Arc<String>| -> Result<Value, ExecutionError> {
        if !is_quantity(&text) {
            return Err(ExecutionError::function_error("quantity", format!("`{text}` is no quantity")));
        }
        CRATE.with(|functions| {
            let mut context = functions.new_inner_scope();
            context.add_variable_from_value("text", Value::String(text));
            context.resolve(&expression::parse("quantity(text)").expect("is an expression"))
        })
    });
    context.add_function("sum", |This(list): This<Arc<Vec<Value>>>| -> Result<Value, ExecutionError> {
        let overflow = || ExecutionError::function_error("sum", "integer overflow");
        let add = |sum: Value, item: &Value| match (sum, item) {
            (Value::Int(a), Value::Int(b)) => a.checked_add(*b).map(Value::Int).ok_or_else(overflow),
            (Value::UInt(a), Value::UInt(b)) => a.checked_add(*b).map(Value::UInt).ok_or_else(overflow),
            (Value::Float(a), Value::Float(b)) => Ok(Value::Float(a + b)),
            _ => Err(ExecutionError::function_error("sum", "its items are no numbers of one type")),
        };
        let Some((first, rest)) = list.split_first() else { return Ok(Value::Int(0)) };
        rest.iter().try_fold(first.clone(), add)
    });
    context
}

/// Tells whether the server's CEL reads a text as a quantity.
fn is_quantity(text: &str) -> bool {
    !text.contains(' ') && super::super::validate::is_quantity(text)
}

/// Names the type of a value as CEL does.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::List(_) => "list",
        Value::Map(_) => "map",
        Value::Int(_) => "int",
        Value::UInt(_) => "uint",
        Value::Float(_) => "double",
        Value::String(_) => "string",
        Value::Bytes(_) => "bytes",
        Value::Bool(_) => "bool",
        Value::Null => "null_type",
        _ => "other",
    }
}

/// Evaluates the rules of a custom resource over an object of its kind.
pub fn broken_rules(object: Node<'_>, kind: &Type<'_>) -> Vec<BrokenRule> {
    if !kind.schema.custom.as_ref().is_some_and(|custom| custom.rules_below) {
        return Vec::new();
    }
    FUNCTIONS.with(|functions| {
        let mut evaluation =
            Evaluation { functions, drops_status: kind.drops_status, steps: Vec::new(), broken: Vec::new() };
        evaluation.visit(View::Written(object), kind.schema, object);
        evaluation.broken
    })
}

struct Evaluation<'f, 'a> {
    functions: &'f Context<'static>,
    drops_status: bool,
    steps: Vec<Step<'a>>,
    broken: Vec<BrokenRule>,
}

impl<'a> Evaluation<'_, 'a> {
    /// Evaluates the rules at a value and below; `written` is the nearest node that is written.
    fn visit(&mut self, view: View<'a>, schema: &'a Schema, written: Node<'a>) {
        let Some(custom) = schema.custom.as_ref().filter(|custom| custom.rules_below && !view.is_null()) else {
            return;
        };
        if !custom.rules.is_empty() {
            let mut context = self.functions.new_inner_scope();
            let drops_status = self.drops_status && self.steps.is_empty();
            let own = value(view, Some(schema), drops_status);
            context.add_variable_from_value("self", own.clone());
            context.add_variable_from_value("oldSelf", Value::Opaque(Arc::new(OptionalValue::none())));
            for rule in &custom.rules {
                if let Some(message) = rule.broken(&context, &own) {
                    self.report(rule, message, written);
                }
            }
        }
        match &schema.shape {
            Shape::Object(_) | Shape::Map(_) => {
                for (name, field, _) in view.fields(Some(schema)) {
                    let dropped = self.drops_status && self.steps.is_empty() && name == "status";
                    if let Some(of_field) = child(schema, name).filter(|_| !dropped) {
                        self.deeper(Step::Key(name), field, of_field, written);
                    }
                }
            }
            Shape::List(_) => {
                let Some(of_items) = items(schema) else { return };
                for (index, item) in view.items(Some(schema)).into_iter().enumerate() {
                    self.deeper(Step::Index(index), item, of_items, written);
                }
            }
            _ => {}
        }
    }

    fn deeper(&mut self, step: Step<'a>, view: View<'a>, schema: &'a Schema, written: Node<'a>) {
        let written = if let View::Written(node) = view { node } else { written };
        self.steps.push(step);
        self.visit(view, schema, written);
        self.steps.pop();
    }

    fn report(&mut self, rule: &Rule, message: String, written: Node<'a>) {
        let mut path = String::new();
        self.steps.iter().for_each(|step| step.push_to(&mut path));
        let mut node = Some(written);
        let mut span = written.head();
        for name in &rule.field {
            Step::Key(name).push_to(&mut path);
            node = node.and_then(|node| node.field(name));
            span = node.map_or(span, Node::head);
        }
        self.broken.push(BrokenRule { span, path, message, rule: rule.text.to_string() });
    }
}
