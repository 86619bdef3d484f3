-- Who is who, and the appointments. These tables tell how things stand after the last exported
-- block; those with a height tell what happened.

CREATE TABLE members (
    member_id  bigint PRIMARY KEY,
    kind       text NOT NULL,
    level      text,
    name       text NOT NULL,
    account    text NOT NULL,
    membership text NOT NULL,
    is_held    boolean NOT NULL
);

CREATE TABLE practitioners (
    practitioner_id bigint PRIMARY KEY,
    account         text NOT NULL,
    standing        text NOT NULL,
    is_held         boolean NOT NULL
);

-- The licences in being; a revoked one is in the events only.
CREATE TABLE licences (
    practitioner_id bigint NOT NULL,
    member_id       bigint NOT NULL,
    department_id   bigint NOT NULL,
    specialty       text NOT NULL,
    standing        text NOT NULL,
    PRIMARY KEY (practitioner_id, member_id)
);

-- Pseudonyms. Nothing of the person is on the chain.
CREATE TABLE patients (
    patient_id   bigint PRIMARY KEY,
    account      text NOT NULL,
    registrar_id bigint NOT NULL,
    standing     text NOT NULL,
    is_held      boolean NOT NULL
);
CREATE INDEX patients_account ON patients (account);

-- The departments that take schedules; those withdrawn since are in the events only.
CREATE TABLE departments (
    member_id     bigint NOT NULL,
    department_id bigint NOT NULL,
    code          text NOT NULL,
    PRIMARY KEY (member_id, department_id)
);

CREATE TABLE schedules (
    schedule_id     bigint PRIMARY KEY,
    member_id       bigint NOT NULL,
    practitioner_id bigint NOT NULL,
    department_id   bigint NOT NULL,
    kind            text NOT NULL,
    starts_at       timestamptz NOT NULL,
    slot_minutes    bigint NOT NULL,
    slots           bigint NOT NULL,
    capacity        bigint NOT NULL,
    fee_fen         fen NOT NULL,
    is_closed       boolean NOT NULL
);
CREATE INDEX schedules_practitioner ON schedules (practitioner_id, starts_at);

CREATE TABLE appointments (
    appointment_id  bigint PRIMARY KEY,
    patient_id      bigint NOT NULL,
    member_id       bigint NOT NULL,
    department_id   bigint NOT NULL,
    practitioner_id bigint NOT NULL,
    schedule_id     bigint NOT NULL,
    slot            bigint NOT NULL,
    starts_at       timestamptz NOT NULL,
    state           text NOT NULL,
    -- What is held of the patient's money.
    escrow_fen      fen NOT NULL,
    cancel_by       timestamptz NOT NULL,
    no_show_from    timestamptz NOT NULL
);
CREATE INDEX appointments_patient ON appointments (patient_id, starts_at);
CREATE INDEX appointments_practitioner ON appointments (practitioner_id, starts_at);
CREATE INDEX appointments_department ON appointments (member_id, department_id, starts_at);

-- What happened to appointments: Booked, Waitlisted, Promoted, Confirmed, Rescheduled, Cancelled,
-- CheckedIn, Fulfilled, NoShow.
CREATE TABLE appointment_changes (
    height         bigint NOT NULL,
    event_index    bigint NOT NULL,
    at             timestamptz NOT NULL,
    appointment_id bigint NOT NULL,
    change         text NOT NULL,
    -- Patient or Staff; NULL where only one of them can do it.
    acting         text,
    -- Why the staff did it.
    reason         text,
    -- Of a cancellation: whether it counts against the patient.
    is_late        boolean,
    by_account     text,
    PRIMARY KEY (height, event_index)
);
CREATE INDEX appointment_changes_appointment ON appointment_changes (appointment_id);
