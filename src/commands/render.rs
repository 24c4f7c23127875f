//! `render`: the profile as Kubernetes objects, on stdout.

use color_eyre::eyre::{Result, WrapErr as _};

use super::Context;
use crate::exit::Outcome;
use crate::manifest::Workload;
use crate::profile::{self, KedaVersion, Profile, ProfileError, deploy};
use crate::screen::Printer;

/// Write the profile as Kubernetes objects, for kubectl apply -f -
///
/// Deployments and a ScaledObject or ScaledJob of KEDA, as YAML on stdout; the same bytes every time. The address of
/// Redis comes from the profile alone, user and password from the Secret that deploy.secret names.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Namespace of all objects [default: deploy.namespace]
    #[arg(long, short, value_name = "NAME", value_parser = deploy::namespace)]
    namespace: Option<String>,

    /// Container image, with a tag or digest [default: deploy.image]
    #[arg(long, value_name = "IMAGE", value_parser = deploy::image)]
    image: Option<String>,

    /// The KEDA in the cluster: what it does not know is refused [default: scale.keda-version, else 2.20.2]
    #[arg(long, value_name = "VERSION")]
    keda_version: Option<KedaVersion>,

    /// Write the JSON Schema of profiles in place of objects, for editors: what can be said, and how
    #[arg(long, exclusive = true)]
    pub(crate) schema: bool,
}

/// What is rendered, with nothing left open.
struct Plan<'a> {
    workload: Workload<'a>,
}

impl<'a> Plan<'a> {
    /// Lays the arguments over the profile.
    fn resolve(args: Args, profile: &'a Profile) -> Result<Self, ProfileError> {
        let Args { namespace, image, keda_version, schema: _ } = args;
        Ok(Self { workload: Workload::of(profile, namespace, image, keda_version)? })
    }
}

pub(crate) fn run(args: Args, context: &Context) -> Result<Outcome> {
    let plan = Plan::resolve(args, &context.profile)?;
    let yaml = plan.workload.to_yaml().wrap_err("cannot write the objects as YAML")?;
    context.printer.raw(yaml.as_bytes())?;
    Ok(Outcome::Done)
}

/// Writes the schema of profiles; no profile is needed for it, least of all one that is right.
pub(crate) fn schema(printer: &Printer) -> Result<Outcome> {
    printer.result(&format_args!("{:#}", profile::schema()))?;
    Ok(Outcome::Done)
}
