import { Writable } from 'node:stream';
import { problem } from '@medshare/problems';
import fc from 'fast-check';
import { allowedFields, createLogger, nestLogger, type LogLevel } from './index.js';

const capture = (level: LogLevel = 'debug') => {
  let text = '';
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      text += chunk.toString();
      done();
    },
  });
  const logger = createLogger({ role: 'vault', institution: 'harbor', level, stream });
  const lines = () =>
    text
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger, lines, text: () => text };
};

describe('a log line', () => {
  it('says who, when, how bad and what', () => {
    const { logger, lines } = capture();
    logger.warn({ topic: 'record.sealed', count: 3, code: 'view.stale' }, 'view refused');
    expect(lines()).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*\.\d{3}Z$/) as string,
        role: 'vault',
        institution: 'harbor',
        topic: 'record.sealed',
        count: 3,
        code: 'view.stale',
        msg: 'view refused',
      },
    ]);
  });

  it('carries no unknown field and no object, whatever is logged', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), fc.constantFrom(...allowedFields), (fields, known) => {
        const { logger, text, lines } = capture();
        const secret = 'MEI-LIN-1974';
        const unknown = Object.fromEntries(Object.entries(fields).filter(([name]) => !allowedFields.has(name)));
        logger.info(
          {
            ...unknown,
            patient: secret,
            [`x${secret}`]: 1,
            [known]: { name: secret, code: secret, stack: `${secret}\n    at ${secret}` },
          },
          'said',
        );
        logger.info({ err: { ...unknown, cause: { name: secret, where: secret, message: secret } } }, 'said');
        logger.child({ patient: secret }).error({ [known]: [{ deep: secret }], err: new Error(secret) }, 'said');
        expect(text()).not.toContain(secret);
        expect(lines()).toHaveLength(3);
      }),
    );
  });

  it('would show a secret in an allowed field (positive control)', () => {
    const { logger, text } = capture();
    logger.info({ where: 'MEI-LIN-1974' }, 'said');
    expect(text()).toContain('MEI-LIN-1974');
  });

  it('tells of an error its kind, code and place, never its message', () => {
    const { logger, lines, text } = capture();
    const caught = Object.assign(new Error('duplicate key (name)=(Mei)'), { code: '23505' });
    logger.error({ err: problem('storage.unavailable', { where: 'vault', cause: caught }) }, 'not stored');
    expect(lines()[0]?.['err']).toMatchObject({
      name: 'Problem',
      code: 'storage.unavailable',
      where: 'vault',
      cause: {
        name: 'Error',
        code: '23505',
        stack: expect.arrayContaining([expect.stringMatching(/^at /)]) as string[],
      },
    });
    expect(text()).not.toContain('Mei');
  });

  it('keeps to its level, and shortens', () => {
    const { logger, lines } = capture('warn');
    logger.info({}, 'no');
    logger.error({ where: 'x'.repeat(1_000), id: 7n }, '%s %d'.repeat(300));
    expect(lines()).toHaveLength(1);
    expect((lines()[0]?.['where'] as string).length).toBe(257);
    expect([lines()[0]?.['id'], (lines()[0]?.['msg'] as string).slice(0, 5)]).toEqual(['7', '%s %d']);
  });
});

describe("Nest's lines", () => {
  it('come through, without what was thrown', () => {
    const { logger, lines, text } = capture();
    const nest = nestLogger(logger);
    nest.log('Mapped {/health, GET} route', 'RouterExplorer');
    nest.error(new Error('Mei Lin'), 'ExceptionsHandler');
    nest.error('Mei Lin', 'Error: Mei Lin\n    at somewhere (file.ts:1:1)', 'ExceptionsHandler');
    nest.warn({ patient: 'Mei Lin' });
    nest.error('Port in use', 'NestApplication');
    expect(lines().map(({ level, msg, component }) => [level, msg, component])).toEqual([
      ['info', 'Mapped {/health, GET} route', 'RouterExplorer'],
      ['error', 'thrown', 'ExceptionsHandler'],
      ['error', 'thrown', 'ExceptionsHandler'],
      ['warn', 'thrown', undefined],
      ['error', 'Port in use', 'NestApplication'],
    ]);
    expect(text()).not.toContain('Mei');
  });
});
