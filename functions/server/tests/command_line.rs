//! The options of `omps-server` that do not start the service, as a person runs them.
#![expect(clippy::expect_used, reason = "a failed preparation ends the test")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder with files, and a configuration that is valid until a test changes it.
struct Folder(TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        Folder(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the server with these arguments, `omps.toml` and these variables.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_omps-server"))
            .args(arguments)
            .env_clear()
            .env("OMPS_CONF_FILE", self.path("omps.toml"))
            .envs(variables.iter().copied())
            .output()
            .expect("a run")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn a_valid_configuration_is_summed_up_and_warned_of() {
    let folder = Folder::with(&[(
        "omps.toml",
        "[ProdConfig.organizations.my-org]\npublic = true\n",
    )]);

    let output = folder.run(&["--check-config"], &[("OMPS_LISTEN", "127.0.0.1:0")]);

    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        text(&output.stdout),
        format!(
            "warning: organization my-org has public = true and no oauth_token: its repositories stay as they are\n\
             the configuration is valid: bundle-image to https://quay.io/, configured by {} [ProdConfig], organizations: 1\n",
            folder.path("omps.toml").display()
        )
    );
}

#[test]
fn what_the_start_would_refuse_is_found_all_at_once() {
    let folder = Folder::with(&[(
        "omps.toml",
        "[ProdConfig]\nca_file = '/nope.pem'\ndata_dir = '/dev/null'\n",
    )]);
    let variables = [("OMPS_LISTEN", "8080"), ("WORKERS_NUM", "0")];

    let output = folder.run(&["--check-config"], &variables);

    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    for part in [
        "omps-server: WORKERS_NUM must be a whole number above 0",
        "omps-server: OMPS_LISTEN \"8080\" is not an address and port such as 127.0.0.1:8080",
        "omps-server: data_dir /dev/null: not a directory",
        "omps-server: ca_file /nope.pem: No such file",
    ] {
        assert!(errors.contains(part), "{errors}");
    }
}

#[test]
fn unknown_variables_and_wrong_values_are_named_together() {
    let folder = Folder::with(&[(
        "omps.toml",
        "[ProdConfig]\nrequest_timeout = 0\nquay_ulr = ''\n",
    )]);

    let output = folder.run(&["--check-config"], &[("OMPS_QUAY_ULR", "https://quay.io")]);

    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "omps-server: configuration:\n  \
         OMPS_QUAY_ULR: unknown variable; the nearest known is OMPS_QUAY_URL\n  \
         line 2: request_timeout: invalid value: integer `0`, expected a nonzero u64\n  \
         line 3: quay_ulr: unknown key; the nearest known is quay_url\n"
    );
}

#[test]
fn services_that_do_not_answer_are_found_online() {
    let nobody = "http://127.0.0.1:1";
    let settings = format!(
        "[ProdConfig]\nquay_url = '{nobody}'\nkojihub_url = '{nobody}'\nrequest_timeout = 2\n"
    );
    let folder = Folder::with(&[("omps.toml", &settings)]);

    let output = folder.run(&["--check-config", "--online"], &[]);

    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "ok: the ledger\n");
    let errors = text(&output.stderr);
    for part in ["omps-server: Koji: ", "omps-server: the registry: "] {
        assert!(errors.contains(part), "{errors}");
    }
}

#[test]
fn a_python_configuration_becomes_toml_that_is_valid() {
    let python = "class ProdConfig:\n    QUAY = 1\n    REQUEST_TIMEOUT = 20\n    ORGANIZATIONS = {'a': {'public': False}}\n";
    let folder = Folder::with(&[("config.py", python), ("omps.toml", python)]);
    let config_py = folder.path("config.py");

    let refused = folder.run(&["--check-config"], &[]);
    let converted = folder.run(&["--from-omps", &config_py.to_string_lossy()], &[]);
    fs::write(folder.path("omps.toml"), &converted.stdout).expect("a file");
    let checked = folder.run(&["--check-config"], &[]);

    let errors = text(&refused.stderr);
    assert!(
        errors.contains("in Python; omps reads TOML. `omps-server --from-omps "),
        "{errors}"
    );
    assert!(converted.status.success(), "{converted:?}");
    let toml = text(&converted.stdout);
    assert!(
        toml.contains("# Line 2: QUAY is no setting of omps.\n"),
        "{toml}"
    );
    assert!(toml.contains("request_timeout = 20\n"), "{toml}");
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn what_cannot_be_converted_fails_and_the_rest_is_printed() {
    let python =
        "class ProdConfig:\n    KOJIHUB_URL = os.environ['HUB']\n    REQUEST_TIMEOUT = 20\n";
    let folder = Folder::with(&[("config.py", python)]);
    let config_py = folder.path("config.py");

    let output = folder.run(&["--from-omps", &config_py.to_string_lossy()], &[]);

    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("request_timeout = 20\n"));
    assert!(
        text(&output.stderr)
            .contains("config.py: line 2: KOJIHUB_URL cannot be read: line 2: no literal")
    );
}

#[test]
fn online_alone_is_refused() {
    let output = Folder::with(&[]).run(&["--online"], &[]);

    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--online is for --check-config"));
}
