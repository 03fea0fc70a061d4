import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { openDemoConfigs } from '@medshare/app/commands/demo-configs';
import { freePort } from '@medshare/testkit';
import { lastingFindings } from '../faults/run-fsck.js';
import { exchange, startDemo, until, type Demo } from '../harness/demo.js';
import { admission, identifierOf, patient, sodium } from '../harness/messages.js';
import { addOrganisation } from './fabric/add-organisation.js';
import { describeOrganisation } from './fabric/describe-fabric.js';
import { newcomer, organisations, type Joined } from './fabric/organisations.js';
import { peerFolder } from './fabric/peer-program.js';
import { foundOnFabric, medshare, type FabricInstitutions } from './fabric-institutions.js';
import { runningRelease, startFabric, type FabricNetwork } from './fabric-network.js';
import { fabricGateway } from './servers/fabric-gateway.js';
import { fabricPeer } from './servers/fabric-peer.js';
import { Supervisor } from './supervise.js';

const all: readonly Joined[] = [...organisations, newcomer];

// what docs/operate-fabric.md says under "Add an organisation", step by step
describe(`a fourth institution with a peer of its own joins a region that runs, ${runningRelease()}`, () => {
  let network: FabricNetwork;
  let founded: FabricInstitutions;
  let demo: Demo;
  let pier: ChildProcess | undefined;
  const peer = { start: () => Promise.resolve(), stop: () => Promise.resolve() };
  let mllpPort: number;
  const at = (...names: string[]) => join(founded.data, ...names);
  const mei = patient(41);
  const about = { identifier: identifierOf(mei), purpose: 'TREAT', relation: 'treating' as const, days: 7 };
  const doctorElsewhere = () => demo.as('dr.chen', 'lakeside');

  beforeAll(async () => {
    network = await startFabric();
    founded = await foundOnFabric(network.description);
    demo = await startDemo(founded);
  }, 600_000);
  afterAll(async () => {
    pier?.kill('SIGTERM');
    await demo?.stop();
    await founded?.stop();
    await peer.stop();
    await network?.stop();
  }, 120_000);

  it('adds its organisation to the channel by an update that most administrators sign, and its peer joins', async () => {
    const { stack } = network;
    await addOrganisation(stack, newcomer);
    const modern = network.description.gatewayService === 'fabric';
    const servers = [fabricPeer(stack, newcomer), ...(modern ? [] : [fabricGateway(stack, newcomer)])];
    const supervisor = new Supervisor(stack.places.state);
    peer.stop = async () => void (await Promise.all(servers.map((server) => supervisor.stop(server))));
    peer.start = async () => {
      for (const server of servers) await supervisor.start(server);
    };
    await peer.start();
  }, 180_000);

  it('makes its keys, and every member signs the same amended document, which goes on the chain while they run', async () => {
    const port = await freePort();
    const address = ['--peer-url', `https://127.0.0.1:${port}`, '--host', '127.0.0.1'];
    const who = ['--id', newcomer, '--name', 'Pier Hospital', '--suite', 'intl'];
    await medshare('region', 'join', ...who, ...address, '--data', at(newcomer));
    const grow = ['--region', at('harbor', 'region.json'), '--member', at(newcomer, 'member.json')];
    await medshare('region', 'grow', ...grow, '--endorsements', '3', '--out', at('next.json'));
    for (const id of all)
      await medshare(
        ...['region', 'sign', '--region', at('next.json'), '--replaces', at('summit', 'region.json')],
        ...['--data', at(id), '--out', at(`${id}.signature.json`)],
      );
    const signatures = all.flatMap((id) => ['--signature', at(`${id}.signature.json`)]);
    // the demo keeps the databases of its institutions on one server
    const { configs } = await openDemoConfigs(founded.data, ['harbor'], process.env);
    process.env['MEDSHARE_DATABASE__URL'] = configs[0]!.database.url;
    await medshare(
      ...['region', 'amend', '--region', at('next.json'), ...signatures],
      ...['--config', founded.config('harbor')],
    ).finally(() => delete process.env['MEDSHARE_DATABASE__URL']);
    await send('harbor', admission(patient(40)), sodium(patient(40)));
    await demo.stop();
    await adopt(port);
    demo = await startDemo(founded);
  }, 240_000);

  it('brings its package and server, and all approve the sequence under which it endorses', async () => {
    await founded.enrol(newcomer, describeOrganisation(network.stack, newcomer));
    for (const each of organisations) await founded.approve(each);
    await founded.commit(newcomer);
    const { committed, members } = await medshare('chain', 'status', '--config', founded.config(newcomer));
    expect(committed).toMatchObject({ sequence: 2 });
    expect(members).toEqual(
      all.map((id) => expect.objectContaining({ institution: id, approved: true, sameCode: true }) as unknown),
    );
  }, 180_000);

  it('keeps records that members find, ask for and open; theirs go on', async () => {
    pier = await started();
    const answers = await exchange(mllpPort, [admission(mei), sodium(mei, '147')]);
    expect(answers.map((answer) => /\rMSA\|(\w\w)/.exec(answer)?.[1])).toEqual(['AA', 'AA']);
    await send('harbor', sodium(mei, '133'));
    const doctor = doctorElsewhere();
    const asked = await until(
      'all three records of both institutions are found',
      async () => {
        const one = await doctor.ask(about);
        const shareable = new Set(one.requests.map(({ owner }) => owner)).size === 2;
        return shareable && recordsOf(one)['harbor'] === 1 && recordsOf(one)[newcomer] === 2 && one;
      },
      90_000,
    );
    await until(
      'both values are read',
      async () => {
        const { opened } = await doctor.open(asked.askId);
        const read = await Promise.all(opened.map(async ({ bundle }) => Buffer.from(await doctor.bundle(bundle))));
        const text = read.map(String).join('\n');
        return text.includes('"value":147') && text.includes('"value":133');
      },
      90_000,
    );
  }, 300_000);

  // docs/operate-fabric.md, "Restore a peer"
  it('endorses again after its only peer lost its disk, once all have approved the next sequence', async () => {
    await peer.stop();
    const answers = await exchange(mllpPort, [sodium(mei, '150')]);
    expect(answers[0]).toContain('\rMSA|AA|');
    await rm(join(peerFolder(network.stack, newcomer), 'data'), { recursive: true });
    await peer.start();
    await founded.install(newcomer);
    for (const each of all) await founded.approve(each);
    await founded.commit('harbor');
    // three of four must endorse: without one of the others, it is needed
    await founded.kill('summit');
    await send('harbor', sodium(mei, '151'));
    const doctor = doctorElsewhere();
    await until(
      'what both took meanwhile is anchored',
      async () => {
        await sleep(1_000);
        const records = recordsOf(await doctor.ask(about));
        return records['harbor'] === 2 && records[newcomer] === 3;
      },
      120_000,
    );
    await founded.serve('summit');
  }, 300_000);

  it('has stores that agree with the chain, and a copy of it from the first block', async () => {
    expect(await lastingFindings({ config: founded.config(newcomer) })).toEqual([]);
    expect(await lastingFindings(founded.data)).toEqual([]);
  }, 180_000);

  const recordsOf = ({ found }: { found: readonly { institution: string; records: number }[] }) =>
    Object.fromEntries(found.map(({ institution, records }) => [institution, records]));

  const send = async (institution: string, ...messages: string[]) => {
    const answers = await demo.send(institution, ...messages);
    expect(answers.map((answer) => /\rMSA\|(\w\w)/.exec(answer)?.[1])).toEqual(messages.map(() => 'AA'));
  };

  /** Everybody's folder goes on with the amended document; the newcomer's configuration says where its own servers are. */
  async function adopt(peersPort: number): Promise<void> {
    const of = (ids: readonly string[]) => ids.flatMap((id) => ['--member', at(id, 'member.json')]);
    const amended = ['region', 'adopt', '--region', at('next.json')];
    for (const id of organisations) {
      await medshare(...amended, ...of([newcomer]), '--data', at(id));
      await change(founded.config(id), ({ peers, ...config }) => ({
        ...config,
        peers: {
          ...peers,
          authorities: { ...peers.authorities, [newcomer]: `tls/authorities/${newcomer}.pem` },
          urls: { ...peers.urls, [newcomer]: `https://127.0.0.1:${peersPort}` },
        },
      }));
    }
    await medshare(...amended, ...of(all), '--data', at(newcomer));
    const [httpPort, systems] = [await freePort(), { EAST: 'urn:medshare:east:citizen' }];
    mllpPort = await freePort();
    const feed = { name: 'hospital', zone: 'Asia/Shanghai', onConflict: 'refuse', agreedIdentifierSystems: systems };
    await change(founded.config(newcomer), ({ peers, ...config }) => ({
      ...config,
      http: { port: httpPort },
      peers: { ...peers, host: '127.0.0.1', port: peersPort },
      mllp: { port: mllpPort, feeds: [feed] },
      blobs: 'file:blobs',
      identity: { issuer: `http://127.0.0.1:${httpPort}/realms/${newcomer}`, embedded: true },
    }));
    await mkdir(at(newcomer, 'identity'), { mode: 0o700 });
    await writeFile(at(newcomer, 'identity', 'accounts.json'), '{"version":1,"accounts":[]}', { mode: 0o600 });
  }

  async function started(): Promise<ChildProcess> {
    const program = 'apps/medshare/bin/medshare.mjs';
    const child = spawn(process.execPath, [program, 'run', '--config', founded.config(newcomer)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece: Buffer) => (said = (said + piece.toString()).slice(-4_000)));
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`it ended: ${said}`)));
    await Promise.race([ended, until('pier is ready', () => Promise.resolve(said.includes(' is ready: ')), 120_000)]);
    ended.catch(() => undefined);
    return child;
  }
});

interface Peers {
  readonly authorities: Readonly<Record<string, string>>;
  readonly urls: Readonly<Record<string, string>>;
}

async function change(file: string, to: (config: { peers: Peers }) => object): Promise<void> {
  const config = parse(await readFile(file, 'utf8')) as { peers: Peers };
  await writeFile(file, stringify(to(config)));
}
