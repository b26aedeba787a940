//! What templates can call, and the variables that they see.

use super::files::FilesObject;
use super::flatten;
use super::log::{Log, Raw, data_text, to_data};
use super::rewrite::Tables;
use super::values::Leaves;
use crate::render::{Request, weave};
use crate::source::SourceMap;
use crate::yaml::emit::Data;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use minijinja::value::Rest;
use minijinja::{Environment, Error, ErrorKind, State, Value};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// The variables that templates see.
pub const VARIABLES: &[&str] = &["values", "release", "chart", "environment", "capabilities", "files"];

/// The functions that templates can call.
pub const FUNCTIONS: &[&str] =
    &["debug", "dict", "fail", "lookup", "namespace", "range", "rendered", "required", "tpl", "toyaml", "tojson"];

/// The filters that templates can use.
#[rustfmt::skip]
pub const FILTERS: &[&str] = &[
    "abs", "attr", "b64decode", "b64encode", "batch", "bool", "capitalize", "chain", "count", "d", "default", "dictsort",
    "first", "float", "format", "fromjson", "fromyaml", "groupby", "indent", "int", "items", "join", "last", "length",
    "lines", "list", "lower", "map", "max", "min", "pprint", "raw", "reject", "rejectattr", "replace", "required",
    "reverse", "round", "select", "selectattr", "sha256", "slice", "sort", "split", "string", "sum", "title", "tojson",
    "toyaml", "tpl", "trim", "trunc", "unique", "upper", "zip",
];

/// The tests that templates can use.
#[rustfmt::skip]
pub const TESTS: &[&str] = &[
    "boolean", "defined", "divisibleby", "endingwith", "eq", "equalto", "even", "false", "filter", "float", "ge",
    "greaterthan", "gt", "in", "int", "integer", "iterable", "le", "lessthan", "lower", "lt", "mapping", "ne", "none",
    "number", "odd", "sameas", "semver", "sequence", "startingwith", "string", "test", "true", "undefined", "upper",
];

fn invalid(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, what.into())
}

/// Makes the variables of a run.
pub(super) fn context(request: &Request<'_>, leaves: &Arc<Leaves>, values: Value) -> Value {
    let release = request.release;
    let mut version = release.kubernetes_version.splitn(3, '.');
    let major = version.next().unwrap_or_default().to_owned();
    let minor = version.next().unwrap_or_default().to_owned();
    let kube_version = BTreeMap::from([
        ("version", Value::from(format!("v{major}.{minor}.0"))),
        ("major", Value::from(major)),
        ("minor", Value::from(minor)),
    ]);
    let release_value = BTreeMap::from([
        ("name", Value::from(Arc::<str>::from(release.name.as_str()))),
        ("namespace", Value::from(Arc::<str>::from(release.namespace.as_str()))),
        ("revision", Value::from(release.revision)),
        ("is_install", Value::from(!release.is_upgrade)),
        ("is_upgrade", Value::from(release.is_upgrade)),
    ]);
    let capabilities = BTreeMap::from([
        ("kube_version", Value::from(kube_version)),
        (
            "api_versions",
            release.served.iter().chain(&release.api_versions).map(|name| Value::from(name.as_str())).collect(),
        ),
    ]);
    let environment = release.environment.clone().map_or(Value::from(()), Value::from);
    Value::from(BTreeMap::from([
        ("values", values),
        ("release", Value::from(release_value)),
        ("chart", to_value(&request.templates.metadata)),
        ("environment", environment),
        ("capabilities", Value::from(capabilities)),
        ("files", Value::from_object(FilesObject(Arc::clone(&request.templates.files)))),
        (Leaves::NAME, Value::from_dyn_object(Arc::clone(leaves))),
    ]))
}

