import { AL1, IAM, IAR } from './al1-allergy.js';
import { ARV } from './arv-restriction.js';
import { DG1 } from './dg1-condition.js';
import { EVN } from './evn-provenance.js';
import { FT1 } from './ft1-charge.js';
import { IN1, IN2 } from './in1-coverage.js';
import { MSH, SFT } from './msh-header.js';
import { GT1, NK1 } from './nk1-related-person.js';
import { NTE } from './nte-comment.js';
import { OBR } from './obr-report.js';
import { OBX } from './obx-observation.js';
import { ORC } from './orc-order.js';
import { MRG, PD1, PID } from './pid-patient.js';
import { PR1 } from './pr1-procedure.js';
import { GOL, PRB } from './prb-problem.js';
import { PRT, ROL } from './prt-participation.js';
import { PV1, PV2 } from './pv1-encounter.js';
import { PRD, RF1 } from './rf1-referral.js';
import { RQD } from './rqd-supply.js';
import { RXA, RXR } from './rxa-immunization.js';
import { RXC, RXD, RXE, RXO } from './rxe-medication.js';
import type { SegmentReader } from './scene.js';
import { AIG, AIL, AIP, AIS, RGS, SCH } from './sch-appointment.js';
import { SAC, SPM } from './spm-specimen.js';
import { TQ1 } from './tq1-timing.js';
import { TXA } from './txa-document.js';

/**
 * segment → what reads it, in every message that it stands in. Not here, and so named in every loss report: ACC, AUT, BLG, CDO, CTD, CTI,
 * DB1, IN3, INV, PDA, RQ1, which R4 has no plain place for, CON, as a consent takes effect only where access is decided, and Z segments.
 */
export const segments: Readonly<Record<string, SegmentReader>> = {
  // the message, its event, the person
  MSH,
  SFT,
  EVN,
  PID,
  PD1,
  MRG,
  NK1,
  ARV,
  // the visit
  PV1,
  PV2,
  ROL,
  PRT,
  // what is known of the person
  AL1,
  IAM,
  IAR,
  DG1,
  PR1,
  PRB,
  GOL,
  // orders and results
  ORC,
  TQ1,
  OBR,
  OBX,
  NTE,
  SPM,
  SAC,
  RQD,
  RF1,
  PRD,
  // drugs and vaccines
  RXA,
  RXO,
  RXE,
  RXD,
  RXR,
  RXC,
  // documents
  TXA,
  // appointments
  SCH,
  RGS,
  AIS,
  AIG,
  AIL,
  AIP,
  // who pays
  GT1,
  IN1,
  IN2,
  FT1,
};
