import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { foundDemo } from '../found/found-demo.js';
import { portBaseFor } from './port-base.js';

describe('the base of a demo’s ports', () => {
  let data: string;
  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'medshare-ports-'));
  });
  afterEach(() => rm(data, { recursive: true }));

  it('is chosen while nothing is founded', () => {
    expect(portBaseFor(undefined, data)).toBe(7000);
    expect(portBaseFor(9000, data)).toBe(9000);
  });

  it('is the one that the folder was founded with, though it was never started', async () => {
    await foundDemo(data, 7400, 'intl', () => undefined);
    expect(portBaseFor(undefined, data)).toBe(7400);
    expect(portBaseFor(7400, data)).toBe(7400);
    expect(() => portBaseFor(9000, data)).toThrow(/this data folder has 7400/);
  });
});
