//! Times: which numbers of a block are some, and how they are written.
//!
//! The chain counts instants in milliseconds and dates in days since 1970. A date is a type of its own.
//! An instant is a plain number, and only the fields of the metadata call it a `Moment`: how long
//! something takes has another name.

use std::collections::BTreeMap;

use scale_info::{form::PortableForm, Field, PortableRegistry, Type, TypeDef};
use xinglin_primitives::time::{Date, Moment, Utc, DAY_MS};

/// What the sources call an instant, on whatever path.
const INSTANT: &str = "Moment";
/// The type of dates.
const DATE: &str = "Date";
/// The last date whose year has four digits.
const LAST: Date = Date(2_932_896);

/// A date as ISO 8601 has it, such as `2026-01-31`; `None` after the year 9999.
pub fn iso_date(date: Date) -> Option<String> {
    (date <= LAST).then(|| date.to_string())
}

/// An instant as ISO 8601 has it, in UTC, such as `2026-01-31T00:30:00.000Z`; `None` after the year 9999.
pub fn iso_instant(ms: Moment) -> Option<String> {
    (ms / DAY_MS <= LAST.0.into()).then(|| Utc(ms).to_string())
}

/// What a number is that is a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    /// 64 bits of milliseconds.
    Instant,
    /// 32 bits of days.
    Date,
}

impl Time {
    /// The number as ISO 8601 has it, if it can.
    pub(crate) fn iso(self, number: u64) -> Option<String> {
        match self {
            Self::Instant => iso_instant(number),
            Self::Date => iso_date(Date(u32::try_from(number).ok()?)),
        }
    }
}

/// Where a field stands: its type, the index of the variant, 0 in a struct, and the place in there.
pub(crate) type Place = (u32, u8, usize);

/// What the metadata says of a field.
#[derive(Debug)]
enum Said {
    /// It is a time, or holds some.
    Time(Time),
    /// It is what the type around it has been given as a parameter, as in an option.
    Parameter,
}

/// The fields that are times or hold some.
#[derive(Debug)]
pub(crate) struct Times(BTreeMap<Place, Said>);

impl Times {
    /// Those of all types.
    pub(crate) fn of(types: &PortableRegistry) -> Self {
        let mut said = BTreeMap::new();
        for (id, portable) in (0u32..).zip(&types.types) {
            let ty = &portable.ty;
            let mut add = |variant: u8, fields: &[Field<PortableForm>]| {
                for (place, field) in fields.iter().enumerate() {
                    if let Some(it) = of_field(ty, field) {
                        said.insert((id, variant, place), it);
                    }
                }
            };
            match &ty.type_def {
                TypeDef::Composite(composite) => add(0, &composite.fields),
                TypeDef::Variant(variants) => {
                    for variant in &variants.variants {
                        add(variant.index, &variant.fields);
                    }
                }
                _ => {}
            }
        }
        Self(said)
    }

    /// What times a field holds. `around` are those of the value that it is a field of.
    pub(crate) fn at(&self, place: Place, around: Option<Time>) -> Option<Time> {
        match self.0.get(&place)? {
            Said::Time(time) => Some(*time),
            Said::Parameter => around,
        }
    }
}

fn of_field(ty: &Type<PortableForm>, field: &Field<PortableForm>) -> Option<Said> {
    if ty.path.segments.last().is_some_and(|name| name == DATE) {
        return Some(Said::Time(Time::Date));
    }
    let Some(type_name) = &field.type_name else {
        return Some(Said::Parameter);
    };
    let has = |wanted: &str| words(type_name).any(|word| word == wanted);
    if has(INSTANT) {
        return Some(Said::Time(Time::Instant));
    }
    let is_parameter = ty.type_params.iter().any(|parameter| has(&parameter.name));
    is_parameter.then_some(Said::Parameter)
}

/// The names in a type as the sources write it, such as `Option<T::Moment>`.
fn words(type_name: &str) -> impl Iterator<Item = &str> {
    type_name.split(|char: char| !char.is_alphanumeric() && char != '_')
}

#[cfg(test)]
mod tests {
    use codec::Encode;
    use scale_info::{MetaType, Registry, TypeInfo};
    use serde_json::{json, Value};

    use super::*;
    use crate::{
        json::Style,
        samples::{self, Samples, DAYS, INSTANT_MS},
        schema::{Names, Schema},
    };

    const INSTANT_TEXT: &str = "2025-06-02T00:00:00.000Z";
    const DATE_TEXT: &str = "2025-06-02";

