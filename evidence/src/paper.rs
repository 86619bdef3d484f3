//! The readable report of a package, in Chinese and English.
//!
//! It follows from the claim alone, word for word, so that a verifier writes it again and compares.
//! It says what is claimed; whether that holds, the verification says.

use xinglin_pdf::{Align, Column, Document};
use xinglin_primitives::{Hash, Party};

use crate::{
    format::{Claim, Operation, Subject, FORMAT_VERSION},
    state::{
        Access, AccessOutcome, Accessed, Carrier, Erasure, Fact, Invoice, Item, Record,
        RecordVersion, Settlement, Value,
    },
    time::instant,
    vocabulary::Ended,
};

const LEFT: Align = Align::Left;

/// The report as a PDF file.
pub(crate) fn render(genesis: &Hash, claim: &Claim) -> Vec<u8> {
    let mut document = Document::new("杏林链证据 Evidence from a Xinglin chain");
    document.fields(&[
        ("证据内容 Subject", &subject(claim.subject)),
        ("格式 Format", &FORMAT_VERSION.to_string()),
        ("创世哈希 Genesis", &format!("{genesis:?}")),
    ]);
    document.paragraph(
        "本报告仅转述证据包中的声明；声明是否成立，以离线验证的结果为准：\n\
         This report says what the package claims; whether it holds, the verification says, without any network:\n\
         xinglin evidence verify FILE --trust GENESIS.json",
    );
    operations(&mut document, claim);
    states(&mut document, claim);
    contents(&mut document, claim);
    times(&mut document, claim);
    limits(&mut document);
    document.finish()
}

fn subject(subject: Subject) -> String {
    match subject {
        Subject::Receipt => "交易回执 receipt".to_owned(),
        Subject::Record(id) => format!("病历 record {id}"),
        Subject::Trail(id) => format!("就诊全程 trail of appointment {id}"),
    }
}

fn column(title: &str, share: u16) -> Column<'_> {
    Column {
        title,
        share,
        align: LEFT,
    }
}

fn operations(document: &mut Document, claim: &Claim) {
    if claim.operations.is_empty() {
        return;
    }
    document.heading("交易 Transactions");
    let columns = [
        column("区块 Block", 2),
        column("交易哈希 Transaction", 5),
        column("签名账户 Signer", 4),
        column("操作与结果 Call and outcome", 4),
    ];
    let rows = claim.operations.iter().map(|operation| {
        [
            format!("{} / {}", operation.height, operation.index),
            format!("{:?}", operation.transaction),
            or_dash(operation.reading.signer.as_deref()),
            outcome(operation),
        ]
    });
    document.table(&columns, rows);
}

fn or_dash(text: Option<&str>) -> String {
    text.unwrap_or("–").to_owned()
}

fn outcome(operation: &Operation) -> String {
    let call = or_dash(operation.reading.call.as_deref());
    match &operation.reading.ended {
        None => call,
        Some(Ended::Success) => format!("{call}\n成功 success"),
        Some(Ended::Partly(what)) => format!("{call}\n部分执行 in part: {what}"),
        Some(Ended::Refused(error)) => format!("{call}\n被拒绝 refused: {error}"),
    }
}

fn states(document: &mut Document, claim: &Claim) {
    for state in &claim.states {
        let number = state.height;
        document.heading(&format!(
            "第 {number} 区块后的状态 State after block {number}"
        ));
        let columns = [column("事项 Item", 2), column("内容 Content", 5)];
        let rows = state.facts.iter().map(|fact| [item(fact.item), said(fact)]);
        document.table(&columns, rows);
    }
}

