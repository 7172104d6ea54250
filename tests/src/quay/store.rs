//! What Quay keeps: repositories and their releases, in memory and, if wanted, in a folder.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use super::accounts::{Accounts, Caller, robot_name};

/// The media type of an operator's release.
pub(super) const HELM: &str = "helm";

/// A package's full name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PackageName {
    pub namespace: String,
    pub name: String,
}

impl PackageName {
    pub fn new(namespace: &str, name: &str) -> Self {
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
    /// A repository of container images blocks its name for packages.
    pub holds_images: bool,
    pub public: bool,
    /// Accounts that administer it beside the organization's owners.
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
    pub fn new(name: PackageName) -> Self {
        Self {
            name,
            holds_images: false,
            public: false,
            admins: BTreeSet::new(),
            manifests: Vec::new(),
        }
    }

    pub fn is_writable_by(&self, caller: &Caller, accounts: &Accounts) -> bool {
        accounts.owns(caller, &self.name.namespace)
            || matches!(caller, Caller::Known(name) if self.admins.contains(name))
    }

    pub fn is_readable_by(&self, caller: &Caller, accounts: &Accounts) -> bool {
        self.public || self.is_writable_by(caller, accounts)
    }

    pub fn manifest(&self, release: &str, media_type: &str) -> Option<&Manifest> {
        self.manifests
            .iter()
            .find(|manifest| manifest.release == release && manifest.media_type == media_type)
    }

    /// The names of all releases, the newest first.
    pub fn releases(&self) -> Vec<&str> {
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
    folder: Option<PathBuf>,
}

impl Store {
    /// Loads `<organization>/<package>/<release>.tar.gz` from `folder`, where later releases will be kept.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn in_folder(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut store = Self::default();
        for organization in subfolders(folder)? {
            for package in subfolders(&organization)? {
                store
                    .repositories
                    .push(load_repository(&file_name(&organization), &package)?);
            }
        }
        store.folder = Some(folder.to_owned());
        Ok(store)
    }

    pub fn find(&self, name: &PackageName) -> Option<&Repository> {
        self.repositories
            .iter()
            .find(|repository| repository.name == *name)
    }

    /// The repository `name`, made now when there is none.
    pub fn find_or_create(&mut self, name: &PackageName) -> &mut Repository {
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

    pub fn of_namespace<'a>(
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
    pub fn put(
        &mut self,
        name: &PackageName,
        release: &str,
        media_type: &str,
        blob: Vec<u8>,
    ) -> io::Result<()> {
        if media_type == HELM
            && let Some(file) = self.file(name, release)
        {
            fs::create_dir_all(file.parent().unwrap_or(&file))?;
            fs::write(file, &blob)?;
        }
        let repository = self.find_or_create(name);
        repository
            .manifests
            .retain(|known| known.release != release || known.media_type != media_type);
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
    pub fn delete(
        &mut self,
        name: &PackageName,
        release: &str,
        media_type: &str,
    ) -> io::Result<()> {
        if media_type == HELM
            && let Some(file) = self.file(name, release)
        {
            fs::remove_file(file)?;
        }
        self.find_or_create(name)
            .manifests
            .retain(|known| known.release != release || known.media_type != media_type);
        Ok(())
    }

    /// Makes a repository public or private.
    ///
    /// # Errors
    /// When this cannot be noted in the folder.
    pub fn set_visibility(&mut self, name: &PackageName, public: bool) -> io::Result<()> {
        if let Some(folder) = self.folder_of(name) {
            let note = folder.join(PUBLIC_NOTE);
            match public {
                true => {
                    fs::create_dir_all(&folder)?;
                    fs::write(note, "")?;
                }
                false if note.exists() => fs::remove_file(note)?,
                false => {}
            }
        }
        self.find_or_create(name).public = public;
        Ok(())
    }

    /// Removes a repository with all its releases.
    ///
    /// # Errors
    /// When it cannot be removed from the folder.
    pub fn remove(&mut self, name: &PackageName) -> io::Result<()> {
        if let Some(folder) = self.folder_of(name)
            && folder.exists()
        {
            fs::remove_dir_all(folder)?;
        }
        self.repositories
            .retain(|repository| repository.name != *name);
        Ok(())
    }

    fn folder_of(&self, name: &PackageName) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        Some(folder.join(&name.namespace).join(&name.name))
    }

    fn file(&self, name: &PackageName, release: &str) -> Option<PathBuf> {
        Some(self.folder_of(name)?.join(format!("{release}{ARCHIVE}")))
    }
}

const ARCHIVE: &str = ".tar.gz";

/// An empty file of this name in a repository's folder says that the repository is public.
const PUBLIC_NOTE: &str = "public";

fn load_repository(organization: &str, folder: &Path) -> io::Result<Repository> {
    let mut repository = Repository::new(PackageName::new(organization, &file_name(folder)));
    repository.public = folder.join(PUBLIC_NOTE).exists();
    repository.admins.insert(robot_name(organization));
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if let Some(release) = file_name(&path).strip_suffix(ARCHIVE) {
            repository.manifests.push(Manifest {
                release: release.to_owned(),
                media_type: HELM.to_owned(),
                blob: fs::read(&path)?,
                created_at: path.metadata()?.modified()?,
            });
        }
    }
    repository
        .manifests
        .sort_by_key(|manifest| manifest.created_at);
    Ok(repository)
}

fn subfolders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
