/** HL7 v3 Confidentiality, the three codes that medshare distinguishes: normal, restricted, very restricted. */
export type Confidentiality = 'N' | 'R' | 'V';

/** 1 nothing about a person · 2 administrative · 3 ordinary clinical · 4 restricted · 5 very restricted (`policies/labels/levels.yaml`). */
export type Level = 1 | 2 | 3 | 4 | 5;

/** What is sealed under one delegating key. */
export type SectionClass = 'ordinary' | `sensitive:${string}`;

/** Why a label is there. Names rules and value sets only; never quotes the record. */
export type Basis = {
  /** id of the rule in `policies/labels`, e.g. `sls.HIV`, `icd10.sud`, `text.violence`, `pull.reference` */
  readonly rule: string;
  readonly kind: 'code' | 'range' | 'text' | 'reference' | 'opaque';
  /** canonical URI of the code system, for `code` and `range` */
  readonly system?: string;
  /** name of the value set the code stands in, for `code` */
  readonly valueSet?: string;
};

/** One DS4P-style label: a place, a confidentiality and a sensitivity category (HL7 v3 ActCode, `UNSPECIFIED` where a source only says "restricted"). */
export type Label = {
  /** a FHIRPath-like place, `Bundle.entry[3].resource.code.coding[0]` */
  readonly path: string;
  readonly confidentiality: Confidentiality;
  readonly category: string;
  readonly basis: Basis;
};

/** One part of a record: a FHIR R4 collection Bundle whose entries are byte-for-byte slices of the source's. */
export type Section = {
  readonly class: SectionClass;
  readonly bytes: Uint8Array;
  /** positions in the source Bundle's `entry`, ascending */
  readonly entries: readonly number[];
};

/** Something a person should look at; never holds content. */
export type Issue = {
  readonly code: 'not-inspected' | 'context-is-sensitive' | 'labels-capped';
  readonly path: string;
};

export type Classification = {
  /** `labels-1:` and the hash over every file of the label policy */
  readonly policyVersion: string;
  readonly level: Level;
  readonly confidentiality: Confidentiality;
  readonly labels: readonly Label[];
  /** `ordinary` first, then by the policy's order; every entry stands in exactly one */
  readonly sections: readonly Section[];
  readonly issues: readonly Issue[];
};
