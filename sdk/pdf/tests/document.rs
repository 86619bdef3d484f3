//! Documents, read back.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{io::Write, process::Command};

use proptest::prelude::*;
use xinglin_pdf::{attached_json, producer, Align, Column, Document};

const COLUMNS: [Column<'static>; 3] = [
    Column {
        title: "项目",
        share: 5,
        align: Align::Left,
    },
    Column {
        title: "数量",
        share: 1,
        align: Align::Right,
    },
    Column {
        title: "金额（元）",
        share: 2,
        align: Align::Right,
    },
];

fn table_of(rows: usize) -> Vec<u8> {
    let mut document = Document::new("收费明细 Statement");
    document.heading("一、基本信息");
    document.fields(&[
        ("单位", "测试医院"),
        ("号码", "2024-000001-00000001"),
        ("备注", "(括号) \\ 反斜杠"),
    ]);
    document.table(
        &COLUMNS,
        (1..=rows).map(|row| [format!("项目{row} Item"), "1".into(), format!("{row}.00")]),
    );
    document.paragraph("合计见末行。");
    document.finish()
}

/// The shown strings of a file whose streams are not compressed, by page.
fn pages(file: &[u8]) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut rest = file;
    while let Some(start) = find(rest, b"stream\n") {
        let body = &rest[start + 7..];
        let end = find(body, b"\nendstream").unwrap();
        pages.push(shown(&body[..end]));
        rest = &body[end + 10..];
    }
    pages
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

/// The operands of `Tj`, as UTF-16BE.
fn shown(content: &[u8]) -> Vec<String> {
    let mut strings = Vec::new();
    let mut at = 0;
    while at < content.len() {
        let bytes = match content[at] {
            b'(' => literal(content, &mut at),
            b'<' => hexadecimal(content, &mut at),
            _ => {
                at += 1;
                continue;
            }
        };
        let units: Vec<u16> = bytes
            .chunks(2)
            .map(|unit| u16::from_be_bytes([unit[0], unit[1]]))
            .collect();
        strings.push(String::from_utf16(&units).unwrap());
    }
    strings
}

fn hexadecimal(content: &[u8], at: &mut usize) -> Vec<u8> {
    let end = *at
        + content[*at..]
            .iter()
            .position(|byte| *byte == b'>')
            .unwrap();
    let digits = std::str::from_utf8(&content[*at + 1..end]).unwrap();
    *at = end + 1;
    (0..digits.len())
        .step_by(2)
        .map(|index| u8::from_str_radix(&digits[index..index + 2], 16).unwrap())
        .collect()
}

fn literal(content: &[u8], at: &mut usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut depth = 0;
    loop {
        let byte = content[*at];
        *at += 1;
        match byte {
            b'(' => {
                depth += 1;
                if depth > 1 {
                    bytes.push(byte);
                }
            }
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return bytes;
                }
                bytes.push(byte);
            }
            b'\\' => {
                let escaped = content[*at];
                *at += 1;
                bytes.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'f' => 12,
                    b'0'..=b'7' => {
                        let octal = std::str::from_utf8(&content[*at - 1..*at + 2]).unwrap();
                        *at += 2;
                        u8::from_str_radix(octal, 8).unwrap()
                    }
                    other => other,
                });
            }
            other => bytes.push(other),
        }
    }
}

#[test]
fn text_is_readable_and_pages_are_numbered() {
    let pages = pages(&table_of(120));
    assert!(pages.len() > 2);
    for (index, page) in pages.iter().enumerate() {
        assert_eq!(
            *page.last().unwrap(),
            format!("{} / {}", index + 1, pages.len())
        );
    }
    assert_eq!(pages[0][0], "收费明细 Statement");
    assert!(pages[0].contains(&"(括号) \\ 反斜杠".to_owned()));
    let heads = pages
        .iter()
        .filter(|page| page.contains(&"金额（元）".to_owned()))
        .count();
    assert!(heads >= pages.len() - 1, "the head is repeated");
    let items: Vec<&String> = pages
        .iter()
        .flatten()
        .filter(|text| text.ends_with(" Item"))
        .collect();
    assert_eq!(items.len(), 120);
}

#[test]
fn the_same_calls_give_the_same_bytes() {
    assert_eq!(table_of(30), table_of(30));
    assert_ne!(table_of(30), table_of(31));
}

/// A document with JSON attached, whose text has the marks of one.
fn with_attached(json: &str) -> Vec<u8> {
    let mut document = Document::new("标题");
    document.set_producer("Test 1");
    document.paragraph("/Type /EmbeddedFile /Size 1\nstream\n/Producer (x)");
    document.attach_json("data.json", json.to_owned());
    document.finish()
}

