//! A client for Greenwave, which decides whether a build passed the tests that the policies require.

use reqwest::{StatusCode, Url};
use serde_json::{Map, Value, json};

use crate::names::Nvr;
use crate::upstream::{ANSWER_LIMIT, CallError, Upstream};
use crate::url::append;

/// A client for one Greenwave and one kind of decision.
pub struct Greenwave<'a> {
    greenwave: Upstream,
    base: &'a Url,
    context: &'a str,
    product_version: &'a str,
}

/// Why a build is not approved.
#[derive(Debug, thiserror::Error)]
pub enum GreenwaveError {
    /// Greenwave decided against the build.
    #[error("Policies for nvr {nvr} were not satisfied: {reasons}")]
    Unsatisfied {
        /// The build.
        nvr: Nvr,
        /// The failed requirements by test case.
        reasons: String,
        /// The JSON that Greenwave sent.
        response: Value,
    },
    /// Greenwave did not decide.
    #[error("{problem}")]
    Undecided {
        /// What happened instead.
        problem: String,
        /// The JSON that Greenwave sent; null if it sent none.
        response: Value,
    },
}

impl GreenwaveError {
    /// The JSON object that Greenwave sent, for `greenwave_response`; an empty object if it sent none.
    pub fn response(&self) -> Value {
        match self {
            GreenwaveError::Unsatisfied { response, .. }
            | GreenwaveError::Undecided { response, .. } => Some(response)
                .filter(|response| response.is_object())
                .cloned()
                .unwrap_or_else(|| Value::Object(Map::new())),
        }
    }
}

impl<'a> Greenwave<'a> {
    /// A client for the Greenwave at `base`, for decisions in this context about this product version.
    pub fn new(
        greenwave: Upstream,
        base: &'a Url,
        context: &'a str,
        product_version: &'a str,
    ) -> Self {
        Greenwave {
            greenwave,
            base,
            context,
            product_version,
        }
    }

    /// Asks for the decision on a build.
    ///
    /// # Errors
    /// [`GreenwaveError`], unless all policies are satisfied.
    pub async fn check(&self, nvr: &Nvr) -> Result<(), GreenwaveError> {
        let question = json!({
            "decision_context": self.context,
            "product_version": self.product_version,
            "subject_type": "koji_build",
            "subject_identifier": nvr.as_str(),
        });
        let url = self.url("decision");
        // A decision changes nothing, so the request may be sent twice.
        let request = || self.greenwave.client().post(url.clone()).json(&question);
        let response = self
            .greenwave
            .send_repeatable(request, ANSWER_LIMIT)
            .await?;
        decision(nvr, response.status, &response.body)
    }

    /// The URL at which Greenwave reports its version.
    pub fn about(&self) -> Url {
        self.url("about")
    }

    fn url(&self, endpoint: &str) -> Url {
        append(self.base, ["api", "v1.0", endpoint])
    }
}

impl From<CallError> for GreenwaveError {
    fn from(error: CallError) -> Self {
        GreenwaveError::Undecided {
            problem: error.to_string(),
            response: Value::Null,
        }
    }
}

fn decision(nvr: &Nvr, status: StatusCode, body: &[u8]) -> Result<(), GreenwaveError> {
    let response: Value = serde_json::from_slice(body).unwrap_or_default();
    let undecided = |problem: String, response| {
        let problem = format!("Greenwave did not decide on build {nvr}: {problem}");
        Err(GreenwaveError::Undecided { problem, response })
    };
    if status != StatusCode::OK {
        let message = response.get("message").and_then(Value::as_str);
        let message = message.map_or(String::new(), |message| format!(": {message}"));
        return undecided(format!("it answered {status}{message}"), response);
    }
    match response.get("policies_satisfied") {
        Some(Value::Bool(true)) => Ok(()),
        Some(Value::Bool(false)) => Err(GreenwaveError::Unsatisfied {
            nvr: nvr.clone(),
            reasons: reasons(&response),
            response,
        }),
        _ => undecided(
            "its answer has no policies_satisfied that is true or false".to_owned(),
            response,
        ),
    }
}

