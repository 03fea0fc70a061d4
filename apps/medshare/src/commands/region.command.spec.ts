import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryHost } from '@medshare/chaincode-region/memory-host.fixture';
import { callMain } from '../call-main.fixture.js';

const ids = ['harbor', 'lakeside', 'summit'];

describe.each(['intl', 'sm'])('a region of suite %s that institutions found on machines of their own', (suite) => {
  let folder: string;
  const at = (...names: string[]) => join(folder, ...names);
  const call = (...args: string[]) => callMain(args);
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

  it('takes another institution in by a document that all of them sign, as the chain checks it', async () => {
    const who = ['--id', 'pier', '--name', 'Pier', '--suite', suite, '--msp-id', 'PierMSP', '--data', at('pier')];
    await call('region', 'join', ...who, '--peer-url', 'https://pier.example:8443', '--host', 'pier.example');
    const present = at('lakeside', 'region.json');
    const grow = ['--region', present, '--member', at('pier', 'member.json'), '--endorsements', '3'];
    expect(await call('region', 'grow', ...grow, '--out', at('next.json'))).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(/: \S{43}\n {2}pier \(Pier\) joins\n {2}endorsements: 2 → 3\n/),
    });
    const next = JSON.parse(await readFile(at('next.json'), 'utf8')) as { members: { id: string; mspId?: string }[] };
    expect(next.members.map(({ id, mspId }) => mspId ?? id)).toEqual([...ids, 'PierMSP']);
    const all = [...ids, 'pier'];
    for (const id of all)
      expect(
        await call(
          ...['region', 'sign', '--region', at('next.json'), '--replaces', present],
          ...['--data', at(id), '--out', at(`${id}.signature.json`)],
        ),
      ).toMatchObject({ exitCode: 0, out: expect.stringContaining(`signed by ${id}\n  pier (Pier) joins`) });

    const read = async (file: string) => JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    const signatures = await Promise.all(
      all.map(async (id) => {
        const { institution, signature } = await read(at(`${id}.signature.json`));
        return { institution, signature };
      }),
    );
    const chain = new MemoryHost();
    await chain.run('harbor', 'init', await read(present), 0);
    await chain.run('summit', 'amend', { region: next, signatures }, 0);
    expect(chain.read('region')).toEqual(next);

    const adopt = (id: string, of: string[]) =>
      call(
        ...['region', 'adopt', '--region', at('next.json'), '--data', at(id)],
        ...of.flatMap((one) => ['--member', at(one, 'member.json')]),
      );
    expect(await adopt('lakeside', ['pier'])).toMatchObject({
      exitCode: 0,
      out: expect.stringContaining('Add to `peers`'),
    });
    expect(await adopt('pier', all)).toMatchObject({ exitCode: 0 });
    expect(await read(at('pier', 'region.json'))).toEqual(await read(present));
    expect(await readFile(at('lakeside', 'tls', 'authorities', 'pier.pem'), 'utf8')).toContain('BEGIN CERTIFICATE');
    expect(await call('config', 'check', '--config', at('pier', 'config.yaml'))).toMatchObject({ exitCode: 0 });
  });

  it('signs and adopts nothing that has other keys for itself, or for who joins', async () => {
    const next = JSON.parse(await readFile(at('next.json'), 'utf8')) as { members: { id: string; keys: object }[] };
    const other = {
      ...next,
      members: next.members.map((one) => (one.id === 'pier' ? { ...next.members[0], id: 'pier' } : one)),
    };
    await writeFile(at('other.json'), JSON.stringify(other));
    const said = ['--region', at('other.json'), '--data', at('pier')];
    const why = { exitCode: 1, err: expect.stringContaining('pier: the amended document has other keys for it') };
    expect(await call('region', 'sign', ...said, '--out', at('no.json'))).toMatchObject(why);
    const adopted = ['--region', at('other.json'), '--data', at('summit'), '--member', at('pier', 'member.json')];
    expect(await call('region', 'adopt', ...adopted)).toMatchObject(why);
    const signed = ['--signature', at('pier.signature.json'), '--config', at('harbor', 'config.yaml')];
    expect(await call('region', 'amend', '--region', at('other.json'), ...signed)).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining('pier: it signed another document'),
    });
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
