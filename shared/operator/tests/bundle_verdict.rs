//! The rules of the verdict on bundles: one bundle without a fault, and a fault at a time.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::io::{Cursor, Write};

use omps_operator::bundle_image::Validation;
use omps_operator::report::{Finding, Severity};
use omps_operator::{Limits, Operator};

use Severity::{Error, Refused, Warning};

const CSV: &str = r#"apiVersion: operators.coreos.com/v1alpha1
kind: ClusterServiceVersion
metadata:
  name: etcd.v1.0.0
  annotations:
    alm-examples: '[{"apiVersion": "example.com/v1", "kind": "Etcd"}]'
    capabilities: Basic Install
    categories: Database, Storage
    containerImage: quay.io/org/etcd@sha256:00000000000000000000000000000000
    createdAt: 2026-01-02T03:04:05Z
    description: A store
    repository: https://example.com
    support: example
spec:
  displayName: etcd
  description: A store of keys and values.
  version: 1.0.0
  minKubeVersion: 1.25.0
  replaces: etcd.v0.9.0
  keywords: [etcd]
  provider: {name: example}
  maintainers: [{name: A, email: a@example.com}]
  links: [{name: A, url: https://example.com}]
  icon: [{base64data: aGVsbG8=, mediatype: image/png}]
  installModes:
  - {type: AllNamespaces, supported: true}
  - {type: OwnNamespace, supported: false}
  webhookdefinitions:
  - {type: ValidatingAdmissionWebhook, generateName: check.example.com, deploymentName: etcd, rules: [{apiGroups: [example.com], resources: [etcds]}]}
  relatedImages: [{name: etcd, image: quay.io/org/etcd@sha256:00000000000000000000000000000000}]
  customresourcedefinitions:
    owned: [{name: etcds.example.com, kind: Etcd, version: v1, description: A cluster}]
  install:
    strategy: deployment
    spec:
      clusterPermissions: [{serviceAccountName: etcd, rules: [{apiGroups: [apps], resources: [deployments], verbs: [get]}]}]
      deployments:
      - name: etcd
        spec:
          template:
            spec:
              serviceAccountName: etcd
              containers:
              - name: etcd
                image: quay.io/org/etcd@sha256:00000000000000000000000000000000
                resources: {requests: {cpu: 1}}
"#;

const CRD: &str = r#"apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: etcds.example.com
spec:
  group: example.com
  scope: Namespaced
  names: {plural: etcds, singular: etcd, kind: Etcd, listKind: EtcdList}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {a: {type: string}}}}}
"#;

const ANNOTATIONS: &str = "annotations:
  operators.operatorframework.io.bundle.mediatype.v1: registry+v1
  operators.operatorframework.io.bundle.manifests.v1: manifests/
  operators.operatorframework.io.bundle.metadata.v1: metadata/
  operators.operatorframework.io.bundle.package.v1: etcd
  operators.operatorframework.io.bundle.channels.v1: stable
  operators.operatorframework.io.bundle.channel.default.v1: stable
";

const OBJECT: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: etcd}\n";

const FILES: [(&str, &str); 4] = [
    ("manifests/csv.yaml", CSV),
    ("manifests/crd.yaml", CRD),
    ("manifests/object.yaml", OBJECT),
    ("metadata/annotations.yaml", ANNOTATIONS),
];

/// What is said of the bundle when a text in one of its files is another.
fn findings_with(path: &str, from: &str, to: &str) -> Vec<Finding> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, text) in FILES {
        writer.start_file(name, options).unwrap();
        let text = match name.ends_with(&format!("/{path}.yaml")) {
            true => {
                assert!(text.contains(from), "{from}");
                text.replacen(from, to, 1)
            }
            false => text.to_owned(),
        };
        writer.write_all(text.as_bytes()).unwrap();
    }
    let zip = writer.finish().unwrap().into_inner();
    let judged = match Operator::open(&zip, &Limits::new(50 << 20)) {
        Ok(operator) => operator.judge_bundles("etcd", Validation::Normal),
        Err(error) => return error.validation_info().findings,
    };
    match judged {
        Ok(judged) => judged.verdict().findings.clone(),
        Err(error) => error.validation_info().findings,
    }
}

