import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseMessage, type Message } from '@medshare/hl7';
import { mapMessage, type Mapped } from '../index.js';

const here = import.meta.dirname;
/** messages of other makers' test suites, where they are at hand */
const corpus = join(process.env['MEDSHARE_CORPORA'] ?? resolve(here, '../../../../../shared/corpora'), 'hl7v2');
const folders = { samples: resolve(here, '../../../../samples'), golden: resolve(here, 'golden'), corpus };

export type MessageFile = { readonly name: string; readonly path: string };

export const messageFiles = (...from: readonly (keyof typeof folders)[]): MessageFile[] =>
  from
    .map((each) => folders[each])
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => ({ name, path: join(folder, name) })))
    .filter(({ name }) => name.endsWith('.hl7'));

export const parse = (bytes: Uint8Array): Message => parseMessage(bytes, { defaultCharset: 'UNICODE UTF-8' });
export const read = ({ path }: MessageFile): Message => parse(readFileSync(path));

export const idFor = (position: string): string =>
  createHash('sha256')
    .update(position)
    .digest('hex')
    .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-5$3-8$4-$5');

export const map = (message: Message): Mapped =>
  mapMessage(message, { feedZone: 'Asia/Shanghai', idFor, source: 'urn:medshare:institution:harbor' });