/// Gives data as templates see it.
pub(super) fn to_value(data: &Data) -> Value {
    match data {
        Data::Null => Value::from(()),
        Data::Bool(value) => Value::from(*value),
        Data::Int(value) => Value::from(*value),
        Data::UInt(value) => Value::from(*value),
        Data::Float(value) => Value::from(*value),
        Data::String(text) => Value::from(text.as_str()),
        Data::Seq(items) => Value::from(items.iter().map(to_value).collect::<Vec<_>>()),
        Data::Map(entries) => {
            Value::from(entries.iter().map(|(key, value)| (key.clone(), to_value(value))).collect::<BTreeMap<_, _>>())
        }
    }
}

/// Gives a value's text; what it says of bytes is the bytes.
fn bytes_of(value: &Value) -> Result<Vec<u8>, Error> {
    match value.as_bytes() {
        Some(bytes) => Ok(bytes.to_vec()),
        None => Ok(data_text(&to_data(value)?).into_owned().into_bytes()),
    }
}

fn is_absent(value: &Value) -> bool {
    value.is_undefined() || value.is_none() || value.as_str() == Some("")
}

fn required(value: Value, message: &str) -> Result<Value, Error> {
    if is_absent(&value) { Err(invalid(message)) } else { Ok(value) }
}

/// Adds functions, filters and tests to an environment.
pub(super) fn install(environment: &mut Environment<'_>, tables: &Arc<Tables>) {
    environment.add_filter("toyaml", toyaml);
    environment.add_function("toyaml", toyaml);
    environment.add_filter("tojson", tojson);
    environment.add_function("tojson", tojson);
    environment.add_filter("fromyaml", |text: &str| from_text(text, "YAML"));
    environment.add_filter("fromjson", |text: &str| from_text(text, "JSON"));
    environment.add_filter("b64encode", |value: Value| Ok::<_, Error>(BASE64.encode(bytes_of(&value)?)));
    environment.add_filter("b64decode", |text: &str| {
        let bytes = BASE64.decode(text.trim()).map_err(|_| invalid("this is not base64"))?;
        String::from_utf8(bytes).map_err(|_| invalid("what was encoded is not text"))
    });
    environment.add_filter("sha256", |value: Value| {
        let mut text = String::new();
        for byte in Sha256::digest(bytes_of(&value)?) {
            _ = write!(text, "{byte:02x}");
        }
        Ok::<_, Error>(text)
    });
    environment.add_filter("trunc", |text: &str, length: i64| {
        let count = text.chars().count();
        let length_of = usize::try_from(length.unsigned_abs()).unwrap_or(usize::MAX);
        if length < 0 {
            text.chars().skip(count.saturating_sub(length_of)).collect::<String>()
        } else {
            text.chars().take(length_of).collect()
        }
    });
    environment.add_filter("raw", |value: Value| {
        Ok::<_, Error>(Value::from_object(Raw(data_text(&to_data(&value)?).into_owned())))
    });
    environment.add_filter("string", string);
    environment.add_filter("indent", indent);
    environment.add_filter("required", |value: Value, message: &str| required(value, message));
    environment.add_function("required", |message: &str, value: Value| required(value, message));
    environment.add_function("fail", |message: &str| Err::<Value, _>(invalid(message)));
    environment.add_function("lookup", |_arguments: Rest<Value>| Value::from(BTreeMap::<String, Value>::new()));
    environment.add_filter("tpl", tpl);
    environment.add_function("tpl", tpl);
    environment.add_test("semver", |version: &str, range: &str| {
        let version = version.trim_start_matches('v');
        let version = semver::Version::parse(version).map_err(|_| invalid(format!("`{version}` is no version")))?;
        let range =
            semver::VersionReq::parse(range).map_err(|_| invalid(format!("`{range}` is no range of versions")))?;
        Ok::<_, Error>(range.matches(&version))
    });
    let tables = Arc::clone(tables);
    environment.add_function("rendered", move |state: &mut State, name: &str| rendered(&tables, state, name));
}

