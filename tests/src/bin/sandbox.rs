//! A sandbox: the service with stand-ins for Quay, Koji and Greenwave, sample builds of an operator, and commands to
//! try.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};
use omps::app::App;
use omps::config::Config;
use omps::deadline::Deadline;
use omps::events::outcome::Outcomes;
use omps::events::worker::Worker;
use omps::objects::Objects;
use omps_tests::greenwave::{CONTEXT, Greenwave, PRODUCT_VERSION, Problem, TESTCASES};
use omps_tests::koji::{Build, Koji};
use omps_tests::operator::Operator;
use omps_tests::quay::accounts::{Accounts, basic, oauth_token, robot_name, robot_password};
use omps_tests::quay::{Fault, Quay, Settings};
use omps_tests::stand_in::StandIn;
use omps_tests::tls::{Authority, Terminator};
use omps_tests::watched_folder::WatchedFolder;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

const HELP: &str = "\
Starts omps in front of stand-ins for Quay, Koji and Greenwave, and prints commands to try it with.

Usage: cargo run -- [OPTIONS]

Options:
  --listen ADDR     address of the service (default 127.0.0.1:8080)
  --quay ADDR       address of the stand-in Quay (default 127.0.0.1:8081)
  --koji ADDR       address of the stand-in Koji (default 127.0.0.1:8082)
  --greenwave ADDR  address of the stand-in Greenwave (default 127.0.0.1:8083)
  --folder PATH     where the sample operator and everything pushed is kept (default sandbox)
  --slow SECONDS    let every push to the stand-in Quay take so long
  --tls HOST:PORT   the stand-in Quay with TLS too, under a certificate for HOST
  --ca ADDR         with --tls: the certificate of its CA is at http://ADDR/ca.pem
  --help            print this text

The stand-in Quay knows three organizations: testorg has no rules, rules changes what is
pushed to it, public makes its repositories public. Releases are kept as
<folder>/quay/<organization>/<repository>/<release>.tar.gz and are there again at the next start.
A zip that is put into <folder>/bucket/v2/<organization>/zipfile is pushed as from an upload
bucket in S3; what came of it is printed.
The stand-in Koji has three builds: one of the sample operator, one that is no operator, and one
that Greenwave refuses.";

/// The organizations of the stand-in Quay: without rules, with rules, public.
const ORGANIZATIONS: [&str; 3] = ["testorg", "rules", "public"];
const SAMPLE: &str = "larder-operator.zip";
/// The builds of the stand-in Koji: the sample operator, an image that is not an operator, and a build that Greenwave
/// refuses.
const GOOD_BUILD: &str = "larder-operator-container-v0.5.1-1";
const IMAGE_BUILD: &str = "larder-container-v0.5.1-1";
const REFUSED_BUILD: &str = "larder-operator-container-v0.5.1-2";

/// The pause between two checks of the bucket, and the time limit for a push from there.
const LOOK_EVERY: Duration = Duration::from_millis(300);
const PUSH_WITHIN: Duration = Duration::from_secs(60);

struct Options {
    listen: SocketAddr,
    quay: SocketAddr,
    koji: SocketAddr,
    greenwave: SocketAddr,
    folder: PathBuf,
    slow: Duration,
    tls: Option<String>,
    ca: SocketAddr,
}

/// The stand-ins for the services that the service calls.
struct StandIns {
    quay: Quay,
    koji: Koji,
    greenwave: Greenwave,
    _tls: Option<Tls>,
}

