/**
 * The realm's roles, as routes and policies ask for them. What they may do is decided here and not at Keycloak; what there is to know for who
 * gives somebody a role is its description.
 */
export const realmRoles = {
  clinician: 'Asks for records of patients, and opens what was granted',
  attending: 'Answers for a patient’s stay: approves requests for it',
  'privacy-officer': 'Approves requests, reviews emergencies, records consents',
  ed: 'Emergency department: may break the glass',
  billing: 'Asks for what a bill needs',
  researcher: 'Asks for research',
  patient: 'Sees every access to own records, and decides; needs the attribute patient',
  'integration-engineer': 'Watches feeds, replays and skips messages; sees no content',
  'content-reader': 'May look into messages; every look is audited',
  feed: 'A program that sends records',
  regulator: 'Reads audit logs and decisions, and changes nothing',
  admin: 'Holds a staff key for administration; reads no records',
} as const;

export type RealmRole = keyof typeof realmRoles;

/** Roles of people; programs have service accounts. */
export const peopleRoles = (Object.keys(realmRoles) as RealmRole[]).filter((role) => role !== 'feed');
