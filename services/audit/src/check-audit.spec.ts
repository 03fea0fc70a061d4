import type { Finding } from '@medshare/role';
import { checkAudit } from './check-audit.js';
import { TestLog } from './fixture/log.fixture.js';

describe('fsck of the audit log', () => {
  let log: TestLog;
  beforeAll(async () => void (log = await TestLog.open()), 90_000);
  beforeEach(async () => {
    await log.clear();
    await log.add(6, { action: 'section.opened' });
    await log.checkpoints.make();
    await log.add(3);
    await log.checkpoints.make();
  });
  afterAll(() => log.roles.close());

  const check = async (onChain?: { size: number; root: string }): Promise<Finding[]> => {
    const found: Finding[] = [];
    for await (const finding of checkAudit(log.context, () => Promise.resolve(onChain))) found.push(finding);
    return found;
  };
  const head = async () => {
    const { size, root } = (await log.checkpoints.make())!;
    return { size, root };
  };

  it('finds nothing in an honest log that the chain knows', async () => {
    expect(await check(await head())).toEqual([]);
  });

  const flip = 'set_byte(%s, 2, 255 - get_byte(%s, 2))';
  it.each<[string, string, string]>([
    [
      'the bytes of an entry',
      `UPDATE entry SET bytes = ${flip.replaceAll('%s', 'bytes')} WHERE index = 4`,
      'entry and leaf',
    ],
    [
      'the salt of an entry',
      `UPDATE entry SET salt = ${flip.replaceAll('%s', 'salt')} WHERE index = 4`,
      'entry and leaf',
    ],
    [
      'the leaf of an entry',
      `UPDATE entry SET leaf = ${flip.replaceAll('%s', 'leaf')} WHERE index = 4`,
      'leaf and tree',
    ],
    ['the action that is searched', `UPDATE entry SET action = 'ask.made' WHERE index = 4`, 'what is searched'],
    ['the outcome that is searched', `UPDATE entry SET outcome = 'failed' WHERE index = 4`, 'what is searched'],
    [
      'the time that is searched',
      `UPDATE entry SET time = time - interval '1 year' WHERE index = 4`,
      'what is searched',
    ],
    ['an entity that is searched', `UPDATE entity SET id = 'another' WHERE entry_index = 4`, 'what is searched'],
    ['an entity taken away', `DELETE FROM entity WHERE entry_index = 4`, 'what is searched'],
    [
      'an entry taken away',
      `DELETE FROM entity WHERE entry_index = 4; DELETE FROM entry WHERE index = 4`,
      'gap before 5',
    ],
    [
      'a leaf of the tree',
      `UPDATE node SET hash = ${flip.replaceAll('%s', 'hash')} WHERE (level, position) = (0, 4)`,
      'leaf and tree',
    ],
    [
      'a node',
      `UPDATE node SET hash = ${flip.replaceAll('%s', 'hash')} WHERE (level, position) = (2, 0)`,
      'not the hash',
    ],
    ['a node taken away', `DELETE FROM node WHERE (level, position) = (1, 1)`, 'not the hash'],
    [
      'the root of a checkpoint',
      `UPDATE checkpoint SET root = ${flip.replaceAll('%s', 'root')} WHERE size = 6`,
      'root',
    ],
    ['the signature of a checkpoint', `UPDATE checkpoint SET signature = repeat('A', 86) WHERE size = 6`, 'signature'],
    ['the head', `UPDATE head SET size = 8`, '8 and 9'],
    ['the newest checkpoint taken away', `DELETE FROM checkpoint WHERE size = 9`, 'another head'],
  ])('names %s', async (_, statement, detail) => {
    const onChain = await head();
    for (const one of statement.split('; ')) await log.context.database.query(one);
    const found = await check(onChain);
    expect(found.map((finding) => finding.detail).join('\n')).toContain(detail);
  });

  it('names a log cut off behind its back, though it is whole in itself', async () => {
    const onChain = await head();
    await log.clear();
    await log.add(2);
    await log.checkpoints.make();
    expect(await check(onChain)).toMatchObject([{ store: 'audit.checkpoint ↔ chain', id: '9' }]);
  });

  it('looks at every checkpoint, not at the newest thousand only', async () => {
    const { size, root } = await head();
    await log.context.database.query(
      `INSERT INTO checkpoint (size, root, time, signature)
       SELECT 100 + n, c.root, c.time, c.signature FROM generate_series(1, 1100) n, checkpoint c WHERE c.size = 9`,
    );
    await log.context.database.query(`UPDATE checkpoint SET signature = repeat('A', 86) WHERE size = 6`);
    const found = await check({ size, root });
    expect(found).toContainEqual(expect.objectContaining({ id: '6', detail: 'signature' }));
    expect(found).not.toContainEqual(expect.objectContaining({ store: 'audit.checkpoint ↔ chain' }));
  });
});
