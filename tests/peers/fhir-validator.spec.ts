import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toJsonBytes } from '@medshare/fhir';
import { map, messageFiles, read } from '@medshare/fhir/mapping/messages.fixture';
import { javaProgram, type JavaProgram } from './maven.js';

/** The Bundles that messages become, judged by a validator that is not ours: HAPI FHIR, without a network. */
describe("HAPI's FHIR validator", () => {
  let folder: string;
  let validator: JavaProgram;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medshare-peers-'));
    validator = await javaProgram('fhir-validator.pom.xml', 'ValidateBundles', folder);
  }, 500_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** @returns name → what is wrong with it; names of all that were judged */
  const judge = async (bundles: Readonly<Record<string, string>>) => {
    const files = Object.entries(bundles).map(([name, text]) => ({ name, text, path: join(folder, `${name}.json`) }));
    await Promise.all(files.map(({ path, text }) => writeFile(path, text)));
    const lines = (await validator.run(files.map(({ path }) => path))).split('\n').map((line) => line.split('\t'));
    const nameOf = (path: string) => files.find((file) => file.path === path)?.name ?? path;
    const errors = lines.filter(([, severity]) => severity === 'ERROR' || severity === 'FATAL');
    return {
      judged: lines.flatMap(([path = '', state]) => (state === 'DONE' ? [nameOf(path)] : [])),
      errors: errors.map(([path = '', , , where, text]) => `${nameOf(path)} ${where}: ${text}`),
    };
  };

  const textOf = (file: ReturnType<typeof messageFiles>[number]) =>
    new TextDecoder().decode(toJsonBytes(map(read(file)).bundle));

  // no error is excepted: what needs a terminology server HAPI reports as a warning
  it('finds no error in any Bundle that messages become', async () => {
    const files = messageFiles('samples', 'golden', 'corpus');
    const { judged, errors } = await judge(Object.fromEntries(files.map((file) => [file.name, textOf(file)])));
    expect(errors).toEqual([]);
    expect(judged).toHaveLength(files.length);
  }, 900_000);

  it('finds what was planted: a code, a date, a property, a missing element and a broken invariant', async () => {
    const [file] = messageFiles('golden').filter(({ name }) => name.startsWith('vxu'));
    const good = file === undefined ? '' : textOf(file);
    const planted = {
      code: good.replace('"gender":"female"', '"gender":"zzz"'),
      date: good.replace('"birthDate":"2024-09-02"', '"birthDate":"2024-13-02"'),
      property: good.replace('"gender":', '"sex":"F","gender":'),
      element: good.replace(/"vaccineCode":\{.*?\},"(?=doseQuantity)/, '"'),
      invariant: good.replace('"system":"http://unitsofmeasure.org","code":"mL"', '"code":"mL"'),
    };
    const { errors } = await judge(planted);
    const found = Object.keys(planted).filter((name) => errors.some((error) => error.startsWith(`${name} `)));
    expect(Object.values(planted).filter((text) => text === good)).toEqual([]);
    expect(found).toEqual(Object.keys(planted));
  }, 300_000);
});
