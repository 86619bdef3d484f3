//! What the tables of state tell of, where the chain keeps it, and when to read it again.

mod money;
mod oversight;
mod parties;
mod records;
mod visits;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use xinglin_decoding::DecodedEvent;
use xinglin_primitives::Entity;

use crate::{
    error::ExportError,
    json::{id, is_storable},
    rows::{Rows, Table},
    state::{Map, State},
};

/// Something of which tables tell how it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Thing {
    kind: Kind,
    id: u64,
    /// The second number of what has two.
    part: u64,
}

/// Makes the rows of a thing out of what its maps hold.
type MakeRows = fn(Thing, &[Value], &mut Rows);

/// Where things of a kind are, and what becomes of them.
struct Form {
    /// The maps that are read. The things of a kind are the keys of the first one.
    maps: &'static [Map],
    make_rows: MakeRows,
}

macro_rules! kinds {
    ($($kind:ident = $make:path: $($pallet:ident.$map:ident),+;)*) => {
        /// The kinds of things, in the order in which they are listed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Kind {
            $($kind),*
        }

        impl Kind {
            /// All of them.
            pub(crate) const ALL: &'static [Kind] = &[$(Kind::$kind),*];

            fn form(self) -> Form {
                match self {
                    $(Self::$kind => Form {
                        maps: &[$(Map { pallet: stringify!($pallet), name: stringify!($map) }),+],
                        make_rows: $make,
                    },)*
                }
            }
        }
    };
}

kinds! {
    Member = parties::member: Members.Members;
    Practitioner = parties::practitioner: Members.Practitioners;
    Patient = parties::patient: Members.Patients;
    Department = visits::department: Appointments.Departments;
    Schedule = visits::schedule: Appointments.Schedules;
    Appointment = visits::appointment: Appointments.Appointments;
    Record = records::record: Records.Records;
    Version = records::version: Records.Versions;
    Grant = records::grant: Records.Grants;
    Emergency = records::emergency: Records.Emergencies;
    Access = records::access: Records.AccessLog;
    Invoice = money::invoice: Payments.Invoices, Payments.Payments;
    InvoiceLines = money::lines: Payments.InvoiceLines;
    RedLetter = money::red_letter: Payments.RedLetters;
    Scheme = money::scheme: Insurance.Schemes;
    Coverage = money::coverage: Insurance.Coverages;
    Settlement = money::settlement: Insurance.Settlements;
    Claim = money::claim: Insurance.Claims;
    Case = oversight::case: Audit.Cases;
    Disclosure = oversight::disclosure: Audit.Disclosures;
}

/// What is numbered and is no [`Entity`], by the name that all events give it.
const BY_FIELD: &[(&str, Kind)] = &[
    ("schedule", Kind::Schedule),
    ("emergency", Kind::Emergency),
    ("scheme", Kind::Scheme),
    ("coverage", Kind::Coverage),
    ("disclosure", Kind::Disclosure),
];

impl Kind {
    /// A thing of this kind by the numbers of its key.
    pub(crate) fn thing(self, key: &[u64]) -> Option<Thing> {
        Some(Thing {
            kind: self,
            id: *key.first()?,
            part: key.get(1).copied().unwrap_or_default(),
        })
    }

    /// The map with the things of this kind.
    pub(crate) fn map(self) -> Map {
        self.form().maps[0]
    }

    fn has_parts(self) -> bool {
        matches!(self, Self::Department | Self::Version | Self::Access)
    }
}

impl Thing {
    fn new(kind: Kind, id: u64) -> Self {
        Self { kind, id, part: 0 }
    }

    fn key(self) -> Vec<u64> {
        match self.kind.has_parts() {
            true => vec![self.id, self.part],
            false => vec![self.id],
        }
    }

    /// Says what the one row of this thing is, or that it has none.
    fn set(self, table: &'static Table, row: Option<Value>, rows: &mut Rows) {
        rows.replace(table, &self.key(), row.into_iter().collect());
    }
}

/// What events say has changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Touched {
    pub(crate) things: BTreeSet<Thing>,
    /// Patients whose access logs have grown, as far as events name them.
    patients: BTreeSet<u64>,
    /// Records that somebody opened, or tried to: the logs of their patients have grown.
    opened: BTreeSet<u64>,
}

impl Touched {
    /// Takes note of one more event.
    pub(crate) fn note(&mut self, event: &DecodedEvent) {
        self.things
            .extend(event.entities.iter().flat_map(of_entity));
        for (name, kind) in BY_FIELD {
            let found = event.fields.get(name).and_then(id);
            self.things.extend(found.map(|id| Thing::new(*kind, id)));
        }
        let number = |name: &str| event.fields.get(name).and_then(id);
        match (event.pallet.as_str(), event.event.as_str()) {
            ("Appointments", "DepartmentPublished" | "DepartmentWithdrawn") => {
                if let (Some(member), Some(department)) = (number("member"), number("department")) {
                    self.things
                        .extend(Kind::Department.thing(&[member, department]));
                }
            }
            ("Records", "Written") => {
                let record = number("record");
                self.things
                    .extend(record.and_then(|record| Kind::Version.thing(&[record, 1])));
            }
            ("Records", "Amended") => {
                if let (Some(record), Some(version)) = (number("record"), number("version")) {
                    self.things.extend(Kind::Version.thing(&[record, version]));
                }
            }
            ("Records", "Opened") => {
                let records = event.entities.iter().filter_map(|entity| match entity {
                    Entity::Record(record) => Some(record.0),
                    _ => None,
                });
                self.opened.extend(records);
            }
            ("Records", "GlassBroken") => self.patients.extend(number("patient")),
            ("Payments", "InvoiceIssued") => {
                let invoice = number("invoice");
                self.things
                    .extend(invoice.map(|invoice| Thing::new(Kind::InvoiceLines, invoice)));
            }
            _ => {}
        }
    }

