//! Configurations that stop the start, and what is said of them.

use super::*;

fn error(section: &str) -> String {
    Config::from_toml(&format!("[ProdConfig]\n{section}"), DEFAULT_SECTION)
        .unwrap_err()
        .to_string()
}

#[test]
fn what_is_wrong_is_named() {
    let cases = [
        ("max_content_lenght = 1", "max_content_lenght"),
        ("max_content_length = 0", "max_content_length"),
        ("max_content_length = \"1M\"", "max_content_length"),
        ("request_timeout = -1", "request_timeout"),
        (
            "default_release_version = \"1.0\"",
            "default_release_version: Version '1.0' must be",
        ),
        ("quay_url = \"quay.io\"", "\"quay.io\" is not a base URL"),
        ("quay_url = \"https://a:b@quay.io\"", "must not hold a user"),
        ("kojihub_url = \"koji\"", "kojihub_url"),
        ("kojiroot_url = \"file:///mnt/koji\"", "kojiroot_url"),
        (
            "greenwave = {url = \"http://g\", context = \"c\"}",
            "greenwave.product_version: is missing",
        ),
        (
            "greenwave = {url = \"g\", context = \"c\", product_version = \"p\"}",
            "\"g\" is not a base URL",
        ),
        ("log_level = \"LOUD\"", "LOUD"),
        (
            "secrets_prefix = \"a b\"",
            "secrets_prefix \"a b\" is not valid",
        ),
        ("secrets_prefix = \"/\"", "secrets_prefix must not be empty"),
        (
            "[ProdConfig.organizations.a]\noauth_token = [\"x\"]",
            "organizations.a.oauth_token: oauth_token must be a text that a header can hold",
        ),
        ("public_url = \"omps\"", "\"omps\" is not a base URL"),
        (
            "upload_dir = \"uploads\"",
            "upload_dir: requires public_url",
        ),
        (
            "upload_dir = \"uploads\"\nupload_bucket = \"uploads\"",
            "upload_dir and upload_bucket exclude each other",
        ),
        ("release_format = \"zip\"", "app-registry"),
        ("registry_url = \"quay.io\"", "is not a base URL"),
        (
            "release_format = \"bundle-image\"\nquay_url = \"http://quay.example.com\"",
            "quay_url: http://quay.example.com/ is not safe for bundle images",
        ),
        (
            "release_format = \"bundle-image\"\n[ProdConfig.organizations.a]\npublic = true\nregistry_url = \"https://r.example.com\"",
            "line 4: organizations.a.public: is for a Quay",
        ),
        (
            "[ProdConfig.organizations.a]\nimmutable_tags = true\nregistry_url = \"https://r.example.com\"",
            "line 3: organizations.a.immutable_tags: is for a Quay",
        ),
        (
            "[ProdConfig.organizations.a]\nimmutable_tags = true\nrelease_format = \"app-registry\"",
            "line 3: organizations.a.immutable_tags: is for bundle images, and release_format is app-registry",
        ),
        (
            "[ProdConfig.organizations.a]\nvalidation = \"loose\"",
            "organizations.a.validation: unknown variant `loose`",
        ),
        (
            "[ProdConfig.organizations.\"a b\"]",
            "organizations.a b: organization 'a b' is not valid",
        ),
        (
            "[ProdConfig.organizations.a]\npublik = true",
            "line 3: organizations.a.publik: unknown key; the nearest known is public",
        ),
        (
            "[ProdConfig.organizations.a]\nreplace_registry = [{old = \"(\", new = \"\", regexp = true}]",
            "line 3: organizations.a.replace_registry[0]: the pattern \"(\" does not compile",
        ),
        (
            "[ProdConfig.organizations.a]\ncsv_annotations = [{name = \"n\", value = \"{x}\"}]",
            "line 3: organizations.a.csv_annotations[0]: the value \"{x}\" of \"n\" names the unknown key",
        ),
    ];
    for (section, wanted) in cases {
        assert!(
            error(section).contains(wanted),
            "{section}: {}",
            error(section)
        );
    }
}

#[test]
fn all_that_is_wrong_is_named_once_with_its_line() {
    let text = "[ProdConfig]\nmax_content_lenght = 1\nquay_url = \"quay.io\"\nledger_table = \"t\"\ndata_dir = \"d\"\n\
                greenwave = {url = \"g\"}\n\n[ProdConfig.organizations.a]\npublic = \"yes\"\nreplace_registry = [\n  \
                {old = \"a\", new = \"b\"},\n  {old = \"(\", new = \"\", regexp = true},\n]\n\n\
                [ProdConfig.organizations.\"b c\"]\n";

    let error = Config::from_toml(text, DEFAULT_SECTION).unwrap_err();

    let ConfigError::Invalid(problems) = &error else {
        panic!("{error}");
    };
    let starts = [
        "line 2: max_content_lenght: unknown key; the nearest known is max_content_length",
        "line 3: quay_url: \"quay.io\" is not a base URL: ",
        "line 5: data_dir: ledger_table and data_dir exclude each other",
        "line 6: greenwave.context: is missing",
        "line 6: greenwave.product_version: is missing",
        "line 6: greenwave.url: \"g\" is not a base URL: ",
        "line 9: organizations.a.public: invalid type: string \"yes\", expected a boolean",
        "line 12: organizations.a.replace_registry[1]: the pattern \"(\" does not compile",
        "line 15: organizations.b c: organization 'b c' is not valid",
    ];
    assert_eq!(problems.texts().len(), starts.len(), "{error}");
    for (problem, start) in problems.texts().iter().zip(starts) {
        assert!(problem.starts_with(start), "{problem}");
    }
}

#[test]
fn what_is_no_toml_is_told_by_its_line_and_never_quoted() {
    let error = Config::from_toml("[P]\noauth_token = \"hush-hush", "P").unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("the configuration is not TOML: line 2: "),
        "{message}"
    );
    assert!(!message.contains("hush"), "{message}");
}
