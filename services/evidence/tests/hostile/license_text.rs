//! Licence detection in texts.

use lockgate_evidence::license::report_file;

pub fn check(data: &[u8]) {
    let report = report_file("LICENSE", data);
    let lines = u32::try_from(data.iter().filter(|b| matches!(b, b'\n' | b'\r')).count()).unwrap_or(u32::MAX) + 1;
    assert!(report.matches().count() <= lines as usize * 16 + 16, "matches are bounded by the lines");
    for found in report.matches() {
        assert!((0.0..=1.0).contains(&found.confidence), "{found:?}");
        let (first, last) = found.lines;
        assert!(1 <= first && first <= last && last <= lines, "{found:?} of {lines} lines");
        assert!(!found.id.is_empty());
    }
    assert!(report.unexplained_words as usize <= data.len());
}

trait Matches {
    fn matches(&self) -> impl Iterator<Item = &lockgate_evidence::license::detection::Match>;
}

impl Matches for lockgate_evidence::license::FileReport {
    fn matches(&self) -> impl Iterator<Item = &lockgate_evidence::license::detection::Match> {
        self.detected.iter()
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let grant = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and \
                 associated documentation files (the \"Software\"), to deal in the Software without restriction, \
                 including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, \
                 and/or sell copies of the Software";
    [
        format!("MIT License\n\nCopyright (c) 2026 Mona\n\n{grant}, and to permit persons to do so.\n"),
        "// SPDX-License-Identifier: Apache-2.0 OR MIT\nfn main() {}\n".into(),
        "Licensed under the Apache License, Version 2.0\n\nCommons Clause: no right to Sell the Software.\n".into(),
        "# Project\n\n## License\n\nThis is released under the BSD 3-Clause license.\r\n".into(),
        format!("/*\n * {}\n */\n", grant.replace(' ', "\n * ")),
        "GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n".into(),
    ]
    .map(String::into_bytes)
    .into()
}
