//! Log lines for machines: one JSON object for each event. Each contains the fields of its request, so that it can be
//! read alone.

use std::fmt::{Debug, Write as _};
use std::io::Write as _;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::AUDIT;
use super::scrub::scrub_json;

/// Writes a line for every event.
pub(crate) struct JsonLines<W> {
    /// The members that every line has.
    pub constant: Map<String, Value>,
    /// Where the lines are written.
    pub writer: W,
}

/// The fields of a span or an event.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn set(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set(field, format!("{value:?}").into());
    }
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Fields::default();
        line.0.insert("timestamp".to_owned(), json!(now()));
        line.0
            .insert("level".to_owned(), json!(event.metadata().level().as_str()));
        line.0.extend(self.constant.clone());
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.0.extend(fields.0.clone());
            }
        }
        event.record(&mut line);
        // Audit lines contain only our own words. They are not scrubbed, so that no token of a caller can remove such a
        // word.
        if event.metadata().target() != AUDIT {
            line.0.values_mut().for_each(scrub_json);
        }
        let line = Value::Object(line.0);
        // If the log cannot be written, the error cannot be logged either.
        drop(writeln!(self.writer.make_writer(), "{line}"));
    }
}

fn now() -> String {
    let mut text = String::new();
    if SystemTime.format_time(&mut Writer::new(&mut text)).is_err() {
        let _unknown = text.write_str("unknown");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::telemetry::scrub::Secret;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(events: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = JsonLines {
            constant: Map::from_iter([("service".to_owned(), json!("omps"))]),
            writer: move || writer.clone(),
        };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), events);
        let bytes = lines.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_line_has_the_fields_of_its_request() {
        let lines = logged(|| {
            let span =
                tracing::info_span!("request", request_id = "r-1", repo = tracing::field::Empty);
            let _entered = span.enter();
            tracing::info!("begun");
            span.record("repo", "larder");
            tracing::warn!(status = 404, "refused");
        });
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["message"], "begun");
        assert_eq!(lines[0].get("repo"), None);
        let mut refused = lines[1].clone();
        let timestamp = refused.as_object_mut().unwrap().remove("timestamp");
        assert!(timestamp.unwrap().as_str().unwrap().ends_with('Z'));
        assert_eq!(
            refused,
            json!({"level": "WARN", "service": "omps", "message": "refused", "request_id": "r-1", "repo": "larder", "status": 404})
        );
    }

    #[test]
    fn no_line_contains_a_secret_even_if_it_is_escaped() {
        let _guarded = Secret::of(r#"secret "of" a log"#).guarded();
        let lines = logged(|| {
            tracing::error!(cause = r#"the token secret "of" a log is wrong"#, "no");
        });
        assert_eq!(lines[0]["cause"], "the token [secret] is wrong");
    }
}
