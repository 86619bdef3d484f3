//! What reports say.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::process::Command;

use xinglin_primitives::{AccountId, CaseId, Hash};

use super::*;
use crate::oversight::case_file::{tests::example, Step};

fn file(is_closed: bool) -> CaseFile {
    let (case, requests) = example(is_closed);
    let place = (12, Hash::repeat_byte(0xab));
    let opened = Step {
        at: 10,
        act: Act::Opened,
        by: Some(AccountId::new([1; 32])),
        place: Some(place),
    };
    let disclosed = Step {
        at: 70,
        act: Act::Disclosed(DisclosureId(1)),
        by: None,
        place: None,
    };
    let mut steps = vec![opened, disclosed];
    if is_closed {
        steps.push(Step {
            at: 90,
            act: Act::Closed,
            by: None,
            place: None,
        });
    }
    CaseFile {
        id: CaseId(4),
        case,
        requests,
        steps,
        cut: Vec::new(),
        at: 100,
        genesis: Hash::repeat_byte(0xee),
    }
}

/// The text of a PDF as a viewer has it.
fn text_of(pdf: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.pdf");
    std::fs::write(&path, pdf).unwrap();
    let output = Command::new("pdftotext")
        .args(["-layout", path.to_str().unwrap(), "-"])
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_pdf_says_it_in_both_languages() {
    let text = text_of(&file(false).to_pdf());
    for part in [
        "监管案件报告 4",
        "Regulatory case report",
        "patient:5",
        "立案",
        "opened",
        "逾期未披露 OVERDUE",
        "late",
        "member:1",
        "现行措施",
        "1970-01-01T08:00:00+08:00",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    assert!(
        !text.contains("结论"),
        "an open case has no finding:\n{text}"
    );
    let closed = text_of(&file(true).to_pdf());
    assert!(closed.contains("结论 Finding"), "{closed}");
    assert!(!closed.contains("现行措施"), "{closed}");
}

#[test]
fn reports_tell_what_was_not_read() {
    let whole = file(true);
    let mut cut = file(true);
    cut.cut = vec![Cut::Requests, Cut::Steps];
    let (text, text_of_whole) = (text_of(&cut.to_pdf()), text_of(&whole.to_pdf()));
    for part in ["披露要求过多", "more requests", "行为过多", "more steps"] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
        assert!(!text_of_whole.contains(part), "{text_of_whole}");
    }
    let csv = cut.to_csv();
    let added = csv.strip_prefix(&whole.to_csv()).unwrap();
    assert_eq!(
        added,
        "4,,cut,later requests,,,,,\r\n4,,cut,later steps,,,,,\r\n"
    );
}

#[test]
fn the_same_file_gives_the_same_pdf() {
    assert_eq!(file(true).to_pdf(), file(true).to_pdf());
    assert_ne!(file(true).to_pdf(), file(false).to_pdf());
}

#[test]
fn the_csv_has_a_row_for_each_step() {
    let csv = file(true).to_csv();
    let rows: Vec<Vec<&str>> = csv
        .split_terminator("\r\n")
        .map(|row| row.split(',').collect())
        .collect();
    assert!(rows.iter().all(|row| row.len() == CSV_HEAD.len()), "{csv}");
    assert_eq!(rows[0], CSV_HEAD);
    let hash = format!("0x{}", "ab".repeat(32));
    let time = "1970-01-01T08:00:00+08:00";
    let account = address_of(&AccountId::new([1; 32]));
    assert_eq!(
        rows[1],
        [
            "4",
            time,
            "opened",
            "patient:5",
            "",
            "",
            &account,
            "12",
            &hash
        ]
    );
    assert_eq!(
        rows[2],
        [
            "4",
            time,
            "disclosed",
            "disclosure:1 member:1",
            time,
            "true",
            "",
            "",
            ""
        ]
    );
    assert_eq!(rows[3][2], "closed");
    assert!(rows[3][3].starts_with("9 0x"), "{csv}");
    assert_eq!(rows.len(), 4);
}
