//! Recordings as CSV with a header, as `simulate` and scripts write them.

use std::time::Duration;

use csv::StringRecord;

use super::error::{LineFault, RecordingFault};
use super::{RecordedJobs, RecordedSample, Recording, busy_pods, pods};
use crate::scaler::Unfinished;
use crate::units::{CsvRow, CsvRows, TimeColumn, other_separator};

/// Names of the columns: those of `simulate`, and those of recordings of a cluster.
const TIME: &[&str] = &["time", "t_s"];
const BACKLOG: &[&str] = &["backlog", "llen"];
const BUSY: &[&str] = &["busy"];
const IN_FLIGHT: &[&str] = &["in_flight"];
const DELAYED: &[&str] = &["delayed"];
const DESIRED: &[&str] = &["desired", "deploy_spec_replicas"];
const READY: &[&str] = &["ready", "deploy_ready"];
const REASON: &[&str] = &["reason"];
const CREATED: &[&str] = &["jobs_created"];
const UNFINISHED: &[&str] = &["jobs_unfinished"];
const PENDING: &[&str] = &["jobs_pending"];
const POLLS: &[&str] = &["keda_polls"];
const SYNCS: &[&str] = &["hpa_reads"];

/// Columns of a recording.
struct Columns {
    time: usize,
    backlog: usize,
    desired: usize,
    busy: Option<usize>,
    in_flight: Option<usize>,
    delayed: Option<usize>,
    ready: Option<usize>,
    reason: Option<usize>,
    /// Created, unfinished and pending.
    jobs: Option<[usize; 3]>,
    polls: Option<usize>,
    syncs: Option<usize>,
    /// Triggers of other types.
    triggers: Vec<usize>,
}

impl Columns {
    fn of(CsvRow { line, cells: head }: &CsvRow, triggers: &[&str]) -> Result<Self, LineFault> {
        let column = |names: &[&str]| head.iter().position(|name| names.contains(&name));
        let required = |names: &'static [&'static str]| {
            column(names).ok_or_else(|| match head.iter().find_map(other_separator) {
                Some(separator) => RecordingFault::Separator(separator).at(*line),
                None => RecordingFault::NoColumn(names).into(),
            })
        };
        let jobs = column(CREATED).zip(column(UNFINISHED)).zip(column(PENDING));
        let jobs = jobs.map(|((created, unfinished), pending)| [created, unfinished, pending]);
        Ok(Self {
            time: required(TIME)?,
            backlog: required(BACKLOG)?,
            // Unfinished Jobs are the desired number.
            desired: jobs.map_or_else(|| required(DESIRED), |[_, unfinished, _]| Ok(unfinished))?,
            busy: column(BUSY),
            in_flight: column(IN_FLIGHT),
            delayed: column(DELAYED),
            ready: column(READY),
            reason: column(REASON),
            jobs,
            polls: column(POLLS),
            syncs: column(SYNCS),
            triggers: triggers.iter().filter_map(|name| column(&[name])).collect(),
        })
    }
}

pub(super) fn parse(text: &str, triggers: &[&str]) -> Result<Recording, LineFault> {
    let mut rows = CsvRows::new(text).peekable();
    let Some(head) = rows.next().transpose()? else { return Err(RecordingFault::NoColumn(TIME).into()) };
    let columns = Columns::of(&head, triggers)?;
    let mut times = TimeColumn::with_header(&head.cells[columns.time]);
    let (mut samples, mut polls, mut syncs) = (Vec::<RecordedSample>::new(), Vec::new(), Vec::new());
    let (mut start, mut cut) = (None, None);
    while let Some(row) = rows.next() {
        let CsvRow { line, cells } = row?;
        if cells.len() < head.cells.len() && rows.peek().is_none() {
            // The end of a recording that was interrupted.
            cut = Some(line);
            break;
        }
        if cells.len() != head.cells.len() {
            return Err(RecordingFault::Columns { row: cells.len(), header: head.cells.len() }.at(line));
        }
        let mut time = |text: &str| match times.read(text) {
            Some(time) => Ok(time.elapsed()),
            None => Err(RecordingFault::NotATime(text.to_owned()).at(line)),
        };
        let at = time(&cells[columns.time])?;
        for (column, moments) in [(columns.polls, &mut polls), (columns.syncs, &mut syncs)] {
            let cell = column.map_or("", |column| &cells[column]);
            for text in cell.split([' ', ';']).filter(|text| !text.is_empty()) {
                moments.push(time(text)?);
            }
        }
        let before = samples.last().map(|sample| sample.backlog);
        let since = at.checked_sub(*start.get_or_insert(at)).ok_or_else(|| RecordingFault::BackInTime.at(line))?;
        match sample(&columns, &cells, since, before).map_err(|fault| fault.at(line))? {
            Some(sample) => samples.push(sample),
            // The recording starts with the first row that says something.
            None if samples.is_empty() => start = None,
            None => {}
        }
    }
    // Moments before the first sample are dropped.
    let since_start = |moments: Vec<Duration>| {
        let since = |at: Duration| at.checked_sub(start?);
        moments.into_iter().filter_map(since).collect()
    };
    let triggers = columns.triggers.iter().map(|column| head.cells[*column].to_owned()).collect();
    Ok(Recording { cut, ..Recording::new(samples, triggers, since_start(polls), since_start(syncs)) })
}

/// Returns the sample of a row; `None` where it has no replicas, or no backlog before which there was one.
fn sample(
    columns: &Columns,
    cells: &StringRecord,
    at: Duration,
    before: Option<u64>,
) -> Result<Option<RecordedSample>, RecordingFault> {
    let number = |column: usize| match &cells[column] {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| RecordingFault::NotANumber(text.to_owned())),
    };
    let cell = |column: Option<usize>| column.map_or(Ok(None), number);
    let (read, Some(desired)) = (number(columns.backlog)?, number(columns.desired)?) else { return Ok(None) };
    let Some(backlog) = read.or(before) else { return Ok(None) };
    let jobs = match columns.jobs {
        Some([created, unfinished, pending]) => {
            let count = |column| number(column).map(|count| pods(count.unwrap_or(0)));
            let unfinished = Unfinished { running: count(unfinished)?, pending: count(pending)? };
            Some(RecordedJobs { created: count(created)?, unfinished })
        }
        None => None,
    };
    let ready = cell(columns.ready)?.map(pods);
    let value = |column: &usize| match &cells[*column] {
        "" => Ok(None),
        text => match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Some(value)),
            _ => Err(RecordingFault::NotAValue(text.to_owned())),
        },
    };
    let in_flight = cell(columns.in_flight)?.map(|items| busy_pods(items, ready));
    Ok(Some(RecordedSample {
        at,
        backlog,
        readable: read.is_some(),
        busy: cell(columns.busy)?.or(in_flight),
        delayed: cell(columns.delayed)?,
        desired: pods(desired),
        ready,
        reason: columns.reason.map(|column| cells[column].to_owned()).filter(|text| !text.is_empty()),
        jobs,
        others: columns.triggers.iter().map(value).collect::<Result<_, _>>()?,
    }))
}
