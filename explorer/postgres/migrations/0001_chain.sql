-- The chain as it is: blocks, transactions, events, and what each of them mentions.

-- Money, in fen (1/100 CNY). The chain counts in 128 bits.
CREATE DOMAIN fen AS numeric(39, 0) CHECK (VALUE >= 0);

-- How far this database has come, and of which chain it is. One row, written in the same
-- transaction as the rows of the blocks that it speaks of.
CREATE TABLE export_state (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    genesis bytea  NOT NULL,
    height  bigint NOT NULL,
    hash    bytea  NOT NULL,
    -- The digest of the last block, which all blocks before it are part of.
    digest  bytea  NOT NULL
);

CREATE TABLE blocks (
    height          bigint PRIMARY KEY,
    hash            bytea  NOT NULL,
    parent_hash     bytea  NOT NULL,
    state_root      bytea  NOT NULL,
    extrinsics_root bytea  NOT NULL,
    -- NULL for the genesis block only.
    at              timestamptz,
    spec_version    bigint NOT NULL,
    extrinsic_count bigint NOT NULL,
    event_count     bigint NOT NULL,
    -- Over the digest of the block before, the block's hash and the hashes of its transactions and
    -- events: equal digests mean equal histories.
    digest          bytea  NOT NULL
);
CREATE INDEX blocks_hash ON blocks (hash);
CREATE INDEX blocks_at ON blocks (at);

CREATE TABLE extrinsics (
    height       bigint NOT NULL,
    index        bigint NOT NULL,
    hash         bytea  NOT NULL,
    at           timestamptz,
    -- NULL if nobody signed: the block's own transactions.
    signer       text,
    nonce        bigint,
    pallet       text   NOT NULL,
    call         text   NOT NULL,
    -- The calls inside, as pallet.call, if the call wraps others.
    wrapped      text[] NOT NULL,
    -- Ciphertexts stand here as their length and hash.
    arguments    jsonb  NOT NULL,
    is_success   boolean NOT NULL,
    -- Why it failed.
    error_pallet text,
    error        text,
    PRIMARY KEY (height, index)
);
CREATE INDEX extrinsics_hash ON extrinsics (hash);
CREATE INDEX extrinsics_signer ON extrinsics (signer, height);
CREATE INDEX extrinsics_call ON extrinsics (pallet, call, height);

CREATE TABLE events (
    height    bigint NOT NULL,
    index     bigint NOT NULL,
    -- NULL for what the block does by itself.
    extrinsic bigint,
    at        timestamptz,
    pallet    text   NOT NULL,
    event     text   NOT NULL,
    fields    jsonb  NOT NULL,
    -- Blake2b-256 of pallet, event, extrinsic and fields.
    digest    bytea  NOT NULL,
    PRIMARY KEY (height, index)
);
CREATE INDEX events_event ON events (pallet, event, height);

-- Whom and what transactions and events mention, such as ('patient', 7).
CREATE TABLE extrinsic_entities (
    kind   text   NOT NULL,
    id     bigint NOT NULL,
    height bigint NOT NULL,
    index  bigint NOT NULL,
    PRIMARY KEY (kind, id, height, index)
);
CREATE INDEX extrinsic_entities_height ON extrinsic_entities (height, index);

CREATE TABLE event_entities (
    kind   text   NOT NULL,
    id     bigint NOT NULL,
    height bigint NOT NULL,
    index  bigint NOT NULL,
    PRIMARY KEY (kind, id, height, index)
);
CREATE INDEX event_entities_height ON event_entities (height, index);
