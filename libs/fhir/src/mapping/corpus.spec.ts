import { validateMessage } from '@medshare/hl7';
import { parseFhirJson, subjectOf, toJsonBytes, validateBundle } from '../index.js';
import { map, messageFiles, read } from './messages.fixture.js';

const files = messageFiles('corpus');

/** What is wrong with messages of the corpus, found before AA or, of two patients, by who takes the record. */
const refused: Readonly<Record<string, string>> = {
  'ADT04-251.hl7': 'hl7.segment-sequence EVN',
  'BAR-P02-01.hl7': 'patient.ambiguous Bundle.entry',
  'ORU-R01-01.hl7': 'hl7.required-field OBX[2]-3',
  'OUL-R22-01.hl7': 'hl7.required-field OBX[3]-3',
  'OUL-R23-01.hl7': 'hl7.required-field OBX[3]-3',
  'OUL-R24-01.hl7': 'hl7.required-field OBX[2]-3',
  'PC1-Problem-Add-v2.3.1.hl7': 'hl7.data-type PRB-2',
  'SIU_12.hl7': 'hl7.segment-sequence EVN',
};

const firstProblem = (name: string): string | undefined => {
  const file = files.find((each) => each.name === name);
  if (file === undefined) return undefined;
  const [problem] = validateMessage(read(file));
  if (problem !== undefined) return `${problem.code} ${problem.where}`;
  try {
    subjectOf(map(read(file)).bundle);
    return undefined;
  } catch (caught) {
    const { code, where } = caught as { code: string; where: string };
    return `${code} ${where}`;
  }
};

describe('messages of other makers', () => {
  it('become bundles that R4 allows', () => {
    for (const file of files) {
      const problems = validateBundle(parseFhirJson(toJsonBytes(map(read(file)).bundle)).value);
      expect([file.name, problems.map((each) => `${each.where} ${each.message}`)]).toEqual([file.name, []]);
    }
  });

  it('are taken, but for those that break the standard, which are refused by name and place', () => {
    const found = files.map(({ name }) => [name, firstProblem(name)] as const).filter(([, problem]) => problem);
    expect(Object.fromEntries(found)).toEqual(files.length === 0 ? {} : refused);
  });
});
