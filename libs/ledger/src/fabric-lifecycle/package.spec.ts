import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { labelOf, makePackage, readPackage } from './package.js';
import { readTar, writeTar } from './tar.js';

const code = { name: 'region', version: '1', bundle: '0123456789abcdef'.repeat(4) };
const connection = {
  address: 'chaincode.harbor.example:7052',
  authorities: 'authorities',
  clientCert: 'cert',
  clientKey: 'key',
};

describe('a package of the chaincode', () => {
  it('is the same bytes for the same settings, and other bytes for others', () => {
    const made = makePackage(code, connection);
    expect(made.equals(makePackage({ ...code }, { ...connection }))).toBe(true);
    expect(made.equals(makePackage(code, { ...connection, address: 'elsewhere:7052' }))).toBe(false);
    // a golden id: another zlib, system or release must come to it too
    expect(readPackage(made).packageId).toBe(
      'region_1_0123456789abcdef:9322d63ec46308ce367492075a0faf87d4f5894910202008c5b1f683ea239f03',
    );
  });

  it('names its code in its label, which is that of every organisation', () => {
    const [one, other] = [connection, { ...connection, address: 'x:1' }].map((to) =>
      readPackage(makePackage(code, to)),
    );
    expect(one!.label).toBe(labelOf(code));
    expect(one!.label).toBe(other!.label);
    expect(one!.packageId).not.toBe(other!.packageId);
    expect(one).toMatchObject(code);
    // what peers take as a label (core/chaincode/persistence)
    expect(one!.label).toMatch(/^[a-zA-Z0-9]+([.+\-_][a-zA-Z0-9]+)*$/);
  });

  it('is read by other programs', () => {
    const folder = mkdtempSync(join(tmpdir(), 'package-'));
    try {
      writeFileSync(join(folder, 'p.tgz'), makePackage(code, connection));
      execFileSync('tar', ['-xzf', 'p.tgz'], { cwd: folder });
      expect(JSON.parse(readFileSync(join(folder, 'metadata.json'), 'utf8'))).toMatchObject({ type: 'ccaas' });
      execFileSync('tar', ['-xzf', 'code.tar.gz'], { cwd: folder });
      expect(JSON.parse(readFileSync(join(folder, 'connection.json'), 'utf8'))).toMatchObject({
        address: connection.address,
        tls_required: true,
        client_auth_required: true,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is refused when it is none of ours, cut, or changed', () => {
    const made = makePackage(code, connection);
    for (const bytes of [Buffer.from('x'), made.subarray(0, 300), Buffer.alloc(0)])
      expect(() => readPackage(bytes)).toThrow(expect.objectContaining({ code: 'request.malformed' }));
  });

  it('keeps the files of an archive as they are', () => {
    const entry = fc.record({ name: fc.stringMatching(/^[a-z.]{1,20}$/), bytes: fc.uint8Array({ maxLength: 2000 }) });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 5 }), (entries) => {
        const read = readTar(writeTar(entries)).map(({ name, bytes }) => ({ name, bytes: Uint8Array.from(bytes) }));
        expect(read).toEqual(entries);
      }),
    );
  });
});
