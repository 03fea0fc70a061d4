import { readFileSync } from 'node:fs';
import { loadLabelPolicy, policyFiles } from './label-policy.js';
import { textOfXhtml } from './phrases.js';

const at = (name: string) => new URL(`../../../policies/labels/${name}`, import.meta.url);
const policy = loadLabelPolicy(Object.fromEntries(policyFiles.map((name) => [name, readFileSync(at(name), 'utf8')])));
const categories = (text: string) => [...new Set(policy.texts(text).map((rule) => rule.category))].sort();

describe('free text', () => {
  it.each([
    ['History of alcohol abuse, sober since 2019.', 'SUD'],
    ['Long-standing alcoholism', 'SUD'],
    ['Mother with schizophrenia.', 'PSY'],
    ['Possible bipolar disorder; rule out.', 'PSY'],
    ['患者有吸毒史十年', 'SUD'],
    ['诊断：抑郁症，中度', 'PSY'],
    ['无业人员，长期酗酒', 'SUD'],
    ['无业人员酗酒', 'SUD'],
    ['Ｈ\u200bＩＶ positive', 'HIV'],
    ['梅毒螺旋体抗体', 'STD'],
    ['ALZHEIMER disease', 'COGN'],
  ])('%s → %s', (text, category) => expect(categories(text)).toEqual([category]));

  it.each([
    'Denies alcohol abuse.',
    'Patient denies smoking, alcohol abuse, or heroin.',
    'No history of drug abuse',
    'Urine screen negative for cocaine.',
    'Cocaine: negative.',
    'Not psychotic.',
    'There is no depression',
    'Alcohol abuse: denied',
    'Non-alcoholic fatty liver disease',
    '否认吸毒、酗酒史',
    '既往否认精神病史',
    '无自杀倾向',
    '未见抑郁症表现',
    '甲基苯丙胺：阴性',
    'ST segment depression in V4-V6',
    'Wears hearing aids.',
    'ABC',
    '',
  ])('%s → nothing', (text) => expect(categories(text)).toEqual([]));

  it.each([
    ['No fever. Alcohol abuse.', 'another sentence'],
    ['No fever, heroin use daily', 'a bare no ends at a comma'],
    ['Denies pain but reports heroin use', 'a stop word'],
    ['Denies chest pain, history of heroin use', 'a new history'],
    ['Denies having stopped using heroin', 'a turned denial'],
    ['Did not disclose heroin', 'a verb of saying'],
    ['No one denies the alcohol abuse', 'two negations'],
    ['Schizophrenia cannot be excluded', 'uncertainty'],
    ['Alcohol abuse not ruled out', 'uncertainty after'],
    ['Not only depression', 'a pseudo-negation'],
    ['Suicide attempt; negative chest film', 'a cue for something else'],
    ['Alcohol abuse negative chest film', 'an after-cue that does not close'],
    ['Denies heroin. Later admitted heroin.', 'one affirmed mention is enough'],
    ['Alcohol abuse\nDenied\n', 'another item of a list'],
    ['无发热，酗酒二十年', 'a comma'],
    ['不排除抑郁症', 'pseudo-negation'],
    ['否认高血压，但有吸毒史', 'a stop word'],
    ['否认已停止吸毒', 'a turned denial'],
    ['未否认吸毒', 'double negation'],
  ])('%s is a mention (%s)', (text) => expect(categories(text)).not.toEqual([]));

  it.each([
    ['HIV negative', 'HIV'],
    ['No history of HIV', 'HIV'],
    ['HIV抗体阴性', 'HIV'],
    ['否认艾滋病史', 'HIV'],
    ['Denies domestic violence', 'SDV'],
    ['否认家暴', 'SDV'],
    ['Not pregnant', 'SEX'],
    ['Syphilis screen negative', 'STD'],
  ])('%s tells %s though negated', (text, category) => expect(categories(text)).toContain(category));

  it('finds a mention wherever it stands in a long text', () => {
    for (const before of [65_000, 65_020, 65_530, 131_050])
      expect(categories(`${'a '.repeat(before / 2)}heroin.`)).toEqual(['SUD']);
  });

  it.each(['<b ', '<b a="', '#', 'no ', 'denies ', '无', 'alcohol ', 'heroin ', '<b', '&#', 'a,'])(
    'is linear on hostile text: %j again and again',
    (unit) => {
      /** CPU, ms */
      const cost = (length: number) => {
        const before = process.cpuUsage();
        policy.texts(textOfXhtml(unit.repeat(length / unit.length)));
        return process.cpuUsage(before).user / 1000;
      };
      // four times as long: a quadratic one takes sixteen times. Whoever else is at work can only make it more: so it may try again
      const isLinear = () => cost(80_000) < 8 * cost(20_000) + 200;
      expect(isLinear() || isLinear() || isLinear()).toBe(true);
    },
  );
});
