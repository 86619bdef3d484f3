//! The questions that come with the tables: the files of `queries/`, to be run from here or by `psql`.
//!
//! Their parameters are written as `psql` writes variables: `:name`, or `:'name'` for text. Those that may
//! be left out are empty text then, which each file tells `psql` in lines that begin with `\if :{?name}`.

use sqlx::AssertSqlSafe;

use crate::{database::Database, error::ExportError};

macro_rules! queries {
    ($($name:literal,)*) => {
        /// The names and texts of the queries.
        pub const QUERIES: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../queries/", $name, ".sql")))),*
        ];
    };
}

queries! {
    "operations-of",
    "readers-of-patient",
    "cancellations-by-department",
    "flagged-claims-paid",
    "red-lettered-invoices",
    "day-of-practitioner",
    "trail-of-appointment",
    "readings-under-emergency",
    "overdue-disclosures",
}

/// What a query found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The columns' names; none if there are no rows.
    pub columns: Vec<String>,
    /// The values of each row as text; `None` for NULL.
    pub rows: Vec<Vec<Option<String>>>,
}

/// Runs a query by its name on the database at `url`, with values for its parameters. Those that may be
/// left out are in the query's first lines.
pub async fn query(
    url: &str,
    name: &str,
    values: &[(String, String)],
) -> Result<Answer, ExportError> {
    let text = QUERIES.iter().find(|(known, _)| *known == name);
    let (_, text) = text.ok_or_else(|| ExportError::NoQuery {
        name: name.to_owned(),
        known: names(QUERIES.iter().map(|(name, _)| *name)),
    })?;
    let (sql, parameters) = bind(text);
    if let Some((unknown, _)) = values.iter().find(|(name, _)| !parameters.contains(name)) {
        let taken = names(parameters.iter().map(String::as_str));
        return Err(ExportError::NotTaken(unknown.clone(), taken));
    }
    let mut database = Database::open_to_read(url).await?;
    // The order of the columns is kept by `json`, and each value is text as PostgreSQL writes it.
    let sql = format!(
        "SELECT key, value FROM (SELECT row_number() OVER () AS number, row_to_json(answer) AS row \
         FROM ({sql}) AS answer) AS answers, json_each_text(row) WITH ORDINALITY AS fields(key, value, place) \
         ORDER BY number, place"
    );
    let mut query = sqlx::query_as::<_, (String, Option<String>)>(AssertSqlSafe(sql));
    for parameter in &parameters {
        let value = values.iter().find(|(name, _)| name == parameter);
        let value = match value {
            Some((_, value)) => value.clone(),
            None if optional(text).any(|name| name == parameter) => String::new(),
            None => return Err(ExportError::NoValue(parameter.clone())),
        };
        query = query.bind(value);
    }
    // A date without an offset begins in China, and so are times told.
    sqlx::query("SET TIME ZONE 'Asia/Shanghai'")
        .execute(&mut database.connection)
        .await?;
    let fields = query.fetch_all(&mut database.connection).await?;
    Ok(rows_of(fields))
}

fn names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// A row begins where the first column's name comes again.
fn rows_of(fields: Vec<(String, Option<String>)>) -> Answer {
    let mut answer = Answer::default();
    let first = fields.first().map(|(name, _)| name.clone());
    for (name, value) in fields {
        if Some(&name) == first.as_ref() {
            answer.rows.push(Vec::new());
        }
        if answer.rows.len() == 1 {
            answer.columns.push(name);
        }
        if let Some(row) = answer.rows.last_mut() {
            row.push(value);
        }
    }
    answer
}

/// The parameters that a query does without.
fn optional(text: &str) -> impl Iterator<Item = &str> {
    let tests = text
        .lines()
        .filter_map(|line| line.strip_prefix(r"\if :{?"));
    tests.filter_map(|test| Some(test.split_once('}')?.0))
}

/// Makes numbered parameters of named ones, each of them text until the query says what it is. Casts,
/// which begin with two colons, and colons without a name stay as they are; comments and what is said to
/// `psql` are left out.
fn bind(text: &str) -> (String, Vec<String>) {
    let (mut sql, mut parameters) = (String::new(), Vec::<String>::new());
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("--") && !line.starts_with('\\'));
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut rest = text.trim_end().trim_end_matches(';');
    while let Some(at) = rest.find(':') {
        let (before, after) = rest.split_at(at);
        sql.push_str(before);
        if let Some(cast) = after.strip_prefix("::") {
            sql.push_str("::");
            rest = cast;
            continue;
        }
        let quoted = after.strip_prefix(":'");
        let name = quoted.unwrap_or(&after[1..]);
        let end = name
            .find(|char: char| !char.is_ascii_alphanumeric() && char != '_')
            .unwrap_or(name.len());
        let (name, tail) = name.split_at(end);
        if name.is_empty() {
            sql.push(':');
            rest = &after[1..];
            continue;
        }
        rest = match quoted {
            Some(_) => tail.strip_prefix('\'').unwrap_or(tail),
            None => tail,
        };
        let known = parameters.iter().position(|known| known == name);
        let place = known.unwrap_or_else(|| {
            parameters.push(name.to_owned());
            parameters.len() - 1
        });
        sql.push_str(&format!("(${}::text)", place + 1));
    }
    sql.push_str(rest);
    (sql, parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_and_casts_stay() {
        let (sql, parameters) = bind(
            "-- Of :nobody.\nSELECT a::text, 'x: ' FROM t\nWHERE b = :b::bigint AND c < :'until' AND d = :b;\n",
        );
        assert_eq!(
            sql,
            "SELECT a::text, 'x: ' FROM t\nWHERE b = ($1::text)::bigint AND c < ($2::text) AND d = ($1::text)"
        );
        assert_eq!(parameters, ["b", "until"]);
    }

    #[test]
    fn what_psql_takes_as_empty_can_be_left_out() {
        let text = "-- Of :a.\n\\if :{?a} \\else \\set a '' \\endif\nSELECT :'a', :b::bigint;\n";
        assert_eq!(optional(text).collect::<Vec<_>>(), ["a"]);
        let (sql, parameters) = bind(text);
        assert_eq!(sql, "SELECT ($1::text), ($2::text)::bigint");
        assert_eq!(parameters, ["a", "b"]);
    }

    #[test]
    fn rows_begin_with_the_first_column() {
        let field = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
        let answer = rows_of(vec![
            field("a", "1"),
            field("b", "2"),
            field("a", "3"),
            ("b".into(), None),
        ]);
        assert_eq!(answer.columns, ["a", "b"]);
        assert_eq!(answer.rows[1], [Some("3".to_owned()), None]);
        assert_eq!(rows_of(Vec::new()), Answer::default());
    }

    #[test]
    fn every_query_has_its_parameters_in_its_first_lines() {
        for (name, text) in QUERIES {
            let (_, parameters) = bind(text);
            let comment: Vec<_> = text
                .lines()
                .take_while(|line| line.starts_with("--"))
                .collect();
            assert!(!comment.is_empty(), "{name}");
            for left_out in optional(text) {
                let is_taken = parameters.iter().any(|taken| taken == left_out);
                assert!(is_taken, "{name} does not take {left_out}");
            }
            for parameter in parameters {
                let written = format!(":{parameter}");
                let tells = |line: &&str| line.replace('\'', "").contains(&written);
                assert!(
                    comment.iter().any(tells),
                    "{name} does not tell of {parameter}"
                );
            }
        }
    }
}
