import type { Segment } from '@medshare/hl7';
import { allergy, activeAllergy, settleReaction } from './al1-allergy.js';
import { create, referenceTo, type Context, type Resource } from './context.js';
import { condition, diagnosis, encounterDiagnosis } from './dg1-condition.js';
import { coverage, settlePayor } from './in1-coverage.js';
import { relatedPerson } from './nk1-related-person.js';
import { order, report, request, settleEffective } from './obr-report.js';
import { attachmentOf, observation } from './obx-observation.js';
import { observationValues } from './obx-value.js';
import { demographics, merged, patient } from './pid-patient.js';
import { encounter, encounterMore, encounterStatus, unknownClass } from './pv1-encounter.js';
import { specimen } from './spm-specimen.js';
import { applyTable, wholeOf, type Table } from './table.js';

/** Reads segments in their order; each belongs to the nearest segment before it that it can belong to. */
export class Assembly {
  readonly resources: Resource[] = [];
  private patient: Resource | undefined;
  private encounter: Resource | undefined;
  private order: Segment | undefined;
  private request: Resource | undefined;
  private report: Resource | undefined;
  private specimen: Resource | undefined;
  private noted: Resource | undefined;

  constructor(private readonly context: Context) {}

  /** what stands in the message header's focus */
  get focus(): Resource[] {
    return this.resources.filter(({ resourceType }) =>
      ['Patient', 'Encounter', 'DiagnosticReport'].includes(resourceType),
    );
  }

  read(segment: Segment): void {
    const handler = Object.hasOwn(handlers, segment.name) ? handlers[segment.name] : undefined;
    if (handler === undefined || !handler.call(this, segment))
      this.context.issues.push({ code: 'not-mapped', where: segment.where() });
  }

  /** @returns the resource added, filled from a table */
  private add(resourceType: string, segment: Segment, table: Table, elements: object = {}, part = ''): Resource {
    const resource = create(this.context, resourceType, segment.where() + part, elements);
    applyTable(segment, table, resource, this.context);
    this.resources.push(resource);
    return resource;
  }

  private get subject() {
    return this.patient && { subject: referenceTo(this.patient) };
  }

  private get visit() {
    return this.encounter && { encounter: referenceTo(this.encounter) };
  }

  PID(segment: Segment): boolean {
    this.patient = this.add('Patient', segment, patient);
    if (this.patient['multipleBirthInteger'] !== undefined) delete this.patient['multipleBirthBoolean'];
    if (this.patient['deceasedDateTime'] !== undefined) delete this.patient['deceasedBoolean'];
    this.encounter = this.noted = this.report = undefined;
    return true;
  }

  PD1(segment: Segment): boolean {
    if (this.patient !== undefined) applyTable(segment, demographics, this.patient, this.context);
    return this.patient !== undefined;
  }

  MRG(segment: Segment): boolean {
    if (this.patient === undefined) return false;
    const old = this.add('Patient', segment, merged, {
      active: false,
      link: [{ other: referenceTo(this.patient), type: 'replaced-by' }],
    });
    push(this.patient, 'link', { other: referenceTo(old), type: 'replaces' });
    return true;
  }

  NK1(segment: Segment): boolean {
    if (this.patient !== undefined)
      this.add('RelatedPerson', segment, relatedPerson, { patient: referenceTo(this.patient) });
    return this.patient !== undefined;
  }

  PV1(segment: Segment): boolean {
    const visit = this.add('Encounter', segment, encounter, this.subject);
    visit['status'] = encounterStatus(this.context.message.trigger, segment.text(45) !== undefined);
    visit['class'] ??= unknownClass;
    this.encounter = visit;
    return true;
  }

  PV2(segment: Segment): boolean {
    if (this.encounter !== undefined) applyTable(segment, encounterMore, this.encounter, this.context);
    return this.encounter !== undefined;
  }

  DG1(segment: Segment): boolean {
    if (this.patient === undefined) return false;
    const found = this.add('Condition', segment, condition, {
      category: [encounterDiagnosis],
      ...this.subject,
      ...this.visit,
    });
    if (this.encounter !== undefined) {
      const role = { condition: referenceTo(found) } as unknown as Resource;
      applyTable(segment, diagnosis, role, this.context);
      push(this.encounter, 'diagnosis', role);
    }
    return true;
  }

  AL1(segment: Segment): boolean {
    if (this.patient === undefined) return false;
    const elements = { clinicalStatus: activeAllergy, patient: referenceTo(this.patient), ...this.visit };
    settleReaction(this.add('AllergyIntolerance', segment, allergy, elements));
    return true;
  }

