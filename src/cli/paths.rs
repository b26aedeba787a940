//! Paths as people see them: relative to the current folder, with `/`.

use std::path::{Component, Path, PathBuf};

/// The current folder, from which every shown path is reckoned.
#[derive(Clone, Debug)]
pub(super) struct Base {
    current: PathBuf,
}

impl Base {
    /// Reckons from an absolute folder.
    pub(super) fn new(current: &Path) -> Self {
        Self { current: tidy(current) }
    }

    /// Gives the absolute form of a path, `.` and `..` taken out by text alone.
    pub(super) fn absolute(&self, path: &Path) -> PathBuf {
        if is_reference(path) {
            return path.to_owned();
        }
        tidy(&self.current.join(path))
    }

    /// Gives the shortest form that leads there from the current folder: `charts/shop`, `../shop`, `.`.
    ///
    /// A path that shares nothing with the current folder but the root stays absolute.
    pub(super) fn relative(&self, path: &Path) -> PathBuf {
        if is_reference(path) {
            return path.to_owned();
        }
        let absolute = self.absolute(path);
        let up = self.current.ancestors().take_while(|ancestor| !absolute.starts_with(ancestor)).count();
        let Some(shared) = self.current.ancestors().nth(up) else { return absolute };
        if up > 0 && shared.parent().is_none() {
            return absolute;
        }
        let down = absolute.strip_prefix(shared).unwrap_or(&absolute);
        let relative: PathBuf = std::iter::repeat_n(Component::ParentDir, up).chain(down.components()).collect();
        if relative.as_os_str().is_empty() { PathBuf::from(".") } else { relative }
    }

    /// Gives the relative form as text, with `/` on every system.
    pub(super) fn show(&self, path: &Path) -> String {
        slashed(&self.relative(path))
    }
}

/// Tells whether a path is a reference into a registry: `oci://…` lies nowhere on this machine.
pub(super) fn is_reference(path: &Path) -> bool {
    path.starts_with("oci:")
}

/// Writes a path with `/` on every system.
pub(super) fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}

fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => _ = tidied.pop(),
            component => tidied.push(component),
        }
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_from_the_current_folder() {
        let base = Base::new(Path::new("/home/me/repo"));
        for (path, shown) in [
            ("./charts/shop", "charts/shop"),
            ("charts/../a.yaml", "a.yaml"),
            ("/home/me/repo/a.yaml", "a.yaml"),
            ("..", ".."),
            ("../other/a.yaml", "../other/a.yaml"),
            (".", "."),
            ("/etc/a.yaml", "/etc/a.yaml"),
        ] {
            assert_eq!(base.show(Path::new(path)), shown, "{path}");
        }
    }
}
