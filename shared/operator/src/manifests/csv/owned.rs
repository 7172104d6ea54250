//! The CRDs that a CSV owns, and the rules that compare them with the CRDs beside it.

use super::super::crd::{Crd, CrdsByName, comparable};
use super::Csv;
use crate::report::rules;
use crate::report::{Field, Location, Report};
use crate::yaml::Value;

/// A CRD that a CSV owns, as the CSV describes it.
#[derive(Debug)]
pub(crate) struct OwnedCrd {
    location: Location,
    name: Option<Compared>,
    kind: Option<Compared>,
    version: Option<Compared>,
}

/// A value that is compared with a CRD's, and where it is.
#[derive(Debug)]
struct Compared {
    value: Value,
    location: Location,
}

impl Csv {
    /// Compares the owned CRDs with those of this version, in operator-courier's order.
    pub(crate) fn check_owned(&self, crds: &CrdsByName<'_>, report: &mut Report) {
        // For each owned name, in the order of their first match: where its version is, whether any CRD has that version,
        // and the CRD.
        let mut compared: Vec<(&Value, &Location, bool, &Crd)> = Vec::new();
        for owned in &self.owned {
            owned.check(crds, report);
            let (Some(name), Some(version)) = (&owned.name, &owned.version) else {
                continue;
            };
            for crd in crds.get(&name.value) {
                let Some(theirs) = &crd.version else { continue };
                let matches = version.value == *theirs;
                match compared.iter_mut().find(|(seen, ..)| **seen == name.value) {
                    Some((_, _, matched, _)) => *matched |= matches,
                    None => compared.push((&name.value, &version.location, matches, crd)),
                }
            }
        }
        for (_, location, _, crd) in compared.iter().filter(|(_, _, matched, _)| !matched) {
            let theirs = || crd.says(crd.version.as_slice());
            report.mismatch(&rules::OWNED_VERSION_MATCH, location, &[], theirs);
        }
    }
}

impl OwnedCrd {
    /// Reads an item of `spec.customresourcedefinitions.owned`.
    pub(super) fn read(item: &Field<'_>) -> Self {
        let compared = |key| {
            let field = item.get(key)?;
            Some(Compared {
                value: comparable(&field),
                location: field.location(),
            })
        };
        OwnedCrd {
            location: item.location(),
            name: compared("name"),
            kind: compared("kind"),
            version: compared("version"),
        }
    }

    fn check(&self, crds: &CrdsByName<'_>, report: &mut Report) {
        match &self.name {
            None => report.add(&rules::OWNED_NAME, &self.location_without("name"), &[]),
            Some(name) if !crds.get(&name.value).is_empty() => {}
            Some(name) => match name.value.to_python() {
                Some(text) => report.add(&rules::OWNED_UNKNOWN, &name.location, &[&text]),
                None => report.wrong_type_at(&name.location, "a string of at most 1000 bytes"),
            },
        }
        if self.kind.is_none() {
            report.add(&rules::OWNED_KIND, &self.location_without("kind"), &[]);
        }
        if self.version.is_none() {
            let location = self.location_without("version");
            report.add(&rules::OWNED_VERSION, &location, &[]);
        }
        let Some(name) = &self.name else { return };
        for crd in crds.get(&name.value) {
            self.compare(crd, report);
            compare_name(name, crd, report);
        }
    }

    fn compare(&self, crd: &Crd, report: &mut Report) {
        if let (Some(ours), Some(theirs)) = (&self.kind, &crd.kind)
            && ours.value != *theirs
        {
            let theirs = || crd.says(crd.kind.as_slice());
            report.mismatch(&rules::OWNED_KIND_MATCH, &ours.location, &[], theirs);
        }
        if let (Some(ours), Some(theirs)) = (&self.version, &crd.versions)
            && !theirs.contains(&ours.value)
        {
            let theirs = || crd.says(theirs);
            report.mismatch(&rules::OWNED_VERSION_LISTED, &ours.location, &[], theirs);
        }
    }

    /// Where `key` is missing.
    fn location_without(&self, key: &str) -> Location {
        Location {
            field: format!("{}.{key}", self.location.field),
            found: "nothing".to_owned(),
            ..self.location.clone()
        }
    }
}

/// An owned CRD's name must be `<plural>.<group>` of the CRD.
fn compare_name(name: &Compared, crd: &Crd, report: &mut Report) {
    let (Some(plural), Some(group)) = (&crd.plural, &crd.group) else {
        return;
    };
    let (Value::String(plural), Value::String(group)) = (plural, group) else {
        let file = &crd.file;
        let expected =
            format!("named after a CRD whose plural and group are strings, unlike those in {file}");
        return report.wrong_type_at(&name.location, &expected);
    };
    let expected = Value::String(format!("{plural}.{group}"));
    if name.value != expected {
        let theirs = || crd.says(&[expected]);
        report.mismatch(&rules::OWNED_NAME_MATCH, &name.location, &[], theirs);
    }
}
