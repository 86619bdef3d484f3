//! Which commands there are, by the binary's own help.

use std::collections::BTreeSet;

use super::Day;

const PARTIES: [&str; 6] = [
    "patient",
    "doctor",
    "member",
    "insurer",
    "regulator",
    "provider",
];

/// Commands that this day does without, and why.
const EXCEPTIONS: &[(&str, &str)] = &[];

/// Fails for a command that nobody has used.
pub fn are_all_used(day: &Day) {
    let mut leaves = BTreeSet::new();
    for party in PARTIES {
        collect(day, &[party], &mut leaves);
    }
    assert!(leaves.len() > 100, "{} commands", leaves.len());
    let used = day.used.lock().unwrap();
    let excepted: BTreeSet<String> = EXCEPTIONS.iter().map(|it| it.0.to_owned()).collect();
    let gone: Vec<_> = excepted.difference(&leaves).collect();
    assert!(gone.is_empty(), "exceptions that are no commands: {gone:?}");
    let unused: Vec<_> = leaves
        .iter()
        .filter(|it| !used.contains(*it) && !excepted.contains(*it))
        .collect();
    assert!(unused.is_empty(), "nobody has used {unused:#?}");
}

/// Adds the commands below one, or itself if there are none.
fn collect(day: &Day, path: &[&str], leaves: &mut BTreeSet<String>) {
    let output = day.binary(&[path, &["--help"]].concat());
    assert!(output.status.success(), "{path:?}");
    let help = String::from_utf8(output.stdout).unwrap();
    let below = commands(&help);
    if below.is_empty() {
        leaves.insert(path.join(" "));
    }
    for name in below {
        collect(day, &[path, &[name]].concat(), leaves);
    }
}

/// The names under `Commands:`: they stand two columns in, and what they mean further.
fn commands(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect()
}
