//! The command line as types: commands, options, and the text of `--help`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// What `--help` says at its end.
const CODES: &str = "\
Exit codes:
  0  done; of validate: the operator is valid
  1  the operator is not valid
  2  the command line, a file or a setting is wrong
  3  the service could not be reached, failed or refused the request

Settings come from options, then from the environment (OMPS_URL, OMPS_ORGANIZATION, OMPS_TOKEN), then from
omps/config.toml in the XDG configuration directory (~/.config). NO_COLOR turns colours off.";

/// Validates the manifests of Kubernetes operators, and pushes them with omps.
#[derive(Debug, Parser)]
#[command(name = "omps", version, after_help = CODES, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "WHEN"
    )]
    pub(crate) color: Color,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check an operator on this machine; no service is asked
    Validate(Validate),
    /// Push an operator: a directory or a zip
    Push(Push),
    /// Push the operator of a Koji build
    PushKoji(PushKoji),
    /// List the releases of a repository
    Releases(Releases),
    /// Delete a release, or all of a repository
    Delete(Delete),
    /// Look at file-based catalogs, which clusters read
    #[command(subcommand)]
    Catalog(Catalog),
    /// Ask the service whether it and what it needs can be used
    Health(Health),
    /// Get a token, and print it
    Login(Login),
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the man page
    #[command(hide = true)]
    Man,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    Always,
    Never,
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// Directories or zips; several are checked one after the other
    #[arg(required = true, value_name = "DIRECTORY|ZIP")]
    pub(crate) paths: Vec<PathBuf>,
    /// Apply the rules of an organization in this configuration file of omps, and show what they change
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
    /// The organization whose rules are applied
    #[arg(long, env = "OMPS_ORGANIZATION", value_name = "NAME")]
    pub(crate) organization: Option<String>,
    /// The section of the configuration file
    #[arg(long, value_name = "NAME", default_value = "ProdConfig")]
    pub(crate) section: String,
    /// The form in which the operator will be pushed [default: as the rules say, else bundle-image]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Refuse what operator-sdk calls an error, too; bundle images only
    #[arg(long)]
    pub(crate) strict: bool,
    /// The form of the report
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) output: ReportForm,
}

/// The form in which a release is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// Bundle images, in any OCI registry
    BundleImage,
    /// Quay's App Registry
    AppRegistry,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportForm {
    /// For people
    Text,
    /// As the service answers
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// The form of other answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswerForm {
    /// For people
    Text,
    /// As the service answers
    Json,
}

/// Which service.
#[derive(Debug, Args)]
pub(crate) struct Where {
    /// The address of the service, without /v2
    #[arg(long, env = "OMPS_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Seconds for one request
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: u64,
    /// How often to send a request again after 429, 503 or a lost connection
    #[arg(long, default_value_t = 5, value_name = "TIMES", value_parser = clap::value_parser!(u8).range(..=50))]
    pub(crate) retries: u8,
    /// The form of the answer
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) output: AnswerForm,
}

/// Which organization.
#[derive(Debug, Args)]
pub(crate) struct Whose {
    /// The organization to push to
    #[arg(long, env = "OMPS_ORGANIZATION", value_name = "NAME")]
    pub(crate) organization: Option<String>,
}

/// Who asks.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("who").multiple(false)))]
pub(crate) struct Who {
    /// A file with the token; - is the standard input
    #[arg(long, value_name = "FILE", group = "who")]
    pub(crate) token_file: Option<PathBuf>,
    /// Make the token of what Docker or Podman know of this registry, as in quay.io/my-org
    #[arg(long, value_name = "REGISTRY", group = "who")]
    pub(crate) credentials_of: Option<String>,
    /// The token; better in a file or in OMPS_TOKEN, since other users of this machine see options
    #[arg(long, value_name = "TOKEN", group = "who")]
    pub(crate) token: Option<String>,
}

