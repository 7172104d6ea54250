//! The stand-ins of the sandbox, and the service's configuration in front of them.

use std::io::ErrorKind;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

use omps_tests::greenwave::{CONTEXT, Greenwave, PRODUCT_VERSION, Problem, TESTCASES};
use omps_tests::koji::{Build, Koji};
use omps_tests::oci::{self, Registry};
use omps_tests::operator::Operator;
use omps_tests::quay::accounts::{Accounts, basic, oauth_token, robot_name, robot_password};
use omps_tests::quay::{Fault, Quay, Settings};
use omps_tests::stand_in::StandIn;
use omps_tests::tls::{Authority, Terminator};

use crate::options::{Options, Target};
use crate::{GOOD_BUILD, IMAGE_BUILD, ORGANIZATIONS, REFUSED_BUILD, cannot_listen, cannot_use};

/// The stand-ins for the services that the service calls.
pub(crate) struct StandIns {
    pub shop: Shop,
    pub koji: Koji,
    pub greenwave: Greenwave,
}

/// Where releases go.
pub(crate) enum Shop {
    /// A Quay that takes images.
    Images(Registry),
    /// The URL of a registry that runs already.
    ImagesAt(String),
    /// A Quay with App Registry, perhaps with TLS, too.
    AppRegistry { quay: Quay, _tls: Option<Tls> },
}

/// Quay with TLS, and the CA that signed its certificate.
pub(crate) struct Tls {
    _quay: Terminator,
    _ca: StandIn<Authority>,
}

impl StandIns {
    /// Starts all of them.
    ///
    /// # Errors
    /// A sentence that says which option to change.
    pub(crate) async fn start(options: &Options, folder: &Path) -> Result<Self, String> {
        let shop = Shop::start(options, folder).await?;
        let koji = Koji::start(options.koji)
            .await
            .map_err(|error| cannot_listen("--koji", options.koji, &error))?;
        let greenwave = Greenwave::start(options.greenwave)
            .await
            .map_err(|error| cannot_listen("--greenwave", options.greenwave, &error))?;
        let zip = Operator::larder().zip();
        koji.add_build(Build::of_operator(GOOD_BUILD, zip.clone()));
        koji.add_build(Build::of_image(IMAGE_BUILD));
        koji.add_build(Build::of_operator(REFUSED_BUILD, zip));
        let [installs, upgrades] = TESTCASES;
        greenwave.refuse(REFUSED_BUILD, installs, Problem::Missing);
        greenwave.refuse(REFUSED_BUILD, upgrades, Problem::Failed);
        Ok(Self {
            shop,
            koji,
            greenwave,
        })
    }

    /// The service's configuration; `service` is its own URL.
    pub(crate) fn config(&self, service: &str, folder: &Path) -> String {
        let uploads = folder.join("uploads");
        let uploads = uploads.display();
        let [testorg, rules, public] = ORGANIZATIONS
            .map(|organization| basic(&robot_name(organization), &robot_password(organization)));
        let (registry, visibility) = (self.shop.settings(), self.shop.visibility());
        let catalog = self.shop.catalog();
        let (kojihub, kojiroot) = (self.koji.hub_url(), self.koji.root_url());
        let greenwave = self.greenwave.url();
        format!(
            r#"
[Sandbox]
{registry}
kojihub_url = "{kojihub}"
kojiroot_url = "{kojiroot}"
upload_dir = '{uploads}'
public_url = "{service}"

[Sandbox.greenwave]
url = "{greenwave}"
context = "{CONTEXT}"
product_version = "{PRODUCT_VERSION}"

[Sandbox.organizations.testorg]
quay_token = "{testorg}"
{catalog}

[Sandbox.organizations.rules]
quay_token = "{rules}"
package_name_suffix = "-mirrored"
replace_registry = [{{ old = "quay.io/larder/", new = "registry.example.com/mirror/" }}]
csv_annotations = [{{ name = "example.com/mirror-of", value = "{{package_name}}" }}]

[Sandbox.organizations.public]
quay_token = "{public}"
{visibility}
"#
        )
    }
}

impl Shop {
    async fn start(options: &Options, folder: &Path) -> Result<Self, String> {
        let taken = |error| cannot_listen("--quay", options.quay, &error);
        match &options.target {
            Target::ImagesAt(url) => Ok(Shop::ImagesAt(url.trim_end_matches('/').to_owned())),
            Target::Images => {
                let settings = oci::Settings {
                    listen: options.quay,
                    ..oci::Settings::quay(&ORGANIZATIONS)
                };
                Ok(Shop::Images(
                    Registry::start(settings).await.map_err(taken)?,
                ))
            }
            Target::AppRegistry => {
                let quay = Quay::start(Settings {
                    listen: options.quay,
                    accounts: Accounts::of_organizations(&ORGANIZATIONS),
                    folder: Some(folder.join("quay")),
                    ..Settings::default()
                });
                let quay = quay.await.map_err(|error| match error.kind() {
                    ErrorKind::AddrInUse | ErrorKind::AddrNotAvailable => taken(error),
                    _ => cannot_use(folder, &error),
                })?;
                if options.slow > Duration::ZERO {
                    let slow = Fault::DelayBeforeActing(options.slow);
                    quay.fail(None, "POST", "/cnr/api/v1/packages/", "", slow);
                }
                let tls = match &options.tls {
                    Some(address) => Some(Tls::start(address, options.ca, &quay).await?),
                    None => None,
                };
                Ok(Shop::AppRegistry { quay, _tls: tls })
            }
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Shop::Images(registry) => registry.url(),
            Shop::ImagesAt(url) => url.clone(),
            Shop::AppRegistry { quay, .. } => quay.url(),
        }
    }

    /// What the service's configuration says of it.
    fn settings(&self) -> String {
        let url = self.url();
        match self {
            Shop::Images(_) => format!("quay_url = \"{url}\""),
            Shop::ImagesAt(_) => format!("registry_url = \"{url}\""),
            Shop::AppRegistry { .. } => {
                format!("quay_url = \"{url}\"\nrelease_format = \"app-registry\"")
            }
        }
    }

    /// What the configuration says of an organization that keeps a catalog: bundle images have one.
    fn catalog(&self) -> &'static str {
        match self {
            Shop::AppRegistry { .. } => "",
            Shop::Images(_) | Shop::ImagesAt(_) => "catalog = {}",
        }
    }

    /// What the configuration says of the public organization. Only a Quay knows who may see a repository.
    fn visibility(&self) -> String {
        match self {
            Shop::ImagesAt(_) => String::new(),
            _ => format!("public = true\noauth_token = \"{}\"", oauth_token("public")),
        }
    }
}

impl Tls {
    async fn start(address: &str, ca: SocketAddr, quay: &Quay) -> Result<Self, String> {
        let resolved = address
            .to_socket_addrs()
            .map(|mut addresses| addresses.next());
        let listen = resolved
            .map_err(|error| format!("--tls {address}: {error}"))?
            .ok_or_else(|| format!("--tls {address} is not an address"))?;
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let authority = Authority::new("the sandbox's CA");
        let certificate = authority.certificate(host);
        Ok(Self {
            _quay: Terminator::start(listen, certificate, quay.address())
                .map_err(|error| cannot_listen("--tls", listen, &error))?,
            _ca: authority
                .publish(ca)
                .await
                .map_err(|error| cannot_listen("--ca", ca, &error))?,
        })
    }
}
