//! What people see of a catalog: its packages, one package whole, and what is pending.

use omps_operator::catalog::{Edition, Package};

use super::folding::heads;
use super::{Catalog, CatalogError, State, work};
use crate::api::{CatalogChannel, CatalogListAnswer, CatalogPackage, PendingAnswer};

/// A package of a catalog, whole.
pub(crate) struct Shown {
    /// The package.
    pub(crate) package: Package,
    /// The digest that the catalog's tag points to.
    pub(crate) digest: String,
}

impl Catalog<'_> {
    /// All packages, and what is pending.
    ///
    /// # Errors
    /// [`CatalogError`]
    pub(crate) async fn list(&self) -> Result<CatalogListAnswer, CatalogError> {
        let found = self.images.read().await?;
        let mut packages = Vec::new();
        let see = |name: &str, edition: &Edition| {
            packages.push(described(&self.package(edition, name)?));
            Ok(())
        };
        self.images.each_package(&found.edition, see).await?;
        packages.sort_by(|a, b| a.package.cmp(&b.package));
        Ok(CatalogListAnswer {
            image: self.name.clone(),
            pending: match found.is_new() {
                // To see what is pending, the caller must be shown the catalog.
                true => Vec::new(),
                false => self.pending().await?,
            },
            digest: found.digest(),
            packages,
        })
    }

    /// One package; nothing where the catalog does not have it.
    ///
    /// # Errors
    /// [`CatalogError`]
    pub(crate) async fn show(&self, package: &str) -> Result<Option<Shown>, CatalogError> {
        let found = self.read(package).await?;
        let package = self.package(&found.edition, package)?;
        let digest = found.digest().filter(|_| !package.is_empty());
        Ok(digest.map(|digest| Shown { package, digest }))
    }

    fn package(&self, edition: &Edition, name: &str) -> Result<Package, CatalogError> {
        let package = edition.package(name);
        package.map_err(|error| {
            CatalogError::Foreign(format!("{}: package {name}: {error}", self.name))
        })
    }

    async fn pending(&self) -> Result<Vec<PendingAnswer>, CatalogError> {
        let standing = self.call.app.ledger.standing(&self.key).await?;
        let refused = State::of(standing.outcome).refused;
        let refused = refused.iter();
        let refused = refused.map(|refused| refused.work.pending(Some(&refused.reason)));
        let pending = work::read(&standing.pending).map(|work| work.pending(None));
        Ok(pending.chain(refused).collect())
    }
}

fn described(package: &Package) -> CatalogPackage {
    let heads = heads(package);
    let channels = package.channels().map(|(name, entries)| CatalogChannel {
        name: name.to_owned(),
        head: heads.get(name).cloned(),
        entries: entries.iter().map(|entry| entry.name.clone()).collect(),
    });
    CatalogPackage {
        package: package.name().to_owned(),
        default_channel: package.default_channel().to_owned(),
        channels: channels.collect(),
        withdrawn: package.withdrawn(),
    }
}
