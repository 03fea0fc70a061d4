import { tellKeyProtection } from './tell-key-protection.js';

describe('what is said at start of the protection of keys', () => {
  const said = (keys: string, embedded: boolean) => {
    const lines: string[] = [];
    const identity = { embedded } as Parameters<typeof tellKeyProtection>[0]['identity'];
    tellKeyProtection({ keys, identity }, { warn: (_: object, text: string) => void lines.push(text) } as never);
    return lines;
  };

  it.each([
    ['file:/var/lib/medshare/kek', 'the key-encryption key is a file'],
    ['mounted:/run/secrets/medshare', 'the secret store alone protects the key-encryption key'],
  ])('is that %s is all there is', (keys, text) => {
    expect(said(keys, false)).toEqual([`${text}: whoever reads it and the database has all keys of the institution`]);
  });

  it('is nothing where the demo says it of everything, or keys stand elsewhere', () => {
    expect(said('file:/tmp/kek', true)).toEqual([]);
    expect(said('pkcs11:token=hsm', false)).toEqual([]);
  });
});
