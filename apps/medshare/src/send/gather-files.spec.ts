import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatherFiles } from './gather-files.js';

describe('files to send', () => {
  let folder: string;
  const at = (...parts: string[]) => join(folder, ...parts);
  const names = async (...named: string[]) =>
    (await gatherFiles(named)).map(({ path }) => path.slice(folder.length + 1));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gather-'));
    await mkdir(at('labs', 'deep'), { recursive: true });
    for (const name of ['a.hl7', 'b.json', 'notes.txt', 'labs/c.HL7', 'labs/deep/d.hl7'])
      await writeFile(at(...name.split('/')), '');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('takes files in their order and folders with all they hold', async () => {
    expect(await names(at('labs'), at('a.hl7'))).toEqual(['labs/c.HL7', 'labs/deep/d.hl7', 'a.hl7']);
    expect(await names(folder)).toEqual(['a.hl7', 'b.json', 'labs/c.HL7', 'labs/deep/d.hl7']);
    expect(await names(at('a.hl7'), folder)).toHaveLength(4);
    expect((await gatherFiles([at('b.json')]))[0]?.kind).toBe('fhir');
  });

  it('expands patterns that the shell did not', async () => {
    expect(await names(at('*.hl7'))).toEqual(['a.hl7']);
    expect(await names(at('**', '*.hl7'))).toEqual(['a.hl7', 'labs/deep/d.hl7']);
    expect(await names(at('labs', '**'))).toEqual(['labs/c.HL7', 'labs/deep/d.hl7']);
    expect(await names(at('?.json'))).toEqual(['b.json']);
  });

  it.each([
    ['missing.hl7', 'request.not-found'],
    ['*.xml', 'request.not-found'],
    ['notes.txt', 'request.unsupported-media-type'],
  ])('refuses %s', async (name, code) => {
    await expect(gatherFiles([at(name)])).rejects.toMatchObject({ code, where: at(name) });
  });
});
