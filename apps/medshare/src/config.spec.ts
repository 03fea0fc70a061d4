import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Problem } from '@medshare/problems';
import { configTree, type Node } from './config/keys.js';
import { describeConfig, loadConfig, printConfig, type Config } from './config.js';

const minimal = () => ({
  region: 'east',
  institution: 'harbor',
  data: 'data',
  peers: {
    key: 'tls/key.pem',
    cert: '/etc/medshare/cert.pem',
    authorities: { harbor: 'tls/harbor.pem', lakeside: 'tls/lakeside.pem' },
    urls: { harbor: 'https://127.0.0.1:8443', lakeside: 'https://lakeside.example:8443' },
  },
  keys: 'file:secrets/kek',
  identity: { issuer: 'https://sso.harbor.example/realms/harbor' },
});
const feed = { name: 'lab', zone: 'Asia/Shanghai', onConflict: 'refuse' };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (content: unknown): string => {
  const path = join(folder, 'medshare.yaml');
  writeFileSync(path, typeof content === 'string' ? content : stringify(content));
  return path;
};
const load = (content: unknown, env = {}): Config => loadConfig(file(content), env);
const mistakes = (content: unknown, env = {}): string[] => {
  try {
    load(content, env);
  } catch (caught) {
    const { code, where, detail } = caught as Problem;
    expect([code, where]).toEqual(['config.invalid', join(folder, 'medshare.yaml')]);
    return detail!.split('\n');
  }
  return [];
};

