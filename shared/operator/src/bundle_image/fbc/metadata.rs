//! `olm.csv.metadata`: what catalogs show of a CSV without having it.

use serde_json::Value as Json;

use super::shape::Empty::{Kept, LeftOut};
use super::shape::Shape::{self, Fields, List, Raw, Text, Texts, Truth};
use crate::bundle_image::document::at;
use crate::report::Field;

/// Where each field of the metadata comes from, and how it is written.
/// Source: operator-registry, `property.CSVMetadata`.
const FIELDS: [(&str, &str, Shape); 14] = [
    ("annotations", "metadata.annotations", Texts),
    (
        "apiServiceDefinitions",
        "spec.apiservicedefinitions",
        API_SERVICES,
    ),
    ("crdDescriptions", "spec.customresourcedefinitions", CRDS),
    ("description", "spec.description", Text),
    ("displayName", "spec.displayName", Text),
    ("installModes", "spec.installModes", List(&INSTALL_MODE)),
    ("keywords", "spec.keywords", List(&Text)),
    ("labels", "metadata.labels", Texts),
    ("links", "spec.links", List(&LINK)),
    ("maintainers", "spec.maintainers", List(&MAINTAINER)),
    ("maturity", "spec.maturity", Text),
    ("minKubeVersion", "spec.minKubeVersion", Text),
    ("nativeAPIs", "spec.nativeAPIs", List(&NATIVE_API)),
    ("provider", "spec.provider", LINK),
];

const LINK: Shape = Fields(&[("name", Text, LeftOut), ("url", Text, LeftOut)]);
const MAINTAINER: Shape = Fields(&[("name", Text, LeftOut), ("email", Text, LeftOut)]);
const INSTALL_MODE: Shape = Fields(&[("type", Text, Kept), ("supported", Truth, Kept)]);
const NATIVE_API: Shape = Fields(&[
    ("group", Text, Kept),
    ("version", Text, Kept),
    ("kind", Text, Kept),
]);

const CRDS: Shape = Fields(&[
    ("owned", List(&CRD), LeftOut),
    ("required", List(&CRD), LeftOut),
]);
const CRD: Shape = Fields(&[
    ("name", Text, Kept),
    ("version", Text, Kept),
    ("kind", Text, Kept),
    ("displayName", Text, LeftOut),
    ("description", Text, LeftOut),
    ("resources", List(&RESOURCE), LeftOut),
    ("statusDescriptors", List(&DESCRIPTOR), LeftOut),
    ("specDescriptors", List(&DESCRIPTOR), LeftOut),
    ("actionDescriptors", List(&DESCRIPTOR), LeftOut),
]);

const API_SERVICES: Shape = Fields(&[
    ("owned", List(&API_SERVICE), LeftOut),
    ("required", List(&API_SERVICE), LeftOut),
]);
const API_SERVICE: Shape = Fields(&[
    ("name", Text, Kept),
    ("group", Text, Kept),
    ("version", Text, Kept),
    ("kind", Text, Kept),
    ("deploymentName", Text, LeftOut),
    ("containerPort", Raw, LeftOut),
    ("displayName", Text, LeftOut),
    ("description", Text, LeftOut),
    ("resources", List(&RESOURCE), LeftOut),
    ("statusDescriptors", List(&DESCRIPTOR), LeftOut),
    ("specDescriptors", List(&DESCRIPTOR), LeftOut),
    ("actionDescriptors", List(&DESCRIPTOR), LeftOut),
]);

const RESOURCE: Shape = Fields(&[
    ("name", Text, Kept),
    ("kind", Text, Kept),
    ("version", Text, Kept),
]);
const DESCRIPTOR: Shape = Fields(&[
    ("path", Text, Kept),
    ("displayName", Text, LeftOut),
    ("description", Text, LeftOut),
    ("x-descriptors", List(&Text), LeftOut),
    ("value", Raw, LeftOut),
]);

/// The metadata of a CSV that was read from a source.
pub(super) fn of(csv: &Field<'_>, source: &[u8]) -> Json {
    let mut metadata = serde_json::Map::new();
    for (key, path, shape) in &FIELDS {
        let value = shape.write(at(csv, path).as_ref(), source);
        if !shape.is_left_out(&value) {
            metadata.insert((*key).to_owned(), value);
        }
    }
    metadata.into()
}
