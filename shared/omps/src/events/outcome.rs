//! The outcome of a push by event. It is sent as an event, because nobody waits for an answer.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::DisplayErrorContext;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::sync::mpsc::UnboundedSender;

use crate::aws::Aws;
use crate::telemetry::scrub::scrub_json;

/// The `source` of the events.
pub const SOURCE: &str = "omps";
/// The largest size of a detail, in bytes. A whole event may have 256 KB.
const MAX_DETAIL_SIZE: usize = 240 << 10;
/// The lengths that lists are cut to, one after the other, until the detail is small enough.
const CUTS: [usize; 4] = [1000, 100, 10, 0];
/// The length, in characters, that long texts are then cut to.
const TEXT_CUT: usize = 1000;

/// The pauses before an outcome is sent, for the first time and again.
const PAUSES: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
];

/// The outcome of a push.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How the push ended.
    pub end: End,
    /// The answer to the push, or the body of the error. The key `asked` has the message that asked for the push.
    pub detail: Value,
}

/// How a push by event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The release was pushed.
    Succeeded,
    /// The push failed, and another attempt would fail, too.
    Failed,
    /// A later build of the package was already released.
    Superseded,
}

/// Where outcomes are sent.
pub enum Outcomes {
    /// To the default bus of EventBridge.
    EventBridge(EventBridge),
    /// To a receiver in this process.
    Channel(UnboundedSender<Outcome>),
}

/// A client of EventBridge, which connects when it is first needed.
pub struct EventBridge {
    aws: Arc<Aws>,
    client: OnceCell<Client>,
}

impl Outcome {
    /// The outcome of the push that the message `asked` with this `id` asked for.
    pub fn new(end: End, mut detail: Value, asked: Value, id: &str) -> Self {
        detail["asked"] = asked;
        detail["request_id"] = json!(id);
        scrub_json(&mut detail);
        Outcome { end, detail }
    }

    /// The event's `detail-type`.
    pub fn detail_type(&self) -> &'static str {
        match self.end {
            End::Succeeded => "Operator Push Succeeded",
            End::Failed => "Operator Push Failed",
            End::Superseded => "Operator Push Superseded",
        }
    }

    /// The detail as JSON. If it is too large for an event, its lists and texts are cut, and `"cut": true` is added.
    fn text(&self) -> String {
        let mut text = self.detail.to_string();
        for most in CUTS {
            if text.len() <= MAX_DETAIL_SIZE {
                break;
            }
            let mut detail = self.detail.clone();
            cut(&mut detail, most);
            detail["cut"] = json!(true);
            text = detail.to_string();
        }
        text
    }
}

fn cut(value: &mut Value, most: usize) {
    match value {
        Value::Array(values) => {
            values.truncate(most);
            values.iter_mut().for_each(|value| cut(value, most));
        }
        Value::Object(members) => members.values_mut().for_each(|value| cut(value, most)),
        Value::String(text) if text.len() > TEXT_CUT => {
            *text = text.chars().take(TEXT_CUT).chain(['…']).collect();
        }
        _ => {}
    }
}

impl Outcomes {
    /// Outcomes go to EventBridge. The environment configures it.
    pub fn on_event_bridge(aws: Arc<Aws>) -> Self {
        let client = OnceCell::new();
        Outcomes::EventBridge(EventBridge { aws, client })
    }

    /// Sends an outcome. A failure to send it is only logged.
    pub async fn send(&self, outcome: Outcome) {
        match self {
            // In a box: the SDK's futures are deeply nested.
            Outcomes::EventBridge(bridge) => Box::pin(bridge.send(&outcome)).await,
            Outcomes::Channel(channel) => drop(channel.send(outcome)),
        }
    }
}

impl EventBridge {
    async fn send(&self, outcome: &Outcome) {
        let connect = async || Client::new(self.aws.config().await);
        let client = self.client.get_or_init(connect).await;
        let entry = PutEventsRequestEntry::builder()
            .source(SOURCE)
            .detail_type(outcome.detail_type())
            .detail(outcome.text())
            .build();
        let mut problem = String::new();
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            // The SDK repeats a call that fails, but not one whose entry was refused.
            problem = match client.put_events().entries(entry.clone()).send().await {
                Ok(answer) => match answer.entries().iter().find_map(|entry| entry.error_code()) {
                    Some(code) => code.to_owned(),
                    None => return,
                },
                Err(error) => {
                    problem = DisplayErrorContext(&error).to_string();
                    break;
                }
            };
        }
        let detail_type = outcome.detail_type();
        tracing::error!(detail_type, problem, "an outcome could not be sent");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_fits_into_an_event() {
        let finding = json!({"message": "x".repeat(5000), "file": "a.yaml"});
        let files: Vec<String> = (0..10_000)
            .map(|number| format!("files/{number}.yaml"))
            .collect();
        let outcome = Outcome {
            end: End::Failed,
            detail: json!({
                "error": "PackageValidationError",
                "validation_info": {"findings": vec![finding; 500]},
                "extracted_files": files,
                "asked": {"nvr": "n-v-r"},
            }),
        };

        let text = outcome.text();

        assert!(text.len() <= MAX_DETAIL_SIZE, "{}", text.len());
        let detail: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(detail["error"], "PackageValidationError");
        assert_eq!(detail["asked"], json!({"nvr": "n-v-r"}));
        assert_eq!(detail["cut"], true);
        assert_eq!(
            detail["validation_info"]["findings"]
                .as_array()
                .unwrap()
                .len(),
            100
        );
    }

    #[test]
    fn a_small_outcome_is_sent_whole() {
        let detail = json!({"repo": "larder", "asked": {}});
        let outcome = Outcome {
            end: End::Succeeded,
            detail: detail.clone(),
        };
        assert_eq!(outcome.text(), detail.to_string());
    }
}