    #[test]
    fn times_are_written_up_to_the_year_9999() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_769_819_400_250, "2026-01-31T00:30:00.250Z"),
            (1_769_903_999_999, "2026-01-31T23:59:59.999Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(iso_instant(ms).as_deref(), Some(text));
        }
        for ms in [253_402_300_800_000, DAY_MS << 32, Moment::MAX] {
            assert_eq!(iso_instant(ms), None);
        }
        assert_eq!(iso_date(Date(20_000)).as_deref(), Some("2024-10-04"));
        assert_eq!(iso_date(LAST).as_deref(), Some("9999-12-31"));
        for days in [LAST.0 + 1, u32::MAX] {
            assert_eq!(iso_date(Date(days)), None);
        }
    }

    /// As a pallet's configuration has it.
    trait Config {
        type Moment: Encode + TypeInfo + 'static;
    }

    struct Clock;

    impl Config for Clock {
        type Moment = u64;
    }

    /// A bounded list.
    #[derive(Encode, TypeInfo)]
    struct Few<T>(Vec<T>);

    #[derive(Encode, TypeInfo)]
    #[scale_info(skip_type_params(T))]
    struct Case<T: Config> {
        at: Moment,
        #[codec(compact)]
        compact: Moment,
        path: xinglin_primitives::time::Moment,
        associated: <T as Config>::Moment,
        due: Option<Moment>,
        period: (Date, Date),
        until: Option<Date>,
        several: Few<Moment>,
        named: Vec<(u8, Moment)>,
        number: u64,
        numbers: Few<u64>,
        state: State,
    }

    #[derive(Encode, TypeInfo)]
    enum State {
        Open,
        Closed { after_ms: u64, at: Moment },
    }

    fn json_of(case: &Case<Clock>, style: Style) -> Value {
        let mut registry = Registry::new();
        let ty = registry.register_type(&MetaType::new::<Case<Clock>>()).id;
        let errors = Names::default();
        let schema = Schema::of_functions(registry.into(), BTreeMap::new(), errors);
        schema.json(ty, &mut &case.encode()[..], style).unwrap()
    }

    fn case(ms: Moment, days: u32) -> Case<Clock> {
        Case {
            at: ms,
            compact: ms,
            path: ms,
            associated: ms,
            due: Some(ms),
            period: (Date(days), Date(days)),
            until: Some(Date(days)),
            several: Few(vec![ms, ms]),
            named: vec![(7, ms)],
            number: 5,
            numbers: Few(vec![6]),
            state: State::Closed {
                after_ms: 8,
                at: ms,
            },
        }
    }

    #[test]
    fn fields_are_shown_as_what_the_metadata_calls_them() {
        let expected = |ms: Value, date: Value| {
            json!({
                "at": ms,
                "compact": ms,
                "path": ms,
                "associated": ms,
                "due": ms,
                "period": [date, date],
                "until": date,
                "several": [ms, ms],
                "named": [[7, ms]],
                "number": 5,
                "numbers": [6],
                "state": { "Closed": { "after_ms": 8, "at": ms } },
            })
        };
        let known = case(INSTANT_MS, DAYS);
        let shown = expected(INSTANT_TEXT.into(), DATE_TEXT.into());
        assert_eq!(json_of(&known, Style::Shown), shown);
        let exact = expected(INSTANT_MS.into(), DAYS.into());
        assert_eq!(json_of(&known, Style::Exact), exact);
        // What no date is of stays the number that it is.
        let far = case(253_402_300_800_000, u32::MAX);
        let numbers = expected(253_402_300_800_000_u64.into(), u32::MAX.into());
        assert_eq!(json_of(&far, Style::Shown), numbers);
    }

    #[test]
    fn nothing_that_is_not_there_is_shown() {
        let none = Case {
            due: None,
            until: None,
            several: Few(Vec::new()),
            state: State::Open,
            ..case(INSTANT_MS, DAYS)
        };
        let shown = json_of(&none, Style::Shown);
        assert_eq!(
            (&shown["due"], &shown["until"]),
            (&json!(null), &json!(null))
        );
        assert_eq!(shown["several"], json!([]));
    }

    /// How often a text stands in a value.
    fn count(value: &Value, text: &str) -> usize {
        match value {
            Value::String(one) => usize::from(one == text),
            Value::Array(items) => items.iter().map(|item| count(item, text)).sum(),
            Value::Object(fields) => fields.values().map(|field| count(field, text)).sum(),
            _ => 0,
        }
    }

    /// Of every struct and every variant, in calls, events and elsewhere, a value is made in which each
    /// type stands once: it shows as many times as the metadata has words for them.
    #[test]
    fn every_time_of_the_runtime_is_shown() {
        let schema = samples::schema();
        let (mut instants, mut dates) = (0, 0);
        for (id, portable) in (0u32..).zip(&schema.types.types) {
            let variants = match &portable.ty.type_def {
                TypeDef::Composite(_) => vec![None],
                TypeDef::Variant(variants) => variants.variants.iter().map(Some).collect(),
                _ => Vec::new(),
            };
            for variant in variants {
                // One item of each list, something in each option.
                let mut sample = Samples::new(&schema.types, |count: usize| 1 % count);
                match variant {
                    Some(variant) => sample.variant(variant),
                    None => sample.value(id),
                }
                if !sample.is_possible {
                    continue;
                }
                let mut rest = &sample.bytes[..];
                let shown = schema.json(id, &mut rest, Style::Shown).unwrap();
                let path = &portable.ty.path.segments;
                assert!(rest.is_empty(), "{path:?} {shown}");
                let shown_instants = count(&shown, INSTANT_TEXT);
                assert_eq!(shown_instants, sample.words(INSTANT), "{path:?} {shown}");
                assert_eq!(count(&shown, DATE_TEXT), sample.dates, "{path:?} {shown}");
                // Else somebody made a date another word for a number.
                assert!(sample.words(DATE) <= sample.dates, "{path:?} {shown}");
                instants += shown_instants;
                dates += sample.dates;
            }
        }
        assert!(instants > 40 && dates > 20, "{instants} {dates}");
    }
}
