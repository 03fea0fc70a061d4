-- What a vault keeps. Keys stand here only wrapped under the institution's key-encryption key; hashes and tags are base64url.

-- A patient's index key. "identifier" is the institution's HMAC of the agreed identifier; without one the key is random and local.
CREATE TABLE "index_key" (
  "id" UUID PRIMARY KEY,
  "identifier" TEXT UNIQUE,
  "wrapped" BYTEA NOT NULL,
  -- counters below this one are allocated and never used again
  "next_counter" INT NOT NULL DEFAULT 0,
  "made_at" TIMESTAMPTZ NOT NULL
);

CREATE TABLE "patient" (
  "patient_key" TEXT PRIMARY KEY,
  "index_id" UUID NOT NULL REFERENCES "index_key" ("id")
);

-- The public part of a dealt delegating key; its secret existed only while it was dealt.
CREATE TABLE "deal" (
  "id" TEXT PRIMARY KEY,
  "patient_key" TEXT NOT NULL,
  "episode" TEXT NOT NULL,
  "class" TEXT NOT NULL,
  "epoch" INT NOT NULL,
  "document" JSONB NOT NULL,
  "made_at" TIMESTAMPTZ NOT NULL,
  -- when an authorized set of holders had acknowledged
  "shareable_at" TIMESTAMPTZ,
  UNIQUE ("patient_key", "episode", "class", "epoch")
);

-- One dealt leaf on its way to its holder, boxed to the holder's key; the box is emptied when the holder has signed for it.
CREATE TABLE "delivery" (
  "deal_id" TEXT NOT NULL REFERENCES "deal" ("id"),
  "leaf" TEXT NOT NULL,
  "institution" TEXT NOT NULL,
  "boxed_share" BYTEA,
  "attempts" INT NOT NULL DEFAULT 0,
  "due_at" TIMESTAMPTZ NOT NULL,
  "problem" TEXT,
  "acknowledged_at" TIMESTAMPTZ,
  "acknowledgement" TEXT,
  PRIMARY KEY ("deal_id", "leaf")
);
CREATE INDEX "delivery_due" ON "delivery" ("due_at") WHERE "acknowledged_at" IS NULL;

-- A leaf that this vault holds, of a deal of its own or of another institution's.
CREATE TABLE "leaf" (
  "deal_id" TEXT NOT NULL,
  "leaf" TEXT NOT NULL,
  "dealer" TEXT NOT NULL,
  -- hash of what the deal is for: a dealer deals once for it
  "about" TEXT NOT NULL,
  "document" JSONB NOT NULL,
  "wrapped_share" BYTEA NOT NULL,
  "accepted_at" TIMESTAMPTZ NOT NULL,
  PRIMARY KEY ("deal_id", "leaf"),
  UNIQUE ("about", "leaf")
);

-- Everything that is submitted for a record, written down before: a crash submits the same bytes.
CREATE TABLE "record" (
  "id" UUID PRIMARY KEY,
  "patient_key" TEXT NOT NULL,
  "episode" TEXT NOT NULL,
  "index_id" UUID NOT NULL REFERENCES "index_key" ("id"),
  "counter" INT NOT NULL,
  "tag" TEXT NOT NULL UNIQUE,
  -- canonical JSON as it is anchored
  "anchor" JSONB NOT NULL,
  "manifest_cid" TEXT NOT NULL,
  -- the sealed manifest, byte for byte the blob
  "manifest" BYTEA NOT NULL,
  "received_at" TIMESTAMPTZ NOT NULL,
  "sealed_at" TIMESTAMPTZ NOT NULL,
  UNIQUE ("index_id", "counter")
);

-- A sealed section and the institution's own wrap of its content key.
CREATE TABLE "section" (
  "id" UUID PRIMARY KEY,
  "record_id" UUID NOT NULL REFERENCES "record" ("id"),
  "position" INT NOT NULL,
  -- absent for the source's own bytes, which no deal opens
  "deal_id" TEXT REFERENCES "deal" ("id"),
  "class" TEXT,
  "level" INT,
  "cid" TEXT NOT NULL,
  "wrapped_key" BYTEA NOT NULL,
  UNIQUE ("record_id", "position")
);
CREATE INDEX "section_deal" ON "section" ("deal_id");

-- Fragments that left, and requests for which none leaves any more.
CREATE TABLE "release" (
  "request_id" TEXT NOT NULL,
  "leaf" TEXT NOT NULL,
  "section" UUID NOT NULL,
  "released_at" TIMESTAMPTZ NOT NULL,
  PRIMARY KEY ("request_id", "leaf", "section")
);

CREATE TABLE "revocation" (
  "request_id" TEXT PRIMARY KEY,
  "confirmed_at" TIMESTAMPTZ NOT NULL
);

-- How often each institution had an identifier evaluated, by ground and UTC day.
CREATE TABLE "evaluation" (
  "day" DATE NOT NULL,
  "caller" TEXT NOT NULL,
  "ground" TEXT NOT NULL,
  "count" BIGINT NOT NULL,
  PRIMARY KEY ("day", "caller", "ground")
);
