//! Documents: their format, their checks and how they are shown.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use proptest::prelude::*;
use xinglin_einvoice::{
    capitals, Day, EInvoice, EInvoiceFile, Fault, FormatError, Hash, ItemClass, Kind, Line, Member,
    Number, PagesFault, Payment, Proof, Service, Setting, Settlement, Source, State,
    FILE_BYTES_MAX, RENDERING, SCHEMA, SCHEMA_1,
};

/// 2024-03-11 09:20 in China.
const ISSUED_MS: u64 = 1_710_120_000_000;

fn line(no: u16, name: &str, unit_price_fen: u64, quantity: u32) -> Line {
    Line {
        no,
        system: Some("urn:example:catalogue".into()),
        code: format!("T-{no:03}"),
        name: name.into(),
        class: ItemClass::B,
        prepay_bp: 1_050,
        unit_price_fen,
        price_limit_fen: (no == 2).then_some(90_000),
        fund_share_bp: None,
        quantity,
        amount_fen: unit_price_fen * u64::from(quantity),
    }
}

/// A settled and paid invoice of 2,645.05 yuan.
fn blue() -> EInvoice {
    EInvoice {
        schema: SCHEMA.into(),
        number: Number {
            year: 2024,
            member: 7,
            sequence: 42,
        },
        kind: Kind::Blue,
        issuer: Member {
            id: 7,
            name: "测试三甲医院".into(),
        },
        patient: 1_001,
        visit: Some(12),
        service: Service {
            first: Day::from_days(19_792).unwrap(),
            last: Day::from_days(19_793).unwrap(),
        },
        setting: Setting::Outpatient,
        issued_at_ms: ISSUED_MS,
        lines: vec![
            line(1, "生化全项", 18_650, 1),
            line(2, "造影导管", 112_900, 2),
            line(3, "注射费", 5, 11),
        ],
        total_fen: 244_505,
        total_in_words: "贰仟肆佰肆拾伍元零伍分".into(),
        settlement: Some(Settlement {
            id: 5,
            fund_fen: 180_000,
            account_fen: 20_000,
            cash_fen: 44_505,
            covered_fen: 200_000,
        }),
        payments: vec![
            Payment {
                source: Source::Balance,
                amount_fen: 40_000,
                returned_fen: 0,
                at_ms: ISSUED_MS + 60_000,
            },
            Payment {
                source: Source::Outside { provider: 3 },
                amount_fen: 4_505,
                returned_fen: 0,
                at_ms: ISSUED_MS + 90_000,
            },
        ],
        refunded_fen: 0,
        state: State::Balanced,
        proof: Proof {
            genesis: Hash([1; 32]),
            block_height: 77,
            extrinsic: Hash([2; 32]),
            envelope: Hash([3; 32]),
            salt: Hash([4; 32]),
        },
    }
}

/// Takes back one catheter.
fn red() -> EInvoice {
    let mut red = blue();
    red.number.sequence = 43;
    red.kind = Kind::Red { of: blue().number };
    red.lines = vec![Line {
        quantity: 1,
        amount_fen: 112_900,
        ..line(2, "造影导管", 112_900, 2)
    }];
    red.total_fen = 112_900;
    red.total_in_words = "（负数）壹仟壹佰贰拾玖元整".into();
    red.settlement = None;
    red.payments.clear();
    red.state = State::Issued;
    red
}

/// The same as the version before wrote it.
fn of_version_1(mut invoice: EInvoice) -> EInvoice {
    invoice.schema = SCHEMA_1.into();
    invoice.lines.iter_mut().for_each(|line| line.system = None);
    invoice
}

/// A change of a document.
type Change = fn(&mut EInvoice);

#[test]
fn sound_documents_pass() {
    assert_eq!(blue().check(), Ok(()));
    assert_eq!(red().check(), Ok(()));
    assert_eq!(red().check_red_of(&blue()), Ok(()));
}

