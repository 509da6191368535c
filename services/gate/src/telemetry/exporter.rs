//! Spans on their way to the collector: names, attributes, events and statuses pass the redaction.

use lockgate_model::redact::{self, MARK, redact_json, redacted};
use opentelemetry::{Array, KeyValue, Value, trace::Status};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};
use std::{borrow::Cow, time::Duration};

/// Redacts what `inner` exports.
#[derive(Debug)]
pub(super) struct Redacting<E>(pub(super) E);

impl<E: SpanExporter> SpanExporter for Redacting<E> {
    fn export(&self, mut batch: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        batch.iter_mut().for_each(clean);
        self.0.export(batch)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

fn clean(span: &mut SpanData) {
    clean_text(&mut span.name);
    span.attributes.iter_mut().for_each(clean_attribute);
    for event in &mut span.events.events {
        clean_text(&mut event.name);
        event.attributes.iter_mut().for_each(clean_attribute);
    }
    for link in &mut span.links.links {
        link.attributes.iter_mut().for_each(clean_attribute);
    }
    if let Status::Error { description } = &mut span.status {
        clean_text(description);
    }
}

fn clean_text(text: &mut Cow<'static, str>) {
    if let Cow::Owned(cleaned) = redact::redact(text) {
        *text = Cow::Owned(cleaned);
    }
}

/// The key says what the value is, as a field of a log line does.
fn clean_attribute(attribute: &mut KeyValue) {
    let clean = |text: &str| {
        let mut field = serde_json::json!({ attribute.key.as_str(): text });
        redact_json(&mut field);
        field[attribute.key.as_str()].as_str().unwrap_or(MARK).to_owned()
    };
    match &attribute.value {
        Value::String(text) => attribute.value = clean(text.as_str()).into(),
        Value::Array(Array::String(texts)) => {
            let texts = texts.iter().map(|text| redacted(text.as_str().to_owned()).into()).collect();
            attribute.value = Value::Array(Array::String(texts));
        }
        _ => {}
    }
}
