//! `completions` and `man`, and how `explain` looks.

use crate::sandbox::Sandbox;
use std::process::Command;

#[test]
fn shells_take_their_completions() {
    let sandbox = Sandbox::new(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = sandbox.run(&format!("completions {shell}"));
        assert_eq!(run.code, 0, "{shell}");
        assert!(run.stdout.contains("only-changed"), "{shell}");
        sandbox.write(shell, run.stdout);
    }
    // The real bash completes a command and a flag.
    let script = "source ./bash; COMP_WORDS=(plimsoll check --only-m); COMP_CWORD=2; _plimsoll plimsoll --only-m check; echo \"${COMPREPLY[@]}\"";
    let output = Command::new("bash").args(["-c", script]).current_dir(sandbox.path("")).output().expect("bash starts");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "--only-manifests\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(sandbox.run("completions tcsh").code, 2);
}

#[test]
fn manual_pages_are_written_for_all_commands() {
    let sandbox = Sandbox::new(&[]);
    let page = sandbox.run("man");
    assert!(page.stdout.contains(".TH plimsoll 1") && page.stdout.contains("plimsoll\\-check(1)"), "{}", page.stdout);
    let run = sandbox.run("man --output-dir share/man1");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(sandbox.read("share/man1/plimsoll-check.1").contains("baseline"));
    let pages = std::fs::read_dir(sandbox.path("share/man1")).expect("is there").count();
    assert_eq!(pages, run.stdout.lines().count());
    assert!(pages > 8, "{}", run.stdout);
    sandbox.write("file", "");
    let run = sandbox.run("man --output-dir file");
    assert_eq!(run.code, 2);
    assert!(run.stderr.starts_with("error: cannot write `file/plimsoll.1`: "), "{}", run.stderr);
}

#[test]
fn explain_is_as_wide_as_the_terminal_and_marks_the_line() {
    let sandbox = Sandbox::new(&[]);
    let run = sandbox.run_with("explain latest-tag", "", &[("COLUMNS", "60")]);
    let long: Vec<&str> =
        run.stdout.lines().filter(|line| line.chars().count() > 60 && !line.starts_with("    ")).collect();
    assert!(long.is_empty(), "{long:?}");
    let wide = sandbox.run("explain latest-tag").stdout;
    assert!(wide.lines().count() < run.stdout.lines().count(), "a wider terminal needs fewer lines");
    assert!(run.stdout.contains("\nfails, at `spec.containers[0].image`:\n    apiVersion: v1\n"), "{}", run.stdout);
    assert!(run.stdout.contains("\n  >       image: nginx:latest\n"), "{}", run.stdout);
    assert!(!run.stdout.contains('\u{1b}'));
    let coloured = sandbox.run("explain latest-tag --color always").stdout;
    assert!(coloured.contains("\u{1b}[1;31mfails\u{1b}[0m") && coloured.contains("\u{1b}[1;32mpasses\u{1b}[0m"));
}