fn item(item: Item) -> String {
    match item {
        Item::BlockTime => "区块时间 block time".to_owned(),
        Item::Events => "事件 events".to_owned(),
        Item::Record(id) => format!("病历 record {id}"),
        Item::Version(id, version) => format!("病历 record {id}\n版本 version {version}"),
        Item::Accesses(patient) => format!("调阅日志 access log\n患者 patient {patient}"),
        Item::Access(patient, at) => format!("调阅 access {at}\n患者 patient {patient}"),
        Item::Appointment(id) => format!("挂号 appointment {id}"),
        Item::VisitRecords(id) => format!("就诊病历 records of visit {id}"),
        Item::LatestInvoice(id) => format!("最近票据 latest invoice of visit {id}"),
        Item::Invoice(id) => format!("票据 invoice {id}"),
        Item::Settled(id) => format!("结算情况 settlement of invoice {id}"),
        Item::Settlement(id) => format!("医保结算 settlement {id}"),
        Item::Certificates(authority, number) => {
            format!("时间戳证书 certificates {number}\n时间机构 time authority {authority}")
        }
        Item::Stamp(id) => format!("时间戳 time token {id}"),
    }
}

fn said(fact: &Fact) -> String {
    let Some(value) = &fact.value else {
        return "无 none".to_owned();
    };
    match value {
        Value::BlockTime(at) => instant(*at),
        Value::Events(hash) => format!("Blake2b-256 {hash:?}"),
        Value::Record(it) => record(it),
        Value::Version(it) => version(it),
        Value::Accesses(it) => format!("共 {0} 条 {0} entries", it.accesses),
        Value::Access(it) => access(it),
        Value::Appointment(it) => format!(
            "患者 patient {}，医生 practitioner {}，成员 member {}\n时间 time {}\n状态 state {:?}",
            it.patient,
            it.practitioner,
            it.member,
            instant(it.start),
            it.state
        ),
        Value::VisitRecords(it) => {
            let ids: Vec<String> = it.records.iter().map(ToString::to_string).collect();
            format!("病历 records {}", ids.join(", "))
        }
        Value::LatestInvoice(id) => format!("票据 invoice {id}"),
        Value::Invoice(it) => invoice(it),
        Value::Settled(it) => match it.settlement {
            Some(id) => format!("医保结算 settlement {id}"),
            None => "未结算 not settled".to_owned(),
        },
        Value::Settlement(it) => settlement(it),
        Value::Certificates(it) => format!(
            "共 {0} 份 {0} certificates，登记 registered {1}\n公钥 key SHA-256 {2:?}",
            it.certificates.len(),
            instant(it.registered_at),
            it.key
        ),
        Value::Stamp(it) => format!(
            "时间机构 time authority {}，区块 block {}，时间 time {}\n记录于 recorded in {} / {}\nBlake2b-256 {:?}",
            it.authority,
            it.block,
            instant(it.time),
            it.recorded_in,
            it.extrinsic,
            it.token
        ),
    }
}

fn record(it: &Record) -> String {
    let mut text = format!(
        "患者 patient {}，医生 author {}，成员 member {}，类别 kind {:?}\n共 {} 个版本 versions，首次写入 first written {}",
        it.patient, it.author, it.member, it.kind, it.versions, instant(it.written_at)
    );
    if let Some(at) = it.retracted_at {
        text += &format!("\n已作废 entered in error {}", instant(at));
    }
    if let Erasure::Done { at } = it.erasure {
        text += &format!("\n密钥已销毁 keys destroyed {}", instant(at));
    }
    text
}

fn version(it: &RecordVersion) -> String {
    let place = match &it.carrier {
        Carrier::Block(height) => format!("区块 block {height}"),
        Carrier::External(_) => "外部存储 object store".to_owned(),
    };
    let reason = match &it.reason {
        Some(reason) => format!("，原因 reason {reason:?}"),
        None => String::new(),
    };
    format!(
        "{}，{place}，{} 字节 bytes{reason}\nBlake2b-256 {:?}",
        instant(it.at),
        it.size,
        it.hash
    )
}

