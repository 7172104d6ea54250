//! The operators in `fixtures/`, and the changes that tests make to them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::zip::zip;

/// The manifests of an operator, by path.
#[derive(Clone, Debug, Default)]
pub struct Operator {
    files: BTreeMap<String, String>,
}

impl Operator {
    /// The sample: a realistic operator in two versions, in the nested layout.
    pub fn larder() -> Self {
        Self::fixture("larder-operator")
    }

    /// A small operator in the flat layout.
    pub fn doorbell() -> Self {
        Self::fixture("doorbell-operator")
    }

    fn fixture(name: &str) -> Self {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let mut files = BTreeMap::new();
        read(&fixtures.join(name), "", &mut files);
        Self { files }
    }

    /// Adds a file, or replaces it.
    #[must_use]
    pub fn with(mut self, path: &str, content: &str) -> Self {
        self.files.insert(path.to_owned(), content.to_owned());
        self
    }

    /// Replaces a text, which the file must contain.
    #[must_use]
    pub fn edit(mut self, path: &str, old: &str, new: &str) -> Self {
        let content = self.files.get_mut(path).expect("the file is there");
        assert!(content.contains(old), "{path} has no {old:?}");
        *content = content.replace(old, new);
        self
    }

    /// Removes a file.
    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        assert!(self.files.remove(path).is_some(), "there is no {path}");
        self
    }

    /// The paths of all files, sorted.
    pub fn paths(&self) -> Vec<&str> {
        self.files.keys().map(String::as_str).collect()
    }

    /// The content of a file.
    pub fn file(&self, path: &str) -> &str {
        self.files.get(path).expect("the file is there")
    }

    /// The operator as a client would upload it.
    pub fn zip(&self) -> Vec<u8> {
        let files: Vec<_> = self
            .files
            .iter()
            .map(|(path, content)| (path.as_str(), content.as_bytes()))
            .collect();
        zip(&files)
    }
}

fn read(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("the fixture is there") {
        let path = entry.expect("the fixture can be read").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        let name = format!("{prefix}{name}");
        if path.is_dir() {
            read(&path, &format!("{name}/"), files);
        } else {
            let content = fs::read_to_string(&path).expect("the fixture is text");
            files.insert(name, content);
        }
    }
}
