import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../main.js';

const ids = ['harbor', 'lakeside', 'summit'];

describe.each(['intl', 'sm'])('a region of suite %s that institutions found on machines of their own', (suite) => {
  let folder: string;
  const at = (...names: string[]) => join(folder, ...names);
  const call = async (...args: string[]) => {
    const written = { out: '', err: '' };
    const stream = (name: 'out' | 'err') =>
      ({ isTTY: false, write: (text: string) => ((written[name] += text), true) }) as unknown as NodeJS.WriteStream;
    const stop = new AbortController().signal;
    const exitCode = await main({ args, stdout: stream('out'), stderr: stream('err'), env: {}, stop });
    return { exitCode, ...written };
  };
  const members = () => ids.flatMap((id) => ['--member', at(id, 'member.json')]);
  const common = (id: string) => ['--agreement', at('east.json'), ...members(), '--data', at(id)];
  const deals = () => ids.flatMap((id) => ['--deal', at(`${id}.deal.json`)]);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'region-'));
    const agreement = {
      ...{ version: 1, region: 'east', suite, members: ids, endorsements: 2, viewQuorum: 2, oprfThreshold: 2 },
      identifierSystems: ['urn:medshare:east:citizen'],
    };
    await writeFile(at('east.json'), JSON.stringify(agreement));
    for (const id of ids) {
      const who = ['--id', id, '--name', `${id} hospital`, '--suite', suite, '--data', at(id)];
      const address = ['--peer-url', `https://${id}.example:8443`, '--host', `${id}.example`];
      expect(await call('region', 'join', ...who, ...address)).toMatchObject({ exitCode: 0, err: '' });
    }
    for (const id of ids)
      expect(await call('region', 'deal', ...common(id), '--out', at(`${id}.deal.json`))).toMatchObject({
        exitCode: 0,
      });
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true }));

  it('is one region, and each has a configuration to begin with', async () => {
    const said = [];
    for (const id of ids) said.push(await call('region', 'found', ...common(id), ...deals()));
    expect(said.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    const documents = await Promise.all(ids.map((id) => readFile(at(id, 'region.json'), 'utf8')));
    expect(new Set(documents).size).toBe(1);
    expect(new Set(said.map(({ out }) => /region\.json: (\S{43})/.exec(out)?.[1])).size).toBe(1);
    for (const id of ids)
      expect(await call('config', 'check', '--config', at(id, 'config.yaml'))).toMatchObject({
        exitCode: 0,
        out: expect.stringContaining(`${id} in east`),
      });
  });

  it('makes nothing anew that is there: keys, deal, region', async () => {
    const who = ['--id', 'harbor', '--name', 'x', '--suite', suite, '--data', at('harbor')];
    const join = await call('region', 'join', ...who, '--peer-url', 'https://x.example', '--host', 'x.example');
    expect(join).toMatchObject({ exitCode: 1, err: expect.stringContaining('it holds keys already') });
    const deal = await call('region', 'deal', ...common('harbor'), '--out', at('harbor.deal.json'));
    expect(deal).toMatchObject({ exitCode: 2, err: expect.stringContaining('all members must take the same deal') });
    const found = await call('region', 'found', ...common('harbor'), ...deals());
    expect(found).toMatchObject({ exitCode: 1, err: expect.stringContaining('it is there already') });
  });

  it('names whose file was exchanged on the way', async () => {
    const other = JSON.parse(await readFile(at('lakeside', 'member.json'), 'utf8')) as { keys: Record<string, string> };
    const swapped = { ...other, keys: { ...other.keys, vault: other.keys['ledger'] } };
    await writeFile(at('swapped.json'), JSON.stringify(swapped));
    await rm(at('harbor', 'region.json'));
    const given = common('harbor').map((one) => (one === at('lakeside', 'member.json') ? at('swapped.json') : one));
    const found = await call('region', 'found', ...given, ...deals());
    expect(found).toMatchObject({ exitCode: 1, err: expect.stringContaining('other member files') });
  });
});
