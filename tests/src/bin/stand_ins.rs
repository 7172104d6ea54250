//! Runs only the stand-ins: Quay with the manners of a real Quay, Koji and Greenwave. The servers and functions under
//! test run in other processes.

use std::future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};
use omps_tests::admin::Admin;
use omps_tests::greenwave::{CONTEXT, Greenwave, PRODUCT_VERSION};
use omps_tests::koji::Koji;
use omps_tests::quay::accounts::{Accounts, basic, oauth_token, robot_name, robot_password};
use omps_tests::quay::{Manners, Quay, Settings};
use serde_json::{Map, Value, json};

const HELP: &str = "\
Starts stand-ins for Quay, Koji and Greenwave, and prints their addresses and tokens as one line of JSON.

Usage: stand-ins [OPTIONS]

Options:
  --quay ADDR              address of Quay (default 127.0.0.1:0, which is any free port)
  --koji ADDR              address of Koji (likewise)
  --greenwave ADDR         address of Greenwave, which lets every build pass (likewise)
  --admin ADDR             address of the administration, see below (likewise)
  --organizations A,B      organizations that Quay knows (default testorg)
  --folder PATH            where Quay keeps releases (default: in memory)
  --in-production          all of the following manners, as a real Quay has them
  --push-window MS         let a push pause between its look for the release and its write
  --listing-limit N        how many packages an authenticated listing looks at (default 100)
  --requests-a-second N    how many requests the front allows for one token
  --deletes-by-second      let a release be deleted once in a second only
  --help                   print this text

Each organization has a robot that creates packages, a reader that may only pull, and an OAuth token.

Administration:
  GET /holdings            repositories, their visibility, and their releases with digests
  GET /archives/{organization}/{repository}/{release}
                           the archive of a release
  GET /requests            what Quay was asked, in order
  POST /faults             {\"kind\": …, \"method\": …, \"path_prefix\": …, \"containing\": \"\", \"count\": 1, \"seconds\": 3600}
                           kinds: hang-before, hang-after, close-before, close-after (the effect), act-late (the effect
                           comes after these seconds, whether the client waits or not), crash, too-many-requests
  GET /faults              how many of them no request has met
  DELETE /faults           forget them
  POST /builds/{nvr}       give Koji a build; the body is its zip";

struct Options {
    quay: SocketAddr,
    koji: SocketAddr,
    greenwave: SocketAddr,
    admin: SocketAddr,
    organizations: Vec<String>,
    folder: Option<PathBuf>,
    manners: Manners,
}

#[tokio::main]
async fn main() -> ExitCode {
    match options() {
        Ok(Some(options)) => match run(options).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("stand-ins: {error}");
                ExitCode::FAILURE
            }
        },
        Ok(None) => {
            println!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("stand-ins: {error}; see --help");
            ExitCode::from(2)
        }
    }
}

/// The options, or `None` if the user asks for help.
fn options() -> Result<Option<Options>, lexopt::Error> {
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut options = Options {
        quay: free,
        koji: free,
        greenwave: free,
        admin: free,
        organizations: vec!["testorg".to_owned()],
        folder: None,
        manners: Manners::default(),
    };
    let mut arguments = Parser::from_env();
    while let Some(argument) = arguments.next()? {
        let manners = &mut options.manners;
        match argument {
            Arg::Long("quay") => options.quay = arguments.value()?.parse()?,
            Arg::Long("koji") => options.koji = arguments.value()?.parse()?,
            Arg::Long("greenwave") => options.greenwave = arguments.value()?.parse()?,
            Arg::Long("admin") => options.admin = arguments.value()?.parse()?,
            Arg::Long("organizations") => {
                let names = arguments.value()?.string()?;
                options.organizations = names.split(',').map(ToOwned::to_owned).collect();
            }
            Arg::Long("folder") => options.folder = Some(arguments.value()?.into()),
            Arg::Long("in-production") => {
                let listing_limit = manners.listing_limit;
                *manners = Manners {
                    listing_limit,
                    ..Manners::in_production()
                };
            }
            Arg::Long("push-window") => {
                let milliseconds = arguments.value()?.parse()?;
                manners.push_window = Some(Duration::from_millis(milliseconds));
            }
            Arg::Long("listing-limit") => manners.listing_limit = arguments.value()?.parse()?,
            Arg::Long("requests-a-second") => {
                manners.requests_a_second = Some(arguments.value()?.parse()?);
            }
            Arg::Long("deletes-by-second") => manners.deletes_by_second = true,
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}

async fn run(options: Options) -> Result<(), String> {
    let cannot = |what: &str| {
        let what = what.to_owned();
        move |error: std::io::Error| format!("cannot start {what}: {error}")
    };
    let quay = Quay::start(Settings {
        listen: options.quay,
        accounts: accounts(&options.organizations),
        folder: options.folder,
        manners: options.manners,
    });
    let quay = quay.await.map_err(cannot("Quay"))?;
    let koji = Koji::start(options.koji).await.map_err(cannot("Koji"))?;
    let greenwave = Greenwave::start(options.greenwave).await;
    let greenwave = greenwave.map_err(cannot("Greenwave"))?;
    let mut addresses = json!({
        "quay_url": quay.url(),
        "kojihub_url": koji.hub_url(),
        "kojiroot_url": koji.root_url(),
        "greenwave": {
            "url": greenwave.url(),
            "context": CONTEXT,
            "product_version": PRODUCT_VERSION,
        },
        "organizations": tokens(&options.organizations),
    });
    let admin = Admin::start(options.admin, quay, koji).await;
    let admin = admin.map_err(cannot("the administration"))?;
    addresses["admin_url"] = json!(admin.url());
    println!("{addresses}");
    future::pending().await
}

fn accounts(organizations: &[String]) -> Accounts {
    let names: Vec<_> = organizations.iter().map(String::as_str).collect();
    let accounts = Accounts::of_organizations(&names);
    names.iter().fold(accounts, |accounts, organization| {
        let (name, password) = reader(organization);
        accounts.reader(&name, &password, organization)
    })
}

/// The name and the password of the robot that may read an organization's packages.
fn reader(organization: &str) -> (String, String) {
    (
        format!("{organization}+reader"),
        format!("{}READERTOKEN", organization.to_uppercase()),
    )
}

fn tokens(organizations: &[String]) -> Map<String, Value> {
    let tokens = |organization: &String| {
        let (reader, reader_password) = reader(organization);
        let robot = basic(&robot_name(organization), &robot_password(organization));
        json!({
            "robot": robot,
            "reader": basic(&reader, &reader_password),
            "oauth_token": oauth_token(organization),
        })
    };
    organizations
        .iter()
        .map(|organization| (organization.clone(), tokens(organization)))
        .collect()
}
