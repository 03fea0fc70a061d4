import { chaincode, keys, type Chaincode } from '@medshare/chaincode-region';
import { MemoryHost } from '@medshare/chaincode-region/memory-host.fixture';
import { callOf, cast, start, steps, wantedRequest, type Step } from '@medshare/chaincode-region/sequences.fixture';
import { systemClock, systemRandom } from '@medshare/clock';
import { isProblem } from '@medshare/problems';
import { createAuthority, issueCertificate, type Authority } from '@medshare/peers';
import { eventually, ManualClock } from '@medshare/testkit';
import fc from 'fast-check';
import { EmbeddedHost } from './embedded-host.fixture.js';
import { ChaincodePeer, type Answer, type Call } from './chaincode-peer.fixture.js';
import { serveChaincode, type ChaincodeServer, type ChaincodeServerOptions } from './chaincode-server.driver.js';

const packageId = `region_1:${'ab'.repeat(32)}`;
const hour = 3_600_000;

/** The chaincode as an external service, with a peer of the test at the other end of a real, mutually authenticated connection. */
describe('the chaincode as a service of its own', () => {
  let authority: Authority;
  let server: ChaincodeServer;
  let cert: Awaited<ReturnType<typeof issueCertificate>>;
  const clock = new ManualClock(start);
  const open: { close(): unknown }[] = [];

  beforeAll(async () => {
    const base = { institution: 'harbor', validDays: 2, clock: systemClock, random: systemRandom };
    authority = await createAuthority(base);
    cert = await issueCertificate(authority, { role: 'ledger', hosts: ['127.0.0.1'], validDays: 1 });
    server = await serve({});
  });
  beforeEach(() => clock.set(start));
  afterAll(async () => {
    for (const one of open) await one.close();
  });

  async function serve(change: Partial<ChaincodeServerOptions>): Promise<ChaincodeServer> {
    const tls = { key: cert.key, cert: cert.cert, clientAuthorities: authority.ca };
    const opened = await serveChaincode({
      address: '127.0.0.1:0',
      chaincode,
      bundle: 'the-bundle',
      packageId,
      tls,
      clock,
      ...change,
    });
    open.push(opened);
    return opened;
  }

  function connect(to = server, tls: ConstructorParameters<typeof ChaincodePeer>[1] = cert): ChaincodePeer {
    const peer = new ChaincodePeer(`127.0.0.1:${to.port}`, tls);
    open.unshift(peer);
    return peer;
  }

  /** A peer whose chain has begun. */
  async function begun(to = server): Promise<ChaincodePeer> {
    const peer = connect(to);
    expect(await peer.call(call('init', cast.region))).toMatchObject({ status: 200, response: { region: 'east' } });
    return peer;
  }

  const call = (name: string, args: unknown, change: Partial<Call> = {}): Call => ({
    mspId: 'harbor',
    name,
    args,
    time: clock.now(),
    ...change,
  });
  const refusalOf = ({ status, message }: Answer): unknown => (status === 200 ? undefined : JSON.parse(message));
  const anchors = (institution: string, ...tags: string[]) => ({
    institution,
    anchors: tags.map((tag) => cast.anchor(tag)),
  });

  it('registers as the package that the peer installed, and says which bundle it runs', async () => {
    const peer = await begun();
    expect(peer.registered).toBe(packageId);
    const { response } = await peer.call(call('$describe', null));
    expect(response).toEqual({ name: 'region', version: chaincode.version, bundle: 'the-bundle' });
  });

  it('runs a call on the peer’s state, writes what it wrote, and says its events', async () => {
    const peer = await begun();
    const { events, response } = await peer.call(call('anchor', anchors('harbor', 'a', 'b')));
    expect(response).toMatchObject({ size: 2, conflicts: [] });
    expect(events.map(({ name }) => name)).toEqual(['anchored']);
    const [first] = anchors('harbor', 'a').anchors;
    expect(JSON.parse(Buffer.from(peer.state.get(keys.anchor('harbor', first!.tag))!).toString())).toEqual(first);
  });

  it('says refusals with their code and place, and writes nothing', async () => {
    const peer = await begun();
    const before = peer.dump();
    const refused = async (given: Call) => refusalOf(await peer.call(given));
    expect(await refused(call('anchor', anchors('summit', 'x')))).toMatchObject({
      code: 'ledger.refused',
      where: 'institution',
    });
    expect(await refused(call('no-such', {}))).toMatchObject({ code: 'ledger.refused' });
    expect(await refused(call('anchor', anchors('harbor', 'x'), { mspId: 'stranger' }))).toMatchObject({
      code: 'ledger.refused',
      where: 'creator',
    });
    expect(peer.dump()).toBe(before);
  });

  it('shows another certificate and asks for another authority without an end, and keeps the streams that stand', async () => {
    const opened = await serve({});
    const standing = await begun(opened);
    const next = await createAuthority({
      institution: 'lakeside',
      validDays: 2,
      clock: systemClock,
      random: systemRandom,
    });
    const issued = await issueCertificate(next, { role: 'ledger', hosts: ['127.0.0.1'], validDays: 1 });
    expect(() => opened.renew({ key: cert.key, cert: issued.cert, clientAuthorities: next.ca })).toThrow(
      expect.objectContaining({ code: 'config.invalid' }),
    );
    const ended = await issueCertificate(next, { role: 'ledger', hosts: ['127.0.0.1'], validDays: -1 });
    expect(() => opened.renew({ key: ended.key, cert: ended.cert, clientAuthorities: next.ca })).toThrow(
      expect.objectContaining({
        code: 'config.invalid',
        detail: expect.stringMatching(/^the certificate expired on /),
      }),
    );
    await connect(opened).ready;
    opened.renew({ key: issued.key, cert: issued.cert, clientAuthorities: next.ca });
    await connect(opened, { ...issued, ca: next.ca }).ready;
    await expect(connect(opened, cert).ready).rejects.toThrow();
    expect(await standing.call(call('anchor', anchors('harbor', 'after')))).toMatchObject({ status: 200 });
  });

  it.each([-1, 1])('refuses a proposal whose time is off by more than the bound (%i)', async (sign) => {
    const peer = await begun();
    const { clockSkewMs } = cast.region;
    const at = (ms: number) => peer.call(call('anchor', anchors('harbor', 'clock'), { time: start + sign * ms }));
    expect(refusalOf(await at(clockSkewMs + 1))).toMatchObject({ code: 'ledger.clock' });
    expect(refusalOf(await at(clockSkewMs))).toBeUndefined();
  });

  it('knows a member by the organisation that the region names', async () => {
    const peer = connect();
    const members = cast.region.members.map((member) => ({ ...member, mspId: `${member.id}-msp` }));
    const asHarbor = { mspId: 'harbor-msp' };
    expect(await peer.call(call('init', { ...cast.region, members }, asHarbor))).toMatchObject({ status: 200 });
    expect(await peer.call(call('anchor', anchors('harbor', 'msp'), asHarbor))).toMatchObject({ status: 200 });
    expect(refusalOf(await peer.call(call('anchor', anchors('harbor', 'msp2'))))).toMatchObject({ where: 'creator' });
  });

  it('runs calls of one peer beside each other', async () => {
    const peer = await begun();
    const many = Array.from({ length: 40 }, (_, i) => peer.call(call('anchor', anchors('harbor', `beside-${i}`))));
    expect((await Promise.all(many)).map(({ status }) => status)).toEqual(Array.from({ length: 40 }, () => 200));
  });

  it('has no outcome where the peer could not read: that is no refusal of the chaincode', async () => {
    const faults: string[] = [];
    const watched = await serve({ onFault: ({ txId }) => void faults.push(txId) });
    const peer = await begun(watched);
    peer.failing = true;
    expect(refusalOf(await peer.call(call('anchor', anchors('harbor', 'away'))))).toMatchObject({
      code: 'ledger.unavailable',
    });
    expect(faults).toHaveLength(1);
  });

  it('ends an execution that takes too long, and refuses more than it has room for', async () => {
    let release = () => undefined as void;
    const slow = new Promise<void>((resolve) => (release = resolve));
    const functions: Chaincode['functions'] = {
      ...chaincode.functions,
      slow: async ({ state }) => {
        await slow;
        await state.get('region');
        return {};
      },
    };
    const limits = { executeMs: 300, executions: 1 };
    const peer = await begun(await serve({ chaincode: { ...chaincode, functions }, limits }));
    const waiting = peer.call(call('slow', {}));
    await eventually(async () => {
      const refusal = refusalOf(await peer.call(call('anchor', anchors('harbor', 'room'))));
      return (refusal as { code?: string } | undefined)?.code === 'ledger.unavailable';
    });
    setTimeout(release, 600);
    expect(refusalOf(await waiting)).toMatchObject({ code: 'ledger.unavailable' });
  });

  it('lets nobody in without a certificate of the organisation', async () => {
    const other = await createAuthority({
      institution: 'lakeside',
      validDays: 2,
      clock: systemClock,
      random: systemRandom,
    });
    const theirs = await issueCertificate(other, { role: 'peer', hosts: ['127.0.0.1'], validDays: 1 });
    await expect(connect(server, { ca: authority.ca }).ready).rejects.toThrow();
    await expect(connect(server, { ...theirs, ca: authority.ca }).ready).rejects.toThrow();
  });

  it.each([false, true])(
    'keeps the chaincode’s laws as the embedded host and the one in memory do: same states, refusals, events (emergency: %s)',
    async (emergency) => {
      const wanted = wantedRequest(emergency);
      const sequences = fc.asyncProperty(fc.array(steps, { maxLength: 16 }), async (given) => {
        clock.set(start);
        const [memory, embedded, peer] = [new MemoryHost(), new EmbeddedHost(), await begun()];
        for (const host of [memory, embedded]) {
          await host.run('harbor', 'init', cast.region, start);
          await host.run('lakeside', 'request', wanted, start);
        }
        await peer.call(call('request', wanted, { mspId: 'lakeside' }));
        for (const step of given) await compare(memory, embedded, peer, step);
        peer.close();
      });
      await fc.assert(sequences, { numRuns: 25 });

      async function compare(
        memory: MemoryHost,
        embedded: EmbeddedHost,
        peer: ChaincodePeer,
        step: Step,
      ): Promise<void> {
        if (step.kind === 'wait') clock.advance(step.who * hour);
        const made = callOf(wanted, clock.now(), step);
        if (made === undefined) return;
        const told = memory.events.length;
        const expected = await memory
          .run(made.creator, made.name, made.args, clock.now())
          .then((response) => ({ response, refusal: undefined }))
          .catch((caught: unknown) => {
            if (!isProblem(caught)) throw caught;
            const { code, where, detail } = caught;
            return { response: undefined, refusal: JSON.parse(JSON.stringify({ code, where, detail })) as unknown };
          });
        const answer = await peer.call(call(made.name, made.args, { mspId: made.creator }));
        expect({ response: answer.response, refusal: refusalOf(answer) }).toEqual(expected);
        expect(answer.events).toEqual(memory.events.slice(told));
        expect(peer.dump()).toBe(memory.dump());
        const outcome = await embedded.run(made.creator, made.name, made.args, clock.now());
        if (outcome.kind === 'done')
          expect(outcome).toMatchObject({ response: answer.response, events: [...answer.events] });
        else expect({ ...outcome, kind: 'refused' }).toEqual({ kind: 'refused', ...(refusalOf(answer) as object) });
        expect(embedded.dump()).toBe(peer.dump());
      }
    },
    120_000,
  );
});