/// Quay with TLS, and the CA that signed its certificate.
struct Tls {
    _quay: Terminator,
    _ca: StandIn<Authority>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("sandbox: {error}; see --help");
            return ExitCode::from(2);
        }
    };
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The options, or `None` if the user asks for help.
fn options() -> Result<Option<Options>, lexopt::Error> {
    let port = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let mut options = Options {
        listen: port(8080),
        quay: port(8081),
        koji: port(8082),
        greenwave: port(8083),
        folder: PathBuf::from("sandbox"),
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
            Arg::Long("slow") => options.slow = Duration::from_secs(arguments.value()?.parse()?),
            Arg::Long("tls") => options.tls = Some(arguments.value()?.string()?),
            Arg::Long("ca") => options.ca = arguments.value()?.parse()?,
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}

async fn run(options: &Options) -> Result<(), String> {
    let folder = prepare(&options.folder).map_err(|error| cannot_use(&options.folder, &error))?;
    let listener = TcpListener::bind(options.listen)
        .await
        .map_err(|error| cannot_listen("--listen", options.listen, &error))?;
    let stand_ins = StandIns::start(options, &folder).await?;
    let service = listener.local_addr().map_err(|error| error.to_string())?;
    let config = stand_ins.config(&format!("http://{service}"), &folder);
    let app = || Config::from_toml(&config, "Sandbox").map(App::new);
    let (app, of_bucket) = (app(), app());
    let app = app.map_err(|error| error.to_string())?;
    let mut of_bucket = of_bucket.map_err(|error| error.to_string())?;
    of_bucket.ledger = app.ledger.clone();
    of_bucket.objects = Objects::Folder(folder.join("bucket"));
    let bucket = WatchedFolder::open(folder.join("bucket"));
    let bucket = bucket.map_err(|error| cannot_use(&folder, &error))?;
    let stop = stop_signal().map_err(|error| error.to_string())?;

    let commands = commands(&format!("http://{service}"), &stand_ins, &folder);
    io::stdout()
        .write_all(commands.as_bytes())
        .map_err(|error| format!("cannot write to standard output: {error}"))?;
    let watching = tokio::spawn(watch(bucket, of_bucket));
    omps_server::serve(listener, app, omps_server::Settings::default(), stop).await;
    watching.abort();
    Ok(())
}

/// Pushes each zip that is put into the bucket, as the function that reads the queue would, and prints the outcome.
async fn watch(mut bucket: WatchedFolder, app: App) -> io::Result<()> {
    let (sender, mut outcomes) = mpsc::unbounded_channel();
    let worker = Worker {
        outcomes: Outcomes::Channel(sender),
    };
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let batch = bucket.new_objects()?;
        let response = worker
            .work(&app, &batch, Deadline::after(PUSH_WITHIN))
            .await;
        while let Ok(outcome) = outcomes.try_recv() {
            println!("# {}: {}", outcome.detail_type(), outcome.detail);
        }
        for failure in response.failures {
            println!(
                "# {} failed and may succeed later: put the zip there again",
                failure.id
            );
        }
    }
}

impl StandIns {
    async fn start(options: &Options, folder: &Path) -> Result<Self, String> {
        let quay = Quay::start(Settings {
            listen: options.quay,
            accounts: Accounts::of_organizations(&ORGANIZATIONS),
            folder: Some(folder.join("quay")),
            ..Settings::default()
        })
        .await
        .map_err(|error| match error.kind() {
            ErrorKind::AddrInUse | ErrorKind::AddrNotAvailable => {
                cannot_listen("--quay", options.quay, &error)
            }
            _ => cannot_use(folder, &error),
        })?;
        if options.slow > Duration::ZERO {
            let push = "/cnr/api/v1/packages/";
            quay.fail(
                None,
                "POST",
                push,
                "",
                Fault::DelayBeforeActing(options.slow),
            );
        }
        let tls = match &options.tls {
            Some(address) => Some(Tls::start(address, options.ca, &quay).await?),
            None => None,
        };
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
            quay,
            koji,
            greenwave,
            _tls: tls,
        })
    }

    fn config(&self, service: &str, folder: &Path) -> String {
        let uploads = folder.join("uploads");
        let uploads = uploads.display();
        let robots = ORGANIZATIONS
            .map(|organization| basic(&robot_name(organization), &robot_password(organization)));
        let [testorg, rules, public] = robots;
        let quay = self.quay.url();
        let (kojihub, kojiroot) = (self.koji.hub_url(), self.koji.root_url());
        let greenwave = self.greenwave.url();
        let oauth_token = oauth_token("public");
        format!(
            r#"
[Sandbox]
quay_url = "{quay}"
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

[Sandbox.organizations.rules]
quay_token = "{rules}"
package_name_suffix = "-mirrored"
replace_registry = [{{ old = "quay.io/larder/", new = "registry.example.com/mirror/" }}]
csv_annotations = [{{ name = "example.com/mirror-of", value = "{{package_name}}" }}]

[Sandbox.organizations.public]
quay_token = "{public}"
public = true
oauth_token = "{oauth_token}"
"#
        )
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

/// Creates the folder, puts the sample operator into it, and returns its absolute path.
fn prepare(folder: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join(SAMPLE), Operator::larder().zip())?;
    fs::canonicalize(folder)
}

