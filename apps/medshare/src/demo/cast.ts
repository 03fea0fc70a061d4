import { demoRegion } from '../found/demo.js';

/** Who plays the main job; all of them are invented. */
export const cast = {
  /** Mei Lin, an inpatient of harbor. */
  patient: { system: demoRegion.identifierSystems[0] as string, value: 'E-1985-0317-442' },
  source: 'harbor',
  doctor: 'dr.chen@lakeside',
  approvers: ['officer.li@harbor', 'dr.wu@harbor'],
  purpose: 'TREAT',
  days: 7,
} as const;