/// The failed requirements: each test case with the type of its failure. If there are none, Greenwave's own summary.
fn reasons(response: &Value) -> String {
    let text = |value: &Value, key| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let unsatisfied = response
        .get("unsatisfied_requirements")
        .and_then(Value::as_array);
    let named = unsatisfied.into_iter().flatten().filter_map(|requirement| {
        let case = text(requirement, "testcase").or_else(|| text(requirement, "source"));
        match (case, text(requirement, "type")) {
            (Some(case), Some(kind)) => Some(format!("{case} ({kind})")),
            (case, kind) => case.or(kind),
        }
    });
    let named: Vec<String> = named.collect();
    if named.is_empty() {
        text(response, "summary").unwrap_or_else(|| "no requirement is named".to_owned())
    } else {
        named.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: u16, body: &str) -> (String, Value) {
        let nvr = Nvr::parse("n-v-r").unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        match decision(&nvr, status, body.as_bytes()) {
            Ok(()) => ("satisfied".to_owned(), Value::Null),
            Err(error) => (error.to_string(), error.response()),
        }
    }

    #[test]
    fn a_satisfied_policy_lets_the_build_pass() {
        let body = r#"{"policies_satisfied": true, "summary": "all required tests passed"}"#;
        assert_eq!(outcome(200, body).0, "satisfied");
    }

    #[test]
    fn failed_requirements_are_listed_by_test_case() {
        let requirement = |kind, case| json!({"type": kind, "testcase": case, "scenario": null});
        let both = json!([
            requirement("test-result-missing", "dist.abicheck"),
            requirement("test-result-failed", "dist.rpmdeplint"),
        ]);
        let cases = [
            (
                both,
                "dist.abicheck (test-result-missing), dist.rpmdeplint (test-result-failed)",
            ),
            (json!([{"testcase": "a.b"}, {}, 1]), "a.b"),
            (
                json!([{"type": "invalid-gating-yaml"}]),
                "invalid-gating-yaml",
            ),
            (json!([]), "1 of 1 required tests failed"),
            (json!(null), "1 of 1 required tests failed"),
        ];
        for (requirements, wanted) in cases {
            let body = json!({
                "policies_satisfied": false,
                "summary": "1 of 1 required tests failed",
                "unsatisfied_requirements": requirements,
            });
            let (message, response) = outcome(200, &body.to_string());
            assert_eq!(
                message,
                format!("Policies for nvr n-v-r were not satisfied: {wanted}")
            );
            assert_eq!(response, body);
        }
    }

    #[test]
    fn any_other_answer_is_not_a_decision() {
        let no_policies = "its answer has no policies_satisfied that is true or false";
        let not_found = r#"{"message": "Cannot find any applicable policies"}"#;
        let cases = [
            (
                404,
                not_found,
                "it answered 404 Not Found: Cannot find any applicable policies",
                not_found,
            ),
            (502, "<html>", "it answered 502 Bad Gateway", "{}"),
            (
                201,
                r#"{"policies_satisfied": true}"#,
                "it answered 201 Created",
                r#"{"policies_satisfied": true}"#,
            ),
            (200, "<html>", no_policies, "{}"),
            (200, "[]", no_policies, "{}"),
            (
                200,
                r#"{"policies_satisfied": "false"}"#,
                no_policies,
                r#"{"policies_satisfied": "false"}"#,
            ),
        ];
        for (status, body, problem, response) in cases {
            assert_eq!(
                outcome(status, body),
                (
                    format!("Greenwave did not decide on build n-v-r: {problem}"),
                    serde_json::from_str(response).unwrap()
                ),
                "{status} {body}"
            );
        }
    }
}
