//! Each command is one function; what several of them need is here.

mod catalog;
mod delete;
mod health;
mod login;
mod push;
mod releases;
mod validate;

use clap::CommandFactory;
use omps_operator::archive::Files;
use serde::Deserialize;

use crate::Failure;
use crate::arguments::{AnswerForm, Arguments, Command};
use crate::output::{self, Escaped, json};
use crate::report::ValidationInfo;
use crate::service::Answer;

/// Runs the command.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Validate(validate) => validate::run(&validate),
        Command::Push(push) => wait(push::run(push)),
        Command::PushKoji(push) => wait(push::run_koji(push)),
        Command::Releases(releases) => wait(releases::run(releases)),
        Command::Delete(delete) => wait(delete::run(delete)),
        Command::Catalog(catalog) => catalog::run(catalog),
        Command::Health(health) => wait(health::run(health)),
        Command::Login(login) => wait(login::run(login)),
        Command::Completions { shell } => {
            let mut completions = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "omps", &mut completions);
            output::print(&String::from_utf8_lossy(&completions))
        }
        Command::Man => man(),
    }
}

/// One page with all commands: the page of `omps`, and the options of each command behind it.
fn man() -> Result<(), Failure> {
    let mut command = Arguments::command();
    command.build();
    let failed = |error: std::io::Error| Failure::Usage(error.to_string());
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut page)
        .map_err(failed)?;
    for subcommand in command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
    {
        let name = subcommand.get_name().to_owned();
        page.extend_from_slice(format!(".SH {}\n", name.to_uppercase()).as_bytes());
        let man = clap_mangen::Man::new(subcommand.clone());
        man.render_synopsis_section(&mut page).map_err(failed)?;
        man.render_options_section(&mut page).map_err(failed)?;
    }
    output::print(&String::from_utf8_lossy(&page))
}

fn wait(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Usage(error.to_string()))?;
    runtime.block_on(command)
}

/// The answer if it is a success. What was found in an invalid operator is written; everything else is the failure's text.
fn succeeded(answer: Answer, form: AnswerForm) -> Result<Answer, Failure> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    if form == AnswerForm::Json && !answer.body.is_null() {
        output::print(&json::text(&answer.body))?;
    }
    if answer.text("error") != "PackageValidationError" {
        return Err(Failure::Service(answer.problem()));
    }
    if form == AnswerForm::Text {
        let info = &answer.body["validation_info"];
        let findings = match ValidationInfo::deserialize(info) {
            Ok(info) if !info.findings.is_empty() => {
                output::text::findings(&info, "", &Files::new())
            }
            // No findings, or those of another version of the service: better its own words than none.
            _ if info.is_null() => String::new(),
            _ => json::text(info),
        };
        let (style, problem) = (output::ERROR, answer.problem());
        output::print(&format!(
            "{findings}{style}not valid{style:#}: {}\n",
            Escaped(&problem)
        ))?;
    }
    Err(Failure::Invalid)
}
