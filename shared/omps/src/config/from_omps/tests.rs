//! What is read of a `config.py`, and what is not.

use super::*;
use crate::config::ConfigError;

const CONFIG: &str = r#"# -*- coding: utf-8 -*-
"""The configuration
of OMPS"""
import os

HUB = 'https://koji.example.com/kojihub'


class DefaultConfig(object):
    """What all share"""
    SECRET_KEY = '123456789secretkeyvalue'
    LOG_LEVEL = "info"  # as in OMPS
    REQUEST_TIMEOUT = 28


class ProdConfig(DefaultConfig):
    LOG_FORMAT = "%(asctime)s - %(message)s"
    KOJIHUB_URL = HUB
    KOJIROOT_URL: str = ("https://koji.example.com"
                         "/kojifiles")
    MAX_CONTENT_LENGTH = 2 * 1024 * 1024
    REQUEST_TIMEOUT = 1_0
    GREENWAVE = None
    ORGANIZATIONS = {
        "public-org": {  # the first
            "public": True,
            "repository_suffix": '-suffix',
            "replace_registry": [
                {"old": r"quay\.io$", "new": "example.com", "regexp": True},
                {"old": "a\tb", "new": u"\u00fc", 'regexp': False,},
            ],
            "csv_annotations": ({"name": "x", "value": "{package_name}"},),
        },
        'other': {"oauth_token": None},
    }
"#;

#[test]
fn each_class_becomes_a_table_with_what_it_inherits() {
    let converted = convert(CONFIG).unwrap();

    assert_eq!(converted.problems, Vec::<String>::new());
    let sections: Table = converted.toml.parse().unwrap();
    let wanted: Table = r#"
        [DefaultConfig]
        log_level = "INFO"
        request_timeout = 28

        [ProdConfig]
        log_level = "INFO"
        kojihub_url = "https://koji.example.com/kojihub"
        kojiroot_url = "https://koji.example.com/kojifiles"
        max_content_length = 2097152
        request_timeout = 10

        [ProdConfig.organizations.public-org]
        public = true
        package_name_suffix = "-suffix"
        replace_registry = [
            { old = 'quay\.io$', new = "example.com", regexp = true },
            { old = "a\tb", new = "ü", regexp = false },
        ]
        csv_annotations = [{ name = "x", value = "{package_name}" }]

        [ProdConfig.organizations.other]
    "#
    .parse()
    .unwrap();
    assert_eq!(sections, wanted);
    for comment in [
        "# Line 11: SECRET_KEY is not needed.\n",
        "# Line 17: LOG_FORMAT is not needed.\n",
        "# Line 23: GREENWAVE is None, which is the default.\n",
    ] {
        assert!(converted.toml.contains(comment), "{}", converted.toml);
    }
    assert!(!converted.toml.contains("secretkeyvalue"));
}

#[test]
fn what_cannot_be_read_is_named_with_its_line_and_the_rest_is_read() {
    let text = "class ProdConfig:\n    KOJIHUB_URL = os.getenv('HUB')\n    if True:\n        LOG_LEVEL = 'DEBUG'\n    \
                KOJIROOT_URL = f'{x}'\n    GREENWAVE = {\n        'url': get(\n            'hush'),\n    }\n    \
                REQUEST_TIMEOUT = 'soon'\n    MAX_CONTENT_LENGTH = 1 + 1\n    LOG_LEVEL = 'WARNING'\n";

    let converted = convert(text).unwrap();

    assert_eq!(
        converted.problems,
        [
            "line 3: if: not an assignment",
            "line 2: KOJIHUB_URL cannot be read: line 2: no literal (os.getenv()",
            "line 5: KOJIROOT_URL cannot be read: line 5: bytes or a text with values in it (f)",
            "line 6: GREENWAVE cannot be read: line 7: no literal (get()",
            "line 11: MAX_CONTENT_LENGTH cannot be read: line 11: a calculation (+ 1)",
            "in the TOML, [ProdConfig]: configuration: line 6: request_timeout: invalid type: string \"soon\", expected a nonzero u64",
        ]
    );
    assert!(
        converted.toml.contains("log_level = \"WARNING\""),
        "{}",
        converted.toml
    );
    assert!(!converted.toml.contains("hush"));
}

#[test]
fn a_secret_behind_an_escape_that_cannot_be_read_is_not_shown() {
    for escape in ["\\x", "\\N", "\\uZ"] {
        let text = format!("class ProdConfig:\n    KOJIHUB_URL = 'a{escape}hush'\n");

        let problems = convert(&text).unwrap().problems.join("\n");

        assert!(
            problems.contains("line 2: KOJIHUB_URL cannot be read"),
            "{problems}"
        );
        assert!(!problems.contains("hush"), "{problems}");
    }
}

#[test]
fn items_need_a_comma_between_each_two() {
    let text = "class ProdConfig:\n    KOJIHUB_URL = [1, 5 -3]\n";

    let problems = convert(text).unwrap().problems.join("\n");

    assert!(problems.contains("a calculation (-3])"), "{problems}");
}

#[test]
fn no_text_makes_the_reader_fail() {
    let texts = [
        "class",
        "class A:\n  X = ",
        "class A:\n  X = '",
        "class A:\n  X = \"\"\"a",
        "class A:\n  X = {'a'",
        "class A:\n  X = '\\u12",
        "class A:\n  X = 9999999999 * 9999999999",
        "class A:\n  X = -",
        "class A:\n  X = [1 2]",
        "class A:\n  é = 'é\\é'",
        "\\",
    ];
    for text in texts {
        drop(convert(text));
    }
    let deep = format!("class A:\n  LOG_LEVEL = {}", "[".repeat(100_000));
    assert!(convert(&deep).unwrap().problems[0].contains("too many brackets"));
    assert_eq!(
        convert("x = 1").unwrap_err(),
        "the file has no class such as ProdConfig"
    );
}

#[test]
fn a_python_configuration_is_recognized() {
    let error = Config::from_toml(CONFIG, "ProdConfig").unwrap_err();

    assert!(matches!(error, ConfigError::Python { .. }), "{error}");
    let message = error.to_string();
    for part in [
        "omps-server --from-omps config.py",
        "KOJIHUB_URL is kojihub_url",
        "SECRET_KEY is not needed",
        "ORGANIZATIONS is organizations",
    ] {
        assert!(message.contains(part), "{message}");
    }
}
