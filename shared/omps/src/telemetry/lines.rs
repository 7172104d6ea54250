//! Log lines: one for each event, as a JSON object for machines or as text for people. Each contains the fields of its
//! request, so that it can be read alone.
//!
//! Secrets are removed from values, and from nothing else: no token can remove the name of a field, or what an audit line
//! says in our own words.

use std::fmt::{Debug, Write as _};
use std::io::Write as _;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::scrub::{scrub_in_audit, scrub_json};
use super::{AUDIT, LogFormat};

/// Writes a line for every event.
pub(crate) struct Lines<W> {
    /// The form of the lines.
    pub format: LogFormat,
    /// The members that every line for machines has.
    pub constant: Map<String, Value>,
    /// Where the lines are written.
    pub writer: W,
}

/// The fields of a span or an event.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn set(&mut self, field: &Field, value: Value) {
        let name = match field.name() {
            // Lambda's runtime has its own id of an invocation, which is not the request's.
            "requestId" => "function_request_id",
            name => name,
        };
        self.0.insert(name.to_owned(), value);
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

impl<S, W> Layer<S> for Lines<W>
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
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.0.extend(of_span.0.clone());
            }
        }
        event.record(&mut fields);
        let metadata = event.metadata();
        match metadata.target() {
            AUDIT => fields.0.iter_mut().for_each(scrub_audit_field),
            _ => fields.0.values_mut().for_each(scrub_json),
        }
        let line = match self.format {
            LogFormat::Json => as_json(metadata.level(), &self.constant, fields.0),
            LogFormat::Text => as_text(metadata.level(), &fields.0),
        };
        // If the log cannot be written, the error cannot be logged either.
        drop(self.writer.make_writer().write_all(line.as_bytes()));
    }
}

/// Removes secrets from a field of an audit line, unless it has our own words, or the user whom the line is about.
fn scrub_audit_field((name, value): (&String, &mut Value)) {
    const OURS: [&str; 4] = ["message", "action", "outcome", "user"];
    if let Value::String(text) = value
        && !OURS.contains(&name.as_str())
    {
        *text = scrub_in_audit(text).into_owned();
    }
}

fn as_json(level: &Level, constant: &Map<String, Value>, fields: Map<String, Value>) -> String {
    let mut line = Map::new();
    line.insert("timestamp".to_owned(), json!(now()));
    line.insert("level".to_owned(), json!(level.as_str()));
    line.extend(constant.clone());
    line.extend(fields);
    format!("{}\n", Value::Object(line))
}

/// The time, the level, the message, and the other fields as `name=value`, all on one line.
fn as_text(level: &Level, fields: &Map<String, Value>) -> String {
    let message = fields.get("message").and_then(Value::as_str);
    let message: String = message.unwrap_or_default().escape_debug().collect();
    let mut line = format!("{} {level:>5} {message}", now());
    for (name, value) in fields.iter().filter(|(name, _)| *name != "message") {
        line = format!("{line} {name}={value}");
    }
    line + "\n"
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
    use crate::telemetry::scrub::{self, Secret};

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(events: impl FnOnce()) -> Vec<Value> {
        let text = written(LogFormat::Json, events);
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn written(format: LogFormat, events: impl FnOnce()) -> String {
        let log = Log::default();
        let writer = log.clone();
        let layer = Lines {
            format,
            constant: Map::from_iter([("service".to_owned(), json!("omps"))]),
            writer: move || writer.clone(),
        };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), events);
        let bytes = log.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
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

    #[tokio::test]
    async fn no_token_removes_the_words_of_an_audit_line_in_either_format() {
        for format in [LogFormat::Json, LogFormat::Text] {
            for word in [
                "outcome",
                "QuayAuthorizationError",
                "omps::audit",
                "doorbell-operator",
            ] {
                let log = async {
                    written(format, || {
                        let span = tracing::info_span!("request", repo = "doorbell-operator");
                        let _entered = span.enter();
                        crate::telemetry::audit::record(
                            "push",
                            Some("user"),
                            "QuayAuthorizationError",
                        );
                    })
                };
                let line = scrub::within(Some(Secret::of(word)), log).await;
                assert!(!line.contains("[secret]"), "{word}: {line}");
                for wanted in [
                    "audit",
                    "outcome",
                    "QuayAuthorizationError",
                    "doorbell-operator",
                ] {
                    assert!(line.contains(wanted), "{wanted}: {line}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_token_that_is_part_of_a_request_is_in_no_line_about_it() {
        const TOKEN: &str = "c29tZWJvZHk6d2l0aC1hLXBhc3N3b3Jk";
        for format in [LogFormat::Json, LogFormat::Text] {
            let log = async {
                written(format, || {
                    let span = tracing::info_span!("request", version = TOKEN, nvr = TOKEN);
                    let _entered = span.enter();
                    crate::telemetry::audit::record("push", None, "done");
                    tracing::info!(path = TOKEN, "answered");
                })
            };
            let token = format!("basic {TOKEN}");
            let lines = scrub::within(Some(Secret::of(&token)), log).await;
            assert_eq!(lines.lines().count(), 2, "{lines}");
            assert_eq!(lines.matches("[secret]").count(), 5, "{lines}");
            assert!(!lines.contains("c29tZ"), "{lines}");
        }
    }

    #[test]
    fn a_line_of_text_stays_one_line() {
        let log = written(LogFormat::Text, || {
            tracing::warn!(reason = "a\nb \"c\"", status = 404, "re\nfused");
        });
        let (time, rest) = log.split_at(log.find(' ').unwrap());
        assert!(time.ends_with('Z'), "{log}");
        assert_eq!(
            rest,
            "  WARN re\\nfused reason=\"a\\nb \\\"c\\\"\" status=404\n"
        );
    }

    #[test]
    fn the_id_of_lambdas_runtime_has_another_name_than_the_requests() {
        let lines = logged(|| {
            let invocation = tracing::info_span!("Lambda runtime invoke", requestId = "function");
            let _entered = invocation.enter();
            let request = tracing::info_span!("request", request_id = "r-1");
            let _entered = request.enter();
            tracing::info!("answered");
        });
        assert_eq!(lines[0]["function_request_id"], "function");
        assert_eq!(lines[0]["request_id"], "r-1");
        assert_eq!(lines[0].get("requestId"), None);
    }
}
