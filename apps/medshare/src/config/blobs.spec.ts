import { configSchema } from './schema.js';

const base = {
  region: 'east',
  institution: 'harbor',
  data: 'data',
  peers: {
    key: 'tls/key.pem',
    cert: 'tls/cert.pem',
    authorities: { harbor: 'tls/harbor.pem' },
    urls: { harbor: 'https://127.0.0.1:8443' },
  },
  keys: 'file:key',
  identity: { issuer: 'https://sso.harbor.example/realms/harbor' },
};
const mistakesOf = (settings: object): string[] => {
  const { issues = [] } = configSchema.safeParse({ ...base, ...settings }).error ?? {};
  return issues
    .map(({ path, message }) => `${path.join('.')}: ${message}`)
    .filter((line) => /^(blobs|ipfs|s3)/.test(line));
};

describe('where sealed bytes are kept', () => {
  it.each([
    [{ blobs: 'ftp://somewhere' }, ['blobs: must begin with file: or ipfs: or s3:']],
    [{ blobs: 'ipfs:' }, ['ipfs.nodes: is missing']],
    [{ blobs: 'ipfs:', ipfs: { nodes: ['http://127.0.0.1:5001'] } }, []],
    [{ blobs: 'ipfs:', ipfs: { nodes: ['127.0.0.1:5001'] } }, ['ipfs.nodes.0: must be an http or https URL']],
    [
      { blobs: 'ipfs:', ipfs: { nodes: ['http://127.0.0.1:5001'], copies: 2, user: 'medshare' } },
      ['ipfs.copies: must not be more than there are ipfs.nodes', 'ipfs.passwordFile: is missing'],
    ],
    [{ blobs: 's3://sealed/harbor/' }, []],
    [{ blobs: 's3://Sealed' }, ['blobs: must be s3://bucket, or s3://bucket/ and what keys begin with']],
    [{ blobs: 's3://sealed', s3: { accessKeyId: 'harbor' } }, ['s3.secretAccessKeyFile: is missing']],
    // a section that is not used is not looked at
    [{ s3: { accessKeyId: 'harbor' } }, []],
  ])('%j', (settings, mistakes) => {
    expect(mistakesOf(settings)).toEqual(mistakes);
  });
});
