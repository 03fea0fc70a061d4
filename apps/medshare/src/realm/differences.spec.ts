import { differences } from './differences.js';

describe('what differs from what should be', () => {
  it('is told with its place, and what nobody has an opinion on is not', () => {
    const should = { enabled: true, attributes: { method: 'S256' }, lifespan: 300 };
    expect(differences('clients.cli', should, { ...should, other: 1 })).toEqual([]);
    expect(differences('clients.cli', should, { enabled: true, attributes: { method: 'plain' } })).toEqual([
      { where: 'clients.cli.attributes.method', is: 'plain', should: 'S256' },
      { where: 'clients.cli.lifespan', is: undefined, should: 300 },
    ]);
  });

  it('does not depend on the order of texts, or on an empty list being there', () => {
    expect(differences('', { uris: ['a', 'b'], none: [] }, { uris: ['b', 'a'] })).toEqual([]);
    expect(differences('', { uris: ['a'] }, { uris: ['a', 'b'] })).toEqual([
      { where: 'uris', is: ['a', 'b'], should: ['a'] },
    ]);
    expect(differences('', { uris: [] }, { uris: ['*'] })).toHaveLength(1);
  });

  it('finds what should not be there', () => {
    expect(differences('', { required: undefined }, { required: { roles: ['user'] } })).toHaveLength(1);
  });
});
