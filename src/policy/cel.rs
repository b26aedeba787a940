//! CEL expressions over documents.

use crate::schema::{compile_expression, evaluate, is_overspent};
use crate::yaml::{Node, emit::Data};
use kube_cel::cel::objects::{Key, Map};
use kube_cel::cel::parser;
use kube_cel::cel::{Context, ExecutionError, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// An expression, compiled.
pub(super) struct Expression {
    program: parser::Expression,
    only_the_server_knows: Option<&'static str>,
}

/// Why an expression gave no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server would fail by it too.
    Error(String),
    /// A field or key is missing.
    Missing(String),
    /// It asks for what is not known here.
    Unsupported(String),
}

impl Expression {
    /// Compiles an expression. The error is one line.
    pub(super) fn compile(text: &str) -> Result<Self, String> {
        let program = compile_expression(text).map_err(|why| why.reason().to_owned())?;
        let known_there = ["authorizer", "request.userInfo", "request.dryRun", "request.options"];
        let filled_in = ["uid", "creationTimestamp", "managedFields", "generation", "resourceVersion"];
        let is_field = |name: &&&str| text.contains(&format!("metadata.{name}"));
        let only_the_server_knows =
            known_there.iter().find(|name| text.contains(**name)).or_else(|| filled_in.iter().find(is_field)).copied();
        Ok(Self { program, only_the_server_knows })
    }

    /// Evaluates the expression.
    pub(super) fn value(&self, scope: &Context<'_>) -> Result<Value, Failure> {
        if let Some(name) = self.only_the_server_knows {
            return Err(Failure::Unsupported(format!("`{name}` is known to the cluster alone")));
        }
        evaluate(&self.program, scope).map_err(|error| match error {
            error if is_overspent(&error) => {
                Failure::Unsupported("it takes more steps than are spent on it here".to_owned())
            }
            ExecutionError::UndeclaredReference(name) => Failure::Unsupported(format!("`{name}` is not known here")),
            ExecutionError::NotSupportedAsMethod { method, .. } => {
                Failure::Unsupported(format!("the function `{method}` is not known here"))
            }
            ExecutionError::NoSuchKey(key) => Failure::Missing(key.to_string()),
            ExecutionError::DivisionByZero(_) => Failure::Error("it divides by zero".to_owned()),
            // What fails here may have a meaning there; others quote values, which may be secrets.
            _ => Failure::Unsupported("its operands do not fit here".to_owned()),
        })
    }

    /// Evaluates a condition.
    pub(super) fn holds(&self, scope: &Context<'_>) -> Result<bool, Failure> {
        match self.value(scope)? {
            Value::Bool(value) => Ok(value),
            _ => Err(Failure::Error("it gives no boolean".to_owned())),
        }
    }
}

/// Makes a scope with the functions of the server.
pub(super) fn scope() -> Context<'static> {
    crate::schema::server_functions()
}

/// Names a value in a scope.
pub(super) fn name(scope: &mut Context<'_>, name: &str, value: Value) {
    scope.add_variable_from_value(name, value);
}

/// Gives the value of a node.
pub(super) fn of_node(node: Node<'_>) -> Value {
    of_data(&Data::from_node(node))
}

/// Gives the value of data.
pub(super) fn of_data(data: &Data) -> Value {
    match data {
        Data::Null => Value::Null,
        Data::Bool(value) => Value::Bool(*value),
        Data::Int(value) => Value::Int(*value),
        Data::UInt(value) => Value::UInt(*value),
        Data::Float(value) => Value::Float(*value),
        Data::String(text) => Value::String(Arc::new(text.clone())),
        Data::Seq(items) => Value::List(Arc::new(items.iter().map(of_data).collect())),
        Data::Map(entries) => map(entries.iter().flat_map(|(key, value)| {
            let value = of_data(value);
            // A word of the language is written with underscores as a field.
            let escaped = (key == "namespace").then(|| ("__namespace__".to_owned(), value.clone()));
            std::iter::once((key.clone(), value)).chain(escaped)
        })),
    }
}

/// Makes a map of values.
pub(super) fn map(entries: impl IntoIterator<Item = (String, Value)>) -> Value {
    let map: HashMap<Key, Value> =
        entries.into_iter().map(|(key, value)| (Key::String(Arc::new(key)), value)).collect();
    Value::Map(Map { map: Arc::new(map) })
}

/// Makes a text.
pub(super) fn text(text: &str) -> Value {
    Value::String(Arc::new(text.to_owned()))
}
