//! Which language a file is written in.

/// A language whose code is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// TypeScript too.
    JavaScript,
    Python,
    Rust,
    /// POSIX shells, PowerShell and batch files: words on lines.
    Shell,
}

impl Language {
    /// By the ending of the name, or by the first line of a file without one.
    pub(super) fn of(path: &str, text: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        match name.rsplit_once('.').map(|(_, ending)| ending) {
            Some("js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx") => Some(Self::JavaScript),
            Some("py" | "pyw" | "pyx" | "pth") => Some(Self::Python),
            Some("rs") => Some(Self::Rust),
            Some("sh" | "bash" | "zsh" | "ksh" | "command" | "ps1" | "psm1" | "bat" | "cmd") => Some(Self::Shell),
            _ => Self::of_first_line(text),
        }
    }

    fn of_first_line(text: &str) -> Option<Self> {
        let interpreter = text.strip_prefix("#!")?.lines().next()?;
        let runs = |name: &str| interpreter.contains(name);
        if runs("node") || runs("deno") || runs("bun") {
            Some(Self::JavaScript)
        } else if runs("python") || runs("pypy") {
            Some(Self::Python)
        } else {
            runs("sh").then_some(Self::Shell)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_by_name_or_first_line() {
        assert_eq!(Language::of("a/b.MJS", ""), Some(Language::JavaScript));
        assert_eq!(Language::of("bin/tool", "#!/usr/bin/env node\n"), Some(Language::JavaScript));
        assert_eq!(Language::of("bin/tool", "#!/bin/bash\n"), Some(Language::Shell));
        assert_eq!(Language::of("README.md", "text"), None);
    }
}
