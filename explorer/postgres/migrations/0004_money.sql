-- Invoices, payments, insurance. The texts of invoice lines are not on the chain in the clear.

CREATE TABLE invoices (
    invoice_id     bigint PRIMARY KEY,
    number         text NOT NULL,
    member_id      bigint NOT NULL,
    patient_id     bigint NOT NULL,
    appointment_id bigint,
    setting        text NOT NULL,
    service_from   date NOT NULL,
    service_until  date NOT NULL,
    issued_at      timestamptz NOT NULL,
    total_fen      fen NOT NULL,
    paid_fen       fen NOT NULL,
    covered_fen    fen NOT NULL,
    refunded_fen   fen NOT NULL,
    settlement_id  bigint,
    is_cancelled   boolean NOT NULL
);
CREATE UNIQUE INDEX invoices_number ON invoices (number);
CREATE INDEX invoices_patient ON invoices (patient_id);
CREATE INDEX invoices_appointment ON invoices (appointment_id);
CREATE INDEX invoices_member ON invoices (member_id, issued_at);

-- What happened to invoices: Issued, Cancelled, Paid, PaidOutside, Covered, Uncovered, Refunded.
CREATE TABLE invoice_changes (
    height      bigint NOT NULL,
    event_index bigint NOT NULL,
    at          timestamptz NOT NULL,
    invoice_id  bigint NOT NULL,
    change      text NOT NULL,
    -- Where the invoice stands from then on.
    state       text NOT NULL,
    amount_fen  fen,
    -- Why it was cancelled or refunded.
    reason      text,
    by_account  text,
    PRIMARY KEY (height, event_index)
);
CREATE INDEX invoice_changes_invoice ON invoice_changes (invoice_id, height, event_index);

-- Where each invoice stands.
CREATE VIEW invoice_states AS
SELECT DISTINCT ON (invoice_id) invoice_id, state, at AS since
FROM invoice_changes
ORDER BY invoice_id, height DESC, event_index DESC;

CREATE TABLE invoice_lines (
    invoice_id      bigint NOT NULL,
    line            bigint NOT NULL,
    -- A commitment to the item's code: equal for equal items of one patient at one member.
    item            bytea NOT NULL,
    class           text NOT NULL,
    prepay_bp       bigint NOT NULL,
    unit_price_fen  fen NOT NULL,
    quantity        bigint NOT NULL,
    price_limit_fen fen,
    fund_share_bp   bigint,
    PRIMARY KEY (invoice_id, line)
);

-- Red-letter invoices (红字发票), which take something back of a blue one.
CREATE TABLE red_letters (
    red_id         bigint PRIMARY KEY,
    number         text NOT NULL,
    member_id      bigint NOT NULL,
    invoice_id     bigint NOT NULL,
    issued_at      timestamptz NOT NULL,
    reason         text NOT NULL,
    total_fen      fen NOT NULL,
    to_balance_fen fen NOT NULL,
    outside_fen    fen NOT NULL
);
CREATE UNIQUE INDEX red_letters_number ON red_letters (number);
CREATE INDEX red_letters_invoice ON red_letters (invoice_id);

CREATE TABLE payments (
    invoice_id   bigint NOT NULL,
    -- Its place among the invoice's payments, from 0.
    position     bigint NOT NULL,
    -- Balance or Outside.
    source       text NOT NULL,
    -- The client's id of a payment from the balance.
    payment      bytea,
    is_delegated boolean,
    provider_id  bigint,
    -- Hash of the provider's number of a payment outside.
    reference    bytea,
    amount_fen   fen NOT NULL,
    returned_fen fen NOT NULL,
    at           timestamptz NOT NULL,
    PRIMARY KEY (invoice_id, position)
);

CREATE TABLE schemes (
    scheme_id    bigint PRIMARY KEY,
    insurer_id   bigint NOT NULL,
    code         text NOT NULL,
    closed_after date,
    is_held      boolean NOT NULL
);

CREATE TABLE coverages (
    coverage_id   bigint PRIMARY KEY,
    patient_id    bigint NOT NULL,
    scheme_id     bigint NOT NULL,
    covered_from  date NOT NULL,
    covered_until date,
    account_fen   fen NOT NULL
);
CREATE INDEX coverages_patient ON coverages (patient_id);

CREATE TABLE settlements (
    settlement_id  bigint PRIMARY KEY,
    invoice_id     bigint NOT NULL,
    coverage_id    bigint NOT NULL,
    member_id      bigint NOT NULL,
    service_from   date NOT NULL,
    service_until  date NOT NULL,
    total_fen      fen NOT NULL,
    eligible_fen   fen NOT NULL,
    deductible_fen fen NOT NULL,
    -- Flat shares, pool, second tier and medical aid together.
    fund_fen       fen NOT NULL,
    account_fen    fen NOT NULL,
    cash_fen       fen NOT NULL,
    to_member_fen  fen NOT NULL,
    claim_id       bigint,
    settled_at     timestamptz NOT NULL,
    state          text NOT NULL
);
CREATE INDEX settlements_invoice ON settlements (invoice_id);
CREATE INDEX settlements_coverage ON settlements (coverage_id);

CREATE TABLE claims (
    claim_id          bigint PRIMARY KEY,
    invoice_id        bigint NOT NULL,
    coverage_id       bigint NOT NULL,
    insurer_id        bigint NOT NULL,
    flags             text[] NOT NULL,
    filed_at          timestamptz NOT NULL,
    state             text NOT NULL,
    -- The latest decision: Approve, Part or Deny.
    decision          text,
    -- Most that the fund pays, of Part.
    decision_fund_fen fen,
    decision_reason   bigint,
    decided_at        timestamptz,
    settlement_id     bigint
);
CREATE INDEX claims_invoice ON claims (invoice_id);
CREATE INDEX claims_insurer ON claims (insurer_id, filed_at);

-- What happened to claims: Flagged, Decided, Appealed, Withdrawn.
CREATE TABLE claim_changes (
    height        bigint NOT NULL,
    event_index   bigint NOT NULL,
    at            timestamptz NOT NULL,
    claim_id      bigint NOT NULL,
    change        text NOT NULL,
    settlement_id bigint,
    PRIMARY KEY (height, event_index)
);
CREATE INDEX claim_changes_claim ON claim_changes (claim_id);
