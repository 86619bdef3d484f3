-- What regulators do.

CREATE TABLE cases (
    case_id        bigint PRIMARY KEY,
    regulator_id   bigint NOT NULL,
    -- Member, Practitioner, Patient, Scheme, Claim or Emergency.
    subject_kind   text NOT NULL,
    subject_id     bigint NOT NULL,
    basis_code     bigint NOT NULL,
    basis_digest   bytea NOT NULL,
    opened_at      timestamptz NOT NULL,
    closed_at      timestamptz,
    finding_code   bigint,
    finding_digest bytea
);
CREATE INDEX cases_subject ON cases (subject_kind, subject_id);

CREATE TABLE disclosures (
    disclosure_id bigint PRIMARY KEY,
    case_id       bigint NOT NULL,
    member_id     bigint NOT NULL,
    request       bytea NOT NULL,
    requested_at  timestamptz NOT NULL,
    due           timestamptz NOT NULL,
    -- Open, Withdrawn or Disclosed.
    state         text NOT NULL,
    answered_at   timestamptz,
    envelope      bytea,
    bytes         bigint,
    is_late       boolean
);
CREATE INDEX disclosures_case ON disclosures (case_id);
CREATE INDEX disclosures_member ON disclosures (member_id, due);

-- When a case began to hold something, and when it ceased to.
CREATE TABLE hold_changes (
    height      bigint NOT NULL,
    event_index bigint NOT NULL,
    at          timestamptz NOT NULL,
    case_id     bigint NOT NULL,
    -- Member, Practitioner, Patient or Scheme.
    held_kind   text NOT NULL,
    held_id     bigint NOT NULL,
    is_placed   boolean NOT NULL,
    by_account  text NOT NULL,
    PRIMARY KEY (height, event_index)
);
CREATE INDEX hold_changes_held ON hold_changes (held_kind, held_id);

-- Each hold with its end, if it has one.
CREATE VIEW holds AS
SELECT placed.case_id, placed.held_kind, placed.held_id, placed.at AS placed_at, lifted.at AS lifted_at
FROM hold_changes AS placed
LEFT JOIN LATERAL (
    SELECT later.at
    FROM hold_changes AS later
    WHERE NOT later.is_placed
      AND (later.case_id, later.held_kind, later.held_id) = (placed.case_id, placed.held_kind, placed.held_id)
      AND (later.height, later.event_index) > (placed.height, placed.event_index)
    ORDER BY later.height, later.event_index
    LIMIT 1
) AS lifted ON true
WHERE placed.is_placed;
