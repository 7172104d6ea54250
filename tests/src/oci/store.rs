//! What the registry keeps: repositories with their blobs, manifests and tags, and uploads that are not finished.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use regex::Regex;
use sha2::{Digest, Sha256};

use crate::quay::accounts::{Accounts, Caller};

/// A repository's full name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RepositoryName {
    pub namespace: String,
    pub name: String,
}

impl RepositoryName {
    pub(super) fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    pub(super) fn parse(path: &str) -> Option<Self> {
        let (namespace, name) = path.split_once('/')?;
        Some(Self::new(namespace, name))
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

/// A manifest, as it was pushed.
#[derive(Clone)]
pub(super) struct Manifest {
    pub media_type: String,
    pub bytes: Vec<u8>,
}

impl Manifest {
    /// A manifest that has no blobs, and differs from others by its name.
    pub(super) fn empty(name: &str) -> Self {
        Self {
            media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
            bytes: format!(r#"{{"schemaVersion":2,"annotations":{{"name":"{name}"}}}}"#)
                .into_bytes(),
        }
    }
}

#[derive(Default)]
pub(super) struct Repository {
    pub public: bool,
    /// Accounts that administer it beside the organization's owners.
    pub admins: BTreeSet<String>,
    pub blobs: BTreeMap<String, Vec<u8>>,
    pub manifests: BTreeMap<String, Manifest>,
    /// Tags and the digests that they point to.
    pub tags: BTreeMap<String, String>,
    /// Tags that were deleted. Quay says so when it is asked for one.
    pub expired: BTreeSet<String>,
    /// Patterns of the tags that cannot be replaced or deleted.
    pub immutable: Vec<Regex>,
}

impl Repository {
    /// The manifest behind a tag or a digest, and its digest.
    pub(super) fn manifest(&self, reference: &str) -> Option<(&str, &Manifest)> {
        let digest = self.tags.get(reference).map_or(reference, String::as_str);
        let (digest, manifest) = self.manifests.get_key_value(digest)?;
        Some((digest, manifest))
    }

    /// Keeps a manifest, and makes a tag point to it. Returns its digest.
    pub(super) fn put(&mut self, tag: Option<&str>, manifest: Manifest) -> String {
        let digest = digest_of(&manifest.bytes);
        self.manifests.insert(digest.clone(), manifest);
        if let Some(tag) = tag {
            self.expired.remove(tag);
            self.tags.insert(tag.to_owned(), digest.clone());
        }
        digest
    }

    pub(super) fn is_immutable(&self, tag: &str) -> bool {
        self.tags.contains_key(tag) && self.immutable.iter().any(|pattern| pattern.is_match(tag))
    }

    pub(super) fn tags_of(&self, digest: &str) -> Vec<String> {
        let same = self.tags.iter().filter(|(_, found)| *found == digest);
        same.map(|(tag, _)| tag.clone()).collect()
    }
}

/// An upload that is not finished.
pub(super) struct Upload {
    pub to: RepositoryName,
    pub bytes: Vec<u8>,
}

/// All repositories.
#[derive(Default)]
pub(super) struct Store {
    repositories: BTreeMap<RepositoryName, Repository>,
    pub uploads: HashMap<String, Upload>,
    started: usize,
}

impl Store {
    pub(super) fn find(&self, name: &RepositoryName) -> Option<&Repository> {
        self.repositories.get(name)
    }

    pub(super) fn find_mut(&mut self, name: &RepositoryName) -> Option<&mut Repository> {
        self.repositories.get_mut(name)
    }

    /// The repository `name`, made now and administered by `creator` when there is none.
    pub(super) fn create(&mut self, name: &RepositoryName, creator: &str) -> &mut Repository {
        self.repositories
            .entry(name.clone())
            .or_insert_with(|| Repository {
                admins: BTreeSet::from([creator.to_owned()]),
                ..Repository::default()
            })
    }

    /// Starts an upload and returns its id.
    pub(super) fn start_upload(&mut self, to: RepositoryName) -> String {
        self.started += 1;
        let id = format!("upload-{}", self.started);
        let bytes = Vec::new();
        self.uploads.insert(id.clone(), Upload { to, bytes });
        id
    }

    pub(super) fn may_read(
        &self,
        name: &RepositoryName,
        caller: &Caller,
        accounts: &Accounts,
    ) -> bool {
        match self.find(name) {
            Some(repository) => repository.public || is_admin(repository, name, caller, accounts),
            None => accounts.owns(caller, &name.namespace),
        }
    }

    /// Whether a caller may push, and create the repository when there is none.
    pub(super) fn may_write(
        &self,
        name: &RepositoryName,
        caller: &Caller,
        accounts: &Accounts,
    ) -> bool {
        match self.find(name) {
            Some(repository) => is_admin(repository, name, caller, accounts),
            None => accounts.may_create_in(caller, &name.namespace),
        }
    }
}

fn is_admin(
    repository: &Repository,
    name: &RepositoryName,
    caller: &Caller,
    accounts: &Accounts,
) -> bool {
    accounts.owns(caller, &name.namespace)
        || matches!(caller, Caller::Known(name) if repository.admins.contains(name))
}

pub(super) fn digest_of(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{hex}")
}
