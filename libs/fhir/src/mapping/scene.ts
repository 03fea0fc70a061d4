import type { Message, Segment } from '@medshare/hl7';
import { create, referenceTo, type Context, type Resource } from './context.js';
import { applyTable, push, type Table } from './table.js';

/**
 * What the segments read so far have built. A segment belongs to the nearest one before it that it can belong to; where the standard puts
 * the patient behind (SCH, RF1), the reference is already known.
 */
export class Scene {
  readonly resources: Resource[] = [];
  readonly header: Resource;
  patient: Resource | undefined;
  encounter: Resource | undefined;
  /** ORC until the segment that says what is ordered */
  order: Segment | undefined;
  /** the ORC that the last request was made of */
  claimed: Segment | undefined;
  /** the ORC whose Provenance was told */
  told: Segment | undefined;
  /** TQ1s between them */
  timings: Segment[] = [];
  /** what is ordered, by any kind of request */
  request: Resource | undefined;
  report: Resource | undefined;
  specimen: Resource | undefined;
  referral: Resource | undefined;
  document: Resource | undefined;
  immunization: Resource | undefined;
  dispense: Resource | undefined;
  /** a mixture that is ordered or dispensed */
  medication: Resource | undefined;
  appointment: Resource | undefined;
  coverage: Resource | undefined;
  insured: Resource | undefined;
  allergy: Resource | undefined;
  /** lines of a document's texts, by what they are called */
  readonly texts = new Map<string, string[]>();
  /** what a comment is about */
  noted: Resource | undefined;
  /** what a participation is in */
  attended: Resource | undefined;
  private readonly last: (() => void)[] = [];

  constructor(
    readonly context: Context,
    header: Resource,
  ) {
    this.header = header;
  }

  get message(): Message {
    return this.context.message;
  }

  /** reference to the patient, also before PID */
  get patientReference() {
    return referenceTo(
      this.patient ?? { resourceType: 'Patient', id: this.context.idFor(this.message.first('PID')?.where() ?? 'PID') },
    );
  }

  get subject() {
    return { subject: this.patientReference };
  }

  get visit() {
    return this.encounter && { encounter: referenceTo(this.encounter) };
  }

  /** @returns the resource added, filled from a table */
  add(resourceType: string, segment: Segment, table: Table, elements: object = {}, part = ''): Resource {
    const resource = create(this.context, resourceType, segment.where() + part, elements);
    applyTable(segment, table, resource, this.context);
    this.resources.push(resource);
    return resource;
  }

  /** Adds a resource if `complete` finds that it can stand; else its values count as lost. */
  addIf(
    complete: (resource: Resource) => boolean,
    ...[resourceType, segment, table, elements, part]: Parameters<Scene['add']>
  ): Resource | undefined {
    const mark = this.context.ledger.mark;
    const resource = this.add(resourceType, segment, table, elements, part);
    if (complete(resource)) return resource;
    this.resources.pop();
    this.context.ledger.forget(mark);
    return undefined;
  }

  fill(resource: object, segment: Segment, table: Table): boolean {
    return applyTable(segment, table, resource, this.context);
  }

  /** An element with members of its own, appended if it can stand; else its values count as lost. */
  append(
    resource: Resource,
    element: string,
    segment: Segment,
    table: Table,
    members: object = {},
    complete: (part: object) => boolean = () => true,
  ): boolean {
    const mark = this.context.ledger.mark;
    const part = { ...members };
    if (this.fill(part, segment, table) && complete(part)) push(resource, element, part);
    else this.context.ledger.forget(mark);
    return this.context.ledger.mark > mark;
  }

  /** what comments and participations that follow are about */
  focusOn(resource: Resource): void {
    this.noted = this.attended = resource;
  }

  /** run when every segment was read */
  finally(step: () => void): void {
    this.last.push(step);
  }

  finish(): void {
    for (const step of this.last) step();
  }
}

/** Reads one segment into what stands before it; what nothing before it can hold is left, and so reported. */
export type SegmentReader = (segment: Segment, scene: Scene) => void;
