//! The values of requests that are not in their bodies: in the path, the query and the headers.

/// A value of a request that is not in its body.
#[derive(Debug, Clone, Copy)]
pub(in crate::openapi) struct Parameter {
    /// The name.
    pub name: &'static str,
    /// The meaning.
    pub description: &'static str,
    /// An example; of a parameter in the query, its only value, unless it is free.
    pub example: &'static str,
    /// Whether a parameter in the query has any other value.
    pub is_free: bool,
}

impl Parameter {
    pub(super) const fn new(
        name: &'static str,
        example: &'static str,
        description: &'static str,
    ) -> Self {
        Parameter {
            name,
            description,
            example,
            is_free: false,
        }
    }
}

/// The header that makes a push that is sent again the same push.
pub(in crate::openapi) const IDEMPOTENCY_KEY: Parameter = Parameter::new(
    "Idempotency-Key",
    "my-operator-v1.0.0-build-42",
    "The same key and the same request give the same answer again, for 24 hours. 1 to 255 printable ASCII characters",
);
pub(super) const REQUEST_ID: Parameter = Parameter::new(
    "X-Request-Id",
    "pipeline-7",
    "An id of the caller for this request, for its log lines: letters, digits, `.`, `_`, `-`, at most 128",
);
pub(super) const CATALOG: Parameter = Parameter::new(
    "catalog",
    "true",
    "Adds what a catalog says of the bundles, as `opm render` has it; bundle images only",
);
pub(super) const STRICT: Parameter = Parameter::new(
    "validation",
    "strict",
    "Errors of the bundle verdict refuse, too; bundle images only",
);
pub(super) const REPORT: Parameter = Parameter::new(
    "report",
    "full",
    "Adds what the verdict found without refusing",
);

pub(super) const DRY_RUN: Parameter = Parameter::new(
    "dry_run",
    "true",
    "Does everything but push: the answer is that of a push, with `dry_run` and with what the organization's rules change. \
        Nothing is written or reserved; `Idempotency-Key` is ignored",
);
pub(super) const FAIL: Parameter = Parameter::new(
    "fail",
    "true",
    "Manifests that are not valid are 400, for `curl -f`",
);

pub(super) const PUSH_HEADERS: &[Parameter] = &[REQUEST_ID, IDEMPOTENCY_KEY];
pub(super) const PUSH_QUERY: &[Parameter] = &[REPORT, CATALOG, STRICT, DRY_RUN];

/// A value in the path: how it is described, and the form that `names.rs` and `release.rs` check.
pub(in crate::openapi) fn path_parameter(name: &str) -> (Parameter, &'static str) {
    const NAME: &str = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$";
    match name {
        "organization" => (
            Parameter::new("organization", "my-org", "The organization in the registry"),
            NAME,
        ),
        "repo" => (
            Parameter::new(
                "repo",
                "my-operator",
                "The repository, which has the package's name",
            ),
            NAME,
        ),
        "package" => (
            Parameter::new("package", "my-operator", "The package"),
            NAME,
        ),
        "version" => (
            Parameter::new("version", "1.2.0", "The release: three numbers with dots"),
            r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$",
        ),
        "nvr" => (
            Parameter::new(
                "nvr",
                "my-operator-container-v1.2.0-3",
                "The build in Koji: name, version, release",
            ),
            "^[A-Za-z0-9._+~^,:]+-[A-Za-z0-9._+~^,:]+-[A-Za-z0-9._+~^,:]+$",
        ),
        _ => (
            Parameter::new(
                "upload",
                "0b6c2a3e-7f7e-4c53-9a0e-2f4f5f0f6c1d",
                "The id of the upload",
            ),
            "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        ),
    }
}
