//! Profiles to start from: those of `config/`, as they read outside of it.

use std::path::Path;

use clap::ValueEnum as _;

/// First line of a profile that is next to its schema.
const SCHEMA_LINE: &str = "#:schema qscale.schema.json\n";

/// A profile to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum StarterProfile {
    /// The built-in profile: simulated work, and a Redis without a password in the cluster
    Demo,
    /// A command of your own per item, such as a Python or Node program
    Worker,
    /// A web service that items are posted to, as a sidecar of the consumers
    Sidecar,
    /// TLS, an ACL user, and credentials in a Secret
    ManagedRedis,
    /// A ScaledJob: one Job per item
    Events,
    /// Settings of KEDA and the HPA for a known workload
    Tuned,
}

/// Returns whether a profile to start from has this name.
pub(crate) fn is_template(name: &str) -> bool {
    StarterProfile::from_str(name, false).is_ok()
}

impl StarterProfile {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Worker => "worker",
            Self::Sidecar => "sidecar",
            Self::ManagedRedis => "managed-redis",
            Self::Events => "events",
            Self::Tuned => "tuned",
        }
    }

    /// Returns the text of the profile for a file whose commands are typed with `option`, such as ` --profile a.toml`.
    pub(super) fn text(self, option: &str) -> String {
        let text = match self {
            Self::Demo => include_str!("../../../config/demo.toml"),
            Self::Worker => include_str!("../../../config/worker.toml"),
            Self::Sidecar => include_str!("../../../config/sidecar.toml"),
            Self::ManagedRedis => include_str!("../../../config/managed-redis.toml"),
            Self::Events => include_str!("../../../config/events.toml"),
            Self::Tuned => include_str!("../../../config/tuned.toml"),
        };
        let text = text.strip_prefix(SCHEMA_LINE).unwrap_or(text);
        text.replace(&format!(" --profile config/{}.toml", self.name()), option)
    }

    /// Returns what to do next with the file, in order.
    pub(super) fn next_steps(self, option: &str) -> Vec<FirstCommand> {
        let step = |words: &str, purpose| FirstCommand { command: format!("qscale{option} {words}"), purpose };
        let mut steps = vec![
            step("demo", "run it all here, on a private Redis"),
            step("simulate", "see what KEDA and the HPA do, and why"),
            step("render --check", "validate it"),
        ];
        match self {
            Self::Worker => steps.insert(2, step("consume", "run the command for each item")),
            Self::Sidecar => steps.insert(2, step("consume", "post each item to the service")),
            _ => {}
        }
        steps.push(step("render | kubectl apply -f -", "deploy it"));
        steps
    }
}

/// A command to type next.
pub(super) struct FirstCommand {
    pub(super) command: String,
    pub(super) purpose: &'static str,
}

/// Returns the option with which commands read the profile at `path`, as a shell has to be given it; none where they find it by
/// themselves.
pub(super) fn option(path: &Path, found: bool) -> String {
    if found {
        return String::new();
    }
    let path = path.display().to_string();
    let plain = path.chars().all(|c| c.is_alphanumeric() || "/._-+:@%".contains(c));
    if plain { format!(" --profile {path}") } else { format!(" --profile '{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_names_no_file_of_the_repository() {
        for template in StarterProfile::value_variants() {
            let text = template.text("");
            assert!(text.starts_with("# "), "{}", template.name());
            assert!(!text.contains("config/"), "{}", template.name());
        }
    }

    #[test]
    fn next_steps_fit_a_terminal_of_80_columns() {
        for template in StarterProfile::value_variants() {
            let steps = template.next_steps("");
            let command = steps.iter().map(|step| step.command.len()).max().unwrap();
            let purpose = steps.iter().map(|step| step.purpose.len()).max().unwrap();
            assert!(command + purpose + "    # ".len() <= 80, "{}: {command} + {purpose}", template.name());
        }
    }

    #[test]
    fn option_is_quoted_for_a_shell() {
        for (path, found, option) in [
            ("qscale.toml", true, ""),
            ("profiles/a.toml", false, " --profile profiles/a.toml"),
            ("my profile's.toml", false, r" --profile 'my profile'\''s.toml'"),
        ] {
            assert_eq!(super::option(Path::new(path), found), option);
        }
    }
}
