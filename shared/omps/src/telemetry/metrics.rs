//! Metrics. A Lambda function writes them to its log in CloudWatch's embedded metric format; the server keeps them for
//! Prometheus.

use std::env;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};

use super::function_name;

/// The namespace of all metrics in CloudWatch.
const NAMESPACE: &str = "omps";
/// The buckets for the duration of calls to other services, in seconds.
const BUCKETS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0,
];

/// The name of a label and its value.
type Label = [(&'static str, &'static str); 1];

/// The variable that names the stack, whose failures are then counted apart from those of other stacks.
const STACK: &str = "OMPS_STACK";

static SINK: LazyLock<Sink> = LazyLock::new(|| match function_name() {
    Some(function) => Sink::Log {
        function,
        stack: env::var(STACK).ok(),
    },
    None => Sink::Prometheus(Box::default()),
});

enum Sink {
    Log {
        function: String,
        /// The CloudFormation stack, if the function belongs to one.
        stack: Option<String>,
    },
    Prometheus(Box<Metrics>),
}

struct Metrics {
    registry: Registry,
    pushes: Counter,
    failures: Family<Label, Counter>,
    catalog_failures: Counter,
    upstream: Family<Label, Histogram>,
}

/// Counts a pushed release: `Pushes`, `omps_pushes_total`.
pub fn count_push() {
    match &*SINK {
        Sink::Log { .. } => log("Pushes", "Count", json!(1), None),
        Sink::Prometheus(numbers) => {
            numbers.pushes.inc();
        }
    }
}

/// Counts a failed request by the id of its error: `Failures`, `omps_failures_total`.
pub fn count_failure(error: &'static str) {
    let label = ("error", error);
    match &*SINK {
        Sink::Log { .. } => log("Failures", "Count", json!(1), Some(label)),
        Sink::Prometheus(numbers) => {
            numbers.failures.get_or_create(&[label]).inc();
        }
    }
}

/// Counts a catalog that could not be updated after a release or a deletion: `CatalogFailures`,
/// `omps_catalog_failures_total`.
pub fn count_catalog_failure() {
    match &*SINK {
        Sink::Log { .. } => log("CatalogFailures", "Count", json!(1), None),
        Sink::Prometheus(numbers) => {
            numbers.catalog_failures.inc();
        }
    }
}

/// Records the duration of a call to another service: `UpstreamLatency`, `omps_upstream_seconds`.
pub fn time_upstream(service: &'static str, took: Duration) {
    let label = ("upstream", service);
    match &*SINK {
        Sink::Log { .. } => {
            let milliseconds = json!(took.as_secs_f64() * 1000.0);
            log("UpstreamLatency", "Milliseconds", milliseconds, Some(label));
        }
        Sink::Prometheus(numbers) => {
            let histogram = numbers.upstream.get_or_create(&[label]);
            histogram.observe(took.as_secs_f64());
        }
    }
}

/// Counts the first request of a Lambda function's process: `ColdStarts`.
pub fn count_cold_start() {
    if let Sink::Log { .. } = &*SINK {
        log("ColdStarts", "Count", json!(1), None);
    }
}

/// All metrics in the format that Prometheus reads (OpenMetrics 1.0).
pub fn for_prometheus() -> String {
    let mut text = String::new();
    if let Sink::Prometheus(numbers) = &*SINK {
        let _written = encode(&mut text, &numbers.registry); // writing to memory cannot fail
    }
    text
}

impl Default for Metrics {
    fn default() -> Self {
        let pushes = Counter::default();
        let failures = Family::<Label, Counter>::default();
        let catalog_failures = Counter::default();
        let upstream = Family::<Label, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let mut registry = Registry::with_prefix(NAMESPACE);
        registry.register("pushes", "Releases pushed", pushes.clone());
        registry.register(
            "failures",
            "Requests that failed, by error",
            failures.clone(),
        );
        registry.register(
            "catalog_failures",
            "Releases and deletions that did not reach their catalog",
            catalog_failures.clone(),
        );
        registry.register(
            "upstream_seconds",
            "Time of calls to other services",
            upstream.clone(),
        );
        Metrics {
            registry,
            pushes,
            failures,
            catalog_failures,
            upstream,
        }
    }
}

/// Writes a metric to the log, from which CloudWatch reads it.
fn log(name: &str, unit: &str, value: Value, label: Option<(&str, &str)>) {
    let Sink::Log { function, stack } = &*SINK else {
        return;
    };
    let stack = stack.as_deref();
    println!("{}", embedded(function, stack, name, unit, value, label));
}

fn embedded(
    function: &str,
    stack: Option<&str>,
    name: &str,
    unit: &str,
    value: Value,
    label: Option<(&str, &str)>,
) -> Value {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let milliseconds = since_1970.map_or(0, |time| time.as_millis() as u64);
    // Beside the stack, the label is the only dimension, so that a dashboard can add the values of all functions. A metric
    // without a label belongs to one function.
    let dimensions: Vec<(&str, &str)> = match label {
        Some(label) => stack
            .map(|stack| ("stack", stack))
            .into_iter()
            .chain([label])
            .collect(),
        None => vec![("function_name", function)],
    };
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": milliseconds,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [names],
                "Metrics": [{"Name": name, "Unit": unit}],
            }],
        },
        "service": "omps",
        "function_name": function,
    });
    for (name, value) in dimensions {
        line[name] = json!(value);
    }
    line[name] = value;
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_in_the_log_has_the_form_that_cloudwatch_reads() {
        let mut line = embedded(
            "push-koji",
            Some("omps-staging"),
            "UpstreamLatency",
            "Milliseconds",
            json!(12.5),
            Some(("upstream", "Koji")),
        );
        let timestamp = line["_aws"]["Timestamp"].take();
        assert!(timestamp.as_u64() > Some(1_700_000_000_000), "{timestamp}");
        assert_eq!(
            line,
            json!({
                "_aws": {
                    "Timestamp": null,
                    "CloudWatchMetrics": [{
                        "Namespace": "omps",
                        "Dimensions": [["stack", "upstream"]],
                        "Metrics": [{"Name": "UpstreamLatency", "Unit": "Milliseconds"}],
                    }],
                },
                "service": "omps",
                "function_name": "push-koji",
                "stack": "omps-staging",
                "upstream": "Koji",
                "UpstreamLatency": 12.5,
            })
        );
    }

    #[test]
    fn prometheus_reads_counts_and_durations() {
        count_failure("KojiError");
        time_upstream("Koji", Duration::from_millis(20));
        let text = for_prometheus();
        for line in [
            "# TYPE omps_pushes counter",
            "omps_failures_total{error=\"KojiError\"} ",
            "omps_upstream_seconds_bucket{le=\"0.025\",upstream=\"Koji\"} ",
        ] {
            assert!(text.contains(line), "{line}:\n{text}");
        }
    }
}
