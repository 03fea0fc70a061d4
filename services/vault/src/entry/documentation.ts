import type { Documentation } from '@medshare/openapi';

export const readBlob = {
  owner: 'vault',
  summary: 'Read ciphertext by its address (CIDv1)',
  answer: { type: 'application/octet-stream' },
  problems: ['request.invalid', 'blob.missing'],
  example: { params: { cid: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy' } },
  peers: 'region',
} satisfies Documentation;
