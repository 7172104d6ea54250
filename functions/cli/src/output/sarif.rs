//! The report as SARIF 2.1.0, for code scanning: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::report::{Finding, Severity};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The rule of a refusal that is about the whole upload.
const UPLOAD: &str = "upload";
/// What a path may not have in a URI.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// One operator's part of the log.
pub(crate) struct Judged<'a> {
    /// The directory or zip, as a path from the repository's root.
    pub(crate) input: &'a str,
    /// What precedes a file's path in the repository.
    pub(crate) prefix: &'a str,
    pub(crate) findings: Vec<&'a Finding>,
    /// Why the operator is refused, where no finding says it.
    pub(crate) refusal: Option<&'a str>,
}

/// The log of one run.
pub(crate) fn log(operators: &[Judged<'_>]) -> Value {
    let mut rules: BTreeMap<&str, &str> = BTreeMap::new();
    for operator in operators {
        let findings = operator.findings.iter();
        rules.extend(findings.map(|finding| (finding.rule.as_str(), finding.advice.as_str())));
        if operator.refusal.is_some() {
            rules.insert(UPLOAD, "");
        }
    }
    let ids: Vec<&str> = rules.keys().copied().collect();
    let results = operators.iter().flat_map(|operator| {
        let findings = operator.findings.iter();
        let refusal = operator.refusal.map(|message| refusal(operator, message));
        findings
            .map(|finding| result(operator, finding))
            .chain(refusal)
    });
    let results: Vec<Value> = results
        .map(|mut result| {
            let id = result["ruleId"].as_str().unwrap_or_default();
            result["ruleIndex"] = json!(ids.binary_search(&id).ok());
            result
        })
        .collect();
    let rules: Vec<Value> = rules.iter().map(|(id, advice)| rule(id, advice)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "omps",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(id: &str, advice: &str) -> Value {
    let mut rule = json!({"id": id, "shortDescription": {"text": id.replace('-', " ")}});
    if !advice.is_empty() {
        rule["help"] = json!({"text": advice});
    }
    rule
}

fn result(operator: &Judged<'_>, finding: &Finding) -> Value {
    let level = match finding.severity {
        Severity::Refused | Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "note",
    };
    let text = match finding.advice.is_empty() {
        true => finding.message.clone(),
        false => format!("{}\n{}", finding.message, finding.advice),
    };
    let uri = uri(&format!("{}{}", operator.prefix, finding.file));
    json!({
        "ruleId": finding.rule,
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri},
            "region": {"startLine": finding.line.max(1), "startColumn": finding.column.max(1)},
        }}],
        // Where the line moves, the finding stays the same.
        "partialFingerprints": {"ompsFinding/v1": fingerprint(&[
            &finding.rule, &finding.file, &finding.field, &finding.message,
        ])},
    })
}

fn refusal(operator: &Judged<'_>, message: &str) -> Value {
    json!({
        "ruleId": UPLOAD,
        "level": "error",
        "message": {"text": message},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(operator.input)},
            "region": {"startLine": 1},
        }}],
        "partialFingerprints": {"ompsFinding/v1": fingerprint(&[UPLOAD, operator.input, message])},
    })
}

fn uri(path: &str) -> String {
    let path = utf8_percent_encode(path, PATH).to_string();
    match path.starts_with('/') {
        true => format!("file://{path}"),
        // A colon in the first segment would be read as a scheme.
        false
            if path
                .split('/')
                .next()
                .is_some_and(|first| first.contains(':')) =>
        {
            format!("./{path}")
        }
        false => path,
    }
}

fn fingerprint(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\0"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_uri() {
        for (path, expected) in [
            ("a b/ü#.yaml", "a%20b/%C3%BC%23.yaml"),
            ("c:d/e.yaml", "./c:d/e.yaml"),
            ("/tmp/x.yaml", "file:///tmp/x.yaml"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }

    #[test]
    fn a_refusal_without_a_place_is_a_result_about_the_upload_itself() {
        let operator = Judged {
            input: "a.zip",
            prefix: "",
            findings: Vec::new(),
            refusal: Some("not a zip file"),
        };

        let log = log(&[operator]);

        let result = &log["runs"][0]["results"][0];
        assert_eq!(result["ruleId"], "upload");
        assert_eq!(result["ruleIndex"], 0);
        assert_eq!(
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            "a.zip"
        );
    }
}
