//! A folder with an operator, and the binary run in it with nothing from outside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

pub(crate) const CSV: &str = "doorbell-operator.v1.0.0.clusterserviceversion.yaml";
pub(crate) const PACKAGE: &str = "doorbell.package.yaml";
pub(crate) const CRD: &str = "doorbells.crd.yaml";
pub(crate) const TOKEN: &str = "basic dGVzdDpzZWNyZXQ=";

/// A folder that has the operator `doorbell`, flat and valid.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = Folder(tempfile::tempdir().unwrap());
        let fixture =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/doorbell-operator");
        fs::create_dir(folder.path("doorbell")).unwrap();
        for name in [CSV, PACKAGE, CRD] {
            fs::copy(fixture.join(name), folder.path(&format!("doorbell/{name}"))).unwrap();
        }
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Replaces a text in a file of the operator, which must have it.
    pub(crate) fn edit(&self, name: &str, old: &str, new: &str) {
        let path = self.path(&format!("doorbell/{name}"));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{name} has no {old:?}");
        fs::write(path, text.replace(old, new)).unwrap();
    }

    /// `omps` with these arguments, without the environment of the test but for `variables`.
    pub(crate) fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_omps"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("HOME", self.0.path())
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    }
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Compares with the file `tests/golden/<name>.txt`; `OMPS_UPDATE_GOLDEN=1` writes it, to be read before it is committed.
pub(crate) fn assert_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.txt"));
    if std::env::var_os("OMPS_UPDATE_GOLDEN").is_some() {
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "{name}");
}
