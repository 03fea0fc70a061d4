import { parseMessage, type Message } from '@medshare/hl7';
import { isProblemCode, problems, type ProblemCode } from '@medshare/problems';
import type { Refusal } from './send-report.js';

/** What an acknowledgement says: taken, or why not. */
export type Answer = { readonly taken: true } | { readonly taken: false; readonly refusals: readonly Refusal[] };

/** Reads MSA and ERR (HL7 v2.5.1 sections 2.15.8, 2.15.5; ERR-1 before 2.5) of whatever system answered. */
export function readAcknowledgement(bytes: Uint8Array): Answer {
  const message = parsed(bytes);
  const code = message?.text('MSA-1');
  if (message === undefined || code === undefined)
    return no({ answer: '?', code: 'hl7.unparsable', where: '', why: notAnAck });
  if (code === 'AA' || code === 'CA') return { taken: true };
  const errors = message.all('ERR').map((_, index) => refusalOf(message, code, index + 1));
  return {
    taken: false,
    refusals: errors.length > 0 ? errors : [{ answer: code, code: '', where: '', why: 'no reason given' }],
  };
}

const notAnAck = 'What came back is not an acknowledgement';
const no = (refusal: Refusal): Answer => ({ taken: false, refusals: [refusal] });

function parsed(bytes: Uint8Array): Message | undefined {
  try {
    return parseMessage(bytes);
  } catch {
    return undefined;
  }
}

function refusalOf(message: Message, answer: string, occurrence: number): Refusal {
  const at = (field: string) => message.text(`ERR[${occurrence}]-${field}`) ?? '';
  const own = at('5.1');
  const code = isProblemCode(own) ? own : '';
  const [place, ...more] = at('7').split(': ');
  const said = code === '' ? [at('8'), at('3.2'), at('1.4')].find((text) => text !== '') : undefined;
  return {
    answer,
    code: code || at('3.1') || at('1.4.1'),
    where: placeOf(message, occurrence) || (isPlace(place) ? (place ?? '') : ''),
    why: said ?? sentence(code, more.length > 0 ? more.join(': ') : isPlace(place) ? '' : (place ?? '')),
  };
}

const isPlace = (text: string | undefined): boolean => /^[A-Z][A-Z0-9]{2}(\[|-|$)/.test(text ?? '');

const sentence = (code: string, detail: string): string => {
  const title = code === '' ? 'Refused' : problems[code as ProblemCode].title;
  return detail === '' ? title : `${title}: ${detail}`;
};

/** ERR-2 as a path such as `PID-7.1`: segment, occurrence, field, repetition, component. */
function placeOf(message: Message, occurrence: number): string {
  const part = (component: number) => message.text(`ERR[${occurrence}]-2.${component}`) ?? '';
  const [segment, number, field, , component] = [1, 2, 3, 4, 5].map(part);
  if (!segment) return '';
  const which = number && number !== '1' ? `[${number}]` : '';
  return `${segment}${which}${field ? `-${field}` : ''}${field && component ? `.${component}` : ''}`;
}
