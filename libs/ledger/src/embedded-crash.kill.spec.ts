import { keys } from '@medshare/chaincode-region';
import { Cast, institutions, type Institution } from '@medshare/chaincode-region/cast.fixture';
import { eventually, killHard, lineOf, spawnScript } from '@medshare/testkit';
import { EmbeddedNetwork, freshDatabases } from './embedded-network.fixture.js';

const rounds = 5;
const victim = new URL('./embedded-victim.fixture.ts', import.meta.url);
type Batches = [Institution, number][];

/** Lets a process submit for a while, kills it, and returns what it began and what it was told is committed. */
async function runAndKill(urls: object, from: number, ms: number): Promise<{ begun: Batches; done: Batches }> {
  const child = spawnScript(victim, { args: [JSON.stringify(urls), String(from)] });
  let said = '';
  child.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  await lineOf(child, /^done/);
  await new Promise((resolve) => setTimeout(resolve, ms));
  await killHard(child);
  const lines = said
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '));
  const of = (word: string) =>
    lines.filter(([first]) => first === word).map(([, id, n]) => [id, Number(n)] as [Institution, number]);
  return { begun: of('begun'), done: of('done') };
}

it('loses nothing that was committed when it is killed at any moment, and takes resubmissions without a second effect', async () => {
  const { urls, drop } = await freshDatabases();
  const done: Batches = [];
  let next = 0;
  for (let round = 0; round < rounds; round++) {
    // prime steps, so that the kills fall at different moments of a block
    const told = await runAndKill(urls, next, 100 + round * 37);
    done.push(...told.done);
    next = Math.max(...told.begun.map(([, batch]) => batch));
  }
  expect(done.length).toBeGreaterThanOrEqual(rounds);
  const network = await new EmbeddedNetwork(new Cast('intl', {}, Date.now()), urls).start();
  try {
    const { number } = await network.ledger('harbor').height();
    await eventually(async () => (await network.ledger('summit').height()).number >= number);
    for (const [institution, batch] of done) {
      const { tag } = network.cast.anchor(`${institution}/${batch}/1`);
      for (const id of institutions) expect(await network.ledger(id).get(keys.anchor(institution, tag))).toBeDefined();
    }
    const [institution, batch] = done[0]!;
    const anchors = [0, 1, 2].map((i) => network.cast.anchor(`${institution}/${batch}/${i}`));
    const key = keys.anchor(institution, anchors[0]!.tag);
    const before = (await network.ledger(institution).getMany([key])).get(key);
    await network.ledger(institution).submit('anchor', { institution, anchors });
    expect((await network.ledger(institution).getMany([key])).get(key)).toEqual(before);
    for (const id of institutions)
      for await (const finding of network.ledger(id).verify()) expect(finding).toBeUndefined();
  } finally {
    await network.stop();
    await drop();
  }
}, 180_000);
