import { readdirSync, readFileSync } from 'node:fs';
import { catalogue, decode, type EventMessage, type Topic } from './catalogue.js';

const folder = new URL('../../../schemas/samples/', import.meta.url);
const samples = readdirSync(folder);
const read = (file: string) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as EventMessage;
const nameOf = (topic: string, version: number) => `${topic}.v${version}.json`;

describe('samples of events', () => {
  it.each(Object.entries(catalogue))('%s has one of every version', (topic, { version }) => {
    const wanted = Array.from({ length: version }, (_, index) => nameOf(topic, index + 1));
    expect(samples).toEqual(expect.arrayContaining(wanted));
  });

  it.each(samples)('%s is decoded by this release', (file) => {
    const sample = read(file);
    expect(file).toBe(nameOf(sample.topic, Number(sample.headers['version'])));
    expect(Object.keys(catalogue)).toContain(sample.topic);
    expect(decode(sample.topic as Topic, sample)).toBeDefined();
  });

  it.each(samples)('%s with a field too many, or one too few, is refused', (file) => {
    const { topic, headers, value } = read(file) as EventMessage & { value: Record<string, unknown> };
    const [first = ''] = Object.keys(value);
    const { [first]: _, ...fewer } = value;
    expect(() => decode(topic as Topic, { headers, value: { ...value, surplus: 1 } })).toThrow();
    expect(() => decode(topic as Topic, { headers, value: fewer })).toThrow();
  });

  it.each(Object.entries(catalogue))('%s of a later release is refused', (topic, { version }) => {
    const { value } = read(nameOf(topic, version));
    expect(() => decode(topic as Topic, { headers: { version: String(version + 1) }, value })).toThrow(/newer/);
  });
});
