//! Fill a Redis List, process its items, watch the backlog, and scale the consumers with KEDA.

#![cfg_attr(
    not(feature = "dashboard"),
    expect(dead_code, reason = "used by the dashboard alone; the build with it is held to have no dead code")
)]

mod args;
mod cli;
pub mod cluster;
mod commands;
pub mod comparison;
pub mod delivery;
pub mod diagnosis;
pub mod endpoint;
mod exit;
mod files;
mod handler;
pub mod kubernetes;
pub mod lint;
pub mod manifest;
mod metrics;
mod page;
pub mod profile;
pub mod queue;
pub mod sample;
mod sandbox;
pub mod scaler;
mod shutdown;
pub mod simulation;
mod terminal;
pub mod tuning;
pub mod units;
pub mod workload;

use std::ffi::OsString;
use std::process::ExitCode;

use color_eyre::eyre::Result;

use crate::args::Origins;
use crate::cli::{Cli, Command};
use crate::commands::{
    Context, completions, consume, dead, demo, doctor, health, init, produce, render, simulate, watch,
};
use crate::exit::{Outcome, Status, UsageError};
use crate::files::descriptors;
use crate::profile::Profile;
use crate::shutdown::Shutdown;
use crate::terminal::{OutputFilter, Printer};
use crate::units::{Environment, Setting, SettingError};

/// Parses the command line, runs the command, and returns its exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    if let Some(kill_after) = handler::guard::kill_after() {
        handler::guard::run(kill_after);
        return Status::Done.into();
    }
    let environment: Environment = std::env::vars_os().collect();
    let words: Vec<OsString> = arguments.into_iter().collect();
    let filter = OutputFilter::default();
    learn(&filter, &words, &environment);
    match cli::parse(&words, &environment) {
        Ok((cli, origins)) => execute(cli, origins, environment, filter),
        Err(error) => print_help_or_mistake(&error, &filter),
    }
    .into()
}

fn execute(cli: Cli, origins: Origins, environment: Environment, filter: OutputFilter) -> Status {
    cli.global.color_choice().write_global();
    let printer = Printer::new(cli.global.verbosity(), cli.global.log, filter);
    install(&printer);
    let result = start(cli, origins, environment, printer.clone());
    let status = Status::of(&result);
    if let Err(report) = &result
        && status != Status::Done
    {
        printer.error(report, exit::hint(report).as_deref());
    }
    printer.flush();
    status
}

/// Prints what clap has to say: help and version on stdout, mistakes on stderr.
fn print_help_or_mistake(error: &clap::Error, filter: &OutputFilter) -> Status {
    if error.use_stderr() {
        terminal::print_mistake(&error.render().to_string(), filter);
        return Status::Usage;
    }
    match error.print() {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            terminal::print_mistake(&format!("error: cannot write to stdout: {error}\n"), filter);
            Status::Failed
        }
        _ => Status::Done,
    }
}

/// Learns the passwords on the command line and in the environment, so that no message shows them.
fn learn(filter: &OutputFilter, words: &[OsString], environment: &Environment) {
    for word in words {
        filter.learn(&word.to_string_lossy());
    }
    for (_, value) in environment.own() {
        filter.learn(value);
    }
    if let Some(password) = environment.get("REDIS_PASSWORD") {
        filter.learn_password(&password);
    }
}