describe('the configuration', () => {
  it('needs little and fills in the rest', () => {
    const config = load(minimal());
    expect(config).toMatchObject({
      http: { host: '127.0.0.1', port: 8080 },
      mllp: { maxMessageBytes: 16 * 1024 * 1024, feeds: [] },
      database: { url: 'embedded:' },
      bus: 'postgres:',
      identity: { audience: 'medshare', embedded: false },
    });
    expect(config.roles).toContain('vault');
  });

  it('reads paths relative to the file', () => {
    const { data, blobs, keys, peers } = load({ ...minimal(), blobs: 'file:///srv/blobs' });
    expect(data).toBe(join(folder, 'data'));
    expect([blobs, keys]).toEqual(['file:///srv/blobs', `file://${folder}/secrets/kek`]);
    expect([peers.key, peers.cert]).toEqual([join(folder, 'tls/key.pem'), '/etc/medshare/cert.pem']);
    expect(peers.authorities.lakeside).toBe(join(folder, 'tls/lakeside.pem'));
  });

  it('reads the files of the database relative to the file, the authority in its URL, too', () => {
    const url = 'postgresql://owner@db/m?sslmode=verify-full&sslrootcert=tls%2Fdb.pem';
    const users = { prefix: 'harbor_', passwords: 'keys/database' };
    const { database } = load({ ...minimal(), database: { url, passwordFile: 'keys/owner', users } });
    expect(new URL(database.url).searchParams.get('sslrootcert')).toBe(join(folder, 'tls/db.pem'));
    expect(database.passwordFile).toBe(join(folder, 'keys/owner'));
    expect(database.users?.passwords).toBe(join(folder, 'keys/database'));
  });

  it.each([
    ['postgresql://u@db.example/m', false],
    ['postgresql://u@db.example/m?sslmode=require', false],
    ['postgresql://u@db.example/m?sslmode=no-verify', false],
    ['postgresql://u@db.example/m?sslmode=verify-full', true],
    ['postgresql://localhost/m?host=db.example', false],
    ['postgresql://u@localhost/m?host=127.0.0.1&host=db.example', false],
    ['postgresql://u@db.example/m?sslmode=verify-full&sslmode=disable', false],
    ['postgresql://u@db.example/m?sslmode=verify-full&ssl=0', false],
    ['postgresql:///m', false],
    ['postgresql://u@db.example/m?host=/run/postgresql', true],
    ['postgresql://u@[::1]/m', true],
    ['postgresql://u@127.0.0.1:5432/m', true],
    ['postgresql://u@localhost/m', true],
  ])('reaches a database elsewhere only through verified TLS: %s', (url, accepted) => {
    if (accepted) expect(load({ ...minimal(), database: { url } }).database.url).toBe(url);
    else
      expect(mistakes({ ...minimal(), database: { url } })).toEqual([
        expect.stringMatching(/^database\.url: must end in \?sslmode=verify-full/),
      ]);
  });

  it('names every mistake with its key, one line each', () => {
    const wrong = {
      ...minimal(),
      region: undefined,
      colour: 'red',
      http: { port: 'x', prot: 1 },
      bus: 'amqp://b:5672',
      colours: 'rot13',
      database: { url: 'mysql://u:hunter2@h/d' },
      mllp: { feeds: [{ ...feed, zone: '+08:00' }, { ...feed, onConflict: 'drop' }, { name: 'x' }] },
      roles: ['vault', 'king'],
    };
    const found = mistakes(wrong);
    expect(found.map((line) => line.split(':')[0]).sort()).toEqual(
      [
        'bus',
        'colour',
        'database.url',
        'http.port',
        'http.prot',
        'mllp.feeds[0].zone',
        'mllp.feeds[1].onConflict',
        'mllp.feeds[2].onConflict',
        'mllp.feeds[2].zone',
        'region',
        'roles[1]',
        'colours',
      ].sort(),
    );
    expect(found).toContain('region: is missing');
    expect(found).toContain('http.prot: is not a key');
    expect(found).toContain('bus: must begin with postgres: or kafka:');
    expect(found.join()).not.toMatch(/hunter2|rot13/);
  });

  it.each<[string, object, string]>([
    ['two feeds of one name', { mllp: { feeds: [feed, feed] } }, 'mllp.feeds[1].name: is taken by an earlier one'],
    ['a role twice', { roles: ['vault', 'vault'] }, 'roles: must name each role once'],
    ['no role', { roles: [] }, 'roles: '],
    [
      'a member without authority',
      { peers: { ...minimal().peers, authorities: { harbor: 'x' } } },
      'peers.authorities.lakeside: is missing',
    ],
    ['no address of its own', { institution: 'summit' }, 'peers.urls.summit: is missing'],
    [
      'a peer without TLS',
      { peers: { ...minimal().peers, urls: { harbor: 'http://127.0.0.1:1' } } },
      'peers.urls.harbor: must be https://host:port',
    ],
    ['a broker that is no address', { bus: 'kafka://127.0.0.1' }, 'bus: must be kafka://host:port'],
    ['a channel that is none', { ledger: 'fabric://peer:7051' }, 'ledger: must be fabric://host:port/channel'],
    ['a chain on Fabric without an identity', { ledger: 'fabric://peer:7051/east' }, 'fabric.cert: is missing'],
    [
      'half a pair towards the peer',
      { ledger: 'fabric://peer:7051/east', fabric: { cert: 'c', key: 'k', tls: { cert: 'x' } } },
      'fabric.tls.key: is missing',
    ],
    ['far brokers without TLS', { bus: 'kafka://127.0.0.1:1,b:9092' }, 'kafka.tls: is missing'],
    [
      'half a certificate towards brokers',
      { bus: 'kafka://b:9092', kafka: { tls: { cert: 'x' } } },
      'kafka.tls.key: is missing',
    ],
    [
      'a user of the brokers without password',
      { bus: 'kafka://b:9092', kafka: { tls: {}, sasl: { mechanism: 'scram-sha-512', username: 'x' } } },
      'kafka.sasl.passwordFile: is missing',
    ],
    [
      'tokens without a service account',
      { bus: 'kafka://b:9092', kafka: { tls: {}, sasl: { mechanism: 'oauthbearer' } } },
      'kafka.sasl.clientId: is missing',
    ],
    [
      'more brokers in step than there are copies',
      { bus: 'kafka://127.0.0.1:1', kafka: { topics: { replicationFactor: 1 } } },
      'kafka.topics.minInsyncReplicas: must not be more',
    ],
    [
      'events that Kafka drops before they may be forgotten',
      { bus: 'kafka://127.0.0.1:1', kafka: { topics: { retentionDays: 14 } } },
      'kafka.topics.retentionDays: must be more than limits.retentionDays',
    ],
    ['a key that is no file', { keys: 'vault://x' }, 'keys: must begin with file:'],
    ['a port beyond the last', { http: { port: 65_536 } }, 'http.port: '],
    ['a message bound without end', { mllp: { maxMessageBytes: 1e12 } }, 'mllp.maxMessageBytes: '],
  ])('refuses %s', (_, change, expected) => {
    expect(mistakes({ ...minimal(), ...change })).toEqual(expect.arrayContaining([expect.stringContaining(expected)]));
  });

  it('refuses what is no YAML, doubled keys, an empty file and no file, without quoting it', () => {
    expect(mistakes('region: east\nregion: hunter2\n')).toEqual(['line 2: DUPLICATE_KEY']);
    expect(mistakes('a: [hunter2')).toEqual([expect.stringMatching(/^line 1: /)]);
    expect(mistakes('')).toContain('region: is missing');
    expect(mistakes('just text')).toEqual([expect.stringMatching(/^\(file\): /)]);
    expect(mistakes(`x: ${'y'.repeat(1024 * 1024)}`)).toEqual(['the file is too large']);
    expect(() => loadConfig(join(folder, 'absent.yaml'), {})).toThrow('the file cannot be read (ENOENT)');
  });

  it('is not blown up by aliases', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'.split('').map((key, i) => `${key}: &${key} [${Array(9).fill(`*${'abcdefg'[i]}`).join(',')}]`),
    ];
    expect(mistakes(bomb.join('\n'))).toHaveLength(1);
  });
});

