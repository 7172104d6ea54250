//! The commands that the sandbox prints: the whole way of an operator, to be copied.

use std::path::Path;

use omps_tests::quay::accounts::{basic, robot_name, robot_password};

use crate::stand_ins::{Shop, StandIns};
use crate::{BROKEN, GOOD_BUILD, IMAGE_BUILD, REFUSED_BUILD, SAMPLE};

/// All commands; `service` is the URL of the service.
pub(crate) fn commands(service: &str, stand_ins: &StandIns, folder: &Path) -> String {
    let (shop, folder) = (&stand_ins.shop, folder.display().to_string());
    let (koji, greenwave) = (stand_ins.koji.url(), stand_ins.greenwave.url());
    let push = |organization: &str| {
        format!(
            r#"curl -s -w '\n' -H "Authorization: $TOKEN" -F 'file=@{folder}/{SAMPLE}' {service}/v2/{organization}/zipfile"#
        )
    };
    let build = |nvr: &str| {
        format!(
            r#"curl -s -w '\n' -H "Authorization: $TOKEN" -X POST {service}/v2/testorg/koji/{nvr}"#
        )
    };
    let [log_in, log_in_rules, log_in_public] =
        ["testorg", "rules", "public"].map(|organization| log_in(shop, organization));
    let (first_push, push_rules, push_public) = (push("testorg"), push("rules"), push("public"));
    let [good, image, refused] = [GOOD_BUILD, IMAGE_BUILD, REFUSED_BUILD].map(build);
    let (registry, look, visible) = (shop.url(), look(shop, &folder), visible(shop));
    let repository = format!(
        r#"curl -s -w '\n' -H "Authorization: $TOKEN" {service}/v2/testorg/larder-operator/releases"#
    );
    let catalog = catalog(shop, service);
    let delete = format!(
        r#"curl -s -w '\n' -H "Authorization: $TOKEN" -X DELETE {service}/v2/testorg/larder-operator"#
    );
    format!(
        r#"# The service listens on {service}. It pushes to {registry}, and asks
# stand-ins for Koji on {koji} and Greenwave on {greenwave}. Ctrl-C stops all of them.
# Can all of them be reached?
curl -s -w '\n' {service}/v2/health/ping
# Check an operator with a mistake. The report has the file, the line and what to do.
curl -s -w '\n' -F 'file=@{folder}/{BROKEN}' {service}/v2/testorg/validate
# The token of testorg's robot.
{log_in}
# Push the sample operator. Without a version it becomes 1.0.0, then 2.0.0 and so on.
{first_push}
# See its releases.
{repository}
{catalog}{look}
# Push the same operator from a build in Koji, which Greenwave lets pass.
{good}
# This build is no operator.
{image}
# This build lacks tests that Greenwave requires.
{refused}
# Delete one release, then all that are left.
{delete}/1.0.0
{delete}
# Put it into the upload bucket: it is pushed as by event, and the outcome is printed here.
mkdir -p '{folder}/bucket/v2/testorg/zipfile'
cp '{folder}/{SAMPLE}' '{folder}/bucket/v2/testorg/zipfile/'
# Push it by way of an upload, as what is too big for a request.
UPLOAD=$(curl -s -X POST -H "Authorization: $TOKEN" {service}/v2/testorg/uploads | sed 's/.*"upload":"\([^"]*\)".*/\1/')
curl -s -w '\n' -T '{folder}/{SAMPLE}' {service}/v2/testorg/uploads/$UPLOAD
curl -s -w '\n' -H "Authorization: $TOKEN" -H 'Content-Type: application/json' -d '{{"upload": "'$UPLOAD'"}}' {service}/v2/testorg/zipfile
# See what the rules of an organization change: they rename the package, move its images and annotate it. Then push.
{log_in_rules}
{push_rules}?dry_run=true
{push_rules}
# Push it to a public organization: everybody sees it, without a token.
{log_in_public}
{push_public}
{visible}# In a browser: {service}/
"#
    )
}

