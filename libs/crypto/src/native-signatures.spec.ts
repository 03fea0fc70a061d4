import { utf8 } from './bytes.js';
import { suite } from './node-suites.js';

describe.each(['intl', 'sm'] as const)('imported keys of suite %s', (name) => {
  const used = suite(name);
  const message = utf8('message');

  it('are told apart when one array holds another key later', () => {
    const [first, second] = [used.generateKeyPair(), used.generateKeyPair()];
    const array = first.privateKey.slice();
    expect(used.verify(first.publicKey, message, used.sign(array, message))).toBe(true);
    array.set(second.privateKey);
    expect(used.verify(second.publicKey, message, used.sign(array, message))).toBe(true);
    array.fill(0);
    expect(() => used.sign(array, message)).toThrow('not a scalar');
  });

  it('are told apart when one array holds another public key later', () => {
    const [first, second] = [used.generateKeyPair(), used.generateKeyPair()];
    const array = first.publicKey.slice();
    const signature = used.sign(first.privateKey, message);
    expect(used.verify(array, message, signature)).toBe(true);
    array.set(second.publicKey);
    expect(used.verify(array, message, signature)).toBe(false);
  });

  it('still verify after more keys than are remembered', () => {
    const { privateKey, publicKey } = used.generateKeyPair();
    const signature = used.sign(privateKey, message);
    expect(used.verify(publicKey, message, signature)).toBe(true);
    for (let i = 2n; i < 700n; i++)
      expect(used.verify(used.curve.encode(used.curve.base(i)), message, signature)).toBe(false);
    expect(used.verify(publicKey, message, signature)).toBe(true);
  });

  it('sign with other numbers each time', () => {
    const { privateKey } = used.generateKeyPair();
    const made = Array.from({ length: 20 }, () => used.sign(privateKey, message).join());
    expect(new Set(made).size).toBe(20);
  });
});