fn cannot_use(folder: &Path, error: &io::Error) -> String {
    format!(
        "cannot use the folder {}: {error}; --folder takes another",
        folder.display()
    )
}

fn cannot_listen(option: &str, address: SocketAddr, error: &impl fmt::Display) -> String {
    format!("cannot listen on {address}: {error}; {option} takes another address")
}

/// Ends with Ctrl-C or SIGTERM.
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn commands(service: &str, stand_ins: &StandIns, folder: &Path) -> String {
    let [quay, koji, greenwave] = [
        stand_ins.quay.url(),
        stand_ins.koji.url(),
        stand_ins.greenwave.url(),
    ];
    let folder = folder.display();
    let releases = format!("{quay}/cnr/api/v1/packages/testorg/larder-operator");
    let [log_in, log_in_rules, log_in_public] =
        ORGANIZATIONS.map(|organization| log_in(&quay, organization));
    let [push, push_rules, push_public] = ORGANIZATIONS.map(|organization| {
        format!(
            r#"curl -s -w '\n' -H "Authorization: $TOKEN" -F 'file=@{folder}/{SAMPLE}' {service}/v2/{organization}/zipfile"#
        )
    });
    let [push_build, push_image, push_refused] = [GOOD_BUILD, IMAGE_BUILD, REFUSED_BUILD].map(|nvr| {
        format!(
            r#"curl -s -w '\n' -H "Authorization: $TOKEN" -X POST {service}/v2/testorg/koji/{nvr}"#
        )
    });
    let delete = format!(
        r#"curl -s -w '\n' -H "Authorization: $TOKEN" -X DELETE {service}/v2/testorg/larder-operator"#
    );
    format!(
        r#"# The service listens on {service}. It calls stand-ins for Quay on {quay},
# Koji on {koji} and Greenwave on {greenwave}. Ctrl-C stops all of them.
# Can all three be reached?
curl -s -w '\n' {service}/v2/health/ping
# Log in to Quay as a robot of testorg.
{log_in}
# Push the sample operator. Without a version it becomes 1.0.0, then 2.0.0 and so on.
{push}
# See its releases.
curl -s -w '\n' -H "Authorization: $TOKEN" {releases}
# Pull the newest one, and unpack it.
curl -s -H "Authorization: $TOKEN" -o '{folder}/pulled.tar.gz' {releases}/default/helm/pull
tar -xvzf '{folder}/pulled.tar.gz' -C '{folder}'
# Push the same operator from a build in Koji, which Greenwave lets pass.
{push_build}
# This build is no operator.
{push_image}
# This build lacks tests that Greenwave requires.
{push_refused}
# Delete one release, then all that are left.
{delete}/1.0.0
{delete}
# Put it into the upload bucket: it is pushed as by event, and what came of it is printed here.
mkdir -p '{folder}/bucket/v2/testorg/zipfile'
cp '{folder}/{SAMPLE}' '{folder}/bucket/v2/testorg/zipfile/'
# Push it by way of an upload, as what is too big for a request.
UPLOAD=$(curl -s -X POST -H "Authorization: $TOKEN" {service}/v2/testorg/uploads | sed 's/.*"upload":"\([^"]*\)".*/\1/')
curl -s -w '\n' -T '{folder}/{SAMPLE}' {service}/v2/testorg/uploads/$UPLOAD
curl -s -w '\n' -H "Authorization: $TOKEN" -H 'Content-Type: application/json' -d '{{"upload": "'$UPLOAD'"}}' {service}/v2/testorg/zipfile
# Push it to an organization whose rules rename the package, move its images and annotate it.
{log_in_rules}
{push_rules}
# Push it to a public organization: everybody sees it, without a token.
{log_in_public}
{push_public}
curl -s -w '\n' '{quay}/cnr/api/v1/packages?namespace=public'
"#
    )
}

fn log_in(quay: &str, organization: &str) -> String {
    let (name, password) = (robot_name(organization), robot_password(organization));
    format!(
        r#"TOKEN=$(curl -s {quay}/cnr/api/v1/users/login -d '{{"user": {{"username": "{name}", "password": "{password}"}}}}' | sed 's/.*"token":"\([^"]*\)".*/\1/')"#
    )
}
