//! The releases on disk: `<folder>/<organization>/<package>/<release>.tar.gz`.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::accounts::robot_name;
use super::store::{HELM, Manifest, PackageName, Repository};

const ARCHIVE: &str = ".tar.gz";
/// An empty file with this name in the folder of a package means that the package is public.
const PUBLIC_NOTE: &str = "public";

pub(super) struct Folder(PathBuf);

impl Folder {
    /// # Errors
    /// The folder cannot be created.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self(path.to_owned()))
    }

    pub(crate) fn load(&self) -> io::Result<Vec<Repository>> {
        let mut repositories = Vec::new();
        for organization in children(&self.0)? {
            for package in children(&organization)? {
                repositories.push(load_repository(&file_name(&organization), &package)?);
            }
        }
        Ok(repositories)
    }

    pub(crate) fn put(&self, name: &PackageName, release: &str, blob: &[u8]) -> io::Result<()> {
        fs::create_dir_all(self.package(name))?;
        fs::write(self.archive(name, release), blob)
    }

    pub(crate) fn delete(&self, name: &PackageName, release: &str) -> io::Result<()> {
        fs::remove_file(self.archive(name, release))
    }

    pub(crate) fn set_visibility(&self, name: &PackageName, public: bool) -> io::Result<()> {
        let note = self.package(name).join(PUBLIC_NOTE);
        if public {
            fs::create_dir_all(self.package(name))?;
            fs::write(note, "")
        } else if note.exists() {
            fs::remove_file(note)
        } else {
            Ok(())
        }
    }

    pub(crate) fn remove(&self, name: &PackageName) -> io::Result<()> {
        let package = self.package(name);
        if package.exists() {
            fs::remove_dir_all(package)?;
        }
        Ok(())
    }

    fn package(&self, name: &PackageName) -> PathBuf {
        self.0.join(&name.namespace).join(&name.name)
    }

    fn archive(&self, name: &PackageName, release: &str) -> PathBuf {
        self.package(name).join(format!("{release}{ARCHIVE}"))
    }
}

/// A package of the organization's robot.
fn load_repository(organization: &str, folder: &Path) -> io::Result<Repository> {
    let mut repository = Repository::new(PackageName::new(organization, &file_name(folder)));
    repository.public = folder.join(PUBLIC_NOTE).exists();
    repository.admins.insert(robot_name(organization));
    for path in children(folder)? {
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

/// The paths in a folder, in the order of their names.
fn children(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut children = Vec::new();
    for entry in fs::read_dir(folder)? {
        children.push(entry?.path());
    }
    children.sort();
    Ok(children)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
