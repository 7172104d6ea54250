//! From steps to the next edition of a catalog: each package is merged or loses bundles, and what opm would refuse is left
//! out. Waits for nobody.

use std::collections::BTreeMap;

use omps_operator::catalog::{Edition, LayerError, NextEdition, Package};
use serde_json::Value;

use super::gathering::Step;
use super::work::{Refused, Task, Work};
use super::{Catalog, CatalogError, State};
use crate::api::{CatalogAnswer, CatalogWarning};
use crate::cpu;

/// A catalog after its work was folded in.
#[derive(Default)]
pub(super) struct Folded {
    edition: Edition,
    packages: BTreeMap<String, Change>,
    /// What is done.
    done: Vec<Work>,
    /// What the catalog cannot take.
    refused: Vec<Refused>,
    /// What stays pending.
    waiting: Vec<Refused>,
}

/// What became of a package.
#[derive(Default)]
struct Change {
    /// The bundles that it had.
    before: Vec<String>,
    kept: Vec<String>,
    warnings: Vec<CatalogWarning>,
}

impl Catalog<'_> {
    /// Does a task in a catalog, and packs what changed.
    pub(super) async fn fold(
        &self,
        mut edition: Edition,
        task: &Task,
    ) -> Result<(Folded, Option<NextEdition>), CatalogError> {
        let steps = self.gather(&mut edition, task).await?;
        let fold = move || {
            let folded = Folded::by_others(edition, Vec::new()).with(steps);
            let next = folded.edition.next()?;
            Ok::<_, LayerError>((folded, next))
        };
        let folded = cpu::run(fold).await;
        let folded = folded.map_err(|panic| CatalogError::Foreign(panic.to_string()))?;
        folded.map_err(|error| CatalogError::Foreign(error.to_string()))
    }
}

impl Folded {
    /// A catalog that another process has brought up to date, but for what it could not take.
    pub(super) fn by_others(edition: Edition, refused: Vec<Refused>) -> Self {
        Folded {
            edition,
            refused,
            ..Folded::default()
        }
    }

    fn with(mut self, steps: Vec<(Option<Work>, Step)>) -> Self {
        for (work, step) in steps {
            let taken = self.take(step);
            let Some(work) = work else { continue };
            match taken {
                Ok(()) => self.done.push(work),
                Err(Left::Refused(reason)) => self.refused.push(Refused { work, reason }),
                Err(Left::Waiting(reason)) => self.waiting.push(Refused { work, reason }),
            }
        }
        self
    }

    fn take(&mut self, step: Step) -> Result<(), Left> {
        match step {
            Step::Nothing => Ok(()),
            Step::Wait(reason) => Err(Left::Waiting(reason)),
            Step::Empty { package } => {
                let before = self.package(&package)?;
                self.change(&before);
                self.put(&before, &Package::empty(&package));
                Ok(())
            }
            Step::Merge { package, upload } => {
                let before = self.package(&package)?;
                let merged = before.merge(&upload);
                let merged =
                    merged.map_err(|refused| Left::Refused(refused.messages().join("; ")))?;
                let warnings = merged.warnings.into_iter().map(Into::into);
                self.change(&before).warnings.extend(warnings);
                self.put(&before, &merged.package);
                Ok(())
            }
            Step::TakeOut { package, images } => {
                let before = self.package(&package)?;
                let deleted = before.delete(&before.with_images(&images));
                self.change(&before).kept.extend(deleted.kept);
                self.put(&before, &deleted.package);
                Ok(())
            }
        }
    }

    /// What has become of a package so far; `as_it_is` now.
    fn change(&mut self, as_it_is: &Package) -> &mut Change {
        let change = self.packages.entry(as_it_is.name().to_owned());
        change.or_insert_with(|| Change {
            before: owned(&as_it_is.bundles()),
            ..Change::default()
        })
    }

    fn package(&self, name: &str) -> Result<Package, Left> {
        let package = self.edition.package(name);
        package.map_err(|error| Left::Waiting(format!("package {name}: {error}")))
    }

    fn put(&mut self, before: &Package, after: &Package) {
        if before != after {
            self.edition.put(after);
        }
    }

    /// What the ledger strikes off, and what it keeps.
    pub(super) fn settled(&self, before: &State, digest: Option<String>) -> (Vec<Value>, State) {
        let refused = self.refused.iter().map(|refused| &refused.work);
        let ended: Vec<&Work> = self.done.iter().chain(refused).collect();
        let still = before.refused.iter();
        let still = still.filter(|refused| !ended.contains(&&refused.work));
        let state = State {
            digest,
            refused: still.chain(&self.refused).cloned().collect(),
        };
        (ended.into_iter().map(Work::written).collect(), state)
    }

    /// Why some of this work is not done; nothing where all is.
    pub(super) fn why_left(&self, work: &[Work]) -> Option<String> {
        let mut left = self.refused.iter().chain(&self.waiting);
        let left = left.find(|left| work.contains(&left.work))?;
        Some(left.reason.clone())
    }

    /// Everything that is not done.
    pub(super) fn left(&self) -> impl Iterator<Item = &Refused> {
        self.refused.iter().chain(&self.waiting)
    }

    /// The bundles that are new, and those that are gone, of all packages.
    pub(super) fn difference(&self) -> (Vec<String>, Vec<String>) {
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        for (name, change) in &self.packages {
            let Ok(package) = self.edition.package(name) else {
                continue;
            };
            let (new, gone) = change.difference(&package);
            added.extend(new);
            removed.extend(gone);
        }
        (added, removed)
    }

    /// Says in an answer what became of a package.
    pub(super) fn describe(mut self, name: &str, answer: &mut CatalogAnswer) {
        answer.package = Some(name.to_owned());
        let Ok(package) = self.edition.package(name) else {
            return;
        };
        answer.heads = Some(heads(&package));
        // Nothing is known of what another process did.
        let Some(change) = self.packages.remove(name) else {
            return;
        };
        let (added, removed) = change.difference(&package);
        let is_any = |list: &Vec<String>| !list.is_empty();
        answer.added = Some(added);
        answer.removed = Some(removed).filter(is_any);
        answer.kept = Some(change.kept).filter(is_any);
        answer.warnings = Some(change.warnings);
    }
}

impl Change {
    /// The bundles that are new in a package, and those that are gone.
    fn difference(&self, after: &Package) -> (Vec<String>, Vec<String>) {
        let after = owned(&after.bundles());
        let without = |names: &[String], others: &[String]| {
            let left = names.iter().filter(|name| !others.contains(name));
            left.cloned().collect()
        };
        (without(&after, &self.before), without(&self.before, &after))
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Why a step was not taken.
enum Left {
    /// opm would refuse the package.
    Refused(String),
    /// It may be taken later.
    Waiting(String),
}

/// The head of each channel.
pub(super) fn heads(package: &Package) -> BTreeMap<String, String> {
    let channels = package.channels();
    let heads = channels.filter_map(|(channel, _)| {
        let head = package.head(channel)?;
        Some((channel.to_owned(), head.to_owned()))
    });
    heads.collect()
}
