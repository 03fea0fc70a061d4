/** http://terminology.hl7.org/ValueSet/v3-PurposeOfUse, FHIR R4: each code's parents' children, as the code system nests them. */
const tree: Readonly<Record<string, string>> = {
  HOPERAT:
    'CAREMGT DONAT FRAUD GOV HACCRED HCOMPL HDECD HDIRECT HDM HLEGAL HOUTCOMS HPRGRP HQUALIMP HSYSADMIN MEMADMIN MILCDM PATADMIN PATSFTY PERFMSR RECORDMGT SYSDEV TRAIN',
  HSYSADMIN: 'LABELING METAMGT',
  SYSDEV: 'HTEST',
  HPAYMT: 'CLMATTCH COVAUTH COVERAGE REMITADV',
  COVERAGE: 'ELIGDTRM ELIGVER ENROLLM MILDCRG',
  HRESCH: 'BIORCH CLINTRCH DSRCH POARCH TRANSRCH',
  CLINTRCH: 'CLINTRCHNPC CLINTRCHPC PRECLINTRCH',
  PATRQT: 'FAMRQT PWATRNY SUPNWK',
  PUBHLTH: 'DISASTER THREAT',
  TREAT: 'CLINTRL COC ETREAT POPHLTH',
  ETREAT: 'BTG ERTREAT',
};

export const purposeSystem = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';

const parent = new Map(
  Object.entries(tree).flatMap(([code, below]) => below.split(' ').map((child) => [child, code] as const)),
);
const all = new Set([...parent.keys(), ...parent.values(), 'HMARKT']);

export const isPurpose = (code: string): boolean => all.has(code);

/** @returns whether the purpose asked for is the stated one or one of its kinds (TREAT covers ETREAT) */
export function isKindOf(asked: string, stated: string): boolean {
  for (let code: string | undefined = asked; code !== undefined; code = parent.get(code))
    if (code === stated) return true;
  return false;
}