fn access(it: &Access) -> String {
    let who = match it.party {
        Party::Member(id) => format!("成员 member {id}"),
        Party::Practitioner(id) => format!("医生 practitioner {id}"),
        Party::Patient(id) => format!("患者 patient {id}"),
    };
    let what = match it.what {
        Accessed::Record(id) => format!("病历 record {id}"),
        Accessed::Emergency(id) => format!("紧急调阅 emergency {id}"),
    };
    let outcome = match &it.outcome {
        AccessOutcome::Allowed(basis) => format!("准许 allowed ({basis:?})"),
        AccessOutcome::Denied(denial) => format!("拒绝 denied ({denial:?})"),
    };
    format!(
        "{}，区块 block {}\n{who}，{what}，目的 purpose {:?}\n{outcome}",
        instant(it.at),
        it.block,
        it.purpose
    )
}

/// Fen as yuan.
fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

fn invoice(it: &Invoice) -> String {
    let number = &it.number;
    let tally = &it.tally;
    format!(
        "编号 number {:04}-{:06}-{:08}，患者 patient {}\n开具 issued {}，区块 block {}\n金额 total {} 元，已付 paid {}，报销 covered {}，冲红 taken back {}{}",
        number.year,
        number.member.0,
        number.sequence,
        it.patient,
        instant(it.issued_at),
        it.issued_in,
        yuan(tally.total_fen),
        yuan(tally.paid_fen),
        yuan(tally.covered_fen),
        yuan(tally.refunded_fen),
        if tally.is_cancelled { "，已取消 cancelled" } else { "" }
    )
}

fn settlement(it: &Settlement) -> String {
    let split = &it.split;
    format!(
        "票据 invoice {}，{}，状态 state {:?}\n基金 fund {} 元，个人账户 account {}，现金 cash {}",
        it.invoice,
        instant(it.settled_at),
        it.state,
        yuan(split.fund_fen()),
        yuan(split.account_fen),
        yuan(split.cash_fen)
    )
}

fn contents(document: &mut Document, claim: &Claim) {
    if claim.contents.is_empty() {
        return;
    }
    document.heading("密文与明文 Ciphertexts and plaintexts");
    let columns = [
        column("内容 Content", 3),
        column("所在交易 In transaction", 3),
        column("明文文件 Plaintext", 2),
    ];
    let rows = claim.contents.iter().enumerate().map(|(number, content)| {
        let plain = match content.key {
            Some(_) => format!("content/{number}.bin"),
            None => "未提供 not given".to_owned(),
        };
        let place = format!(
            "{} @ {}, {} B",
            content.operation, content.offset, content.bytes
        );
        [content.of.to_string(), place, plain]
    });
    document.table(&columns, rows);
}

fn times(document: &mut Document, claim: &Claim) {
    if claim.times.is_empty() {
        return;
    }
    document.heading("可信时间戳 Trusted time-stamps (RFC 3161)");
    let columns = [
        column("文件 File", 2),
        column("区块 Block", 2),
        column("时间 Time", 4),
    ];
    let rows = claim.times.iter().enumerate().map(|(number, time)| {
        let file = format!("time/{number}.tsr");
        let accuracy = match time.accuracy_ms {
            Some(accuracy_ms) => format!(" ± {accuracy_ms} ms"),
            None => String::new(),
        };
        let said = format!(
            "{}{accuracy}\n时间机构 time authority {}",
            instant(time.time_ms),
            time.authority
        );
        [file, time.height.to_string(), said]
    });
    document.table(&columns, rows);
}

fn limits(document: &mut Document) {
    document.heading("证明什么，不证明什么 What this can prove and what it cannot");
    document.paragraph(
        "区块链证明某项内容于何时、以何密钥被记录，且此后未被更改；不证明所记录的内容本身真实，也不证明签名密钥由何人掌握。\n\
         A chain proves that something was recorded, when, and with which key, and that it has not been changed since. It does not prove that what was recorded is true, nor who held the keys.",
    );
    document.paragraph(
        "验证时须自行取得并信任该链的创世文件（或某一高度的验证者名单）；报告中的其余内容均由此推出。\n\
         Whoever verifies brings the chain's genesis file, or the validators of some height, from a source of her own trust; everything else follows from it.",
    );
}