/// Writes a value as YAML: structure where a node can stand, text inside text.
fn toyaml(state: &mut State, value: &Value) -> Result<Value, Error> {
    let data = to_data(value)?;
    let leaves = state.lookup(Leaves::NAME);
    let leaf = leaves.as_ref().and_then(|leaves| leaves.downcast_object_ref::<Leaves>()?.fed(value, &data));
    Ok(Log::of(state).yaml(data, leaf))
}

fn tojson(value: &Value) -> Result<String, Error> {
    Ok(to_data(value)?.to_json().to_string())
}

/// Indents text. Captured text is left as it is: it is indented by where it is printed.
fn indent(
    state: &mut State,
    value: Value,
    width: Option<usize>,
    first: Option<bool>,
    blank: Option<bool>,
) -> Result<Value, Error> {
    if Log::of(state).is_capture(&value) {
        return Ok(value);
    }
    let (first, blank) = (first.unwrap_or(false), blank.unwrap_or(false));
    let mut text = String::new();
    for (number, line) in data_text(&to_data(&value)?).split_inclusive('\n').enumerate() {
        if (number > 0 || first) && (blank || !line.trim().is_empty()) {
            text.extend(std::iter::repeat_n(' ', width.unwrap_or(4)));
        }
        text.push_str(line);
    }
    Ok(Value::from(text))
}

/// Writes a value as a string; a number as a person wrote it.
fn string(state: &mut State, value: Value) -> Result<Value, Error> {
    if value.as_str().is_some() || value.is_undefined() {
        return Ok(value);
    }
    let data = to_data(&value)?;
    let leaves = state.lookup(Leaves::NAME);
    let written = leaves.as_ref().and_then(|leaves| leaves.downcast_object_ref::<Leaves>()?.written(&data));
    Ok(Value::from(written.unwrap_or_else(|| data_text(&data).into_owned())))
}

fn from_text(text: &str, what: &str) -> Result<Value, Error> {
    let parsed = crate::yaml::parse(&SourceMap::new().add("text", text));
    if let Some(problem) =
        parsed.diagnostics.iter().find(|problem| problem.severity == crate::diagnostic::Severity::Error)
    {
        return Err(invalid(format!("this is not {what}: {}", problem.message)));
    }
    match parsed.documents.as_slice() {
        [] => Ok(Value::from(())),
        [document] => Ok(to_value(&Data::from_node(document.root()))),
        _ => Err(invalid(format!("this is more than one {what} document"))),
    }
}

/// Gives the variables of the running template, for another one.
fn context_of(state: &State) -> BTreeMap<String, Value> {
    let names = VARIABLES.iter().chain([&Leaves::NAME, &RENDERING]);
    names.filter_map(|name| Some(((*name).to_owned(), state.lookup(name)?))).collect()
}

/// The variable that lists the templates that `rendered` is rendering.
const RENDERING: &str = "__rendering";

fn tpl(state: &mut State, text: &str) -> Result<String, Error> {
    state.env().render_named_str("<tpl>", text, Value::from(context_of(state)))
}

fn rendered(tables: &Arc<Tables>, state: &mut State, name: &str) -> Result<String, Error> {
    let mut context = context_of(state);
    let mut names: Vec<Value> =
        context.get(RENDERING).and_then(|names| names.try_iter().ok()).map(Iterator::collect).unwrap_or_default();
    let own = Value::from(state.name());
    names.push(own);
    if names.iter().any(|known| known.as_str() == Some(name)) {
        return Err(invalid(format!("`{name}` would be rendered to render itself")));
    }
    context.insert(RENDERING.to_owned(), Value::from(names));
    let leaves = state.lookup(Leaves::NAME);
    let template = state.env().get_template(name)?;
    let mut captured = template.render_captured_to(Value::from(context), std::io::sink())?;
    let pieces = captured.with_state_mut(|state| Log::of(state).take());
    match leaves.as_ref().and_then(|leaves| leaves.downcast_object_ref::<Leaves>()) {
        Some(leaves) => Ok(weave::weave(&flatten::flatten(tables, &pieces, leaves).atoms).text),
        None => Ok(flatten::plain(tables, &pieces)),
    }
}
