//! Log lines on their way out: each passes the redaction whole, after its fields were put together.

use lockgate_model::redact::{redact, redact_json_line};
use std::io::{self, Write};
use tracing_subscriber::fmt::MakeWriter;

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
}

/// Redacts what is written to `inner`.
#[derive(Debug, Clone)]
pub(super) struct Redacting<M> {
    inner: M,
    form: Form,
}

impl<M> Redacting<M> {
    pub(super) fn new(inner: M, form: Form) -> Self {
        Self { inner, form }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Redacting<M> {
    type Writer = RedactingWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        RedactingWriter { inner: self.inner.make_writer(), form: self.form }
    }
}

/// Takes one event with each call, as the formatting layer writes it.
#[derive(Debug)]
pub(super) struct RedactingWriter<W> {
    inner: W,
    form: Form,
}

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        match self.form {
            Form::Text => self.inner.write_all(redact(&text).as_bytes())?,
            Form::Json => {
                for line in text.lines() {
                    self.inner.write_all(format!("{}\n", redact_json_line(line)).as_bytes())?;
                }
            }
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::{Layer, layer::SubscriberExt};

    #[derive(Debug, Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What a line with secrets in its message, its fields and its span looks like.
    fn written(form: Form) -> String {
        let kept = Kept::default();
        let sink = kept.clone();
        let layer = super::super::log_layer(move || sink.clone(), form);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer.boxed()), || {
            let span = tracing::info_span!("ask", url = "https://user:hunter2@host.example.test/a");
            let _inside = span.enter();
            let error = "password=\"hunter2\" of jane@example.org\nsecond line";
            tracing::error!(token = "hunter2", header = ?"Bearer abcDEF123456", error, "ghp_abcdefghijklmnopqrstuvwxyz0123456789");
        });
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn message_fields_and_spans_are_redacted() {
        for form in [Form::Text, Form::Json] {
            let text = written(form);
            for secret in ["hunter2", "jane@", "abcDEF123456", "abcdefghijklmnop"] {
                assert!(!text.contains(secret), "{form:?}: {text}");
            }
            assert!(text.contains("host.example.test/a") && text.contains("second line"), "{form:?}: {text}");
        }
    }

    #[test]
    fn a_json_line_stays_json() {
        let text = written(Form::Json);
        let line: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!(line["fields"]["token"], "***");
        assert_eq!(line["span"]["url"], "https://***@host.example.test/a");
    }
}
