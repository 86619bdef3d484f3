//! Bars that show how far long work has come.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often the progress is drawn again.
const REDRAW_EVERY: Duration = Duration::from_millis(200);

/// A bar on the standard error, which is not drawn where nobody sees it.
pub fn bar(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0).with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len}, {eta} to go") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(REDRAW_EVERY);
    bar
}

/// Shows how much of how much is done.
pub fn advance(bar: &ProgressBar) -> impl FnMut(usize, usize) + '_ {
    move |done, total| {
        bar.set_length(u64::try_from(total).unwrap_or(u64::MAX));
        bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
    }
}
