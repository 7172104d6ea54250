//! The words of the recordings that a message of ours must contain.

use regex::Regex;

/// Rule, severity, and the part of the message that must be there. What the recordings say in other words is not compared.
pub(crate) const TEXTS: [(&str, &str, &str); 35] = [
    (
        "crd-owned",
        "refused",
        r#"owned CRD Q not found in bundle Q"#,
    ),
    (
        "crd-owned",
        "refused",
        r#"CRD Q is present in bundle Q but not defined in CSV"#,
    ),
    ("crd-owned", "refused", r#"duplicate CRD Q in bundle Q"#),
    ("csv", "error", "'apiVersion' is missing"),
    ("csv", "error", r#"metadata.name Q is invalid"#),
    ("csv", "error", r#"spec.replaces Q is invalid"#),
    ("csv", "error", "install modes not found"),
    ("csv", "error", "none of InstallModeTypes are supported"),
    (
        "csv",
        "error",
        "only AllNamespaces InstallModeType is supported when conversionCRDs is present",
    ),
    ("csv", "error", "required field missing"),
    ("csv", "error", "invalid example"),
    ("csv", "error", "example must have a provided API"),
    (
        "csv",
        "error",
        r"provided annotation \S+ uses wrong case and should be \S+ instead",
    ),
    (
        "csv",
        "error",
        r"csv\.Spec\.MinKubeVersion has an invalid value",
    ),
    ("csv", "warning", "example annotations not found"),
    (
        "csv",
        "warning",
        "provided API should have an example annotation",
    ),
    (
        "csv",
        "warning",
        r"csv\.Spec\.minKubeVersion is not informed",
    ),
    (
        "csv",
        "warning",
        r"found olm\.properties annotation, please define these properties in metadata/properties\.yaml instead",
    ),
    (
        "bundle",
        "error",
        r"invalid service account found in bundle\. This service account \S+ in your bundle is not valid",
    ),
    (
        "bundle",
        "error",
        r"relatedImages\[\d+\] has an empty image field",
    ),
    (
        "bundle",
        "error",
        r#"relatedImages\[\d+\] has an invalid image pullspec Q"#,
    ),
    (
        "bundle",
        "error",
        r#"bundle name with release versioning Q does not match expected name Q"#,
    ),
    (
        "object",
        "error",
        "maxUnavailable field cannot be set to 0 or 0%",
    ),
    (
        "object",
        "error",
        "minAvailable field cannot be set to 100%",
    ),
    (
        "object",
        "error",
        "globalDefault field cannot be set to true",
    ),
    (
        "operatorhubv2",
        "error",
        r"csv\.Spec\.Icon should only have one element",
    ),
    (
        "operatorhubv2",
        "error",
        r"csv\.Spec\.Icon elements should contain both data and mediatype",
    ),
    (
        "operatorhubv2",
        "error",
        r"csv\.Spec\.Icon .* does not have a valid mediatype",
    ),
    (
        "operatorhubv2",
        "error",
        r"csv\.Spec\.(?:Links|Maintainers) elements should contain both name and (?:url|email)",
    ),
    (
        "operatorhubv2",
        "error",
        r"csv\.Spec\.Links url .*? is invalid",
    ),
    (
        "operatorhubv2",
        "error",
        r"csv\.Spec\.Maintainers email .*? is invalid",
    ),
    (
        "operatorhubv2",
        "error",
        r"csv\.Spec\.Provider\.Name not specified",
    ),
    ("operatorhubv2", "warning", r"csv\.Spec\.Icon not specified"),
    (
        "capabilities",
        "error",
        r#"csv\.Metadata\.Annotations\.Capabilities Q is not a valid capabilities level"#,
    ),
    (
        "categories",
        "error",
        r#"csv\.Metadata\.Annotations\["categories"\] value Q is not in the set of standard categories"#,
    ),
];

/// What must be said of CRDs in v1; more may be.
pub(crate) const CRD_V1: [&str; 4] = [
    r"metadata\.annotations\[api-approved\.kubernetes\.io\]: Required value",
    r#"metadata\.name: Invalid value: Q"#,
    r"spec\.versions: Invalid value",
    r"spec\.scope: Unsupported value",
];

pub(crate) fn pattern(text: &str) -> Regex {
    Regex::new(&text.replace('Q', r#""(?:[^"\\]|\\.)*""#)).unwrap()
}
