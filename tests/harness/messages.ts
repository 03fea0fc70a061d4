/** Invented patients and their messages, in the shapes that hospitals send. */
export interface Patient {
  citizen: string;
  local: string;
  visit: string;
  family: string;
  given: string;
}

export const patient = (n: number): Patient => ({
  citizen: `1101011990${String(n).padStart(8, '0')}`,
  local: `HB${String(n).padStart(6, '0')}`,
  visit: `V${String(n).padStart(6, '0')}`,
  family: `Testfamily${n}`,
  given: `Given${n}`,
});

let control = 0;
const nextControl = (): string => `T${process.pid}-${(control += 1)}`;

const pid = ({ citizen, local, family, given }: Patient): string =>
  `PID|1||${local}^^^HARBOR^MR~${citizen}^^^EAST&urn:medshare:east:citizen&URI^NI||${family}^${given}||19900307|F`;
const pv1 = ({ visit }: Patient): string => `PV1|1|O|CLINIC^^^HARBOR||||||||||||||||${visit}^^^HARBOR^VN`;
const msh = (type: string, controlId: string): string =>
  `MSH|^~\\&|LAB|HARBOR|MEDSHARE|EAST|20261121083000+0800||${type}|${controlId}|P|2.5.1||||||UNICODE UTF-8`;

export function admission(of: Patient, controlId = nextControl()): string {
  return [msh('ADT^A01^ADT_A01', controlId), 'EVN|A01|20261121083000+0800', pid(of), pv1(of)].join('\r') + '\r';
}

/** One ordinary result: a serum sodium. */
export function sodium(of: Patient, value = '140', controlId = nextControl()): string {
  return (
    [
      msh('ORU^R01^ORU_R01', controlId),
      pid(of),
      pv1(of),
      `OBR|1|P1^LAB|F${controlId}^LAB|2951-2^Sodium^LN|||20261121080000+0800`,
      `OBX|1|NM|2951-2^Sodium^LN||${value}|mmol/L|136-145|N|||F|||20261121080000+0800`,
    ].join('\r') + '\r'
  );
}

/** A sensitive result: an HIV screening test. */
export function hivTest(of: Patient, controlId = nextControl()): string {
  return (
    [
      msh('ORU^R01^ORU_R01', controlId),
      pid(of),
      pv1(of),
      `OBR|1|P2^LAB|H${controlId}^LAB|75622-1^HIV 1 and 2 tests^LN|||20261121080000+0800`,
      `OBX|1|CWE|75622-1^HIV 1 and 2 tests^LN||260385009^Negative^SCT||||||F|||20261121080000+0800`,
    ].join('\r') + '\r'
  );
}

/** One patient's numbers go over into another's, as a HIS says it: the one that goes away by its local number only. */
export function merge(kept: Patient, gone: Patient, controlId = nextControl()): string {
  const head = [msh('ADT^A40^ADT_A39', controlId), 'EVN|A40|20261121090000+0800'];
  return [...head, pid(kept), `MRG|${gone.local}^^^HARBOR^MR`].join('\r') + '\r';
}

/** Acknowledged, and never a record: one result of two patients. */
export function unmappable(of: Patient, other: Patient, controlId = nextControl()): string {
  const result = ['OBR|1|||2951-2^Sodium^LN', 'OBX|1|NM|2951-2^Sodium^LN||140||||||F'];
  return [msh('ORU^R01^ORU_R01', controlId), pid(of), ...result, pid(other), ...result].join('\r') + '\r';
}

export const identifierOf = ({ citizen }: Patient) => ({ system: 'urn:medshare:east:citizen', value: citizen });