#[test]
fn what_is_attached_is_found() {
    let marks = "{\"a\": \"/Type /EmbeddedFile /Size 1\nstream\n1\nendstream /Producer (x)\"}";
    for json in ["{}", "", "医疗电子票据", marks] {
        let file = with_attached(json);
        assert_eq!(attached_json(&file), Some(json.as_bytes()));
        assert_eq!(producer(&file), Some("Test 1"));
    }
    assert_eq!(attached_json(&table_of(1)), None);
    assert_eq!(producer(&table_of(1)), Some("Xinglin"));
}

#[test]
fn an_independent_reader_finds_what_is_attached() {
    let (mut file, mut detached) = (tempfile_path(), tempfile_path());
    file.push("attached.pdf");
    detached.push("detached.json");
    std::fs::write(&file, with_attached("{\"名\": 1}")).unwrap();
    let Ok(output) = Command::new("pdfdetach")
        .args(["-savefile", "data.json", "-o"])
        .args([&detached, &file])
        .output()
    else {
        eprintln!("skipped: pdfdetach (poppler-utils) is not installed");
        return;
    };
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaints}");
    let found = std::fs::read_to_string(&detached).unwrap();
    assert_eq!(found, "{\"名\": 1}");
    std::fs::remove_file(&file).unwrap();
    std::fs::remove_file(&detached).unwrap();
}

#[test]
fn the_cross_reference_table_points_at_the_objects() {
    for file in [table_of(80), with_attached("{}")] {
        its_cross_references_point_at_its_objects(&file);
    }
}

fn its_cross_references_point_at_its_objects(file: &[u8]) {
    let text = String::from_utf8_lossy(file);
    assert!(text.starts_with("%PDF-1.7") && text.trim_end().ends_with("%%EOF"));
    let tail = &text[text.rfind("startxref").unwrap() + 9..];
    let start: usize = tail.split_whitespace().next().unwrap().parse().unwrap();
    let table = std::str::from_utf8(&file[start..]).unwrap();
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("xref"));
    let count: usize = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    for (number, line) in lines.take(count).enumerate().skip(1) {
        let offset: usize = line[..10].parse().unwrap();
        assert!(
            file[offset..].starts_with(format!("{number} 0 obj").as_bytes()),
            "object {number}"
        );
    }
}

#[test]
fn an_independent_reader_finds_the_text() {
    let mut file = tempfile_path();
    file.push("document.pdf");
    std::fs::File::create(&file)
        .unwrap()
        .write_all(&table_of(100))
        .unwrap();
    let Ok(output) = Command::new("pdftotext")
        .arg("-layout")
        .arg(&file)
        .arg("-")
        .output()
    else {
        eprintln!("skipped: pdftotext (poppler-utils) is not installed");
        return;
    };
    std::fs::remove_file(&file).unwrap();
    assert!(output.status.success());
    let complaints = String::from_utf8_lossy(&output.stderr);
    if complaints.contains("Missing language pack") {
        eprintln!("skipped: the tables of Chinese encodings (poppler-data) are not installed");
        return;
    }
    let text = String::from_utf8(output.stdout).unwrap();
    for expected in [
        "收费明细 Statement",
        "测试医院",
        "项目100 Item",
        "100.00",
        "合计见末行。",
    ] {
        assert!(text.contains(expected), "{expected} is not in:\n{text}");
    }
}

/// A folder of this test process.
fn tempfile_path() -> std::path::PathBuf {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_attachment_is_found_and_no_bytes_panic(json in "\\PC{0,200}", noise in proptest::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>()) {
        let mut file = with_attached(&json);
        prop_assert_eq!(attached_json(&file), Some(json.as_bytes()));
        let at = at.index(file.len());
        let end = file.len().min(at + noise.len());
        drop(file.splice(at..end, noise));
        let _found = (attached_json(&file), producer(&file));
        file.truncate(at);
        let _found = (attached_json(&file), producer(&file));
    }

    #[test]
    fn any_text_is_written_whole(text in "\\PC{0,400}", rows in proptest::collection::vec("[一-龥a-z0-9 ]{0,2000}", 0..6)) {
        let mut document = Document::new(&text);
        document.paragraph(&text);
        document.fields(&[(&text, &text), (&text, "")]);
        document.table(&COLUMNS, rows.iter().map(|cell| [cell.clone()]));
        let written: String = pages(&document.finish()).concat().concat();
        let squeezed = |text: &str| text.chars().filter(|it| !it.is_whitespace()).collect::<String>();
        let written = squeezed(&written);
        prop_assert!(written.contains(&squeezed(&text)));
        let count = |text: &str| text.chars().filter(|it| !it.is_whitespace()).count();
        let least: usize = rows.iter().map(|row| count(row)).sum::<usize>() + 5 * count(&text);
        prop_assert!(count(&written) >= least);
    }
}