describe('the environment', () => {
  it('overrides the file, by the type of the key', () => {
    const config = load(minimal(), {
      MEDSHARE_HTTP__PORT: '9000',
      MEDSHARE_MLLP__MAX_MESSAGE_BYTES: '1024',
      MEDSHARE_IDENTITY__EMBEDDED: 'true',
      MEDSHARE_DATABASE__URL: 'postgres://u:p@db/medshare?sslmode=verify-full',
      MEDSHARE_ROLES: '[vault, ledger]',
      MEDSHARE_PEERS__URLS__LAKESIDE: 'https://10.0.0.7:1',
      MEDSHARE_MLLP__FEEDS: '[{name: lab, zone: Asia/Shanghai, onConflict: refuse}]',
      PATH: '/bin',
    });
    expect(config).toMatchObject({
      http: { port: 9000 },
      mllp: { maxMessageBytes: 1024, feeds: [feed] },
      identity: { embedded: true },
      database: { url: 'postgres://u:p@db/medshare?sslmode=verify-full' },
      roles: ['vault', 'ledger'],
      peers: { urls: { lakeside: 'https://10.0.0.7:1', harbor: 'https://127.0.0.1:8443' } },
    });
  });

  it('refuses names that lead nowhere and values of another type', () => {
    const env = {
      MEDSHARE_HTTP__PROT: '1',
      MEDSHARE_REGOIN: 'x',
      MEDSHARE_HTTP__PORT: 'many',
      MEDSHARE___PROTO____X: '1',
    };
    expect(mistakes(minimal(), env)).toEqual([
      'MEDSHARE_HTTP__PROT: there is no such key',
      'MEDSHARE_REGOIN: there is no such key',
      'MEDSHARE_HTTP__PORT: must be of type integer',
      'MEDSHARE___PROTO____X: there is no such key',
    ]);
  });

  it('leaves alone what Kubernetes sets for a Service of the same name', () => {
    const env = {
      MEDSHARE_SERVICE_HOST: '10.0.0.1',
      MEDSHARE_PORT: 'tcp://10.0.0.1:80',
      MEDSHARE_PORT_8080_TCP_ADDR: '10.0.0.1',
      MEDSHARE_CONFIG: 'x',
    };
    expect(mistakes(minimal(), env)).toEqual([]);
  });
});

describe('the documentation', () => {
  const places = (node: Node, key = ''): [string, Node][] => [
    ...(key === '' ? [] : [[key, node] as [string, Node]]),
    ...Object.entries(node.children).flatMap(([name, child]) => places(child, key ? `${key}.${name}` : name)),
    ...Object.entries(node.items?.children ?? {}).flatMap(([name, child]) => places(child, `${key}[].${name}`)),
  ];

  it('has a meaning for every key', () => {
    const all = places(configTree());
    expect(all.length).toBeGreaterThan(35);
    const table = describeConfig();
    for (const [key, { description }] of all) {
      expect([key, description]).toEqual([key, expect.stringMatching(/\w{3,}.*\.$/)]);
      expect(table).toContain(`| \`${key}\` |`);
    }
    expect(table).toContain('| `http.port` | integer | `8080` | Its port; 0 takes any free one. |');
    expect(table).toContain('| `mllp.feeds[].zone` | string | required |');
    for (const row of table.trim().split('\n')) expect(row.match(/\|/g)).toHaveLength(5);
  });

  it('prints what is in force without passwords', () => {
    for (const url of [
      'postgres://u:hunter2@db/m?sslmode=verify-full',
      'postgres://u:hun@ter2@db:5432/m?sslmode=verify-full',
      'postgres://db/m?user=u&password=hunter2&sslmode=verify-full',
    ]) {
      const printed = printConfig(load({ ...minimal(), database: { url } }));
      expect(printed).not.toMatch(/hunter2|ter2/);
      expect(printed).toContain('***');
    }
    const config = load(minimal());
    expect(parse(printConfig(config))).toEqual(config);
  });
});