#[test]
fn every_state_follows_from_the_amounts() {
    let cases: [(State, Change); 6] = [
        (State::Issued, |it| {
            it.settlement = None;
            it.payments.clear();
        }),
        (State::Cancelled, |it| {
            it.settlement = None;
            it.payments.clear();
        }),
        (State::PartlyPaid, |it| it.payments.truncate(1)),
        (State::Paid, |it| {
            it.settlement = None;
            it.payments.truncate(1);
            it.payments[0].amount_fen = it.total_fen;
        }),
        (State::PartlyRefunded, |it| {
            it.settlement = None;
            it.refunded_fen = 100;
        }),
        (State::Refunded, |it| {
            it.settlement = None;
            it.refunded_fen = it.total_fen;
            it.payments
                .iter_mut()
                .for_each(|payment| payment.returned_fen = payment.amount_fen);
        }),
    ];
    for (state, change) in cases {
        let mut invoice = blue();
        change(&mut invoice);
        invoice.state = state;
        assert_eq!(invoice.check(), Ok(()), "{state:?}");
        let wrong = if state == State::Paid {
            State::Balanced
        } else {
            State::Paid
        };
        invoice.state = wrong;
        let expected = if state == State::Cancelled {
            State::Issued
        } else {
            state
        };
        assert_eq!(
            invoice.check(),
            Err(vec![Fault::State {
                expected,
                found: wrong
            }])
        );
    }
}

#[test]
fn every_changed_amount_is_found() {
    let changes: [Change; 14] = [
        |it| it.lines[0].unit_price_fen += 1,
        |it| it.lines[1].quantity -= 1,
        |it| it.lines[2].amount_fen += 1,
        |it| it.total_fen -= 1,
        |it| it.total_in_words = "贰仟肆佰肆拾伍元零陆分".into(),
        |it| it.settlement.as_mut().unwrap().fund_fen += 1,
        |it| it.settlement.as_mut().unwrap().account_fen -= 1,
        |it| it.settlement.as_mut().unwrap().cash_fen += 1,
        |it| it.settlement.as_mut().unwrap().covered_fen -= 1,
        |it| it.payments[0].amount_fen += 1,
        |it| it.payments[1].amount_fen -= 1,
        |it| it.payments[1].returned_fen += 1,
        |it| it.refunded_fen += 1,
        |it| it.settlement = None,
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut invoice = blue();
        change(&mut invoice);
        assert!(invoice.check().is_err(), "change {index} is not found");
    }
}

#[test]
fn faults_say_what_is_wrong() {
    let cases: [(Change, Fault); 20] = [
        (|it| it.schema = "xinglin/e-invoice/3".into(), Fault::Schema),
        // The version before has no systems.
        (|it| it.schema = SCHEMA_1.into(), Fault::Schema),
        (
            |it| it.lines[0].system = None,
            Fault::LineNameless { no: 1 },
        ),
        (
            |it| it.lines[2].system = Some(" ".into()),
            Fault::LineNameless { no: 3 },
        ),
        (|it| it.number.sequence = 0, Fault::Number),
        (|it| it.issuer.id = 8, Fault::Number),
        (
            |it| it.number.year = 2023,
            Fault::Year {
                expected: 2024,
                found: 2023,
            },
        ),
        (
            |it| it.service.first = Day::from_days(19_794).unwrap(),
            Fault::Service,
        ),
        (
            |it| it.service.last = Day::from_days(19_794).unwrap(),
            Fault::Service,
        ),
        (|it| it.lines[1].no = 5, Fault::LineOrder { no: 5 }),
        (
            |it| it.lines[0].name = " ".into(),
            Fault::LineNameless { no: 1 },
        ),
        (
            |it| it.lines[0].unit_price_fen = 0,
            Fault::LineEmpty { no: 1 },
        ),
        (|it| it.lines[2].quantity = 0, Fault::LineEmpty { no: 3 }),
        (
            |it| it.lines[2].prepay_bp = 10_001,
            Fault::LineShare { no: 3 },
        ),
        (
            |it| it.lines[2].amount_fen = 54,
            Fault::LineAmount {
                no: 3,
                expected: 55,
                found: 54,
            },
        ),
        (
            |it| it.total_fen = 1,
            Fault::Total {
                expected: 244_505,
                found: 1,
            },
        ),
        (
            |it| it.settlement.as_mut().unwrap().covered_fen = 200_001,
            Fault::Covered {
                most: 200_000,
                found: 200_001,
            },
        ),
        (
            |it| it.payments[1].at_ms = ISSUED_MS,
            Fault::Payment { no: 2 },
        ),
        (
            |it| it.refunded_fen = 244_506,
            Fault::RefundAbove {
                total: 244_505,
                refunded: 244_506,
            },
        ),
        (|it| it.lines.clear(), Fault::LineCount { found: 0 }),
    ];
    for (change, fault) in cases {
        let mut invoice = blue();
        change(&mut invoice);
        let faults = invoice.check().unwrap_err();
        assert!(faults.contains(&fault), "{fault:?} is not in {faults:?}");
    }
    let mut long = blue();
    long.lines = (1..=129).map(|no| line(no, "项目", 1, 1)).collect();
    assert!(long
        .check()
        .unwrap_err()
        .contains(&Fault::LineCount { found: 129 }));
}

