import { parseMessage, validateMessage } from './index.js';

const lines = {
  MSH: 'MSH|^~\\&|LAB|HARBOR|EHR|HARBOR|20260102030405+0800||ORU^R01^ORU_R01|42|P|2.5.1',
  PID: 'PID|1||1^^^EAST||Lin^Mei||19850317|F',
  OBR: 'OBR|1|||718-7^Hemoglobin^LN|||20260102',
  OBX: 'OBX|1|NM|718-7^Hemoglobin^LN||13.20|g/dL|||||F|||20260102',
};
const judge = (changes: Partial<Record<keyof typeof lines, string>>) =>
  validateMessage(
    parseMessage(
      new TextEncoder().encode(
        Object.values({ ...lines, ...changes })
          .filter(Boolean)
          .join('\r'),
      ),
    ),
  ).map(({ code, where }) => `${code} ${where}`);

describe('validateMessage', () => {
  it('has nothing against a good message', () => expect(judge({})).toEqual([]));

  it.each<[string, Parameters<typeof judge>[0], string[]]>([
    ['no control id', { MSH: lines.MSH.replace('|42|', '||') }, ['hl7.required-field MSH-10']],
    ['a null control id', { MSH: lines.MSH.replace('|42|', '|""|') }, ['hl7.required-field MSH-10']],
    ['another type', { MSH: lines.MSH.replace('ORU^R01^ORU_R01', 'QBP^Q11') }, ['hl7.unsupported-type MSH-9.1']],
    ['another trigger', { MSH: lines.MSH.replace('R01^', 'R99^') }, ['hl7.unsupported-event MSH-9.2']],
    ['no trigger', { MSH: lines.MSH.replace('^R01^ORU_R01', '') }, ['hl7.required-field MSH-9.2']],
    ['another version', { MSH: lines.MSH.replace('2.5.1', '3.0') }, ['hl7.unsupported-version MSH-12.1']],
    ['a bad time of message', { MSH: lines.MSH.replace('20260102030405', '20261302030405') }, ['hl7.data-type MSH-7']],
    ['a processing id outside its table', { MSH: lines.MSH.replace('|P|', '|Q|') }, ['hl7.table-value MSH-11']],
    ['no PID', { PID: '' }, ['hl7.segment-sequence PID', 'hl7.segment-sequence OBX']],
    ['no PID-3', { PID: 'PID|1||^^^EAST' }, []],
    ['an empty PID-3', { PID: 'PID|1||^^~' }, ['hl7.required-field PID-3']],
    ['a birth date that is none', { PID: lines.PID.replace('0317', '0231') }, ['hl7.data-type PID-7']],
    ['a number that is none', { OBX: lines.OBX.replace('13.20', '13,2') }, ['hl7.data-type OBX-5']],
    ['the second number', { OBX: lines.OBX.replace('13.20', '1~x') }, ['hl7.data-type OBX-5[2]']],
    ['no OBX-2', { OBX: lines.OBX.replace('|NM|', '||') }, ['hl7.required-field OBX-2']],
    ['a status outside its table', { OBX: lines.OBX.replace('|F|', '|Q|') }, ['hl7.table-value OBX-11']],
    ['two headers', { OBX: lines.MSH }, ['hl7.segment-sequence MSH[2]']],
  ])('%s', (_, changes, problems) => expect(judge(changes)).toEqual(problems));

  it('stops at fifty problems', () => {
    expect(judge({ OBX: Array.from({ length: 80 }, () => 'OBX|x|NM|a||b||||||F').join('\r') })).toHaveLength(50);
  });
});
