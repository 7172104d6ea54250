//! The sandbox's command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

pub(crate) const HELP: &str = "\
Starts omps in front of stand-ins for a registry, Koji and Greenwave, and prints commands to try it with.

Usage: cargo run -- [OPTIONS]

Options:
  --listen ADDR        address of the service (default 127.0.0.1:8080)
  --quay ADDR          address of the stand-in Quay (default 127.0.0.1:8081)
  --koji ADDR          address of the stand-in Koji (default 127.0.0.1:8082)
  --greenwave ADDR     address of the stand-in Greenwave (default 127.0.0.1:8083)
  --folder PATH        where the sample operators and uploads are kept (default sandbox)
  --registry-url URL   push to this registry instead of the stand-in Quay, for example
                       to a docker-registry at http://127.0.0.1:5000
  --app-registry       push to the App Registry of an old Quay, as OMPS did; releases are kept as
                       <folder>/quay/<organization>/<repository>/<release>.tar.gz
  --slow SECONDS       with --app-registry: let every push to the stand-in Quay take so long
  --tls HOST:PORT      with --app-registry: Quay with TLS too, under a certificate for HOST
  --ca ADDR            with --tls: the certificate of its CA is at http://ADDR/ca.pem
  --help               print this text

The stand-in Quay is strict about the protocol of images. It knows three organizations: testorg has
no rules, rules changes what is pushed to it, public makes its repositories public. A zip that is
put into <folder>/bucket/v2/<organization>/zipfile is pushed as from an upload bucket in S3; its
outcome is printed. The stand-in Koji has three builds: one of the sample operator, one that is no
operator, and one that Greenwave refuses.";

/// What the command line asks for.
pub(crate) struct Options {
    pub listen: SocketAddr,
    pub quay: SocketAddr,
    pub koji: SocketAddr,
    pub greenwave: SocketAddr,
    pub folder: PathBuf,
    pub target: Target,
    pub slow: Duration,
    pub tls: Option<String>,
    pub ca: SocketAddr,
}

/// Where the service pushes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Bundle images in the stand-in Quay.
    Images,
    /// Bundle images in a registry that runs already.
    ImagesAt(String),
    /// The App Registry of the stand-in Quay.
    AppRegistry,
}

/// The options, or `None` if the user asks for help.
pub(crate) fn read() -> Result<Option<Options>, lexopt::Error> {
    let port = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let mut options = Options {
        listen: port(8080),
        quay: port(8081),
        koji: port(8082),
        greenwave: port(8083),
        folder: PathBuf::from("sandbox"),
        target: Target::Images,
        slow: Duration::ZERO,
        tls: None,
        ca: port(8085),
    };
    let mut arguments = Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("listen") => options.listen = arguments.value()?.parse()?,
            Arg::Long("quay") => options.quay = arguments.value()?.parse()?,
            Arg::Long("koji") => options.koji = arguments.value()?.parse()?,
            Arg::Long("greenwave") => options.greenwave = arguments.value()?.parse()?,
            Arg::Long("folder") => options.folder = PathBuf::from(arguments.value()?),
            Arg::Long("registry-url") => {
                options.target = Target::ImagesAt(arguments.value()?.string()?);
            }
            Arg::Long("app-registry") => options.target = Target::AppRegistry,
            Arg::Long("slow") => options.slow = Duration::from_secs(arguments.value()?.parse()?),
            Arg::Long("tls") => options.tls = Some(arguments.value()?.string()?),
            Arg::Long("ca") => options.ca = arguments.value()?.parse()?,
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    let needs_app_registry = options.tls.is_some() || options.slow > Duration::ZERO;
    if needs_app_registry && options.target != Target::AppRegistry {
        return Err("--tls and --slow are for --app-registry".into());
    }
    Ok(Some(options))
}
