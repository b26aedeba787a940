//! `files`: the chart's other files, for templates.

use minijinja::value::Object;
use minijinja::{Error, ErrorKind, State, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Files of a chart by their path in it.
pub(super) type Files = Arc<BTreeMap<String, Arc<[u8]>>>;

/// The object that templates see as `files`.
#[derive(Debug)]
pub(super) struct FilesObject(pub(super) Files);

impl FilesObject {
    fn text(&self, path: &str) -> Result<String, Error> {
        let refuse = |what: String| Err(Error::new(ErrorKind::InvalidOperation, what));
        match self.0.get(path).map(|bytes| std::str::from_utf8(bytes)) {
            Some(Ok(text)) => Ok(text.to_owned()),
            Some(Err(_)) => refuse(format!("`{path}` is not text: use `files.get_bytes`, and `b64encode` it")),
            None => {
                let near = crate::diagnostic::nearest(path, self.0.keys().map(String::as_str));
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                refuse(format!("the chart has no file `{path}`{near}"))
            }
        }
    }
}

impl Object for FilesObject {
    fn call_method(
        self: &Arc<Self>,
        _state: &mut State<'_, '_>,
        method: &str,
        arguments: &[Value],
    ) -> Result<Value, Error> {
        let argument = || {
            let text = arguments.first().and_then(Value::as_str);
            text.ok_or_else(|| Error::new(ErrorKind::MissingArgument, format!("`files.{method}` wants a path")))
        };
        match method {
            "get" => Ok(Value::from(self.text(argument()?)?)),
            "get_bytes" => {
                let path = argument()?;
                match self.0.get(path) {
                    Some(bytes) => Ok(Value::from_bytes(bytes.to_vec())),
                    None => self.text(path).map(Value::from),
                }
            }
            "lines" => Ok(Value::from(self.text(argument()?)?.lines().map(Value::from).collect::<Vec<_>>())),
            "glob" => {
                let pattern = argument()?;
                let mut found = BTreeMap::new();
                for path in self.0.keys().filter(|path| matches(pattern, path)) {
                    found.insert(path.clone(), self.text(path)?);
                }
                Ok(Value::from(found))
            }
            _ => Err(Error::new(
                ErrorKind::UnknownMethod,
                format!("`files` has no `{method}`; it has `get`, `get_bytes`, `lines` and `glob`"),
            )),
        }
    }
}

/// Matches a path: `*` and `?` stay within a folder, `**` does not.
fn matches(pattern: &str, path: &str) -> bool {
    match (pattern.chars().next(), path.chars().next()) {
        (None, None) => true,
        (Some('*'), _) if pattern.starts_with("**") => {
            let rest = pattern.trim_start_matches('*');
            let rest = rest.strip_prefix('/').unwrap_or(rest);
            std::iter::successors(Some(path), |path| path.char_indices().nth(1).map(|(at, _)| &path[at..]))
                .chain([""])
                .any(|path| matches(rest, path))
        }
        (Some('*'), next) => {
            matches(&pattern[1..], path)
                || next.is_some_and(|c| c != '/') && matches(pattern, &path[next.map_or(0, char::len_utf8)..])
        }
        (Some('?'), Some(c)) if c != '/' => matches(&pattern[1..], &path[c.len_utf8()..]),
        (Some(wanted), Some(c)) if wanted == c => matches(&pattern[wanted.len_utf8()..], &path[c.len_utf8()..]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn globs_stay_within_folders() {
        for (pattern, path, expected) in [
            ("files/*.conf", "files/a.conf", true),
            ("files/*.conf", "files/b/a.conf", false),
            ("files/**", "files/b/a.conf", true),
            ("**/a.conf", "files/b/a.conf", true),
            ("f?les/*", "files/é", true),
            ("files/*", "files", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
