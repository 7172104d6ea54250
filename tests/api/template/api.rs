//! The answers that API Gateway gives without a function, and the callers that it admits.

use serde_json::{Value, json};

use super::{functions, template, text, texts};

/// The kind, the status and the error id of API Gateway's own answers, and their `Retry-After` in seconds.
const RESPONSES: [(&str, u64, &str, Option<&str>); 12] = [
    ("MISSING_AUTHENTICATION_TOKEN", 404, "NotFound", None),
    ("INVALID_SIGNATURE", 404, "NotFound", None),
    ("EXPIRED_TOKEN", 404, "NotFound", None),
    ("RESOURCE_NOT_FOUND", 404, "NotFound", None),
    ("ACCESS_DENIED", 403, "Forbidden", None),
    ("WAF_FILTERED", 403, "Forbidden", None),
    ("REQUEST_TOO_LARGE", 413, "RequestEntityTooLarge", None),
    ("UNSUPPORTED_MEDIA_TYPE", 415, "UnsupportedMediaType", None),
    ("THROTTLED", 429, "TooManyRequests", Some("'5'")),
    ("QUOTA_EXCEEDED", 429, "TooManyRequests", Some("'5'")),
    ("INTEGRATION_TIMEOUT", 504, "GatewayTimeout", Some("'30'")),
    ("INTEGRATION_FAILURE", 504, "GatewayTimeout", Some("'30'")),
];

fn body(response: &Value) -> Value {
    let body = text(&response["ResponseTemplates"]["application/json"]);
    serde_json::from_str(body).expect("JSON")
}

#[test]
fn an_answer_of_api_gateway_has_status_error_id_and_request_id() {
    let responses = &template()["Resources"]["Api"]["Properties"]["GatewayResponses"];

    for (kind, status, error, retry_after) in RESPONSES {
        let response = &responses[kind];
        let body = body(response);
        assert_eq!(response["StatusCode"], status, "{kind}");
        assert_eq!(body["status"], status, "{kind}");
        assert_eq!(body["error"], error, "{kind}");
        assert_eq!(body["request_id"], "$context.requestId", "{kind}");
        let headers = &response["ResponseParameters"]["Headers"];
        assert_eq!(headers["X-Request-Id"], "context.requestId", "{kind}");
        assert_eq!(headers["Retry-After"].as_str(), retry_after, "{kind}");
    }
    let defaults = 2;
    let named = responses.as_object().expect("responses").len();
    assert_eq!(named, RESPONSES.len() + defaults);
}

#[test]
fn a_default_answer_changes_no_status() {
    let responses = &template()["Resources"]["Api"]["Properties"]["GatewayResponses"];

    for (kind, error) in [
        ("DEFAULT_4XX", "BadRequest"),
        ("DEFAULT_5XX", "InternalServerError"),
    ] {
        let response = &responses[kind];
        // Its status would also apply to all other answers, including the 403 of the web ACL.
        assert_eq!(response["StatusCode"], Value::Null, "{kind}");
        assert_eq!(body(response)["status"], Value::Null, "{kind}");
        assert_eq!(body(response)["error"], error, "{kind}");
        let headers = &response["ResponseParameters"]["Headers"];
        assert_eq!(headers["X-Request-Id"], "context.requestId", "{kind}");
    }
}

#[test]
fn validate_and_uploads_have_their_own_throttles() {
    let template = template();
    let functions = functions(&template);
    let settings = &template["Resources"]["Api"]["Properties"]["MethodSettings"];

    for (name, parameters) in [("validate", "Validate"), ("create-upload", "Uploads")] {
        let function = functions.iter().find(|function| function.name == name);
        let routes = &function.expect("the function").routes;
        for route in routes {
            let (method, path) = route.split_once(' ').expect("method and path");
            let wanted = json!({
                "ResourcePath": format!("/{}", path.replace('/', "~1")),
                "HttpMethod": method,
                "ThrottlingRateLimit": format!("{parameters}ThrottleRate"),
                "ThrottlingBurstLimit": format!("{parameters}ThrottleBurst"),
            });
            let settings = settings.as_array().expect("settings");
            assert!(settings.contains(&wanted), "{route}");
        }
    }
}

#[test]
fn only_parameters_deny_callers() {
    let policy = &template()["Resources"]["Api"]["Properties"]["Policy"];
    let statements = policy["Statement"].as_array().expect("statements");

    assert_eq!(statements[0]["Effect"], "Allow");
    for (statement, condition, parameter) in [
        (&statements[1], "HasAllowedCidrs", "AllowedCidrs"),
        (&statements[2], "IsPrivate", "ApiVpcEndpointIds"),
    ] {
        assert_eq!(statement[0], condition);
        assert_eq!(statement[1]["Effect"], "Deny");
        assert!(texts(&statement[1]["Condition"]).contains(&parameter));
    }
}

#[test]
fn the_address_in_the_outputs_of_the_stack_includes_the_stage() {
    let url = &template()["Outputs"]["ApiUrl"]["Value"];

    assert!(text(url).ends_with("/${Api.Stage}"), "{url}");
}
