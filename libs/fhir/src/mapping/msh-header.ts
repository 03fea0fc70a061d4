import type { Context, Resource } from './context.js';
import { create } from './context.js';
import { v2 } from './systems.js';
import { textOf } from './table.js';
import { endpointOf, XON } from './types-identity.js';

/** MSH → MessageHeader: the event, who sent it, to whom */
export const messageHeader = (context: Context): Resource => {
  const { message } = context;
  const msh = message.header;
  const [application, facility] = [msh.first(3), msh.first(4)];
  const receiver = endpointOf(msh.first(5), context);
  const sender = XON.convert(facility, context);
  return create(context, 'MessageHeader', 'MSH', {
    eventCoding: { system: v2('0003'), code: message.trigger },
    ...(receiver !== undefined && { destination: [{ name: textOf(msh.first(5), 1), endpoint: receiver }] }),
    ...(sender !== undefined && { sender: { type: 'Organization', display: textOf(facility, 1) } }),
    source: { name: textOf(application, 1), endpoint: endpointOf(application, context) ?? context.source },
  });
};
