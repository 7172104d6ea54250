//! The rules of operator-courier 2.1.11: for each its message, which is interface byte for byte, and what to do about it.

use super::Severity;

/// A rule. What was found replaces each `{}` in its message.
pub struct Rule {
    /// Our name for it.
    pub id: &'static str,
    /// Whether breaking it makes the manifests invalid.
    pub severity: Severity,
    /// operator-courier's message.
    pub message: &'static str,
    /// What to do about it, in a sentence.
    pub advice: &'static str,
}

const fn error(id: &'static str, message: &'static str, advice: &'static str) -> Rule {
    Rule {
        id,
        severity: Severity::Error,
        message,
        advice,
    }
}

const fn warning(id: &'static str, message: &'static str, advice: &'static str) -> Rule {
    Rule {
        id,
        severity: Severity::Warning,
        message,
        advice,
    }
}

/// What operator-courier does not look at, and nobody need act on.
const fn hint(id: &'static str, message: &'static str, advice: &'static str) -> Rule {
    Rule {
        id,
        severity: Severity::Hint,
        message,
        advice,
    }
}

macro_rules! rules {
    ($($name:ident = $kind:ident($id:literal, $message:literal, $advice:literal);)*) => {
        $(pub(crate) const $name: Rule = $kind($id, $message, $advice);)*
        /// Every rule.
        pub const ALL: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    YAML = error("yaml", "{}: {}",
        "Fix what is written there, so that the file is one YAML document. The place is where reading stopped.");
    YAML_DOCUMENTS = error("yaml-documents", "{}: {}", "Put each document into a file of its own.");
    YAML_LIMIT = error("yaml-limit", "{}: {}",
        "Shorten what is written there: it is beyond a limit that no operator in a cluster comes near.");
    NO_MANIFEST = error("no-manifest", "The file is not a map, a list or a text.",
        "Remove the file, or write a manifest into it.");
    PACKAGES = error("packages", "Only 1 package is expected to exist in source root folder.",
        "Keep one package file at the top level.");
    NO_CSV = error("no-csv", "There is no valid CSV file in root or manifest directories.",
        "Put a CSV beside the package file, or the CSV of each version into its own directory beside the package file.");
    TYPE = error("type", "{}: {} must be {}, found {}",
        "Give the field a value of the type that its schema asks for.");
    RULE_NOT_APPLIED = error("rule-not-applied", "{}: {}",
        "Write the field out in its own map, without anchors, aliases and merges, so that the organization's rule can set it.");
    AMBIGUOUS_KEY = error("ambiguous-key", "{}: {}: {}",
        "Write each key once, as text, in the case that its schema has, and put `<<` first in its map: a cluster may read another value.");
    UNJUDGED_FILE = hint("unjudged-file", "{}: nothing judged this, and it is pushed as it is",
        "Take it out of the upload, unless readers of the release need it.");
    LEFT_OUT_FILE = hint("left-out-file", "{}: nothing judged this, and it is in no bundle image",
        "Take it out of the upload, or put it where a bundle has it.");
    MACOS_FILE = error("macos-file", "{}: {}",
        "Take out `__MACOSX` and `._*`: macOS writes them; `zip -r -X` does not.");
    MACOS_FILES = hint("macos-files", "{}: macOS wrote this beside the files that you see",
        "Take out `__MACOSX`, `._*` and `.DS_Store`; `zip -r -X ../manifests.zip . -x '*.DS_Store'` leaves them out.");
    YAML_EXTENSION = hint("yaml-extension", "{}: not read, since its name does not end in .yaml or .yml",
        "Rename it, if it is a manifest: the extension is read in lower case alone.");
    UNKNOWN_KIND = hint("unknown-kind", "{}: taken neither for a CSV nor for a CRD: {}",
        "Write kind: ClusterServiceVersion or kind: CustomResourceDefinition, if it is one.");
    CURRENT_CSV = hint("current-csv", "channel.currentCSV {} is the name of no CSV in the zip",
        "Add the CSV's file, or write the name of a CSV that is there.");
    FOLDER_AROUND = error("folder-around", "{}: a folder is around everything, and so the package file is not at the top level",
        "Zip the folder's content, not the folder.");
    PACKAGE_BELOW = error("package-below", "{}: the package file is not at the top level",
        "Put the package file at the top level of the zip, and its versions into folders beside it.");
    PACKAGE_EXTENSION = error("package-extension", "{}: not read, since its name does not end in .yaml or .yml",
        "Rename it: the extension is read in lower case alone.");
    ARCHIVE_INSIDE = error("archive-inside", "{}: {} inside the zip, which is not opened",
        "Zip the manifests themselves, or send the inner zip as it is.");
    NO_PACKAGE_FILE = error("no-package-file", "No YAML file at the top level has packageName.",
        "Add a package file at the top level: a map with packageName, and channels with name and currentCSV.");
    BUNDLE_INSTEAD = error("bundle-instead", "{}: this is a bundle, and App Registry takes package manifests alone",
        "Push it to an organization with release_format = \"bundle-image\", or zip package manifests: a package file beside a folder for each version.");
    IMAGE_SPELLING = warning("image-spelling", "{}: {}: replace_registry would change {}, but for how it is written",
        "Write the image in one line, plain or in quotes, without escapes.");

    CRD_METADATA = error("crd-metadata", "crd metadata not defined.", "Add metadata with the CRD's name.");
    CRD_NAME = error("crd-name", "crd metadata.name not defined.", "Name the CRD <plural>.<group>.");
    CRD_API_VERSION = error("crd-api-version", "crd apiVersion not defined.",
        "Add apiVersion: apiextensions.k8s.io/v1 (or v1beta1).");
    CRD_SPEC = error("crd-spec", "crd spec not defined.", "Add the CRD's spec.");
    CRD_NAMES = error("crd-names", "crd spec.names not defined.", "Add spec.names with kind and plural.");
    CRD_KIND = error("crd-names-kind", "crd spec.names.kind not defined.", "Name the kind that the CRD defines.");
    CRD_PLURAL = error("crd-names-plural", "crd spec.names.plural not defined.",
        "Name the plural under which the API serves the kind.");
    CRD_GROUP = error("crd-group", "crd spec.group not defined.", "Name the API group of the CRD.");
    CRD_VERSION = error("crd-version", "crd spec.version or spec.versions not defined.",
        "List the versions of the CRD under spec.versions.");
    CRD_VERSIONS_EMPTY = error("crd-versions-empty", "crd spec.versions is empty.",
        "List at least one version under spec.versions.");
    CRD_VERSIONS_ITEM = error("crd-versions-item",
        "crd spec.versions contains an invalid CustomResourceDefinitionVersion.",
        "Give each version a name, served and storage.");
    CRD_STORAGE = error("crd-storage-version",
        "crd spec.version should contain exactly one version flagged as storage version.",
        "Set storage: true on exactly one of spec.versions.");

    CSV_METADATA = error("csv-metadata", "csv metadata not defined.", "Add metadata with name and annotations.");
    CSV_NAME = error("csv-name", "csv metadata.name not defined.", "Name the CSV <package>.v<version>.");
    CSV_ANNOTATIONS = warning("csv-annotations", "csv metadata.annotations not defined.",
        "Add the annotations that describe the operator to its users.");
    CSV_ANNOTATION = warning("csv-annotation", "csv metadata.annotations.{} not defined",
        "Add the annotation: catalogs show it to users.");
    CSV_CERTIFIED = warning("csv-certified", "csv metadata.annotations.certified not defined.",
        "Add certified: \"true\" or \"false\".");
    CSV_CERTIFIED_TYPE = error("csv-certified-type", "metadata.annotations.certified is not of typestring",
        "Put the value in quotes: \"true\" or \"false\".");
    CSV_ALM_EXAMPLES = error("csv-alm-examples", "metadata.annotations.alm-examples contains invalid json string",
        "Make it a string that holds a JSON list of example resources.");
    CSV_API_VERSION = error("csv-api-version", "csv apiVersion not defined.",
        "Add apiVersion: operators.coreos.com/v1alpha1.");
    CSV_SPEC = error("csv-spec", "csv spec not defined.", "Add the CSV's spec.");
    CSV_SPEC_FIELD = warning("csv-spec-field", "csv spec.{} not defined", "Add the field: catalogs show it to users.");
    CSV_INSTALL_MODES = error("csv-install-modes", "csv spec.installModes not defined",
        "List which of OwnNamespace, SingleNamespace, MultiNamespace and AllNamespaces the operator supports.");
    CSV_INSTALL = error("csv-install", "csv spec.install not defined", "Add spec.install with strategy and spec.");
    CSV_STRATEGY = error("csv-strategy", "csv spec.install.strategy not defined", "Add strategy: deployment.");
    CSV_STRATEGY_VALUE = error("csv-strategy-value", "csv spec.install.strategy must be one of ['deployment']",
        "Write strategy: deployment, the one that OLM knows.");
    CSV_INSTALL_SPEC = error("csv-install-spec", "csv spec.install.spec not defined",
        "Add spec.install.spec with the deployments.");
    CSV_DEPLOYMENTS = error("csv-deployments", "csv spec.install.spec.deployments not defined",
        "List the operator's deployments.");
    CSV_INSTALL_LIST = error("csv-install-list", "csv spec.install.spec.{} should be a list",
        "Make it a list, each item with a leading dash.");

    OWNED_NAME = error("owned-name", "name not defined for item in spec.customresourcedefinitions.",
        "Give the owned CRD its name, <plural>.<group>.");
    OWNED_UNKNOWN = error("owned-unknown",
        "custom resource definition {} referenced in csv not defined in root list of crds",
        "Add the CRD's file beside the CSV, or correct the name.");
    OWNED_KIND = error("owned-kind", "kind not defined for item in spec.customresourcedefinitions.",
        "Give the owned CRD its kind.");
    OWNED_VERSION = error("owned-version", "version not defined for item in spec.customresourcedefinitions.",
        "Give the owned CRD its version.");
    OWNED_KIND_MATCH = error("owned-kind-match", "CRD.spec.names.kind does not match CSV.spec.crd.owned.kind",
        "Use the same kind in the CSV and in the CRD.");
    OWNED_VERSION_LISTED = error("owned-version-listed", "CSV.spec.crd.owned.version is not in CRD.spec.versions list",
        "Write a version that the CRD lists.");
    OWNED_NAME_MATCH = error("owned-name-match",
        "`CRD.spec.names.plural`.`CRD.spec.group` does not match CSV.spec.crd.owned.name",
        "Write <plural>.<group> of the CRD as the name.");
    OWNED_VERSION_MATCH = error("owned-version-match", "CRD.spec.version does not match CSV.spec.crd.owned.version",
        "Use the version of the CRD's spec.version.");

    PACKAGE_CHANNELS = error("package-channels", "package channels not defined.", "List the package's channels.");
    PACKAGE_CHANNELS_EMPTY = error("package-channels-empty", "no package channels defined.",
        "List at least one channel.");
    CHANNEL_NAME = error("channel-name", "package channel.name not defined.", "Name the channel.");
    CHANNEL_CSV = error("channel-csv", "package channel.currentCSV not defined.",
        "Name the CSV that is the head of the channel.");
    CHANNEL_CSV_UNKNOWN = error("channel-csv-unknown", "channel.currentCSV {} is not included in list of csvs",
        "Add the CSV's file, or write the name of a CSV that is there.");
    PACKAGE_NAME_MATCH = error("package-name-match",
        "The packageName ({}) in bundle does not match repository name ({}) provided as command line argument.",
        "Push to the repository that has the package's name.");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::ALL;

    #[test]
    fn every_rule_has_an_id_of_its_own_and_a_sentence_of_advice() {
        let mut ids = HashSet::new();
        for rule in ALL {
            assert!(ids.insert(rule.id), "{}", rule.id);
            assert!(rule.advice.ends_with('.'), "{}", rule.id);
        }
    }
}
