-- Records, who may read them and who has. Contents are not on the chain in the clear, and not here.

CREATE TABLE records (
    record_id      bigint PRIMARY KEY,
    patient_id     bigint NOT NULL,
    author_id      bigint NOT NULL,
    member_id      bigint NOT NULL,
    appointment_id bigint,
    kind           text NOT NULL,
    written_at     timestamptz NOT NULL,
    version_count  bigint NOT NULL,
    retracted_at   timestamptz,
    -- None, Asked or Done.
    erasure        text NOT NULL,
    erasure_at     timestamptz
);
CREATE INDEX records_patient ON records (patient_id);
CREATE INDEX records_author ON records (author_id, written_at);
CREATE INDEX records_appointment ON records (appointment_id);

CREATE TABLE record_versions (
    record_id    bigint NOT NULL,
    version      bigint NOT NULL,
    -- Blake2b-256 and length of the ciphertext.
    hash         bytea  NOT NULL,
    size_bytes   numeric(20, 0) NOT NULL,
    -- Block: the ciphertext is in a block. External: in the member's store.
    carrier      text   NOT NULL,
    carrier_height bigint,
    at           timestamptz NOT NULL,
    reason       text,
    PRIMARY KEY (record_id, version)
);

CREATE TABLE grants (
    grant_id      bigint PRIMARY KEY,
    patient_id    bigint NOT NULL,
    grantee_kind  text NOT NULL,
    grantee_id    bigint NOT NULL,
    -- One record, or else all records of some kinds that were written in a period.
    record_id     bigint,
    kinds         text[],
    written_from  timestamptz,
    written_until timestamptz,
    purpose       text NOT NULL,
    valid_from    timestamptz NOT NULL,
    valid_until   timestamptz NOT NULL,
    may_reshare   boolean NOT NULL,
    -- Shared, ForVisit, Requested or PassedOn.
    source        text NOT NULL,
    given_at      timestamptz NOT NULL,
    ended_at      timestamptz,
    end_cause     text
);
CREATE INDEX grants_patient ON grants (patient_id);
CREATE INDEX grants_grantee ON grants (grantee_kind, grantee_id);

CREATE TABLE emergencies (
    emergency_id    bigint PRIMARY KEY,
    patient_id      bigint NOT NULL,
    practitioner_id bigint NOT NULL,
    member_id       bigint NOT NULL,
    reason          text NOT NULL,
    declared_at     timestamptz NOT NULL,
    until           timestamptz NOT NULL,
    due             timestamptz NOT NULL,
    state           text NOT NULL
);
CREATE INDEX emergencies_patient ON emergencies (patient_id);

-- The access logs of all patients: who opened what, or tried to, when, for what and by which right.
CREATE TABLE accesses (
    patient_id   bigint NOT NULL,
    -- The entry's number in the patient's log, from 0.
    entry        bigint NOT NULL,
    height       bigint NOT NULL,
    at           timestamptz NOT NULL,
    by_account   text NOT NULL,
    -- As whom: Member, Practitioner or Patient.
    party_kind   text NOT NULL,
    party_id     bigint NOT NULL,
    -- What was opened; NULL for the declaration of an emergency, which is about all records.
    record_id    bigint,
    purpose      text NOT NULL,
    is_allowed   boolean NOT NULL,
    -- Why it was allowed: Patient, Delegate, Author, AuthorsMember, Grant or Emergency.
    basis        text,
    grant_id     bigint,
    emergency_id bigint,
    -- Why it was not.
    denial       text,
    PRIMARY KEY (patient_id, entry)
);
CREATE INDEX accesses_height ON accesses (height);
CREATE INDEX accesses_party ON accesses (party_kind, party_id, at);
CREATE INDEX accesses_record ON accesses (record_id);