  IN1(segment: Segment): boolean {
    if (this.patient === undefined) return false;
    const paid = this.add('Coverage', segment, coverage, { status: 'active', beneficiary: referenceTo(this.patient) });
    if (settlePayor(paid)) return true;
    this.resources.pop();
    return false;
  }

  ORC(segment: Segment): boolean {
    this.order = segment;
    return this.context.message.first('OBR') !== undefined;
  }

  OBR(segment: Segment): boolean {
    if (this.patient === undefined) return false;
    const asked = this.add(
      'ServiceRequest',
      segment,
      request,
      { intent: 'order', ...this.subject, ...this.visit },
      '/request',
    );
    if (this.order !== undefined) applyTable(this.order, order, asked, this.context);
    asked['status'] ??= 'unknown';
    this.order = this.specimen = undefined;
    const elements = { basedOn: [referenceTo(asked)], ...this.subject, ...this.visit };
    this.report = this.add('DiagnosticReport', segment, report, elements);
    this.report['status'] ??= 'unknown';
    this.report['code'] ??= { text: 'unspecified' };
    settleEffective(this.report);
    this.request = this.noted = asked;
    return true;
  }

  SPM(segment: Segment): boolean {
    this.specimen = this.add('Specimen', segment, specimen, {
      ...this.subject,
      ...(this.request && { request: [referenceTo(this.request)] }),
    });
    if (this.report !== undefined) push(this.report, 'specimen', referenceTo(this.specimen));
    this.noted = this.specimen;
    return true;
  }

  OBX(segment: Segment): boolean {
    if (this.patient === undefined) return false;
    const elements = { ...(this.request && { basedOn: [referenceTo(this.request)] }), ...this.subject, ...this.visit };
    const found = this.add('Observation', segment, observation, elements);
    found['status'] ??= 'unknown';
    found['code'] ??= { text: 'unspecified' };
    found['effectiveDateTime'] ??= this.report?.['effectiveDateTime'];
    if (this.specimen !== undefined) found['specimen'] = referenceTo(this.specimen);
    this.value(segment, found);
    if (this.report !== undefined) push(this.report, 'result', referenceTo(found));
    this.noted = found;
    return true;
  }

  private value(segment: Segment, found: Resource): void {
    const values = observationValues(segment, this.context);
    // with components of the same code there must be no value beside them (invariant obs-7)
    if (values.length === 1) Object.assign(found, values[0]);
    else if (values.length > 1) found['component'] = values.map((each) => ({ code: found['code'], ...each }));
    if (!['ED', 'RP'].includes(segment.text(2) ?? '')) return;
    const attachment = attachmentOf(segment);
    if (attachment === undefined || this.report === undefined)
      this.context.issues.push({ code: 'not-convertible', where: segment.first(5).where() });
    else push(this.report, 'presentedForm', attachment);
  }

  NTE(segment: Segment): boolean {
    applyTable(segment, comment, nowhere(), this.context);
    const text = segment
      .repetitions(3)
      .map((each) => wholeOf(each) ?? '')
      .join('\n')
      .trim();
    if (this.noted === undefined) return text === '';
    if (text !== '') push(this.noted, 'note', { text });
    return true;
  }

  /** read with the header */
  MSH(segment: Segment): boolean {
    applyTable(segment, sending, nowhere(), this.context);
    return true;
  }

  EVN(segment: Segment): boolean {
    applyTable(segment, event, nowhere(), this.context);
    return true;
  }

  /** the sender's software */
  SFT(): boolean {
    return true;
  }
}

/** segments that are read by other means; their tables say only what is left */
const sending: Table = { rows: [], silent: [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20, 21] };
const event: Table = { rows: [], silent: [1, 2] };
const comment: Table = { rows: [], silent: [1, 3] };
const nowhere = (): Resource => ({ resourceType: '', id: '' });

const push = (resource: Resource, element: string, value: unknown): void => {
  ((resource[element] ??= []) as unknown[]).push(value);
};

type Handler = (this: Assembly, segment: Segment) => boolean;

const { PID, PD1, MRG, NK1, PV1, PV2, DG1, AL1, IN1, ORC, OBR, SPM, OBX, NTE, MSH, EVN, SFT } = Assembly.prototype;
const handlers: Readonly<Record<string, Handler>> = {
  PID,
  PD1,
  MRG,
  NK1,
  PV1,
  PV2,
  DG1,
  AL1,
  IN1,
  ORC,
  OBR,
  SPM,
  OBX,
  NTE,
  MSH,
  EVN,
  SFT,
};
