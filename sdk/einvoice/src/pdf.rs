//! The document as people read it.

use xinglin_pdf::{Align, Column, Document};

use crate::{
    day::moment,
    document::{EInvoice, ItemClass, Kind, Line, Payment, Setting, Settlement, Source, State},
};

/// The version of the rendering. Whatever changes a byte of it, here, in `xinglin-pdf` or in the libraries
/// below, makes another one, so that PDFs of before are told from changed ones.
pub const RENDERING: u32 = 1;
/// What stands before it in a PDF's name of its producer.
const PRODUCER: &str = "Xinglin e-invoice rendering ";
/// The name of the attached document.
const ATTACHED_NAME: &str = "e-invoice.json";
const FEN_PER_YUAN: u64 = 100;
const LINE_COLUMNS: [Column<'static>; 9] = [
    Column {
        title: "序号",
        share: 4,
        align: Align::Right,
    },
    Column {
        title: "项目编码",
        share: 12,
        align: Align::Left,
    },
    Column {
        title: "项目名称",
        share: 20,
        align: Align::Left,
    },
    Column {
        title: "类别",
        share: 5,
        align: Align::Left,
    },
    Column {
        title: "先行自付",
        share: 7,
        align: Align::Right,
    },
    Column {
        title: "单价",
        share: 9,
        align: Align::Right,
    },
    Column {
        title: "限价",
        share: 9,
        align: Align::Right,
    },
    Column {
        title: "数量",
        share: 6,
        align: Align::Right,
    },
    Column {
        title: "金额（元）",
        share: 11,
        align: Align::Right,
    },
];
const PAYMENT_COLUMNS: [Column<'static>; 4] = [
    Column {
        title: "来源",
        share: 4,
        align: Align::Left,
    },
    Column {
        title: "时间（北京时间）",
        share: 4,
        align: Align::Left,
    },
    Column {
        title: "金额（元）",
        share: 3,
        align: Align::Right,
    },
    Column {
        title: "其中已退（元）",
        share: 3,
        align: Align::Right,
    },
];

impl EInvoice {
    /// The document as a PDF of A4 pages, with its JSON attached. The same invoice gives the same
    /// bytes; see [`EInvoiceFile`](crate::EInvoiceFile) for what that is good for.
    pub fn to_pdf(&self) -> Vec<u8> {
        let mut pdf = Document::new(match self.kind {
            Kind::Blue => "医疗电子票据",
            Kind::Red { .. } => "医疗电子票据（红字）",
        });
        pdf.set_producer(&format!("{PRODUCER}{RENDERING}"));
        pdf.attach_json(ATTACHED_NAME, self.to_json());
        self.write_head(&mut pdf);
        pdf.heading("收费明细");
        pdf.table(&LINE_COLUMNS, self.lines.iter().map(|line| self.row(line)));
        let total = self.signed_yuan(self.total_fen);
        pdf.fields(&[
            ("合计（小写）", &format!("￥{total}")),
            ("合计（大写）", &self.total_in_words),
        ]);
        if let Some(settlement) = &self.settlement {
            write_settlement(&mut pdf, settlement);
        }
        if !self.payments.is_empty() {
            pdf.heading("缴费记录");
            pdf.table(&PAYMENT_COLUMNS, self.payments.iter().map(payment_row));
        }
        self.write_proof(&mut pdf);
        pdf.finish()
    }

    fn write_head(&self, pdf: &mut Document) {
        let issuer = format!("{}（{}）", self.issuer.name, self.issuer.id);
        let number = self.number.to_string();
        let patient = self.patient.to_string();
        let service = format!("{} 至 {}", self.service.first, self.service.last);
        let issued = moment(self.issued_at_ms);
        let visit = self
            .visit
            .map_or_else(|| "—".to_owned(), |visit| visit.to_string());
        let refunded = yuan(self.refunded_fen);
        let mut fields = vec![
            ("票据号码", number.as_str()),
            ("开票单位", issuer.as_str()),
            ("患者编号", patient.as_str()),
            ("就诊编号", visit.as_str()),
            ("服务日期", service.as_str()),
            ("就诊类型", setting_name(self.setting)),
            ("开票时间", issued.as_str()),
        ];
        let blue;
        match self.kind {
            Kind::Blue => {
                fields.push(("状态", state_name(self.state)));
                if self.refunded_fen > 0 {
                    fields.push(("已红冲（元）", refunded.as_str()));
                }
            }
            Kind::Red { of } => {
                blue = of.to_string();
                fields.push(("对应蓝字票据", blue.as_str()));
            }
        }
        pdf.fields(&fields);
    }