/// Asserts that a bundle in which a text of a file is another gets a finding of a severity and a rule that says so.
///
/// A row is: file, text `=>` other text, severity, rule, message.
macro_rules! check {
    ($($file:ident $from:expr => $to:expr, $severity:ident $rule:literal $message:literal;)*) => {$(
        let findings = findings_with(stringify!($file), $from, $to);
        let said = findings.iter().any(|finding| {
            finding.rule == $rule && finding.severity == $severity && finding.message.contains($message)
        });
        assert!(said, "{}: no {}: {}\n{findings:#?}", $to, $rule, $message);
    )*};
}

#[test]
fn a_bundle_without_a_fault_has_no_findings() {
    let findings = findings_with("object", "etcd", "etcd");
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn annotations() {
    check! {
        annotations "  operators.operatorframework.io.bundle.mediatype.v1: registry+v1\n" => "", Refused "format" "Missing annotation \"operators.operatorframework.io.bundle.mediatype.v1\"";
        annotations "registry+v1" => "plain+v0", Refused "format" "to have value \"registry+v1\" instead of \"plain+v0\"";
        annotations "manifests/" => "other/", Refused "format" "to have value \"manifests/\" instead of \"other/\"";
        annotations "channels.v1: stable" => "channels.v1: ''", Refused "format" "Expecting annotation \"operators.operatorframework.io.bundle.channels.v1\" to have non-empty value";
        annotations "default.v1: stable" => "default.v1: ''", Refused "format" "Expecting annotation \"operators.operatorframework.io.bundle.channel.default.v1\" to have non-empty value";
        annotations "package.v1: etcd" => "package.v1: ''", Refused "format" "Expecting annotation \"operators.operatorframework.io.bundle.package.v1\" to have non-empty value";
        annotations "annotations:" => "annotations: [", Refused "format" "Could not find annotations file: metadata/annotations.yaml: line ";
        annotations "annotations:" => "other:", Refused "format" "Could not find annotations file";
        annotations "channels.v1: stable" => "channels.v1: stable, fast", Warning "format" "have white space";
        annotations "channels.v1: stable" => "channels.v1: 4.10", Warning "format" "readers take it for \"4.1\"";
        annotations "annotations:\n" => "annotations:\n  quay.expires-after: 1d\n", Warning "format" "does not become a label";
    }
}

#[test]
fn objects_and_their_kinds() {
    check! {
        object "kind: Service" => "kind: Job", Refused "kind" "Job is not supported type for registryV1 bundle: manifests/object.yaml";
        object "kind: Service" => "sort: Service", Refused "kind" "Object 'Kind' is missing in manifests/object.yaml";
        object OBJECT => "just a text", Refused "kind" " is not supported type for registryV1 bundle: manifests/object.yaml";
        object OBJECT => "a: [", Refused "kind" " is not supported type for registryV1 bundle: manifests/object.yaml: line";
        object "kind: Service" => "kind: ClusterServiceVersion", Refused "one-csv" "invalid bundle: contains multiple CSVs";
        csv "kind: ClusterServiceVersion" => "kind: ConfigMap", Refused "one-csv" "no csv in bundle";
        object "kind: Service" => "kind: ServiceAccount", Error "bundle" "This service account etcd in your bundle is not valid";
        object OBJECT => "kind: PodDisruptionBudget\nspec: {maxUnavailable: 0}\n", Error "object" "maxUnavailable field cannot be set to 0 or 0%";
        object OBJECT => "kind: PodDisruptionBudget\nspec: {maxUnavailable: 0%}\n", Error "object" "maxUnavailable field cannot be set to 0 or 0%";
        object OBJECT => "kind: PodDisruptionBudget\nspec: {minAvailable: 100%}\n", Error "object" "minAvailable field cannot be set to 100%";
        object OBJECT => "kind: PriorityClass\nglobalDefault: true\n", Error "object" "globalDefault field cannot be set to true";
        object OBJECT => "kind: Role\nrules: [{apiGroups: [policy], resources: [poddisruptionbudgets], verbs: ['*']}]\n", Warning "object" "permission to create/update poddisruptionbudgets";
        object OBJECT => "kind: ClusterRole\nrules: [{apiGroups: [security.openshift.io], resources: [securitycontextconstraints], resourceNames: [privileged], verbs: [update]}]\n", Error "object" "permission to modify default securitycontextconstraints";
        object "kind: Service" => "kind: NetworkPolicy", Warning "pipelines" "Bundle contains a NetworkPolicy in object.yaml";
    }
}

#[test]
fn owned_crds() {
    check! {
        csv "kind: Etcd, version: v1," => "kind: Etcd, version: v2,", Refused "crd-owned" "owned CRD \"example.com/v2, Kind=Etcd\" not found in bundle \"etcd.v1.0.0\"";
        csv "owned: [{" => "required: [{", Refused "crd-owned" "CRD \"example.com/v1, Kind=Etcd\" is present in bundle \"etcd.v1.0.0\" but not defined in CSV";
        object OBJECT => CRD, Refused "crd-owned" "duplicate CRD \"example.com/v1, Kind=Etcd\" in bundle \"etcd.v1.0.0\"";
        crd "plural: etcds" => "plural: etcdies", Refused "crd-owned" "couldn't find example.com/v1/Etcd (etcds) in bundle";
    }
    let other_version =
        "  - {name: v2, served: true, storage: false, schema: {openAPIV3Schema: {type: object}}}\n";
    let both = format!("  versions:\n{other_version}");
    assert!(findings_with("crd", "  versions:\n", &both).is_empty());
}

#[test]
fn fields_of_a_csv() {
    check! {
        csv "  version: 1.0.0" => "  version: ''", Refused "operatorhubv2" "csv.Spec.Version must be set";
        csv "  version: 1.0.0" => "  version: v1.0.0", Refused "operatorhubv2" "is no semantic version";
        csv "  version: 1.0.0" => "  version: 1.02.3", Refused "operatorhubv2" "is no semantic version";
        csv "  version: 1.0.0" => "  version: 1.0", Refused "csv" "spec.version must be a string, found the number 1.0";
        csv "name: etcd.v1.0.0" => "name: ''", Refused "csv" "metadata.name must be set";
        csv "    support: example" => "    olm.properties: '{'", Refused "csv" "olm.properties is no list of properties";
        csv "    support: example" => "    olm.properties: '[]'", Warning "csv" "found olm.properties annotation";
        csv "apiVersion: operators.coreos.com/v1alpha1\n" => "", Error "csv" "'apiVersion' is missing";
        csv "name: etcd.v1.0.0" => "name: Etcd.v1.0.0", Error "csv" "metadata.name \"Etcd.v1.0.0\" is invalid: a lowercase RFC 1123 subdomain";
        csv "replaces: etcd.v0.9.0" => "replaces: a_b", Error "csv" "spec.replaces \"a_b\" is invalid: ";
        csv "AllNamespaces, supported: true" => "AllNamespaces, supported: false", Error "csv" "none of InstallModeTypes are supported";
        csv "installModes:" => "otherModes:", Error "csv" "install modes not found";
        csv "displayName: etcd" => "displayName: ''", Error "csv" "required field missing: spec.displayName";
        csv "      deployments:" => "      others:", Error "csv" "required field missing: spec.install.spec.deployments";
        csv "minKubeVersion: 1.25.0" => "minKubeVersion: 1.x", Error "csv" "csv.Spec.MinKubeVersion has an invalid value: 1.x";
        csv "  minKubeVersion: 1.25.0\n" => "", Warning "csv" "csv.Spec.minKubeVersion is not informed";
        csv "    support: example" => "    olm.skiprange: <1.0.0", Error "csv" "provided annotation olm.skiprange uses wrong case and should be olm.skipRange instead";
        csv "'[{\"api" => "'[{\"api\"", Error "csv" "invalid example";
        csv "\"kind\": \"Etcd\"" => "\"kind\": \"Other\"", Error "csv" "example must have a provided API: example.com/v1, Kind=Other";
        csv "\"kind\": \"Etcd\"" => "\"kind\": \"Other\"", Warning "csv" "provided API should have an example annotation: example.com/v1, Kind=Etcd";
        csv "    alm-examples:" => "    other:", Warning "csv" "example annotations not found";
        csv "supported: false}\n  webhookdefinitions:\n  - {" => "supported: true}\n  webhookdefinitions:\n  - {conversionCRDs: [etcds.example.com], ", Error "csv" "only AllNamespaces InstallModeType is supported when conversionCRDs is present";
    }
}

#[test]
fn what_hubs_show() {
    check! {
        csv "name: example}" => "name: ''}", Error "operatorhubv2" "csv.Spec.Provider.Name not specified";
        csv "email: a@example.com" => "email: nope", Error "operatorhubv2" "csv.Spec.Maintainers email nope is invalid: ";
        csv ", email: a@example.com" => "", Error "operatorhubv2" "csv.Spec.Maintainers elements should contain both name and email";
        csv "url: https://example.com" => "url: example.com", Error "operatorhubv2" "csv.Spec.Links url example.com is invalid: ";
        csv "mediatype: image/png" => "mediatype: text/plain", Error "operatorhubv2" "csv.Spec.Icon text/plain does not have a valid mediatype";
        csv "base64data: aGVsbG8=, " => "", Error "operatorhubv2" "csv.Spec.Icon elements should contain both data and mediatype";
        csv "  icon: [{base64data: aGVsbG8=, mediatype: image/png}]\n" => "", Warning "operatorhubv2" "csv.Spec.Icon not specified";
        csv "Basic Install" => "Magic", Error "capabilities" "csv.Metadata.Annotations.Capabilities \"Magic\" is not a valid capabilities level";
        csv "Database, Storage" => "Database, Bells", Error "categories" "value \" Bells\" is not in the set of standard categories";
        csv ", description: A cluster" => "", Warning "good-practices" "owned CRD \"etcds.example.com\" has an empty description";
        csv "                resources: {requests: {cpu: 1}}\n" => "", Warning "good-practices" "unable to find the resource requests for the container: (etcd)";
        csv "name: etcd.v1.0.0" => "name: etcd-1.0.0", Warning "good-practices" "is not following the recommended naming convention: <operator-name>";
        csv "apiGroups: [apps], resources: [deployments], verbs: [get]" => "apiGroups: [apiextensions.k8s.io], resources: ['*'], verbs: [create]", Warning "good-practices" "CSV contains permissions to create CRD.";
        annotations "channels.v1: stable" => "channels.v1: alpha", Warning "good-practices" "channel(s) [\"alpha\"] are not following";
        csv "  keywords: [etcd]\n" => "", Warning "pipelines" "CSV does not define spec.keywords";
        annotations "annotations:\n" => "annotations:\n  com.redhat.openshift.versions: v4.9\n", Warning "pipelines" "spec.minKubeVersion is 1.25.0";
        annotations "annotations:\n" => "annotations:\n  com.redhat.openshift.versions: new\n", Warning "pipelines" "is no version or range";
    }
}

#[test]
fn names_and_images() {
    check! {
        csv "  replaces: etcd.v0.9.0" => "  release: '2'", Error "bundle" "bundle name with release versioning \"etcd.v1.0.0\" does not match expected name \"etcd-v1.0.0-2\"";
        csv "image: quay.io/org/etcd@sha256:00000000000000000000000000000000}" => "image: ''}", Error "bundle" "relatedImages[0] has an empty image field";
        csv "image: quay.io/org/etcd@sha256:00000000000000000000000000000000}" => "image: Quay.io/UPPER/x:1}", Error "bundle" "relatedImages[0] has an invalid image pullspec \"Quay.io/UPPER/x:1\": invalid reference format: repository name must be lowercase";
        csv "                image: quay.io/org/etcd@sha256:00000000000000000000000000000000" => "                image: quay.io/org/etcd:1", Warning "images" "image quay.io/org/etcd:1 is named by a tag";
        csv "                image: quay.io/org/etcd@sha256:00000000000000000000000000000000" => "                image: quay.io/org/etcd:1", Warning "images" "image quay.io/org/etcd:1 is not in spec.relatedImages";
    }
}

#[test]
fn crds() {
    check! {
        crd "apiextensions.k8s.io/v1" => "apiextensions.k8s.io/v1beta1", Error "crd-v1beta1" "this bundle is using APIs which were deprecated and removed in v1.22.";
        crd "apiextensions.k8s.io/v1" => "apiextensions.k8s.io/v1beta1", Error "crd" "spec.preserveUnknownFields: Invalid value: true: ";
        crd "apiextensions.k8s.io/v1" => "apiextensions.k8s.io/v1beta1", Warning "olm-v1" "is in v1beta1, and OLM v1 reads it as v1";
        crd "apiextensions.k8s.io/v1" => "apiextensions.k8s.io/v2", Error "crd" "unsupported CRD version apiextensions.k8s.io/v2";
        crd "name: etcds.example.com" => "name: etcd.example.com", Error "crd" "metadata.name: Invalid value: \"etcd.example.com\": must be spec.names.plural+\".\"+spec.group";
        crd "name: etcds.example.com" => "name: etcds.example.com\n  namespace: a", Error "crd" "metadata.namespace: Forbidden: not allowed on this type";
        crd "group: example.com" => "group: a.k8s.io", Error "crd" "metadata.annotations[api-approved.kubernetes.io]: Required value: ";
        crd "group: example.com" => "group: example", Error "crd" "spec.group: Invalid value: \"example\": should be a domain with at least one dot";
        crd "scope: Namespaced" => "scope: World", Error "crd" "spec.scope: Unsupported value: \"World\": supported values: \"Cluster\", \"Namespaced\"";
        crd "singular: etcd," => "singular: Etcd,", Error "crd" "spec.names.singular: Invalid value: \"Etcd\": a DNS-1035 label";
        crd "listKind: EtcdList" => "listKind: Etcd", Error "crd" "spec.names.listKind: Invalid value: \"Etcd\": kind and listKind may not be the same";
        crd "storage: true" => "storage: false", Error "crd" "spec.versions: Invalid value: [\"v1\"]: must have exactly one version marked as storage version";
        crd "scope: Namespaced" => "scope: Namespaced\n  preserveUnknownFields: true", Error "crd" "spec.preserveUnknownFields: Invalid value: true: ";
        crd ", schema: {openAPIV3Schema: {type: object, properties: {a: {type: string}}}}" => "", Error "crd" "spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required";
        crd "{a: {type: string}}" => "{a: {description: b}}", Error "crd" "spec.versions[0].schema.openAPIV3Schema.properties[a].type: Required value";
    }
}

#[test]
fn olm_v1() {
    check! {
        csv "    owned: [{" => "    required: [{name: a.b, kind: A, version: v1}]\n    owned: [{", Warning "olm-v1" "has a dependency declared via property \"olm.gvk.required\" which is currently not supported";
        csv "type: AllNamespaces" => "type: SingleNamespace", Warning "olm-v1" "the install mode AllNamespaces is not supported";
        csv "type: ValidatingAdmissionWebhook" => "type: ConversionWebhook}\n  - {type: ConversionWebhook", Warning "olm-v1" "references non-existent deployment ''";
        csv "deploymentName: etcd," => "deploymentName: other,", Warning "olm-v1" "references non-existent deployment 'other'";
        csv "generateName: check.example.com" => "generateName: Check", Warning "olm-v1" "webhook of type 'ValidatingAdmissionWebhook' has invalid name 'Check'";
        csv "apiGroups: [example.com]" => "apiGroups: ['*']", Warning "olm-v1" "admission webhook rules cannot reference API group \"*\"";
        csv "apiGroups: [example.com], resources: [etcds]" => "apiGroups: [admissionregistration.k8s.io], resources: ['*']", Warning "olm-v1" "cannot reference resource \"*\" for API group \"admissionregistration.k8s.io\"";
        csv "      - name: etcd\n        spec:" => "      - name: etcd\n      - name: Etcd\n      - name: etcd\n        spec:", Warning "olm-v1" "duplicate strategy deployment spec 'etcd'";
        csv "      - name: etcd\n        spec:" => "      - name: Etcd\n        spec:", Warning "olm-v1" "invalid cluster service version strategy deployment name 'Etcd'";
    }
}

#[test]
fn sizes() {
    let object = |bytes: usize| format!("{OBJECT}text: {}\n", "a".repeat(bytes));
    let said = |text: &str| findings_with("object", OBJECT, text);
    let big = said(&object(1_100_000));
    assert_eq!(
        (big[0].rule, big[0].severity, big.len()),
        ("bundle", Warning, 1),
        "{big:?}"
    );
    let huge = said(&object(1_700_000));
    let rules: Vec<&str> = huge.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, ["bundle", "olm-v1"]);
    let list = said(&format!("{OBJECT}list: [{}]\n", "1, ".repeat(5_001)));
    assert_eq!((list[0].rule, list[0].severity), ("bundle", Refused));
}
