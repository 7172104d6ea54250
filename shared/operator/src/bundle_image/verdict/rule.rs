//! The rules of the verdict on bundles: for each its id, how bad it is, who says so, and what to do.
//!
//! The ids and levels are the contract's. The messages stand where the rules are checked, since most quote what they
//! found.

use crate::report::Severity;

/// A rule of the verdict on bundles.
#[derive(Debug)]
pub(crate) struct Rule {
    /// The rule's id; several rules of one validator share it.
    pub(crate) id: &'static str,
    /// How bad it is to break it.
    pub(crate) severity: Severity,
    /// Who would say so.
    pub(crate) says: &'static [&'static str],
    /// What to do about it.
    pub(crate) advice: &'static str,
}

const NOBODY: &[&str] = &[];
const OPM: &[&str] = &["opm"];
const SDK: &[&str] = &["operator-sdk"];
const OPM_AND_SDK: &[&str] = &["opm", "operator-sdk"];
const OLM_V1: &[&str] = &["olm-v1"];
const PIPELINES: &[&str] = &["operator-pipelines"];

macro_rules! rules {
    ($($name:ident = $id:literal, $severity:ident, $says:expr, $advice:literal;)*) => {
        $(pub(crate) const $name: Rule = Rule {
            id: $id,
            severity: Severity::$severity,
            says: $says,
            advice: $advice,
        };)*
        /// Every rule.
        #[cfg(test)]
        pub(crate) const ALL: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    FORMAT = "format", Refused, OPM, "Write the annotation into metadata/annotations.yaml as registry+v1 requires it.";
    ANNOTATIONS_FILE = "format", Refused, OPM, "Put metadata/annotations.yaml beside manifests/, with a map named annotations.";
    PACKAGES_DIFFER = "format", Refused, NOBODY, "Upload the bundles of one package at a time.";
    BUNDLE_TWICE = "format", Refused, NOBODY, "Give each bundle of the upload a CSV with a name of its own.";
    CHANNELS = "format", Refused, NOBODY, "Correct the channels in the package file.";
    CHANNEL_NUMBER = "format", Refused, OPM, "Put the channel's name in quotes: as a number it loses its last zero.";
    ANNOTATION_NUMBER = "format", Warning, OPM, "Put the value in quotes, so that every reader takes it for the same text.";
    CHANNEL_SPACE = "format", Warning, OPM, "Write the channels with commas alone: white space becomes part of a channel's name.";
    QUAY_LABEL = "format", Warning, NOBODY, "Take the annotation out: as a label it would command Quay.";
    CHANNEL_PATH = "channels", Warning, NOBODY, "Nothing has to be done for catalogs that follow replaces; to move the bundle, name it as currentCSV of a channel.";

    CATALOG = "catalog", Refused, OPM, "Change the CSV's replaces, skips or channel so that the organization's catalog stays one that opm takes.";

    AMBIGUOUS_KEY = "ambiguous-key", Refused, NOBODY, "Write each key once, as text, in the case that its schema has, and put `<<` first in its map: a cluster may read another value.";

    NO_CSV = "one-csv", Refused, OPM_AND_SDK, "Put the bundle's ClusterServiceVersion into manifests/.";
    SEVERAL_CSVS = "one-csv", Refused, OPM_AND_SDK, "Keep one ClusterServiceVersion a bundle: opm reads the first and drops the rest.";

    SUB_FOLDER = "layout", Refused, SDK, "Move the files of the sub-folder into manifests/ itself.";
    HIDDEN_FILE = "layout", Refused, SDK, "Take the hidden file out of manifests/.";
    KEY_TWICE = "layout", Refused, NOBODY, "Rename one of the files: OLM stores both under one key, and one is lost.";
    KEY_LENGTH = "layout", Refused, NOBODY, "Shorten the file's name: OLM uses it as the key of a ConfigMap.";
    SPLIT_NAME = "layout", Refused, OPM, "Rename one of the files: the documents of the other need names of their own.";
    NO_OWNER = "layout", Refused, NOBODY, "Put each version's manifests into a directory of its own, so that it is clear to which bundle the object belongs.";
    SPLIT = "layout", Warning, OPM, "Put each document into a file of its own: opm and OLM read only the first.";
    LEFT_OUT = "layout", Warning, NOBODY, "Move the file beside the CSV if it is a manifest; take it out if it is none.";

    KIND = "kind", Refused, OPM, "Take the file out of manifests/, or let the operator create the object itself.";

    OWNED_MISSING = "crd-owned", Refused, OPM_AND_SDK, "Add the CRD with this version to the bundle, or take it out of spec.customresourcedefinitions.owned.";
    CRD_NOT_OWNED = "crd-owned", Refused, SDK, "List the CRD under spec.customresourcedefinitions.owned of the CSV, or take its file out.";
    CRD_TWICE = "crd-owned", Refused, SDK, "Keep one file for this CRD.";

    DEPENDENCIES = "dependencies", Refused, OPM, "Correct the file in metadata/ as its format requires it.";

    VERSION = "operatorhubv2", Refused, SDK, "Set spec.version to a semantic version such as 1.2.3.";
    SIZE = "bundle", Refused, OPM_AND_SDK, "Make the bundle smaller: OLM keeps it in one ConfigMap.";
    SIZE_AT_LIMIT = "bundle", Warning, OPM_AND_SDK, "Make the bundle smaller before it grows past what one ConfigMap holds.";
    OBJECT_SIZE = "bundle", Warning, NOBODY, "Make the object smaller: clusters refuse objects of about 1.5 MiB, however well they compress.";
    RELEASE_SIZE = "bundle", Refused, NOBODY, "Upload fewer versions at a time.";
    LIST_LENGTH = "bundle", Refused, NOBODY, "Shorten the list: it is past a limit that no operator comes near.";
    CSV_FIELD = "csv", Refused, OPM_AND_SDK, "Give the field a value of the type that a ClusterServiceVersion has there.";
    CSV_PROPERTIES_JSON = "csv", Refused, OPM, "Make olm.properties a JSON list of properties, each with type and value.";
    CSV_NAME_MISSING = "csv", Refused, OPM, "Name the CSV <package>.v<version>.";
    TAG_TWICE = "tag", Refused, NOBODY, "Give each CSV of the upload a version of its own.";
    TAG_UNCLEAR = "tag", Refused, NOBODY, "Make it clear by spec.version and spec.release which CSV is the newest.";
    TAG_TAKEN = "tag", Warning, NOBODY, "Give the changed bundle a version of its own, or upload the old version as it was pushed.";
    TAG_LENGTH = "tag", Refused, NOBODY, "Shorten spec.version: it becomes a tag, which has 128 characters at most.";

    CSV = "csv", Error, SDK, "Correct the field of the CSV.";
    CSV_WARNING = "csv", Warning, SDK, "Correct the field of the CSV.";
    CSV_EXAMPLE = "csv", Error, SDK, "Make alm-examples a JSON list of custom resources of the kinds that the CSV owns.";
    CSV_EXAMPLE_WARNING = "csv", Warning, SDK, "Add a resource of every owned kind to alm-examples: consoles offer it as a template.";
    CSV_PROPERTIES = "csv", Warning, SDK, "Move the properties to metadata/properties.yaml.";
    CSV_KUBE_VERSION = "csv", Warning, SDK, "Set spec.minKubeVersion to the oldest Kubernetes that the operator supports.";

    CRD = "crd", Error, SDK, "Correct the CRD: clusters refuse it as it is.";
    CRD_SCHEMA = "crd", Error, NOBODY, "Give every version a structural schema: clusters refuse the CRD without it.";
    CRD_V1BETA1 = "crd-v1beta1", Error, SDK, "Convert the CRD to apiextensions.k8s.io/v1: no cluster since Kubernetes 1.22 takes v1beta1.";

    SERVICE_ACCOUNT = "bundle", Error, SDK, "Take the ServiceAccount's file out: OLM creates those that the CSV names.";
    RELATED_IMAGE = "bundle", Error, SDK, "Write a pull specification such as quay.io/org/image@sha256:….";
    RELEASE_NAME = "bundle", Error, SDK, "Name the CSV <package>-v<version>-<release>.";

    OBJECT = "object", Error, SDK, "Change the object: with it, OLM can block a cluster's upgrades or change other workloads.";
    OBJECT_WARNING = "object", Warning, SDK, "Grant only what the operator needs.";

    HUB = "operatorhubv2", Error, SDK, "Correct the field: OperatorHub shows it to users.";
    HUB_WARNING = "operatorhubv2", Warning, SDK, "Add the field: OperatorHub shows it to users.";
    CAPABILITIES = "capabilities", Error, SDK, "Use Basic Install, Seamless Upgrades, Full Lifecycle, Deep Insights or Auto Pilot.";
    CATEGORIES = "categories", Error, SDK, "Use the standard categories, separated by commas.";

    GOOD_PRACTICES = "good-practices", Warning, SDK, "Follow the practice where nothing speaks against it.";

    V1_DEPENDENCY = "olm-v1", Warning, OLM_V1, "Nothing helps yet: OLM v1 does not resolve dependencies.";
    V1_INSTALL_MODE = "olm-v1", Warning, OLM_V1, "Support the install mode AllNamespaces, or tell users to set watchNamespace.";
    V1_WEBHOOK = "olm-v1", Warning, OLM_V1, "Correct spec.webhookdefinitions.";
    V1_DUPLICATE = "olm-v1", Warning, OLM_V1, "Keep one of them.";
    V1_NAME = "olm-v1", Warning, OLM_V1, "Use lower case letters, digits, dashes and dots.";
    V1_CRD = "olm-v1", Warning, OLM_V1, "Convert the CRD to apiextensions.k8s.io/v1.";
    V1_SIZE = "olm-v1", Warning, OLM_V1, "Make the manifests smaller: OLM v1 keeps all objects of a bundle in one.";

    PIPELINES_KIND = "pipelines", Warning, PIPELINES, "Take the object out where the bundle goes through operator-pipelines.";
    PIPELINES_FIELD = "pipelines", Warning, PIPELINES, "Set the field where the bundle goes through operator-pipelines.";
    PIPELINES_VERSIONS = "pipelines", Warning, PIPELINES, "Make com.redhat.openshift.versions and spec.minKubeVersion fit each other.";

    IMAGE_TAG = "images", Warning, NOBODY, "Name the image by its digest, so that mirrors and disconnected clusters get the same one.";
    IMAGE_UNRELATED = "images", Warning, NOBODY, "List the image under spec.relatedImages, so that it is mirrored.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_advice_and_known_sources() {
        let sources = ["opm", "operator-sdk", "olm-v1", "operator-pipelines"];
        for rule in ALL {
            assert!(rule.advice.ends_with('.'), "{rule:?}");
            assert!(
                rule.says.iter().all(|says| sources.contains(says)),
                "{rule:?}"
            );
        }
    }
}
