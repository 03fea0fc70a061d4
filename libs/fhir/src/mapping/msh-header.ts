import { create, type Context, type Resource } from './context.js';
import type { Scene, SegmentReader } from './scene.js';
import { v2 } from './systems.js';
import { applyTable, isValued, single, unless, type Table, type Type } from './table.js';
import { endpoint, HDorganization, XON } from './types-identity.js';
import { minuteAt } from './types-value.js';

/** MSG: the trigger event is the code, the whole field what it is called */
const event: Type = (value) => {
  const code = value.text(2);
  const parts = [1, 2, 3].flatMap((component) => value.text(component) ?? []);
  return code === undefined ? undefined : { system: v2('0003'), code, display: parts.join('^') };
};

const name: Type = (value) => value.text(1);

/** MSH → MessageHeader: the event, who sent it, to whom */
const header: Table = {
  rows: [
    [9, 'eventCoding', event],
    [5, 'destination[0].name', name],
    [25, 'destination[0].endpoint', endpoint],
    [5, 'destination[0].endpoint', endpoint, unless(25)],
    [23, 'destination[0].receiver', XON],
    [6, 'destination[0].receiver', HDorganization, unless(23)],
    [4, 'sender', HDorganization],
    [3, 'source.name', name],
    [24, 'source.endpoint', endpoint],
    [3, 'source.endpoint', endpoint, unless(24)],
    [22, 'responsible', XON],
    [19, 'language', single((tag) => (/^[a-z]{2}(-[A-Z]{2})?$/.test(tag) ? tag : undefined))],
    [11, 'meta.tag[]', single((code) => ({ system: v2('0103'), code }))],
  ],
  messageOnly: [1, 2, 12, 13, 14, 15, 16, 18, 20, 21],
};

/** MSH → Bundle */
const envelope: Table = {
  rows: [
    [10, 'identifier.value', name],
    [7, 'timestamp', minuteAt(1)],
  ],
};

export const messageHeader = (context: Context): Resource => {
  const msh = context.message.header;
  const resource = create(context, 'MessageHeader', 'MSH');
  const filled = { source: {}, destination: isValued(msh, 5) || isValued(msh, 25) ? [{}] : undefined };
  applyTable(msh, header, Object.assign(resource, filled), context);
  const { source, destination } = resource as unknown as { source: { endpoint?: string }; destination?: object[] };
  source.endpoint ??= context.source;
  const [first] = (destination ?? []) as { endpoint?: string }[];
  if (first !== undefined) first.endpoint ??= 'urn:hl7v2:application:unnamed';
  return resource;
};

export const bundleEnvelope = (context: Context): Resource => {
  const resource = create(context, 'Bundle', 'Bundle', {
    meta: { source: context.source },
    identifier: {},
    type: 'message',
  });
  applyTable(context.message.header, envelope, resource, context);
  if (context.message.header.first(10).raw.trim() === '') delete resource['identifier'];
  return resource;
};

/** SFT → MessageHeader.source: the sender's software */
const software: Table = {
  rows: [
    [3, 'source.software', name],
    [2, 'source.version', name],
  ],
};

export const SFT: SegmentReader = (segment, scene: Scene) => {
  scene.fill(scene.header, segment, software);
};

/** read before all others */
export const MSH: SegmentReader = () => true;
