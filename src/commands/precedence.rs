//! Precedence of the command line and its variables over a table of the profile.

use std::fmt::Display;

use crate::args::Origins;
use crate::profile::Profile;
use crate::units::{Origin, Setting};

/// Options over the keys of the same names in one table of the profile.
pub(crate) struct Precedence<'a> {
    origins: &'a Origins,
    profile: &'a Profile,
    table: &'static str,
}

impl<'a> Precedence<'a> {
    pub(super) fn new(origins: &'a Origins, profile: &'a Profile, table: &'static str) -> Self {
        Self { origins, profile, table }
    }

    /// Returns the value of the option `name`, else of the profile, and logs the latter with its origin. Flags and
    /// variables are logged when they have been parsed.
    pub(crate) fn option<T: Display>(&self, name: &str, given: Option<T>, usual: Option<T>) -> Option<Setting<T>> {
        if let Some(value) = given {
            return Some(Setting { value, origin: self.given(name) });
        }
        let setting = usual.map(|value| Setting { value, origin: self.profile.origin(&[self.table, name]) });
        if let Some(Setting { value, origin }) = &setting {
            tracing::debug!("{name}: {value} (from {origin})");
        } else {
            tracing::debug!("{name}: none (from default)");
        }
        setting
    }

    /// Returns the value of the option `name`, else of the profile, else the default.
    pub(crate) fn or<T: Display>(&self, name: &str, given: Option<T>, usual: Option<T>, default: T) -> Setting<T> {
        if given.is_none() && usual.is_none() {
            tracing::debug!("{name}: {default} (from default)");
            return Setting::default(default);
        }
        self.option(name, given, usual).unwrap_or(Setting::default(default))
    }

    /// Returns the value of the flag `name`, else of the profile, else `false`.
    pub(crate) fn flag(&self, name: &str, given: bool, usual: Option<bool>) -> Setting<bool> {
        let given = self.origins.get(&id(name)).map(|_| given);
        self.or(name, given, usual, false)
    }

    /// Returns where the value of the option `name` came from.
    pub(crate) fn given(&self, name: &str) -> Origin {
        self.origins.get(&id(name)).cloned().unwrap_or(Origin::Default)
    }
}

fn id(name: &str) -> String {
    name.replace('-', "_")
}