/// Sets `TOKEN` to what the organization's robot sends.
fn log_in(shop: &Shop, organization: &str) -> String {
    let (name, password) = (robot_name(organization), robot_password(organization));
    match shop {
        Shop::AppRegistry { quay, .. } => {
            let quay = quay.url();
            format!(
                r#"TOKEN=$(curl -s {quay}/cnr/api/v1/users/login -d '{{"user": {{"username": "{name}", "password": "{password}"}}}}' | sed 's/.*"token":"\([^"]*\)".*/\1/')"#
            )
        }
        // As `printf 'robot:password' | base64` makes it.
        _ => format!("TOKEN='{}'", basic(&name, &password)),
    }
}

/// Looks at the catalog that clusters read.
fn catalog(shop: &Shop, service: &str) -> String {
    if let Shop::AppRegistry { .. } = shop {
        return String::new();
    }
    format!(
        r#"# See what clusters see: the packages of testorg's catalog image, and one package as YAML.
curl -s -w '\n' -H "Authorization: $TOKEN" {service}/v2/testorg/catalog
curl -s -H "Authorization: $TOKEN" -H 'Accept: application/yaml' {service}/v2/testorg/catalog/larder-operator
"#
    )
}

/// Pulls the first release back.
fn look(shop: &Shop, folder: &str) -> String {
    let url = shop.url();
    if let Shop::AppRegistry { .. } = shop {
        let pull = format!("{url}/cnr/api/v1/packages/testorg/larder-operator/default/helm/pull");
        return format!(
            r#"# Pull the newest one, and unpack it.
curl -s -H "Authorization: $TOKEN" -o '{folder}/pulled.tar.gz' {pull}
tar -xvzf '{folder}/pulled.tar.gz' -C '{folder}'"#
        );
    }
    let (name, password) = (robot_name("testorg"), robot_password("testorg"));
    let host = url.split("://").nth(1).unwrap_or(&url);
    let (log_in, header) = match shop {
        Shop::Images(_) => (
            format!(
                r#"PULL=$(curl -s -u '{name}:{password}' '{url}/v2/auth?service={host}&scope=repository:testorg/larder-operator:pull' | sed 's/.*"token":"\([^"]*\)".*/\1/')
"#
            ),
            r#"-H "Authorization: Bearer $PULL" "#,
        ),
        _ => (String::new(), ""),
    };
    format!(
        r#"# Pull its manifest as any client of images does, then the labels of its newest bundle, then the manifests in it.
{log_in}MANIFEST=$(curl -s {header}-H 'Accept: application/vnd.oci.image.manifest.v1+json' {url}/v2/testorg/larder-operator/manifests/1.0.0)
echo "$MANIFEST"
CONFIG=$(echo "$MANIFEST" | sed 's/.*"config":{{[^}}]*"digest":"\([^"]*\)".*/\1/')
curl -s -L -w '\n' {header}{url}/v2/testorg/larder-operator/blobs/$CONFIG
LAYER=$(echo "$MANIFEST" | sed 's/.*"layers":\[{{[^}}]*"digest":"\([^"]*\)".*/\1/')
mkdir -p '{folder}/bundle'
curl -s -L {header}{url}/v2/testorg/larder-operator/blobs/$LAYER | tar -xvz -C '{folder}/bundle'"#
    )
}

/// Shows that everybody sees the public organization's release.
fn visible(shop: &Shop) -> String {
    let url = shop.url();
    match shop {
        Shop::AppRegistry { .. } => {
            format!("curl -s -w '\\n' '{url}/cnr/api/v1/packages?namespace=public'\n")
        }
        Shop::Images(_) => {
            let host = url.split("://").nth(1).unwrap_or(&url);
            format!(
                r#"PULL=$(curl -s '{url}/v2/auth?service={host}&scope=repository:public/larder-operator:pull' | sed 's/.*"token":"\([^"]*\)".*/\1/')
curl -s -w '\n' -H "Authorization: Bearer $PULL" {url}/v2/public/larder-operator/tags/list
"#
            )
        }
        Shop::ImagesAt(_) => {
            format!("curl -s -w '\\n' {url}/v2/public/larder-operator/tags/list\n")
        }
    }
}
