//! Case files as documents: PDF for people, in Chinese and English, and CSV for programs.
//!
//! Neither has personal data: parties are ids, what was asked for, disclosed and found are codes
//! and digests.

use pallet_audit::{
    states::DisclosureState,
    types::{Disclosure, Statement},
};
use xinglin_pdf::{Align, Column, Document};
use xinglin_primitives::DisclosureId;

use super::{
    case_file::{Act, CaseFile, Cut, Step},
    text::{csv, held, instant, subject},
};
use crate::keys::address_of;

const STEP_COLUMNS: [Column<'static>; 4] = [
    column("时间 Time", 5),
    column("行为 Act", 6),
    column("签名账户 Signed by", 6),
    column("区块与交易 Block and transaction", 8),
];
const REQUEST_COLUMNS: [Column<'static>; 6] = [
    column("编号 No.", 2),
    column("成员 Member", 3),
    column("要求 Asked", 5),
    column("期限 Due", 5),
    column("结果 Result", 7),
    column("摘要 Digest", 8),
];
const HOLD_COLUMNS: [Column<'static>; 2] = [column("对象 Held", 1), column("自 Since", 1)];
const CSV_HEAD: [&str; 9] = [
    "case",
    "time",
    "act",
    "subject",
    "due",
    "late",
    "signedBy",
    "block",
    "transaction",
];

const fn column(title: &'static str, share: u16) -> Column<'static> {
    Column {
        title,
        share,
        align: Align::Left,
    }
}

impl CaseFile {
    /// The case file as a PDF of A4 pages. The same file gives the same bytes.
    pub fn to_pdf(&self) -> Vec<u8> {
        let mut pdf = Document::new(&format!("监管案件报告 {} Regulatory case report", self.id));
        self.write_head(&mut pdf);
        pdf.heading("经过 Everything done for the case");
        pdf.table(&STEP_COLUMNS, self.steps.iter().map(step_row));
        if !self.requests.is_empty() {
            pdf.heading("披露要求 Requests for disclosure");
            pdf.table(
                &REQUEST_COLUMNS,
                self.requests.iter().map(|it| self.request_row(it)),
            );
        }
        if !self.case.holds.is_empty() {
            pdf.heading("现行措施 Holds in force");
            let rows = self.case.holds.iter();
            pdf.table(
                &HOLD_COLUMNS,
                rows.map(|hold| [held(hold.held), instant(hold.since)]),
            );
        }
        self.write_proof(&mut pdf);
        pdf.finish()
    }

    fn write_head(&self, pdf: &mut Document) {
        let case = &self.case;
        let number = self.id.to_string();
        let regulator = format!("member:{}", case.regulator);
        let about = subject(case.subject);
        let (opened, read) = (instant(case.opened_at), instant(self.at));
        let closed = self.finding().map(|(_, at)| instant(at));
        let state = match &closed {
            None => "调查中 open".to_owned(),
            Some(at) => format!("已结案 closed {at}"),
        };
        pdf.fields(&[
            ("案号 Case", &number),
            ("监管机构 Regulator", &regulator),
            ("对象 Subject", &about),
            ("状态 State", &state),
            ("立案 Opened", &opened),
            ("报告 As of", &read),
        ]);
        pdf.paragraph(&format!("立案依据 Legal basis: {}", statement(&case.basis)));
        if let Some((finding, _)) = self.finding() {
            pdf.paragraph(&format!("结论 Finding: {}", statement(&finding)));
        }
    }

    fn request_row(&self, (id, it): &(DisclosureId, Disclosure)) -> [String; 6] {
        let (result, digest) = match it.state {
            DisclosureState::Open if self.at > it.due => ("逾期未披露 OVERDUE".to_owned(), None),
            DisclosureState::Open => ("待披露 open".to_owned(), None),
            DisclosureState::Withdrawn { at } => {
                (format!("已撤回 withdrawn {}", instant(at)), None)
            }
            DisclosureState::Disclosed {
                envelope,
                at,
                is_late,
                ..
            } => {
                let late = if is_late { "（逾期 late）" } else { "" };
                let text = format!("已披露 disclosed {}{late}", instant(at));
                (text, Some(envelope))
            }
        };
        let asked = format!("要求 asked {:?}", it.request);
        let digest = digest.map_or(asked.clone(), |found| {
            format!("{asked}\n信封 envelope {found:?}")
        });
        [
            id.to_string(),
            format!("member:{}", it.member),
            instant(it.requested_at),
            instant(it.due),
            result,
            digest,
        ]
    }

    fn write_proof(&self, pdf: &mut Document) {
        pdf.heading("说明 Notes");
        pdf.paragraph(&format!("创世哈希 Genesis {:?}", self.genesis));
        if self.steps.iter().any(|step| step.place.is_none()) {
            pdf.paragraph(
                "部分行为仅据链上状态，无区块与交易；已解除的措施可能不在其列。\n\
                 Some steps are told by the state of the chain alone, without block and transaction; \
                 holds that were lifted may be missing. A node with an index adds them.",
            );
        }
        for cut in &self.cut {
            pdf.paragraph(missing(*cut));
        }
        pdf.paragraph(
            "本报告以链上记录为准，不含个人信息。链上记录证明何时登记了什么，不证明其内容属实。\n\
             This report is taken from the chain and has no personal data. The chain proves what was \
             recorded and when, not that it is true.",
        );
    }

    /// The steps of the case as CSV, one a row: times in China Standard Time, what is not known
    /// empty. What was not read has rows of its own behind them, with the act `cut`.
    pub fn to_csv(&self) -> String {
        let head = CSV_HEAD.map(str::to_owned);
        let rows = self.steps.iter().map(|step| self.csv_row(step));
        let cut = self.cut.iter().map(|cut| self.csv_row_of(*cut));
        csv(core::iter::once(head).chain(rows).chain(cut))
    }

    fn csv_row_of(&self, cut: Cut) -> [String; 9] {
        let mut row: [String; 9] = Default::default();
        row[0] = self.id.to_string();
        row[2] = "cut".to_owned();
        row[3] = cut.to_string();
        row
    }

    fn csv_row(&self, step: &Step) -> [String; 9] {
        let (act, about) = named(&step.act);
        let request = match step.act {
            Act::Requested(id) | Act::Withdrawn(id) | Act::Disclosed(id) => {
                self.requests.iter().find(|(other, _)| *other == id)
            }
            _ => None,
        };
        let about = match (step.act, request) {
            (Act::Opened, _) => subject(self.case.subject),
            (Act::Closed, _) => self
                .finding()
                .map_or(about, |(finding, _)| statement(&finding)),
            (_, Some((_, it))) => format!("{about} member:{}", it.member),
            _ => about,
        };
        let is_late = match (step.act, request.map(|(_, it)| &it.state)) {
            (Act::Disclosed(_), Some(DisclosureState::Disclosed { is_late, .. })) => {
                is_late.to_string()
            }
            _ => String::new(),
        };
        let place = step.place;
        [
            self.id.to_string(),
            instant(step.at),
            act.to_owned(),
            about,
            request.map_or_else(String::new, |(_, it)| instant(it.due)),
            is_late,
            step.by.as_ref().map_or_else(String::new, address_of),
            place.map_or_else(String::new, |(block, _)| block.to_string()),
            place.map_or_else(String::new, |(_, hash)| format!("{hash:?}")),
        ]
    }
}

/// What a report says of what is not in it.
fn missing(cut: Cut) -> &'static str {
    match cut {
        Cut::Requests => {
            "披露要求过多，本报告仅列最早的部分，此后的要求及其结果不在其列。\n\
             There are more requests for disclosure than a report has: only the oldest are here, later \
             ones and what became of them are not."
        }
        Cut::Steps => {
            "行为过多，链上历史仅取最早的部分，此后的行为仅据链上状态。\n\
             There are more steps than a report has: of the history of the chain only the first are here, \
             later ones only as far as the state tells of them."
        }
    }
}

fn step_row(step: &Step) -> [String; 4] {
    let (act, about) = named(&step.act);
    let place = step.place.map(|(block, hash)| format!("{block}\n{hash:?}"));
    [
        instant(step.at),
        format!("{} {act} {about}", in_chinese(&step.act)),
        step.by.as_ref().map_or_else(|| "—".to_owned(), address_of),
        place.unwrap_or_else(|| "—".to_owned()),
    ]
}

/// A step's name and what it concerns.
fn named(act: &Act) -> (&'static str, String) {
    match act {
        Act::Opened => ("opened", String::new()),
        Act::Transferred { from, to } => ("transferred", format!("member:{from} to member:{to}")),
        Act::Requested(id) => ("requested", format!("disclosure:{id}")),
        Act::Withdrawn(id) => ("withdrawn", format!("disclosure:{id}")),
        Act::Disclosed(id) => ("disclosed", format!("disclosure:{id}")),
        Act::Held(it) => ("held", held(*it)),
        Act::Lifted(it) => ("lifted", held(*it)),
        Act::Closed => ("closed", String::new()),
    }
}

fn in_chinese(act: &Act) -> &'static str {
    match act {
        Act::Opened => "立案",
        Act::Transferred { .. } => "移交",
        Act::Requested(_) => "要求披露",
        Act::Withdrawn(_) => "撤回要求",
        Act::Disclosed(_) => "披露",
        Act::Held(_) => "采取措施",
        Act::Lifted(_) => "解除措施",
        Act::Closed => "结案",
    }
}

fn statement(it: &Statement) -> String {
    format!("{} {:?}", it.code, it.digest)
}

#[cfg(test)]
mod tests;