/// How to push.
#[derive(Debug, Args)]
pub(crate) struct How {
    /// The release's number, x.y.z [default: the next major number]
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// The same key makes the same push: in a pipeline, the build's number [default: a new one]. A zip that is too large for a
    /// request is known by its upload instead
    #[arg(long, env = "OMPS_IDEMPOTENCY_KEY", value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
    /// Do everything but push, and show what the organization's rules change
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Refuse what operator-sdk calls an error, too
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) whose: Whose,
    #[command(flatten)]
    pub(crate) who: Who,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct Push {
    /// A directory, which is zipped, or a zip
    #[arg(value_name = "DIRECTORY|ZIP", required_unless_present = "upload")]
    pub(crate) path: Option<PathBuf>,
    /// Push a zip that an interrupted command has uploaded
    #[arg(long, value_name = "ID", conflicts_with = "path")]
    pub(crate) upload: Option<String>,
    #[command(flatten)]
    pub(crate) how: How,
}

#[derive(Debug, Args)]
pub(crate) struct PushKoji {
    /// The build: name-version-release
    #[arg(value_name = "N-V-R")]
    pub(crate) nvr: String,
    #[command(flatten)]
    pub(crate) how: How,
}

#[derive(Debug, Args)]
pub(crate) struct Releases {
    /// The repository
    pub(crate) repository: String,
    #[command(flatten)]
    pub(crate) whose: Whose,
    #[command(flatten)]
    pub(crate) who: Who,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["version", "all"])))]
pub(crate) struct Delete {
    /// The repository, which stays
    pub(crate) repository: String,
    /// The release to delete
    pub(crate) version: Option<String>,
    /// Delete all releases
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) whose: Whose,
    #[command(flatten)]
    pub(crate) who: Who,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Catalog {
    /// Check a catalog on this machine as `opm validate` does; no service is asked
    Check(CheckCatalog),
    /// Show the packages of the catalog that the service keeps, or one of them whole
    Show(ShowCatalog),
    /// Do what is pending for the catalog, and fold a package's releases in
    Rebuild(RebuildCatalog),
}

#[derive(Debug, Args)]
pub(crate) struct ShowCatalog {
    /// The package to show whole
    pub(crate) package: Option<String>,
    /// The form of a whole package: YAML, or with --output json one object a line
    #[arg(long, value_enum, requires = "package")]
    pub(crate) form: Option<PackageForm>,
    #[command(flatten)]
    pub(crate) whose: Whose,
    #[command(flatten)]
    pub(crate) who: Who,
    #[command(flatten)]
    pub(crate) place: Where,
}

/// How a package of a catalog is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PackageForm {
    /// As clusters read it, one object a line
    Jsonl,
    /// The same as YAML
    Yaml,
    /// The upgrade graph, for Mermaid
    Graph,
}

#[derive(Debug, Args)]
pub(crate) struct RebuildCatalog {
    /// The package whose releases are folded in, beside what is pending
    #[arg(long)]
    pub(crate) package: Option<String>,
    /// Begin the package anew, or without one each package of the catalog: what no release has is dropped
    #[arg(long)]
    pub(crate) fresh: bool,
    #[command(flatten)]
    pub(crate) whose: Whose,
    #[command(flatten)]
    pub(crate) who: Who,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct CheckCatalog {
    /// A file of the catalog, JSON or YAML, or a directory whose files are all of the catalog
    #[arg(value_name = "DIRECTORY|FILE")]
    pub(crate) path: PathBuf,
    /// The form of the report
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) output: AnswerForm,
}

#[derive(Debug, Args)]
pub(crate) struct Health {
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct Login {
    /// The registry whose credentials Docker or Podman keep, as in quay.io/my-org; with --username: the Quay to ask
    #[arg(value_name = "REGISTRY", default_value = "quay.io")]
    pub(crate) registry: String,
    /// Ask Quay's App Registry for a token, for this user or robot
    #[arg(long, value_name = "NAME", requires = "password_stdin")]
    pub(crate) username: Option<String>,
    /// Read the password from the standard input
    #[arg(long, requires = "username")]
    pub(crate) password_stdin: bool,
    /// Keep the token in omps/config.toml instead of printing it; only you can read that file
    #[arg(long)]
    pub(crate) save: bool,
    /// Seconds for the request
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: u64,
}