#[test]
fn a_red_letter_invoice_is_a_part_of_its_blue_one() {
    let changes: [Change; 7] = [
        |it| it.lines[0].system = Some("urn:example:other".into()),
        |it| it.lines[0].amount_fen = 225_801,
        |it| it.lines[0].quantity = 3,
        |it| it.lines[0].unit_price_fen += 1,
        |it| it.lines[0].code = "T-003".into(),
        |it| it.lines[0].no = 1,
        |it| it.lines[0].class = ItemClass::A,
    ];
    for change in changes {
        let mut changed = red();
        change(&mut changed);
        let no = changed.lines[0].no;
        assert_eq!(
            changed.check_red_of(&blue()),
            Err(vec![Fault::RedLine { no }])
        );
    }
    let others: [Change; 4] = [
        |it| it.patient += 1,
        |it| it.proof.genesis = Hash([9; 32]),
        |it| it.kind = Kind::Blue,
        |it| {
            it.kind = Kind::Red {
                of: Number {
                    year: 2024,
                    member: 7,
                    sequence: 41,
                },
            }
        },
    ];
    for change in others {
        let mut changed = red();
        change(&mut changed);
        assert_eq!(
            changed.check_red_of(&blue()),
            Err(vec![Fault::NotRedOf {
                blue: blue().number
            }])
        );
    }
    let mut own = red();
    own.kind = Kind::Red { of: own.number };
    assert_eq!(own.check(), Err(vec![Fault::RedOf]));
    let mut paid = red();
    paid.payments = blue().payments;
    assert_eq!(paid.check(), Err(vec![Fault::RedHasMore]));
    let mut nothing = red();
    nothing.lines[0].amount_fen = 0;
    assert!(nothing
        .check()
        .unwrap_err()
        .contains(&Fault::LineTakesNothing { no: 2 }));
    // Only the price is lowered.
    let mut lowered = red();
    lowered.lines[0].quantity = 0;
    assert_eq!(lowered.check(), Ok(()));
    assert_eq!(lowered.check_red_of(&blue()), Ok(()));
}

#[test]
fn json_has_stable_names() {
    let json: serde_json::Value = serde_json::from_str(&red().to_json()).unwrap();
    assert_eq!(json["schema"], "xinglin/e-invoice/2");
    assert_eq!(json["lines"][0]["system"], "urn:example:catalogue");
    assert_eq!(json["kind"]["red"]["of"]["sequence"], 42);
    assert_eq!(json["service"]["last"], "2024-03-11");
    assert_eq!(json["setting"], "outpatient");
    assert_eq!(json["lines"][0]["unitPriceFen"], 112_900);
    assert_eq!(json["lines"][0]["class"], "B");
    assert_eq!(json["proof"]["salt"], format!("0x{}", "04".repeat(32)));
    let json: serde_json::Value = serde_json::from_str(&blue().to_json()).unwrap();
    assert_eq!(json["kind"], "blue");
    assert_eq!(json["payments"][0]["source"], "balance");
    assert_eq!(json["payments"][1]["source"]["outside"]["provider"], 3);
    assert_eq!(json["settlement"]["coveredFen"], 200_000);
    assert_eq!(json["state"], "balanced");
}

