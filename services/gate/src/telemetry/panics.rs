//! Panics: their messages quote what the code was looking at.

use lockgate_model::redact::redact;
use std::{backtrace::Backtrace, panic};

/// Makes every panic of the process a redacted line of the log; of standard error where there is no log.
pub fn report_panics() {
    panic::set_hook(Box::new(|info| {
        let what = info.to_string();
        let what = redact(&what);
        // Only where RUST_BACKTRACE asks for one; it holds names of functions and files.
        let backtrace = Backtrace::capture();
        if tracing::dispatcher::has_been_set() {
            tracing::error!(panic = %what, %backtrace, "a thread panicked");
        } else {
            eprintln!("lockgate: {what}\n{backtrace}");
        }
    }));
}
