/** The demo's region: who takes part, and who works there. Invented. */
export const demoRegion = {
  region: 'east',
  endorsements: 2,
  viewQuorum: 2,
  oprfThreshold: 2,
  identifierSystems: ['urn:medshare:east:citizen'],
};

export interface DemoInstitution {
  id: string;
  name: string;
  zone: string;
}

export const demoInstitutions: DemoInstitution[] = [
  { id: 'harbor', name: 'Harbor General Hospital', zone: 'Asia/Shanghai' },
  { id: 'lakeside', name: 'Lakeside Clinic', zone: 'Asia/Shanghai' },
  { id: 'summit', name: 'Summit Hospital', zone: 'Asia/Shanghai' },
];

export interface DemoUser {
  username: string;
  roles: string[];
  /** `system|value` of the patient that this person is */
  patient?: string;
}

/** The same people at every institution, told apart by where they sign in. */
export const demoUsers: DemoUser[] = [
  { username: 'dr.chen', roles: ['clinician'] },
  { username: 'dr.wu', roles: ['attending', 'clinician'] },
  { username: 'officer.li', roles: ['privacy-officer'] },
  // holds two places of one formula, of which a person fills one only
  { username: 'dr.both', roles: ['attending', 'privacy-officer'] },
  { username: 'ed.zhao', roles: ['ed'] },
  // nobody approves an emergency of their own: a department has more than one
  { username: 'ed.kaya', roles: ['ed'] },
  { username: 'billing.ho', roles: ['billing'] },
  { username: 'dr.gao', roles: ['researcher'] },
  { username: 'mei.lin', roles: ['patient'], patient: `${demoRegion.identifierSystems[0]}|E-1985-0317-442` },
  { username: 'it.sun', roles: ['integration-engineer', 'feed'] },
  // may look into messages, too; every look is audited
  { username: 'it.zhou', roles: ['integration-engineer', 'content-reader'] },
  { username: 'regulator', roles: ['regulator'] },
  { username: 'admin', roles: ['admin'] },
];

/** Ports of the n-th institution, counted from the base. */
export const portsOf = (base: number, index: number) => ({
  http: base + 100 * (index + 1) + 1,
  mllp: base + 100 * (index + 1) + 11,
  peers: base + 100 * (index + 1) + 21,
});
export const defaultPortBase = 7000;
