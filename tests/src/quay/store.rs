//! The state of Quay: repositories and their releases.

use std::collections::BTreeSet;
use std::time::SystemTime;
use std::{fmt, io};

use super::accounts::{Accounts, Caller};
use super::folder::Folder;

/// The media type of an operator's release.
pub(super) const HELM: &str = "helm";

/// A package's full name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PackageName {
    pub namespace: String,
    pub name: String,
}

impl PackageName {
    pub(crate) fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

pub(super) struct Repository {
    pub name: PackageName,
    /// Whether it is a repository of container images, whose name no package can have.
    pub holds_images: bool,
    pub public: bool,
    /// The accounts that administer it, in addition to the organization's owners.
    pub admins: BTreeSet<String>,
    /// In the order in which they were pushed.
    pub manifests: Vec<Manifest>,
}

/// One release in one media type.
pub(super) struct Manifest {
    pub release: String,
    /// The short form: `helm`.
    pub media_type: String,
    pub blob: Vec<u8>,
    pub created_at: SystemTime,
}

impl Repository {
    pub(crate) fn new(name: PackageName) -> Self {
        Self {
            name,
            holds_images: false,
            public: false,
            admins: BTreeSet::new(),
            manifests: Vec::new(),
        }
    }

    pub(crate) fn is_writable_by(&self, caller: &Caller, accounts: &Accounts) -> bool {
        accounts.owns(caller, &self.name.namespace)
            || matches!(caller, Caller::Known(name) if self.admins.contains(name))
    }

    pub(crate) fn is_readable_by(&self, caller: &Caller, accounts: &Accounts) -> bool {
        self.public
            || self.is_writable_by(caller, accounts)
            || accounts.reads_all_of(caller, &self.name.namespace)
    }

    pub(crate) fn manifest(&self, release: &str, media_type: &str) -> Option<&Manifest> {
        self.manifests
            .iter()
            .find(|manifest| manifest.release == release && manifest.media_type == media_type)
    }

    fn forget(&mut self, release: &str, media_type: &str) {
        self.manifests
            .retain(|manifest| manifest.release != release || manifest.media_type != media_type);
    }

    /// The names of all releases, the newest first.
    pub(crate) fn releases(&self) -> Vec<&str> {
        let mut releases = Vec::new();
        for manifest in &self.manifests {
            if !releases.contains(&manifest.release.as_str()) {
                releases.push(&manifest.release);
            }
        }
        releases.sort_by(|left, right| super::release::precedence(right, left));
        releases
    }
}

/// All repositories, in the order in which they were created.
#[derive(Default)]
pub(super) struct Store {
    repositories: Vec<Repository>,
    /// A copy of the repositories on disk.
    folder: Option<Folder>,
}

impl Store {
    /// Loads the content of `folder`, and updates the folder with every change.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn in_folder(folder: Folder) -> io::Result<Self> {
        Ok(Self {
            repositories: folder.load()?,
            folder: Some(folder),
        })
    }

    pub(crate) fn find(&self, name: &PackageName) -> Option<&Repository> {
        self.repositories
            .iter()
            .find(|repository| repository.name == *name)
    }

    /// The repository `name`. It is created if it does not exist.
    pub(crate) fn find_or_create(&mut self, name: &PackageName) -> &mut Repository {
        let known = self
            .repositories
            .iter()
            .position(|repository| repository.name == *name);
        let index = known.unwrap_or_else(|| {
            self.repositories.push(Repository::new(name.clone()));
            self.repositories.len() - 1
        });
        &mut self.repositories[index]
    }

    pub(crate) fn of_namespace<'a>(
        &'a self,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Repository> {
        self.repositories.iter().filter(move |repository| {
            namespace.is_none_or(|wanted| repository.name.namespace == wanted)
        })
    }

    /// Adds a release, or replaces it.
    ///
    /// # Errors
    /// When it cannot be written to the folder.
    pub(crate) fn put(
        &mut self,
        name: &PackageName,
        release: &str,
        media_type: &str,
        blob: Vec<u8>,
    ) -> io::Result<()> {
        if let Some(folder) = &self.folder
            && media_type == HELM
        {
            folder.put(name, release, &blob)?;
        }
        let repository = self.find_or_create(name);
        repository.forget(release, media_type);
        repository.manifests.push(Manifest {
            release: release.to_owned(),
            media_type: media_type.to_owned(),
            blob,
            created_at: SystemTime::now(),
        });
        Ok(())
    }

    /// Removes a release.
    ///
    /// # Errors
    /// When it cannot be removed from the folder.
    pub(crate) fn delete(
        &mut self,
        name: &PackageName,
        release: &str,
        media_type: &str,
    ) -> io::Result<()> {
        if let Some(folder) = &self.folder
            && media_type == HELM
        {
            folder.delete(name, release)?;
        }
        self.find_or_create(name).forget(release, media_type);
        Ok(())
    }

    /// Makes a repository public or private.
    ///
    /// # Errors
    /// When this cannot be noted in the folder.
    pub(crate) fn set_visibility(&mut self, name: &PackageName, public: bool) -> io::Result<()> {
        if let Some(folder) = &self.folder {
            folder.set_visibility(name, public)?;
        }
        self.find_or_create(name).public = public;
        Ok(())
    }

    /// Removes a repository with all its releases.
    ///
    /// # Errors
    /// When it cannot be removed from the folder.
    pub(crate) fn remove(&mut self, name: &PackageName) -> io::Result<()> {
        if let Some(folder) = &self.folder {
            folder.remove(name)?;
        }
        self.repositories
            .retain(|repository| repository.name != *name);
        Ok(())
    }
}
