//! `doctor`: finds why KEDA or qscale cannot read or scale a list.

mod args;
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

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let Plan { output, list, endpoint, settings } = Plan::resolve(args, &context)?;
    let mut view = DoctorView::new(output, &context.printer);
    for check in &settings {
        view.show(check)?;
    }
    let mut failed = Ok(());
    let mut report = |check: Checked| {
        if failed.is_ok() {
            failed = view.show(&check);
        }
    };
    tokio::select! {
        () = queue::examine(&endpoint, &list, &mut report) => {}
        () = context.shutdown.stop.cancelled() => return Ok(Outcome::Unfinished),
    }
    failed?;
    view.conclude()
}