/// The format is public: another spelling of a field is another version.
#[test]
fn json_is_that_of_the_documentation() {
    let page = include_str!("../../../docs/e-invoice.md");
    let (_, example) = page.split_once("```json\n").unwrap();
    let (example, _) = example.split_once("\n```").unwrap();
    assert_eq!(example, blue().to_json());
    assert_eq!(EInvoice::from_json(example).unwrap().check(), Ok(()));
}

#[test]
fn json_comes_back_as_it_went() {
    for invoice in [blue(), red(), of_version_1(blue()), of_version_1(red())] {
        let json = invoice.to_json();
        let back = EInvoice::from_json(&json).unwrap();
        assert_eq!(back, invoice);
        assert_eq!(back.to_json(), json);
    }
}

#[test]
fn documents_of_the_version_before_are_read() {
    let json = of_version_1(blue()).to_json();
    assert!(!json.contains("\"system\""), "{json}");
    let old = EInvoice::from_json(&json).unwrap();
    assert_eq!((old.check(), old.has_systems()), (Ok(()), false));
    // The parts of an invoice may be of different versions.
    let old_red = of_version_1(red());
    assert_eq!(old_red.check_red_of(&old), Ok(()));
    assert_eq!(old_red.check_red_of(&blue()), Ok(()));
    assert_eq!(red().check_red_of(&old), Ok(()));
    assert!(old.to_pdf().starts_with(b"%PDF-"));
}

#[test]
fn json_of_another_form_is_refused() {
    let json = blue().to_json();
    let refused = |from: &str, to: &str| {
        let changed = json.replacen(from, to, 1);
        assert_ne!(changed, json, "{from} is in the document");
        EInvoice::from_json(&changed).unwrap_err()
    };
    assert_eq!(refused("e-invoice/2", "e-invoice/3"), FormatError::Schema);
    for (from, to) in [
        ("\"patient\": 1001", "\"patient\": \"测试\""),
        ("\"patient\": 1001", "\"patient\": 1001, \"测试\": 1"),
        ("\"totalFen\": 244505", "\"totalFen\": -244505"),
        ("\"totalFen\": 244505", "\"totalFen\": 2445.05"),
        ("\"totalFen\": 244505,", ""),
        ("0x0101", "0x01"),
        ("2024-03-11", "2024-02-30"),
        ("\"outpatient\"", "\"elsewhere\""),
    ] {
        let error = refused(from, to);
        assert!(
            matches!(error, FormatError::Malformed { .. }),
            "{to}: {error:?}"
        );
        assert!(!error.to_string().contains("测试"), "{error}");
    }
    assert!(matches!(
        EInvoice::from_json("["),
        Err(FormatError::Malformed { .. })
    ));
    assert_eq!(
        EInvoice::from_json(&" ".repeat(2_000_000)),
        Err(FormatError::TooLong)
    );
}

#[test]
fn nothing_of_what_was_charged_is_printed() {
    let invoice = blue();
    let printed = format!(
        "{invoice:?} {:?} {:?} {:?}",
        invoice.lines, invoice.settlement, invoice.payments
    );
    assert!(
        printed.is_ascii() && !printed.contains("T-001") && !printed.contains("18650"),
        "{printed}"
    );
}

