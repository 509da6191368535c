//! How a command ended, as a script sees it.

use std::process::Output;

/// # Panics
/// When it ended otherwise, or printed no such words; the message is all that it printed.
pub fn assert_ends(output: &Output, code: i32, says: &str) {
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(says), "{said}");
}
