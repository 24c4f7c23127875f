//! Charts as one HTML page: reproducible byte for byte, without scripts, and without a network.

use std::fmt::Write as _;

use super::panels::{Chart, Mark};
use crate::units::visible;

/// Scaling events that a page lists; of more, the first and the last.
const LISTED: usize = 600;
const LISTED_LAST: usize = 100;

/// Head of the page: it loads nothing, and a browser holds it to that.
const HEAD: &str = "\
<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">
<meta name=\"viewport\" content=\"width=device-width\">
<style>
body{font:16px/1.4 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;max-width:1240px;margin:0 auto;padding:0 1em;color:#222;background:#fff}
svg{width:100%;height:auto}
table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.2em .8em .2em 0;border-bottom:1px solid #ddd}
td:first-child,td:nth-child(2){white-space:nowrap;font-variant-numeric:tabular-nums}
</style>
";

/// Returns a page with the charts, and the scaling events of each.
pub(crate) fn html(charts: &[Chart]) -> String {
    let mut page = HEAD.to_owned();
    let title = charts.first().map(|chart| escaped(&chart.title)).unwrap_or_default();
    // Writing to memory does not fail.
    let _ = writeln!(page, "<title>{title}</title>\n</head>\n<body>");
    for chart in charts {
        let _ = writeln!(page, "<section>\n{}{}</section>", chart.svg(), table(&chart.marks));
    }
    page.push_str("</body>\n</html>\n");
    page
}

/// Returns a table of the marks; nothing if there are none.
fn table(marks: &[Mark]) -> String {
    if marks.is_empty() {
        return String::new();
    }
    let mut table = format!(
        "<details>\n<summary>Scaling events: {}</summary>\n<table>\n<tr><th>#</th><th>at</th><th>event</th></tr>\n",
        marks.len()
    );
    let skipped = marks.len().saturating_sub(LISTED);
    let first = if skipped == 0 { marks.len() } else { LISTED - LISTED_LAST };
    for mark in &marks[..first] {
        table.push_str(&row(mark));
    }
    if skipped > 0 {
        let _ = writeln!(table, "<tr><td></td><td></td><td>… {skipped} more</td></tr>");
        marks[first + skipped..].iter().for_each(|mark| table.push_str(&row(mark)));
    }
    table.push_str("</table>\n</details>\n");
    table
}

fn row(mark: &Mark) -> String {
    let number = mark.number.map(|number| number.to_string()).unwrap_or_default();
    format!("<tr><td>{number}</td><td>{}</td><td>{}</td></tr>\n", mark.when(), escaped(&mark.text))
}

fn escaped(text: &str) -> String {
    visible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::text::tests::chart;
    use super::*;

    #[test]
    fn page_is_small_escaped_and_loads_nothing() {
        let mut chart = chart();
        let mark = chart.marks[0].clone();
        chart.marks = (1..=1500)
            .map(|number| Mark { number: Some(number), at: Duration::from_millis(40 * number as u64), ..mark.clone() })
            .collect();
        for panel in &mut chart.panels {
            panel.solid = (0..60_000).map(|at| (Duration::from_millis(at), at * 7919 % 1000)).collect();
        }
        let page = html(&[chart.clone()]);
        assert!(page.len() < 200_000, "{}", page.len());
        assert!(page.contains("<title>a &amp; b</title>") && page.contains("&lt;so&gt;"), "{page}");
        assert!(page.contains("… 900 more"), "{page}");
        for loading in ["src=", "href=", "url(", "<script", "@import"] {
            assert!(!page.contains(loading), "{loading}");
        }
        assert_eq!(page, html(&[chart]));
    }
}
