//! What people see of a catalog: its packages, one package whole, and what is pending.

use omps_operator::catalog::Package;

use super::folding::heads;
use super::{Catalog, CatalogError, Found, State, work};
use crate::api::{CatalogChannel, CatalogListAnswer, CatalogPackage, PendingAnswer};

/// A package of a catalog, whole.
pub(crate) struct Shown {
    /// The package.
    pub(crate) package: Package,
    /// The digest that the catalog's tag points to.
    pub(crate) digest: String,
}

impl Catalog<'_> {
    /// All packages, and what is pending. One layer is open at a time.
    ///
    /// # Errors
    /// [`CatalogError`]
    pub(crate) async fn list(&self) -> Result<CatalogListAnswer, CatalogError> {
        let mut found = self.images.read().await?;
        let layers = found.edition.layers();
        let mut packages = Vec::new();
        for (number, layer) in layers {
            self.images
                .open_layer(&mut found.edition, number, &layer)
                .await?;
            let names: Vec<String> = found
                .edition
                .packages_in(number)
                .map(str::to_owned)
                .collect();
            for name in names {
                packages.push(described(&self.package(&found, &name)?));
            }
            found.edition.close(number);
        }
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
        let package = self.package(&found, package)?;
        let digest = found.digest().filter(|_| !package.is_empty());
        Ok(digest.map(|digest| Shown { package, digest }))
    }

    fn package(&self, found: &Found, name: &str) -> Result<Package, CatalogError> {
        let package = found.edition.package(name);
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
