//! A look at the templates of every chart, once for all the environments that it is rendered in.

use super::release::Output;
use crate::chart::{Chart, Value};
use crate::diagnostic::Diagnostic;
use crate::render;
use rayon::prelude::*;
use std::sync::Arc;

/// A chart that a release renders, with the values of each environment.
struct Seen<'a> {
    chart: &'a Arc<Chart>,
    release: &'a str,
    environments: Vec<String>,
    values: Vec<&'a Value>,
}

/// Looks at the charts of rendered releases, given with their names and environments.
pub(in crate::cli) fn look<'a>(
    outputs: impl Iterator<Item = (&'a str, Option<&'a str>, &'a Output)>,
) -> Vec<Diagnostic> {
    let mut all: Vec<Seen> = Vec::new();
    for (release, environment, output) in outputs {
        for (chart, values) in &output.charts {
            let known = all.iter().position(|seen| Arc::ptr_eq(seen.chart, chart) && seen.release == release);
            let at = known.unwrap_or_else(|| {
                all.push(Seen { chart, release, environments: Vec::new(), values: Vec::new() });
                all.len() - 1
            });
            all[at].environments.extend(environment.map(str::to_owned));
            all[at].values.push(values);
        }
    }
    let found = all.into_par_iter().map(|seen| {
        let mut found = render::look(seen.chart, &seen.values);
        for finding in &mut found {
            finding.release = Some(seen.release.to_owned());
            finding.environments.clone_from(&seen.environments);
        }
        found
    });
    found.flatten().collect()
}
