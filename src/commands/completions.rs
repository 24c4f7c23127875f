//! `completions`: completion scripts for shells, and man pages.

use std::path::PathBuf;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use color_eyre::eyre::Result;

use crate::exit::Outcome;
use crate::files::folder::Folder;
use crate::terminal::Printer;

/// Write shell completions or man pages
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Shell to complete for, or `man` for the man pages
    #[arg(value_name = "SHELL")]
    format: Format,

    /// Folder to write to, in place of stdout; required for `man`
    #[arg(long, value_name = "FOLDER", required_if_eq("format", "man"))]
    out_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Bash,
    Elvish,
    Fish,
    #[value(name = "powershell")]
    PowerShell,
    Zsh,
    Man,
}

/// A file by name and content.
type Page = (String, Vec<u8>);

pub(crate) fn run(args: &Args, mut command: Command, printer: &Printer) -> Result<Outcome> {
    let pages = match args.format {
        Format::Bash => vec![script(Shell::Bash, &mut command)],
        Format::Elvish => vec![script(Shell::Elvish, &mut command)],
        Format::Fish => vec![script(Shell::Fish, &mut command)],
        Format::PowerShell => vec![script(Shell::PowerShell, &mut command)],
        Format::Zsh => vec![script(Shell::Zsh, &mut command)],
        Format::Man => {
            command.build();
            man_pages(&command)?
        }
    };
    match &args.out_dir {
        Some(path) => {
            let folder = Folder::make(path)?;
            for (name, content) in pages {
                folder.write(&name, std::str::from_utf8(&content)?)?;
            }
        }
        None => pages.iter().try_for_each(|(_, content)| printer.raw(content))?,
    }
    Ok(Outcome::Done)
}

fn script(shell: Shell, command: &mut Command) -> Page {
    use clap_complete::Generator as _;
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "qscale", &mut script);
    (shell.file_name("qscale"), script)
}

/// Returns the pages of a command that has been built and of its subcommands.
fn man_pages(command: &Command) -> Result<Vec<Page>> {
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    man.render(&mut page)?;
    let mut pages = vec![(man.get_filename(), page)];
    for subcommand in command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        pages.extend(man_pages(subcommand)?);
    }
    Ok(pages)
}