/// The text of a PDF as another program reads it, or none if that is not installed.
fn text_of(name: &str, pdf: &[u8]) -> Option<String> {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, pdf).unwrap();
    let output = Command::new("pdftotext")
        .arg("-layout")
        .arg(&path)
        .arg("-")
        .output()
        .ok()?;
    std::fs::remove_file(&path).unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    let is_complete = output.status.success() && !complaints.contains("Missing language pack");
    is_complete.then(|| String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_pdf_shows_what_the_document_says() {
    let (Some(blue_text), Some(red_text)) = (
        text_of("blue.pdf", &blue().to_pdf()),
        text_of("red.pdf", &red().to_pdf()),
    ) else {
        eprintln!("skipped: pdftotext (poppler-utils) or poppler-data is not installed");
        return;
    };
    for expected in [
        "医疗电子票据",
        "2024-000007-00000042",
        "测试三甲医院（7）",
        "2024-03-11 09:20:00",
        "生化全项",
        "2258.00",
        "10.5%",
        "900.00",
        "￥2445.05",
        "贰仟肆佰肆拾伍元零伍分",
        "1800.00",
        "支付机构 3",
        "已结清",
        &format!("0x{}", "03".repeat(32)),
    ] {
        assert!(
            blue_text.contains(expected),
            "{expected} is not in:\n{blue_text}"
        );
    }
    for expected in [
        "医疗电子票据（红字）",
        "对应蓝字票据",
        "2024-000007-00000042",
        "-1129.00",
        "（负数）壹仟壹佰贰拾玖元整",
    ] {
        assert!(
            red_text.contains(expected),
            "{expected} is not in:\n{red_text}"
        );
    }
}

#[test]
fn the_pdf_depends_on_the_document_only() {
    assert_eq!(blue().to_pdf(), blue().to_pdf());
    let mut other = blue();
    other.payments[0].amount_fen += 1;
    assert_ne!(blue().to_pdf(), other.to_pdf());
    let mut long = blue();
    long.lines = (1..=128)
        .map(|no| line(no, "名称很长的项目名称很长的项目", 1, 1))
        .collect();
    let pdf = long.to_pdf();
    let pages = pdf
        .windows(11)
        .filter(|window| window == b"/Type /Page")
        .count();
    assert!(pages > 4, "{pages}");
}

#[test]
fn a_file_is_json_or_a_pdf_with_it_attached() {
    for invoice in [blue(), red(), of_version_1(blue())] {
        let json = EInvoiceFile::read(invoice.to_json().as_bytes()).unwrap();
        assert_eq!((&json.document, json.pages), (&invoice, None));
        let pdf = EInvoiceFile::read(&invoice.to_pdf()).unwrap();
        assert_eq!((&pdf.document, pdf.pages), (&invoice, Some(Ok(()))));
    }
    let too_long = vec![b' '; FILE_BYTES_MAX + 1];
    for (file, error) in [
        (&too_long[..], FormatError::TooLong),
        (&[0xff_u8][..], FormatError::NotText),
        (&b"%PDF-1.7\n%%EOF\n"[..], FormatError::NothingAttached),
    ] {
        assert_eq!(EInvoiceFile::read(file), Err(error));
    }
}

/// Puts other bytes of the same length in the place of some that are there.
fn replaced(file: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut places = file.windows(from.len());
    let at = places.position(|bytes| bytes == from.as_bytes()).unwrap();
    let mut changed = file.to_vec();
    changed[at..at + to.len()].copy_from_slice(to.as_bytes());
    changed
}

#[test]
fn what_differs_in_a_pdf_is_told() {
    let genuine = blue().to_pdf();
    let pages = |file: &[u8]| {
        let file = EInvoiceFile::read(file).unwrap();
        (file.document == blue(), file.pages.unwrap())
    };
    // Only what is attached, of which the pages then say otherwise.
    let changed = replaced(&genuine, "\"patient\": 1001", "\"patient\": 1002");
    assert!(matches!(
        pages(&changed),
        (false, Err(PagesFault::Changed { .. }))
    ));
    // Only the pages: here a line.
    let lines = genuine.windows(3).rposition(|bytes| bytes == b" l\n");
    let at = lines.unwrap() - 1;
    let mut changed = genuine.clone();
    changed[at] ^= 1;
    let expected = PagesFault::Changed { at };
    assert_eq!(pages(&changed), (true, Err(expected)));
    // Something behind its end, as when a program signs it or fills a form.
    let longer = [&genuine[..], b"\n"].concat();
    let expected = PagesFault::Changed { at: genuine.len() };
    assert_eq!(pages(&longer), (true, Err(expected)));
    // Another rendering is told as such.
    let found = RENDERING + 1;
    let (from, to) = (
        format!("rendering {RENDERING}"),
        format!("rendering {found}"),
    );
    let expected = PagesFault::OtherRendering { found };
    let other = replaced(&genuine, &from, &to);
    assert_eq!(pages(&other), (true, Err(expected)));
    assert!(expected.to_string().contains(&to), "{expected}");
}

/// Each byte with one of its bits flipped: each time another one.
#[test]
fn every_flipped_byte_of_a_pdf_is_found() {
    let pdf = blue().to_pdf();
    let mut reasons = std::collections::BTreeSet::new();
    for at in 0..pdf.len() {
        let mut flipped = pdf.clone();
        flipped[at] ^= 1 << (at % 8);
        match EInvoiceFile::read(&flipped) {
            Ok(file) => {
                // What the pages do not show, such as catalogues, makes another document and its
                // rendering: the chain tells.
                let is_found = file.pages.unwrap().is_err() || file.document != blue();
                assert!(is_found, "byte {at}");
            }
            Err(error) => {
                reasons.insert(error.to_string());
            }
        }
    }
    assert!(reasons.len() > 3, "{reasons:?}");
}

proptest! {
    #[test]
    fn any_sound_invoice_survives(prices in proptest::collection::vec((1_u64..10_000_000, 1_u32..1_000), 1..20), name in "\\PC{1,20}", share in 0_u64..=100) {
        prop_assume!(!name.trim().is_empty());
        let mut invoice = blue();
        invoice.lines = (1..).zip(&prices).map(|(no, (price, quantity))| line(no, &name, *price, *quantity)).collect();
        invoice.total_fen = invoice.lines.iter().map(|line| line.amount_fen).sum();
        invoice.total_in_words = capitals(invoice.total_fen);
        let fund_fen = invoice.total_fen * share / 100;
        let cash_fen = invoice.total_fen - fund_fen;
        invoice.settlement = Some(Settlement { id: 1, fund_fen, account_fen: 0, cash_fen, covered_fen: fund_fen });
        invoice.payments.truncate(usize::from(cash_fen > 0));
        if let Some(payment) = invoice.payments.first_mut() {
            payment.amount_fen = cash_fen;
        }
        prop_assert_eq!(invoice.check(), Ok(()));
        prop_assert_eq!(EInvoice::from_json(&invoice.to_json()), Ok(invoice.clone()));
        prop_assert!(invoice.to_pdf().starts_with(b"%PDF-"));
    }

    #[test]
    fn no_file_panics(noise in proptest::collection::vec(any::<u8>(), 0..100), at in any::<prop::sample::Index>()) {
        let _outcome = EInvoiceFile::read(&noise);
        let mut file = blue().to_pdf();
        let at = at.index(file.len());
        let end = file.len().min(at + noise.len());
        drop(file.splice(at..end, noise));
        let _outcome = EInvoiceFile::read(&file);
        file.truncate(at);
        let _outcome = EInvoiceFile::read(&file);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,100}", at in any::<prop::sample::Index>(), byte in 0_u8..128) {
        let _outcome = EInvoice::from_json(&text);
        let mut json = blue().to_json().into_bytes();
        let at = at.index(json.len());
        json[at] = byte;
        if let Ok(json) = String::from_utf8(json) {
            if let Ok(invoice) = EInvoice::from_json(&json) {
                let _faults = invoice.check();
                let _pdf = invoice.to_pdf();
            }
        }
    }
}
