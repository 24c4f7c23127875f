//! `init`: a profile to start from.

mod args;
mod starter;

use std::path::Path;

use color_eyre::eyre::Result;

pub(crate) use self::args::Args;
use self::starter::FirstCommand;
pub(crate) use self::starter::is_template;
use crate::args::Origins;
use crate::exit::{Outcome, UsageError};
use crate::files::folder::Folder;
use crate::profile::IN_WORKING_DIRECTORY;
use crate::terminal::Printer;
use crate::units::{Environment, Origin};

/// Writes the profile, and says what to do with it. Reads no profile: this may be the way to a valid one.
pub(crate) fn run(args: &Args, origins: &Origins, environment: &Environment, printer: &Printer) -> Result<Outcome> {
    if matches!(origins.get("profile"), Some(Origin::Flag(_))) {
        let message = "--profile: names a profile to read: name the one to write with --output";
        return Err(UsageError(message.to_owned()).into());
    }
    let path = args.output.as_path();
    if path == Path::new("-") {
        printer.raw(args.from.text("").as_bytes())?;
        return Ok(Outcome::Done);
    }
    let found = path == Path::new(IN_WORKING_DIRECTORY) && !environment.is_set("QSCALE_PROFILE");
    let option = starter::option(path, found);
    write(path, &args.from.text(&option), args.force)?;
    printer.result(&format_args!("wrote {}, from the profile `{}`\n", path.display(), args.from.name()))?;
    printer.result(&"Change what you need, then:")?;
    let steps = args.from.next_steps(&option);
    let width = steps.iter().map(|step| step.command.chars().count()).max().unwrap_or_default();
    for FirstCommand { command, purpose } in steps {
        printer.result(&format_args!("  {command:width$}  # {purpose}"))?;
    }
    Ok(Outcome::Done)
}

/// Writes a file that is new, or with `force` replaces it.
fn write(path: &Path, text: &str, force: bool) -> Result<()> {
    let shown = path.display();
    let wrong = |message: String| Err(UsageError(format!("--output: {message}")).into());
    let Some(name) = path.file_name().filter(|_| !path.is_dir()) else {
        return wrong(format!(
            "`{shown}` is a folder: name a file in it, such as `{}`",
            path.join("qscale.toml").display()
        ));
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(folder) = Folder::open(folder) else {
        return wrong(format!("there is no folder `{}`", folder.display()));
    };
    if path.exists() && !path.is_file() {
        return wrong(format!("`{shown}` is not a regular file: `--output -` writes to stdout"));
    }
    if force {
        folder.write(&name.to_string_lossy(), text)?;
    } else if !folder.write_new(&name.to_string_lossy(), text)? {
        let message = format!("`{shown}` exists: --force replaces it, --output names another file");
        return Err(UsageError(message).into());
    }
    Ok(())
}
