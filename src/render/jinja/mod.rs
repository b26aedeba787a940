//! Native charts: Jinja templates whose values know where in the YAML they stand.
//!
//! Log, weave, prove: templates are rewritten so that running them logs every piece they print; the pieces are woven into
//! YAML; the YAML is parsed and each value found again.

mod files;
mod flatten;
mod functions;
mod log;
mod problem;
mod rewrite;
mod values;

pub(in crate::render) use flatten::Fed;
pub use functions::{FILTERS, FUNCTIONS, TESTS, VARIABLES};
pub(in crate::render) use log::data_text;

use super::{Engine, EngineError, Rendered, RenderedFile, Request, Templates, joined, look, prove, weave};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{SourceFile, SourceMap};
use log::{Log, Piece};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use rewrite::{Rewritten, Tables};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use values::Leaves;

/// Steps that one template may take: enough for tens of thousands of lines, and an end to endless loops.
const FUEL: u64 = 20_000_000;

/// The template whose text is shown after an installation.
const NOTES: &str = "NOTES.txt";

/// Renders native charts.
#[derive(Debug, Default)]
pub struct JinjaEngine;

/// Jinja's own syntax, with the line break at the end of a template kept.
fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder().keep_trailing_newline(true).build().unwrap_or_default()
}

/// A chart's templates, ready to run for any number of releases.
#[derive(Debug)]
pub(in crate::render) struct Program {
    environment: Environment<'static>,
    tables: Arc<Tables>,
    templates: BTreeMap<String, Loaded>,
    diagnostics: Vec<Diagnostic>,
}

#[derive(Debug)]
struct Loaded {
    source: Arc<SourceFile>,
    rewritten: Rewritten,
}

impl Program {
    fn compile(chart: &Templates) -> Self {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Custom("yaml".into()));
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_syntax(syntax());
        environment.set_fuel(Some(FUEL));
        environment.set_debug(true);
        let names: BTreeSet<String> = chart.templates.keys().cloned().collect();
        environment
            .set_path_join_callback(move |name, within| joined(name, within, |name| names.contains(name)).into());
        let mut tables = Tables::default();
        let mut templates = BTreeMap::new();
        let mut diagnostics = Vec::new();
        for (name, source) in &chart.templates {
            if let Err(error) = minijinja::machinery::parse(source.text(), name, syntax()) {
                diagnostics.push(look::syntax::problem(source, &error));
                continue;
            }
            match rewrite::rewrite(source, &mut tables) {
                Ok(rewritten) => match environment.add_template_owned(name.clone(), rewritten.text.clone()) {
                    Ok(()) => _ = templates.insert(name.clone(), Loaded { source: Arc::clone(source), rewritten }),
                    Err(error) => diagnostics.push(problem::rewritten(source, &rewritten, &error)),
                },
                Err(unsupported) => diagnostics.push(
                    Diagnostic::error("template/unsupported", unsupported.what)
                        .at(unsupported.span)
                        .help(unsupported.help),
                ),
            }
        }
        let tables = Arc::new(tables);
        functions::install(&mut environment, &tables);
        log::install(&mut environment, Arc::clone(&tables));
        Self { environment, tables, templates, diagnostics }
    }

    /// Runs one template and gives what it printed.
    fn run(&self, name: &str, context: &Value) -> Result<Vec<Piece>, minijinja::Error> {
        let template = self.environment.get_template(name)?;
        let mut captured = template.render_captured_to(context, std::io::sink())?;
        Ok(captured.with_state_mut(|state| state.get_extension_mut::<Log>().map(Log::take).unwrap_or_default()))
    }
}

impl Engine for JinjaEngine {
    fn render(&self, request: Request<'_>, sources: &SourceMap) -> Result<Rendered, EngineError> {
        let program = request.templates.program.get_or_init(|| Arc::new(Program::compile(request.templates)));
        let mut rendered = Rendered { diagnostics: program.diagnostics.clone(), ..Rendered::default() };
        let (leaves, values) = Leaves::expose(request.values);
        let context = functions::context(&request, &leaves, values);
        let names: Vec<&str> = program
            .templates
            .keys()
            .filter(|name| request.templates.printing.contains(*name))
            .map(String::as_str)
            .collect();
        let mut files: Vec<_> = names.iter().map(|_| None).collect();
        // Templates run one after the other, because what they read of the values is recorded. Of each that has run, others
        // make the file meanwhile.
        rayon::in_place_scope(|scope| {
            let (tables, leaves) = (&program.tables, &leaves);
            for (name, made) in names.iter().zip(&mut files) {
                match program.run(name, &context) {
                    Err(error) => rendered.diagnostics.push(problem::runtime(program, name, &error, request.values)),
                    Ok(pieces) => scope.spawn(move |_| *made = Some(file(tables, name, &pieces, leaves, sources))),
                }
            }
        });
        for (file, diagnostics) in files.into_iter().flatten() {
            rendered.files.extend(file);
            rendered.diagnostics.extend(diagnostics);
        }
        if program.templates.contains_key(NOTES) {
            match program.run(NOTES, &context) {
                Err(error) => rendered.diagnostics.push(problem::runtime(program, NOTES, &error, request.values)),
                Ok(pieces) => rendered.notes = Some(flatten::plain(&program.tables, &pieces)),
            }
        }
        Ok(rendered)
    }
}

/// Weaves, parses and proves what one template printed; gives nothing but findings where it printed no text.
fn file(
    tables: &Tables,
    name: &str,
    pieces: &[Piece],
    leaves: &Arc<Leaves>,
    sources: &SourceMap,
) -> (Option<RenderedFile>, Vec<Diagnostic>) {
    let flat = flatten::flatten(tables, pieces, leaves);
    let weave::Woven { text, mut origins, expected, problems } = weave::weave(&flat.atoms);
    let mut edits = flat.edits;
    origins.traces = flat.traces;
    let traced = |(diagnostic, trace)| Diagnostic { trace: origins.trace(trace), ..diagnostic };
    let mut diagnostics: Vec<_> = problems.into_iter().map(traced).collect();
    if text.trim().is_empty() {
        return (None, diagnostics);
    }
    let source = sources.add_rendered(name, text);
    let parsed = crate::yaml::parse(&source);
    if parsed.diagnostics.is_empty() {
        let nested = &mut |edit, steps: &[_]| edits.nested(leaves, edit, steps);
        diagnostics.extend(prove::prove(&parsed.documents, &expected, &mut origins, nested));
    }
    origins.fed = edits.fed(leaves);
    let file = RenderedFile { path: name.to_owned(), source, origins, documents: parsed.documents };
    // Where a value could not be written, what is left is no YAML: that is one defect, not two.
    let is_told = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    let follows = |diagnostic: &Diagnostic| diagnostic.rule == "yaml/syntax" && is_told;
    let syntax: Vec<_> = parsed.diagnostics.into_iter().filter(|diagnostic| !follows(diagnostic)).collect();
    diagnostics.extend(syntax.into_iter().map(|diagnostic| {
        let by_value =
            diagnostic.rule == "yaml/syntax" && diagnostic.span.is_some_and(|span| file.origins.is_site(span));
        let diagnostic = file.resolve(diagnostic);
        if !by_value {
            return diagnostic;
        }
        let message = "what this prints makes no YAML where it stands";
        let help = "print it behind `key:` or `- `; on a line of its own only a list or a map can stand";
        Diagnostic {
            rule: "template/place".into(),
            message: message.to_owned(),
            help: Some(help.to_owned()),
            ..diagnostic
        }
    }));
    (Some(file), diagnostics)
}