    /// Finds the entries that were added to access logs between two states: from the counts of the
    /// entries before and after, so that nothing is assumed of how many an event adds.
    pub(crate) async fn find_accesses(
        &mut self,
        before: Option<&State<'_>>,
        after: &State<'_>,
    ) -> Result<(), ExportError> {
        const FILES: Map = Map {
            pallet: "Records",
            name: "Files",
        };

        let records: Vec<_> = self
            .opened
            .iter()
            .map(|id| (Kind::Record.map(), vec![*id]))
            .collect();
        let records = after.get(&records).await?;
        let patients = records
            .iter()
            .filter_map(|record| id(record.get("patient")?));
        self.patients.extend(patients);
        let files: Vec<_> = self.patients.iter().map(|id| (FILES, vec![*id])).collect();
        let count = |file: &Value| file.get("accesses").and_then(id).unwrap_or_default();
        let last = after.get(&files).await?;
        let first = match before {
            Some(before) => before.get(&files).await?,
            None => vec![Value::Null; files.len()],
        };
        for (patient, (first, last)) in self.patients.iter().zip(first.iter().zip(&last)) {
            let entries = count(first)..count(last);
            let things = entries.filter_map(|entry| Kind::Access.thing(&[*patient, entry]));
            self.things.extend(things);
        }
        Ok(())
    }
}

fn of_entity(entity: &Entity) -> impl Iterator<Item = Thing> {
    let kinds: &[Kind] = match entity {
        Entity::Member(_) => &[Kind::Member],
        Entity::Practitioner(_) => &[Kind::Practitioner],
        Entity::Patient(_) => &[Kind::Patient],
        Entity::Appointment(_) => &[Kind::Appointment],
        Entity::Record(_) => &[Kind::Record],
        Entity::Grant(_) => &[Kind::Grant],
        Entity::Invoice(_) => &[Kind::Invoice, Kind::RedLetter],
        Entity::Settlement(_) => &[Kind::Settlement],
        Entity::Claim(_) => &[Kind::Claim],
        Entity::Case(_) => &[Kind::Case],
    };
    let number = is_storable(entity).then(|| entity.number());
    let things = move |kind: &Kind| Some(Thing::new(*kind, number?));
    kinds.iter().filter_map(things)
}

/// Reads things and says what their rows are.
pub(crate) async fn read(
    state: &State<'_>,
    things: &BTreeSet<Thing>,
    rows: &mut Rows,
) -> Result<(), ExportError> {
    let wanted: Vec<_> = things
        .iter()
        .flat_map(|thing| {
            let maps = thing.kind.form().maps.iter();
            maps.map(|map| (*map, thing.key()))
        })
        .collect();
    let mut values = state.get(&wanted).await?;
    add_departments(state, things, &mut values).await?;
    let mut rest = &values[..];
    for thing in things {
        let form = thing.kind.form();
        let (own, others) = rest.split_at(form.maps.len());
        rest = others;
        (form.make_rows)(*thing, own, rows);
    }
    Ok(())
}

/// Adds to appointments their department, which is that of their schedule.
async fn add_departments(
    state: &State<'_>,
    things: &BTreeSet<Thing>,
    values: &mut [Value],
) -> Result<(), ExportError> {
    let is_appointment = things.iter().flat_map(|thing| {
        let is_one = thing.kind == Kind::Appointment;
        std::iter::repeat_n(is_one, thing.kind.form().maps.len())
    });
    let appointments = values.iter_mut().zip(is_appointment);
    let mut appointments: Vec<_> = appointments
        .filter(|(_, is_one)| *is_one)
        .filter_map(|(value, _)| Some((id(value.get("schedule")?)?, value)))
        .collect();
    let schedules: BTreeSet<u64> = appointments.iter().map(|(schedule, _)| *schedule).collect();
    let wanted: Vec<_> = schedules
        .iter()
        .map(|schedule| (Kind::Schedule.map(), vec![*schedule]))
        .collect();
    let found = state.get(&wanted).await?;
    let found: BTreeMap<_, _> = schedules.iter().zip(&found).collect();
    for (schedule, appointment) in &mut appointments {
        let department = found
            .get(schedule)
            .and_then(|found| found.get("department"));
        appointment["department"] = department.cloned().unwrap_or_default();
    }
    Ok(())
}