/// Installs the error reports and the TLS provider, once per process.
fn install(printer: &Printer) {
    let hooks = color_eyre::config::HookBuilder::default()
        .display_env_section(false)
        .panic_section("This is a bug in qscale.")
        .try_into_hooks();
    // Fails in a second run in the same process, where the hooks of the first are in place.
    if let Ok((panics, reports)) = hooks
        && reports.install().is_ok()
    {
        // The library's own hook panics when stderr is closed, which aborts the process.
        let printer = printer.clone();
        std::panic::set_hook(Box::new(move |panic| printer.panicked(&panics.panic_report(panic))));
    }
    // Without an explicit provider, rustls panics if two are compiled in.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Runs the command on a single thread: many small requests over one connection only lose time by switching threads.
fn start(cli: Cli, origins: Origins, environment: Environment, printer: Printer) -> Result<Outcome> {
    if let Some(limit) = descriptors::too_low() {
        let least = descriptors::LEAST;
        let message = format!("the limit of open files is {limit}: raise it to {least} or more with `ulimit -n`");
        return Err(UsageError(message).into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(dispatch(cli, origins, environment, printer));
    // A pending read of the terminal, or write to a full pipe, must not delay the exit.
    runtime.shutdown_background();
    result
}

async fn dispatch(cli: Cli, origins: Origins, environment: Environment, printer: Printer) -> Result<Outcome> {
    if let Command::Completions(args) = &cli.command {
        return completions::run(args, cli::command(), &printer);
    }
    if let Command::Init(args) = &cli.command {
        return init::run(args, &origins, &environment, &printer);
    }
    if let Command::Render(args) = &cli.command
        && let Some(result) = render::without_profile(args, cli::command, &printer).await
    {
        return result;
    }
    if let Command::Doctor(args) = &cli.command
        && let Some(result) = doctor::without_profile(args, &printer)
    {
        return result;
    }
    // Whether a consumer is alive does not depend on a valid profile.
    if let Command::Health(args) = &cli.command {
        return health::run(args, &printer);
    }
    // Before anything connects, so that no signal is missed.
    let shutdown = match &cli.command {
        Command::Demo(args) if args.is_supervisor() => Shutdown::ignore()?,
        _ => {
            let (waiting, left) = (printer.clone(), printer.clone());
            let before_exit = move || {
                left.leave_dashboard();
                handler::kill_all();
            };
            Shutdown::listen(move || waiting.is_waiting(), before_exit)?
        }
    };
    if environment.get(sandbox::SUPERVISED).is_some() {
        shutdown::exit_after(|| {
            files::input::drain();
            handler::kill_all();
        })?;
    }
    for (name, value, origin) in origins.explain() {
        tracing::debug!("{name}: {value} (from {origin})");
    }
    let overlay = cli.global.env.zip(origins.get("env").cloned());
    let overlay = overlay.map(|(value, origin)| Setting { value, origin });
    let source = printer.waiting().during(|| Profile::read(cli.global.profile.as_deref()))?;
    if !source.is_built_in() {
        printer.filter().learn_profile(&source.text);
    }
    // Reports every error, not only the first.
    if let Command::Render(args) = &cli.command
        && args.checks_profile()
    {
        return render::check(args, source, overlay.as_ref(), &printer);
    }
    let profile = Profile::parse_with(source, overlay.as_ref())?;
    let over = overlay.map(|env| format!(" with env.{} (from {})", env.value, env.origin)).unwrap_or_default();
    let given = origins.get("profile").map(|origin| format!(" (from {origin})")).unwrap_or_default();
    tracing::debug!("profile: {}{given}{over}", profile.source.name);
    let source = profile.source.clone();
    let context = Context { profile, environment, origins, printer, shutdown };
    let result = match cli.command {
        Command::Produce(args) => produce::run(args, context).await,
        // In a task, which unlike this one is resumed by another without first asking the system for events.
        Command::Consume(args) => match tokio::spawn(consume::run(*args, context)).await {
            Ok(result) => result,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        },
        Command::Watch(args) => Box::pin(watch::run(args, context)).await,
        Command::Dead(args) => dead::run(args, context).await,
        Command::Render(args) => context.printer.waiting().during(|| render::run(args, &context, cli::command)),
        Command::Simulate(args) => simulate::run(args, context).await,
        Command::Demo(args) => Box::pin(demo::run(args, context)).await,
        Command::Init(args) => init::run(&args, &context.origins, &context.environment, &context.printer),
        Command::Doctor(args) => Box::pin(doctor::run(args, context)).await,
        Command::Completions(args) => completions::run(&args, cli::command(), &context.printer),
        Command::Health(args) => health::run(&args, &context.printer),
    };
    // A setting knows the line that it is from, and the profile what is on it.
    result.map_err(|report| match report.downcast::<SettingError>() {
        Ok(error) => source.setting_error(error).into(),
        Err(report) => report,
    })
}
