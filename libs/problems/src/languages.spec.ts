import {
  languages,
  preferredLanguage,
  problemCodes,
  textOf,
  toOperationOutcome,
  toProblemJson,
  problem,
} from './index.js';

describe('texts of problems', () => {
  it.each(problemCodes)('%s has a title and advice in every language', (code) => {
    const texts = languages.map((language) => textOf(code, language));
    for (const { title, advice } of texts) {
      expect(title.length).toBeGreaterThan(2);
      expect(advice.length).toBeGreaterThan(4);
    }
    const [en, zh] = texts;
    expect(en!.title + en!.advice).not.toMatch(/\p{Script=Han}/u);
    expect(zh!.title).toMatch(/\p{Script=Han}{2}/u);
    expect(zh!.advice).toMatch(/\p{Script=Han}{2}/u);
    // the same names of fields, formats and commands in both
    const names = (text: string) =>
      (text.match(/\b(MSH-\d+|MLLP|MSH|FHIR R4|GET \/\S+?\b|medshare fsck|docs\/config\.md|NTP)\b/g) ?? []).sort();
    expect([...new Set(names(`${zh!.title} ${zh!.advice}`))]).toEqual([
      ...new Set(names(`${en!.title} ${en!.advice}`)),
    ]);
  });

  it('are all different: nobody copied a line', () => {
    for (const language of languages)
      expect(new Set(problemCodes.map((code) => textOf(code, language).title)).size).toBeGreaterThanOrEqual(
        problemCodes.length - 2,
      );
  });
});

describe('the preferred language', () => {
  it.each([
    [undefined, 'en'],
    ['', 'en'],
    ['zh', 'zh'],
    ['zh-Hans-CN,zh;q=0.9,en;q=0.8', 'zh'],
    ['fr, zh;q=0.4, en;q=0.5', 'en'],
    ['en;q=0, zh;q=0.1', 'zh'],
    ['*', 'en'],
    ['zh;q=nonsense', 'zh'],
    [`${'x,'.repeat(10_000)}zh`, 'en'],
  ])('of %s is %s', (header, language) => expect(preferredLanguage(header)).toBe(language));

  it('is that of what a caller reads; code and place stay', () => {
    const found = problem('hl7.data-type', { where: 'PID-7' });
    expect(toProblemJson(found, { language: 'zh' })).toMatchObject({
      code: 'hl7.data-type',
      title: '值不符合其数据类型',
      where: 'PID-7',
    });
    expect(toOperationOutcome([found], 'zh').issue[0]?.details.text).toBe('值不符合其数据类型');
    expect(toOperationOutcome([found]).issue[0]?.details.text).toBe('A value is not of its data type');
  });
});