    fn row(&self, line: &Line) -> [String; 9] {
        let prepay = match line.fund_share_bp {
            Some(share_bp) => format!("基金{}", percent(share_bp)),
            None => percent(line.prepay_bp),
        };
        [
            line.no.to_string(),
            line.code.clone(),
            line.name.clone(),
            class_name(line.class).into(),
            prepay,
            yuan(line.unit_price_fen),
            line.price_limit_fen.map(yuan).unwrap_or_default(),
            line.quantity.to_string(),
            self.signed_yuan(line.amount_fen),
        ]
    }

    fn write_proof(&self, pdf: &mut Document) {
        let proof = &self.proof;
        pdf.heading("链上凭证");
        pdf.paragraph(&format!(
            "创世哈希 {}\n区块高度 {}\n交易哈希 {}\n明细信封哈希 {}\n项目承诺盐值 {}",
            proof.genesis, proof.block_height, proof.extrinsic, proof.envelope, proof.salt
        ));
        pdf.paragraph("本票据的金额以链上记录为准，可凭上述哈希在任一成员节点查验。");
    }

    /// An amount in yuan; what is taken back has a minus sign.
    fn signed_yuan(&self, amount_fen: u64) -> String {
        match self.kind {
            Kind::Blue => yuan(amount_fen),
            Kind::Red { .. } => format!("-{}", yuan(amount_fen)),
        }
    }
}

/// The rendering that a PDF says to be of. None if it does not say.
pub(crate) fn rendering_of(pdf: &[u8]) -> Option<u32> {
    let version = xinglin_pdf::producer(pdf)?.strip_prefix(PRODUCER)?;
    version.parse().ok()
}

fn write_settlement(pdf: &mut Document, settlement: &Settlement) {
    pdf.heading("医保结算");
    let id = settlement.id.to_string();
    let [fund, account, cash, covered] = [
        settlement.fund_fen,
        settlement.account_fen,
        settlement.cash_fen,
        settlement.covered_fen,
    ]
    .map(yuan);
    pdf.fields(&[
        ("结算编号", &id),
        ("基金支付（元）", &fund),
        ("个人账户（元）", &account),
        ("个人现金（元）", &cash),
        ("支付给开票单位（元）", &covered),
    ]);
}

fn payment_row(payment: &Payment) -> [String; 4] {
    let source = match payment.source {
        Source::Balance => "链上余额".to_owned(),
        Source::Outside { provider } => format!("支付机构 {provider}"),
    };
    [
        source,
        moment(payment.at_ms),
        yuan(payment.amount_fen),
        yuan(payment.returned_fen),
    ]
}

/// An amount in yuan with two decimals.
fn yuan(amount_fen: u64) -> String {
    format!(
        "{}.{:02}",
        amount_fen / FEN_PER_YUAN,
        amount_fen % FEN_PER_YUAN
    )
}

/// Basis points as a percentage, without zeros at its end.
fn percent(share_bp: u16) -> String {
    let (whole, part) = (share_bp / 100, share_bp % 100);
    match part {
        0 => format!("{whole}%"),
        part if part % 10 == 0 => format!("{whole}.{}%", part / 10),
        part => format!("{whole}.{part:02}%"),
    }
}

fn setting_name(setting: Setting) -> &'static str {
    match setting {
        Setting::Outpatient => "门诊",
        Setting::Inpatient => "住院",
    }
}

fn class_name(class: ItemClass) -> &'static str {
    match class {
        ItemClass::A => "甲类",
        ItemClass::B => "乙类",
        ItemClass::C => "丙类",
    }
}

fn state_name(state: State) -> &'static str {
    match state {
        State::Issued => "未缴费",
        State::PartlyPaid => "部分缴费",
        State::Paid => "已缴费",
        State::Balanced => "已结清",
        State::Cancelled => "已作废",
        State::PartlyRefunded => "部分红冲",
        State::Refunded => "已红冲",
    }
}
