//! `completions`: completion scripts for shells, and man pages.

use std::path::PathBuf;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use color_eyre::eyre::Result;

use crate::args;
use crate::exit::Outcome;
use crate::files::folder::Folder;
use crate::terminal::Printer;

/// Write shell completions or man pages
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Shell to complete for, or `man` for the man pages
    #[arg(value_name = "SHELL")]
    format: CompletionFormat,

    /// Folder to write to, in place of stdout; required for `man`
    #[arg(long, value_name = "FOLDER", required_if_eq("format", "man"))]
    out_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum CompletionFormat {
    Bash,
    Elvish,
    Fish,
    #[value(name = "powershell")]
    PowerShell,
    Zsh,
    Man,
}

/// A generated file.
struct GeneratedFile {
    name: String,
    content: Vec<u8>,
}

pub(crate) fn run(args: &Args, mut command: Command, printer: &Printer) -> Result<Outcome> {
    let files = match args.format {
        CompletionFormat::Bash => vec![script(Shell::Bash, &mut command)],
        CompletionFormat::Elvish => vec![script(Shell::Elvish, &mut command)],
        CompletionFormat::Fish => vec![script(Shell::Fish, &mut command)],
        CompletionFormat::PowerShell => vec![script(Shell::PowerShell, &mut command)],
        CompletionFormat::Zsh => vec![script(Shell::Zsh, &mut command)],
        CompletionFormat::Man => {
            let mut command = args::unabridged(command);
            command.build();
            man_pages(&command)?
        }
    };
    match &args.out_dir {
        Some(path) => {
            let folder = Folder::create(path)?;
            for GeneratedFile { name, content } in files {
                folder.write(&name, std::str::from_utf8(&content)?)?;
            }
        }
        None => files.iter().try_for_each(|file| printer.raw(&file.content))?,
    }
    Ok(Outcome::Done)
}

fn script(shell: Shell, command: &mut Command) -> GeneratedFile {
    use clap_complete::Generator as _;
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "qscale", &mut script);
    GeneratedFile { name: shell.file_name("qscale"), content: script }
}

/// Returns the pages of a command that has been built and of its subcommands.
fn man_pages(command: &Command) -> Result<Vec<GeneratedFile>> {
    let man = Man::new(command.clone());
    let mut content = Vec::new();
    man.render(&mut content)?;
    let mut pages = vec![GeneratedFile { name: man.get_filename(), content }];
    for subcommand in command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        pages.extend(man_pages(subcommand)?);
    }
    Ok(pages)
}
