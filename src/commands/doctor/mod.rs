//! `doctor`: finds why KEDA or qscale cannot read or scale a list.

mod args;
mod cluster;
mod codes;
mod plan;
mod view;

use color_eyre::eyre::Result;

pub(crate) use self::args::Args;
use self::plan::Plan;
use self::view::DoctorView;
use super::Context;
use crate::diagnosis::Checked;
use crate::exit::Outcome;
use crate::queue;
use crate::terminal::Printer;

/// Prints the list of codes, which needs neither profile nor Redis; `None` if something else is asked for.
pub(crate) fn without_profile(args: &Args, printer: &Printer) -> Option<Result<Outcome>> {
    args.codes.then(|| printer.raw(codes::page().as_bytes()).map(|()| Outcome::Done))
}

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let plan = Plan::resolve(args, &context)?;
    let mut view = DoctorView::new(plan.output, &context.printer);
    for check in &plan.settings {
        view.show(check)?;
    }
    let mut failed = Ok(());
    let mut report = |check: Checked| {
        if failed.is_ok() {
            failed = view.show(&check);
        }
    };
    tokio::select! {
        () = examine(&plan, &mut report) => {}
        () = context.shutdown.stop.cancelled() => return Ok(Outcome::Unfinished),
    }
    failed?;
    view.conclude()
}

/// Examines Redis, and then the cluster.
async fn examine(plan: &Plan, report: &mut (dyn FnMut(Checked) + Send)) {
    let backlog = queue::examine(&plan.endpoint, &plan.lists, plan.waits_for_replicas, report).await;
    for check in cluster::examine(plan, backlog.unwrap_or_default() > 0).await {
        report(check);
    }
}
