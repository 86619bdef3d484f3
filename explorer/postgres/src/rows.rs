//! Rows on their way into tables.

use std::collections::BTreeMap;

use serde_json::Value;

/// A table.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Table {
    /// Its name.
    pub(crate) name: &'static str,
    /// Of state, the columns that say whose rows they are: all rows of one owner are replaced
    /// together. Of history there are none.
    pub(crate) owner: &'static [&'static str],
}

impl Table {
    const fn history(name: &'static str) -> Self {
        Self { name, owner: &[] }
    }

    const fn state(name: &'static str, owner: &'static [&'static str]) -> Self {
        Self { name, owner }
    }
}

macro_rules! tables {
    ($list:ident: $($constant:ident = $table:expr;)*) => {
        $(pub(crate) const $constant: &Table = &$table;)*
        /// All of them.
        pub(crate) const $list: &[&Table] = &[$($constant),*];
    };
}

tables! { HISTORY:
    BLOCKS = Table::history("blocks");
    EXTRINSICS = Table::history("extrinsics");
    EVENTS = Table::history("events");
    EXTRINSIC_ENTITIES = Table::history("extrinsic_entities");
    EVENT_ENTITIES = Table::history("event_entities");
    APPOINTMENT_CHANGES = Table::history("appointment_changes");
    INVOICE_CHANGES = Table::history("invoice_changes");
    CLAIM_CHANGES = Table::history("claim_changes");
    HOLD_CHANGES = Table::history("hold_changes");
}

tables! { STATE:
    MEMBERS = Table::state("members", &["member_id"]);
    PRACTITIONERS = Table::state("practitioners", &["practitioner_id"]);
    LICENCES = Table::state("licences", &["practitioner_id"]);
    PATIENTS = Table::state("patients", &["patient_id"]);
    DEPARTMENTS = Table::state("departments", &["member_id", "department_id"]);
    SCHEDULES = Table::state("schedules", &["schedule_id"]);
    APPOINTMENTS = Table::state("appointments", &["appointment_id"]);
    RECORDS = Table::state("records", &["record_id"]);
    RECORD_VERSIONS = Table::state("record_versions", &["record_id", "version"]);
    GRANTS = Table::state("grants", &["grant_id"]);
    EMERGENCIES = Table::state("emergencies", &["emergency_id"]);
    ACCESSES = Table::state("accesses", &["patient_id", "entry"]);
    INVOICES = Table::state("invoices", &["invoice_id"]);
    INVOICE_LINES = Table::state("invoice_lines", &["invoice_id"]);
    RED_LETTERS = Table::state("red_letters", &["red_id"]);
    PAYMENTS = Table::state("payments", &["invoice_id"]);
    SCHEMES = Table::state("schemes", &["scheme_id"]);
    COVERAGES = Table::state("coverages", &["coverage_id"]);
    SETTLEMENTS = Table::state("settlements", &["settlement_id"]);
    CLAIMS = Table::state("claims", &["claim_id"]);
    CASES = Table::state("cases", &["case_id"]);
    DISCLOSURES = Table::state("disclosures", &["disclosure_id"]);
}

/// Rows of tables, as objects with the columns' names.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    history: BTreeMap<&'static Table, Vec<Value>>,
    state: BTreeMap<&'static Table, BTreeMap<Vec<u64>, Vec<Value>>>,
}

impl Rows {
    /// Adds a row of history.
    pub(crate) fn add(&mut self, table: &'static Table, row: Value) {
        self.history.entry(table).or_default().push(row);
    }

    /// Says what the rows of an owner are from now on. The last word about it counts.
    pub(crate) fn replace(&mut self, table: &'static Table, owner: &[u64], rows: Vec<Value>) {
        let table = self.state.entry(table).or_default();
        table.insert(owner.to_vec(), rows);
    }

    /// The rows of history by table.
    pub(crate) fn history(&self, table: &'static Table) -> &[Value] {
        self.history.get(table).map_or(&[], Vec::as_slice)
    }

    /// The owners by table, and all their rows.
    pub(crate) fn state(&self) -> impl Iterator<Item = (&'static Table, Vec<Value>, Vec<&Value>)> {
        self.state.iter().map(|(table, owners)| {
            let keys = owners.keys().map(|key| {
                let columns = table.owner.iter().zip(key);
                columns.map(|(column, id)| ((*column).to_owned(), (*id).into()))
            });
            let keys = keys.map(|columns| Value::Object(columns.collect()));
            (*table, keys.collect(), owners.values().flatten().collect())
        })
    }
}
